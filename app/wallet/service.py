"""What other rooms and the doors may ask about wallets. Reads only; money is moved by `ledger`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, exists, func, or_, select

from app.accounts.models import User
from app.errors import NotFound
from app.kit.db import db
from app.kit.text import like
from app.wallet.models import Wallet, WalletAdjustment, WalletDebt, WalletEntry


@dataclass(frozen=True, slots=True)
class Balances:
    """What somebody has: theirs to spend, and locked until its turnover is reached."""

    cash_cents: int = 0
    bonus_cents: int = 0


def balances(user_id: int) -> Balances:
    """Nothing for whoever has had nothing yet."""
    kept = select(Wallet.cash_cents, Wallet.bonus_cents).where(Wallet.user_id == user_id)
    row = db.session.execute(kept).one_or_none()
    return Balances(*row) if row else Balances()


def entries(user_id: int) -> Select[WalletEntry]:
    """Every movement of somebody's money, newest first."""
    return select(WalletEntry).where(WalletEntry.user_id == user_id).order_by(WalletEntry.id.desc())


def entries_of(user_id: int, reference: str) -> Sequence[WalletEntry]:
    """The movements for one thing, in the order in which they came."""
    about = (WalletEntry.user_id == user_id, WalletEntry.reference == reference)
    return db.session.scalars(select(WalletEntry).where(*about).order_by(WalletEntry.id)).all()


def debts(user_id: int) -> Sequence[WalletDebt]:
    """What somebody was to give back and no longer had, and hasn't settled, newest first."""
    query = select(WalletDebt).where(WalletDebt.user_id == user_id, WalletDebt.settled_at.is_(None))
    return db.session.scalars(query.order_by(WalletDebt.id.desc())).all()


def owing(user_ids: Collection[int]) -> Mapping[int, tuple[int, int]]:
    """Of those of them who owe something: how much, and their cash, in cents; in one statement."""
    query = select(WalletDebt.user_id, func.sum(WalletDebt.amount_cents), func.coalesce(func.max(Wallet.cash_cents), 0))
    query = query.outerjoin(Wallet, Wallet.user_id == WalletDebt.user_id).group_by(WalletDebt.user_id)
    query = query.where(WalletDebt.user_id.in_(user_ids), WalletDebt.settled_at.is_(None))
    found = db.session.execute(query).all() if user_ids else ()
    return {user_id: (int(owed), int(cash)) for user_id, owed, cash in found}


def settled_debts(user_id: int) -> Sequence[WalletDebt]:
    """What of it was collected or forgiven, the latest first."""
    query = select(WalletDebt).where(WalletDebt.user_id == user_id, WalletDebt.settled_at.is_not(None))
    return db.session.scalars(query.order_by(WalletDebt.settled_at.desc(), WalletDebt.id.desc())).all()


def debts_by_ids(ids: Collection[int]) -> Mapping[int, WalletDebt]:
    """Debts by number, settled or not; none where there are no ids."""
    found = db.session.scalars(select(WalletDebt).where(WalletDebt.id.in_(ids))) if ids else ()
    return {each.id: each for each in found}


def debt(debt_id: int) -> WalletDebt:
    """As it is in the database now. Raises NotFound."""
    found = db.session.get(WalletDebt, debt_id, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def adjustments(ids: Collection[int]) -> Mapping[int, WalletAdjustment]:
    """What admins did by hand, by number."""
    found = db.session.scalars(select(WalletAdjustment).where(WalletAdjustment.id.in_(ids))) if ids else ()
    return {each.id: each for each in found}


def has_entry(user_id: int, reason: str) -> bool:
    """Whether anything was ever moved for this reason."""
    moved = exists().where(WalletEntry.user_id == user_id, WalletEntry.reason == reason)
    return bool(db.session.scalar(select(moved)))


def has_moved(user_id: int) -> bool:
    """Whether any money of theirs was ever moved, or is owed."""
    moved = (exists().where(WalletEntry.user_id == user_id), exists().where(WalletDebt.user_id == user_id))
    return bool(db.session.scalar(select(or_(*moved))))


def wallets(search: str = "") -> Select[User, int, int, int]:
    """Whose wallets have moved, by name: the user, cash, bonus and debt in cents; `search` looks in names and mail."""
    owed = (
        select(func.coalesce(func.sum(WalletDebt.amount_cents), 0))
        .where(WalletDebt.user_id == User.id, WalletDebt.settled_at.is_(None))
        .correlate(User)
        .scalar_subquery()
    )
    cash, bonus = func.coalesce(Wallet.cash_cents, 0), func.coalesce(Wallet.bonus_cents, 0)
    query = select(User, cash, bonus, owed).outerjoin(Wallet, Wallet.user_id == User.id)
    query = query.where(or_(Wallet.user_id.is_not(None), owed > 0))
    if search.strip():
        wanted = like(search.strip())
        names = (User.username, User.email, User.display_name)
        query = query.where(or_(*(column.ilike(wanted, escape="\\") for column in names)))
    return query.order_by(func.lower(User.username))
