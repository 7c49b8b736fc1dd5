"""Looking up deposits and withdrawals, for their clients and for the desk. Reads only."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from app.accounts.models import User
from app.deposits.models import ASKED, REQUESTED, Deposit, Withdrawal
from app.errors import NotFound, not_shown
from app.kit.db import db
from app.kit.text import like
from app.payments import service as payments
from app.payments.models import PaymentReturn

FRESH = {"populate_existing": True}
SUBJECT = "deposit:"
T = TypeVar("T")


def get(deposit_id: int) -> Deposit:
    """As it is in the database now. Raises NotFound."""
    return _found(db.session.get(Deposit, deposit_id, populate_existing=True))


def get_own(user_id: int, deposit_id: int) -> Deposit:
    """A client's own. Raises NotFound."""
    query = select(Deposit).where(Deposit.id == deposit_id, Deposit.user_id == user_id)
    found = db.session.scalar(query, execution_options=FRESH)
    if found is None:
        raise not_shown(select(Deposit.id).where(Deposit.id == deposit_id))
    return found


def get_own_withdrawal(user_id: int, withdrawal_id: int) -> Withdrawal:
    """A client's own. Raises NotFound."""
    query = select(Withdrawal).where(Withdrawal.id == withdrawal_id, Withdrawal.user_id == user_id)
    found = db.session.scalar(query, execution_options=FRESH)
    if found is None:
        raise not_shown(select(Withdrawal.id).where(Withdrawal.id == withdrawal_id))
    return found


def place_of(row: Deposit | Withdrawal) -> int:
    """How many of the client's come before it where the newest are first."""
    model = type(row)
    newer = select(func.count()).where(model.user_id == row.user_id, model.id > row.id)
    return db.session.scalar(newer) or 0


def get_withdrawal(withdrawal_id: int) -> Withdrawal:
    """As it is in the database now. Raises NotFound."""
    return _found(db.session.get(Withdrawal, withdrawal_id, populate_existing=True))


def own_deposits(user_id: int) -> Select[Deposit]:
    """A client's deposits, newest first."""
    return select(Deposit).where(Deposit.user_id == user_id).order_by(Deposit.id.desc())


def own_withdrawals(user_id: int) -> Select[Withdrawal]:
    """A client's withdrawals, newest first."""
    return select(Withdrawal).where(Withdrawal.user_id == user_id).order_by(Withdrawal.id.desc())


def held(user_id: int) -> Sequence[Withdrawal]:
    """What a client wants paid out and nobody has decided yet, the oldest first."""
    query = select(Withdrawal).where(Withdrawal.user_id == user_id, Withdrawal.status == ASKED)
    return db.session.scalars(query.order_by(Withdrawal.id)).all()


def open_deposits(user_id: int) -> Sequence[Deposit]:
    """What a client has asked to deposit and not paid yet, newest first."""
    return db.session.scalars(own_deposits(user_id).where(Deposit.status == REQUESTED)).all()


def deposits(*, search: str = "", status: str = "") -> Select[Deposit, User]:
    """Everybody's, newest first; those that wait, the oldest first. `search` looks in names, mail and number."""
    query = select(Deposit, User).join(User, User.id == Deposit.user_id)
    found: Select[Deposit, User] = _narrowed(query, Deposit, "D-", search, status, waits=status == REQUESTED)
    return found


def withdrawals(*, search: str = "", status: str = "") -> Select[Withdrawal, User]:
    """Everybody's, newest first; those that wait, the oldest first."""
    query = select(Withdrawal, User).join(User, User.id == Withdrawal.user_id)
    found: Select[Withdrawal, User] = _narrowed(query, Withdrawal, "W-", search, status, waits=status == ASKED)
    return found


def with_deciders(query: Select[Withdrawal, User]) -> Select[Withdrawal, User, str | None]:
    """The same withdrawals with the username of whoever has decided."""
    decider = aliased(User)
    return query.outerjoin(decider, decider.id == Withdrawal.decided_by_id).add_columns(decider.username)


def waiting() -> tuple[int, int]:
    """How many deposits and withdrawals wait for somebody to decide."""
    deposits_waiting = select(func.count()).where(Deposit.status == REQUESTED).scalar_subquery()
    withdrawals_waiting = select(func.count()).where(Withdrawal.status == ASKED).scalar_subquery()
    row = db.session.execute(select(deposits_waiting, withdrawals_waiting)).one()
    return int(row[0]), int(row[1])


def awaiting_return() -> Sequence[tuple[Deposit, PaymentReturn]]:
    """Money that people have to give back, with the deposit it came for; the oldest first."""
    waiting = [(deposit_of(each.subject), each) for each in payments.awaiting_people()]
    mine = [(deposit_id, money) for deposit_id, money in waiting if deposit_id is not None]
    found = deposits_by_ids({deposit_id for deposit_id, _money in mine})
    return [(found[deposit_id], money) for deposit_id, money in mine if deposit_id in found]


def deposit_of(subject: str) -> int | None:
    """The id of the deposit that providers know by this name; None for anything else that can be paid."""
    number = subject.removeprefix(SUBJECT)
    return int(number) if subject.startswith(SUBJECT) and number.isdecimal() else None


def deposits_by_ids(ids: Collection[int]) -> Mapping[int, Deposit]:
    """Deposits by number, in one statement; none where there are no ids."""
    found = db.session.scalars(select(Deposit).where(Deposit.id.in_(ids))) if ids else ()
    return {each.id: each for each in found}


def _narrowed(query: Select[Any, User], model: Any, prefix: str, search: str, status: str, *, waits: bool) -> Any:  # noqa: PLR0913
    if status:
        query = query.where(model.status == status)
    wanted = search.strip()
    if wanted:
        pattern = like(wanted)
        told = [column.ilike(pattern, escape="\\") for column in (User.username, User.email, User.display_name)]
        number = wanted.upper().removeprefix(prefix)
        if number.isascii() and number.isdecimal() and len(number) <= 9:  # noqa: PLR2004
            told.append(model.id == int(number))
        query = query.where(or_(*told))
    return query.order_by(model.id if waits else model.id.desc())


def _found(row: T | None) -> T:
    if row is None:
        raise NotFound
    return row
