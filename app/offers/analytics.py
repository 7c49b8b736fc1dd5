"""What a code has come to, offer by offer and application by application. Reads only; what was reversed isn't counted.

The number of statements is fixed, and the index on live applications carries all that is summed up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from app.accounts.models import User
from app.kit.db import db
from app.kit.text import like
from app.offers.models import Conversion, Offer, OfferApplication

LIVE = OfferApplication.reversed_at.is_(None)
EMAIL = case((User.anonymised_at.is_(None), User.email), else_="")


@dataclass(frozen=True, slots=True)
class OfferFigures:
    """What a code has paid for one offer: how often, how much, and to how many clients."""

    offer_id: int
    offer_name: str
    uses: int
    bonus_cents: int
    people: int


@dataclass(frozen=True, slots=True)
class Application:
    """A code was used: by whom, for which offer, as it was called then, when, and what it earned.

    `email` is empty of clients whose name was taken.
    """

    user_id: int
    username: str
    email: str
    offer_id: int
    offer_name: str
    applied_at: datetime
    bonus_cents: int
    conversion_id: str


def by_offer(promotion_id: int) -> Sequence[OfferFigures]:
    """Each offer that the code was used for, the most used first. One statement."""
    summed = (
        select(
            OfferApplication.offer_id,
            func.count().label("uses"),
            func.sum(OfferApplication.bonus_cents).label("bonus_cents"),
            func.count(OfferApplication.user_id.distinct()).label("people"),
        )
        .where(OfferApplication.promotion_id == promotion_id, LIVE)
        .group_by(OfferApplication.offer_id)
        .subquery()
    )
    query = select(summed, Offer.name).join(Offer, Offer.id == summed.c.offer_id)
    rows = db.session.execute(query.order_by(summed.c.uses.desc(), Offer.name, summed.c.offer_id))
    return [OfferFigures(row.offer_id, row.name, row.uses, int(row.bonus_cents), row.people) for row in rows]


def offers_of(promotion_id: int) -> Sequence[tuple[int, str]]:
    """Id and name of each offer that the code was used for, by name. One look into the index for each offer."""
    used = (OfferApplication.promotion_id == promotion_id, OfferApplication.offer_id == Offer.id, LIVE)
    query = select(Offer.id, Offer.name).where(select(OfferApplication.id).where(*used).exists())
    return [(row.id, row.name) for row in db.session.execute(query.order_by(Offer.name, Offer.id))]


def applications(
    promotion_id: int, *, search: str = "", offer_id: int | None = None
) -> Select[int, str, str, int, str, datetime, int, str]:
    """The uses of a code, newest first; `search` looks in names, mail addresses, offers and conversion ids.

    The columns are those of `Application`, in its order.
    """
    query = (
        select(
            User.id,
            User.username,
            EMAIL.label("email"),
            OfferApplication.offer_id,
            OfferApplication.offer_name,
            OfferApplication.applied_at,
            OfferApplication.bonus_cents,
            Conversion.conversion_id,
        )
        .join(User, User.id == OfferApplication.user_id)
        .join(Conversion, Conversion.id == OfferApplication.conversion_id)
        .where(OfferApplication.promotion_id == promotion_id, LIVE)
        .order_by(OfferApplication.applied_at.desc(), OfferApplication.id.desc())
    )
    if search.strip():
        query = query.where(_mentions(search))
    return query if offer_id is None else query.where(OfferApplication.offer_id == offer_id)


def _mentions(search: str) -> ColumnElement[bool]:
    wanted = like(search.strip())
    columns = (User.username, User.display_name, EMAIL, OfferApplication.offer_name, Conversion.conversion_id)
    return or_(*(column.ilike(wanted, escape="\\") for column in columns))
