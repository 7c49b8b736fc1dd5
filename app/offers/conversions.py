"""Completed offers, found for the desk. Reads only."""

from collections.abc import Sequence

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from app.accounts.models import User
from app.errors import NotFound
from app.kit.db import db
from app.kit.text import like
from app.offers.models import Conversion, Offer
from app.wallet.models import WalletDebt

STATES = ("bonus", "no_bonus", "reversed")


def listing(*, search: str = "", state: str = "", offer_id: int | None = None) -> Select[Conversion, User]:
    """Conversions with their offer and client, newest first; `search` looks in ids, usernames, offers and codes."""
    query = (
        select(Conversion, User)
        .join(User, User.id == Conversion.user_id)
        .join(Offer, Offer.id == Conversion.offer_id)
        .options(joinedload(Conversion.offer))
        .order_by(Conversion.id.desc())
    )
    if search.strip():
        wanted = like(search.strip())
        columns = (Conversion.conversion_id, User.username, Offer.name, Conversion.code)
        query = query.where(or_(*(column.ilike(wanted, escape="\\") for column in columns)))
    states = {
        "bonus": Conversion.reversed_at.is_(None) & (Conversion.bonus_cents > 0),
        "no_bonus": Conversion.reversed_at.is_(None) & (Conversion.bonus_cents == 0),
        "reversed": Conversion.reversed_at.is_not(None),
    }
    if state in states:
        query = query.where(states[state])
    return query if offer_id is None else query.where(Conversion.offer_id == offer_id)


def one(row_id: int) -> tuple[Conversion, User]:
    """A conversion with its offer, and its client. Raises NotFound."""
    found = db.session.execute(listing().where(Conversion.id == row_id)).one_or_none()
    if found is None:
        raise NotFound
    return found[0], found[1]


def debts_of(conversion: Conversion) -> Sequence[WalletDebt]:
    """What of its bonus was no longer there when it was reversed."""
    mine = (WalletDebt.user_id == conversion.user_id, WalletDebt.reference == conversion.purpose)
    return db.session.scalars(select(WalletDebt).where(*mine)).all()
