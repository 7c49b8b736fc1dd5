"""Completed offers, found for the desk. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from app.accounts.models import User
from app.errors import NotFound
from app.kit.db import among, db
from app.kit.text import like
from app.offers.models import Conversion, Offer, OfferApplication
from app.wallet.models import WalletDebt

STATES = ("bonus", "no_bonus", "reversed")


@dataclass(frozen=True, slots=True)
class Totals:
    """How often an offer was completed, and the bonuses that were paid for it; what was reversed isn't counted."""

    conversions: int = 0
    bonus_cents: int = 0


def listing(
    *, search: str = "", state: str = "", offer_id: int | None = None, client_id: int | None = None
) -> Select[Conversion, User]:
    """Conversions with their offer and client, what came last first; `search` looks in ids, names, offers and codes."""
    query = (
        select(Conversion, User)
        .join(User, User.id == Conversion.user_id)
        .join(Offer, Offer.id == Conversion.offer_id)
        .options(joinedload(Conversion.offer))
        .order_by(Conversion.received_at.desc(), Conversion.id.desc())
    )
    if search.strip():
        wanted = like(search.strip())
        columns = (Conversion.conversion_id, User.username, User.display_name, Offer.name, Conversion.code)
        query = query.where(or_(*(column.ilike(wanted, escape="\\") for column in columns)))
    states = {
        "bonus": Conversion.reversed_at.is_(None) & (Conversion.bonus_cents > 0),
        "no_bonus": Conversion.reversed_at.is_(None) & (Conversion.bonus_cents == 0),
        "reversed": Conversion.reversed_at.is_not(None),
    }
    if state in states:
        query = query.where(states[state])
    if client_id is not None:
        query = query.where(Conversion.user_id == client_id)
    return query if offer_id is None else query.where(Conversion.offer_id == offer_id)


def one(row_id: int) -> tuple[Conversion, User]:
    """A conversion with its offer, and its client. Raises NotFound."""
    found = db.session.execute(listing().where(Conversion.id == row_id)).one_or_none()
    if found is None:
        raise NotFound
    return found[0], found[1]


def totals(offer_ids: Sequence[int]) -> dict[int, Totals]:
    """What these offers have come to, by id; those that nobody completed are left out. One statement."""
    summed = select(Conversion.offer_id, func.count(), func.sum(Conversion.bonus_cents)).where(
        among(Conversion.offer_id, offer_ids), Conversion.reversed_at.is_(None)
    )
    rows = db.session.execute(summed.group_by(Conversion.offer_id))
    return {offer_id: Totals(count, int(cents)) for offer_id, count, cents in rows}


def has_any(offer_id: int) -> bool:
    """Whether somebody has completed it, be it reversed since."""
    return db.session.scalar(select(Conversion.id).where(Conversion.offer_id == offer_id).limit(1)) is not None


def application_of(conversion: Conversion) -> OfferApplication | None:
    """The use of the code that has paid for it, if one has."""
    return db.session.scalar(select(OfferApplication).where(OfferApplication.conversion_id == conversion.id))


def debts_of(conversion: Conversion) -> Sequence[WalletDebt]:
    """What of its bonus was no longer there when it was reversed."""
    mine = (WalletDebt.user_id == conversion.user_id, WalletDebt.reference == conversion.purpose)
    return db.session.scalars(select(WalletDebt).where(*mine)).all()
