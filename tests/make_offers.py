"""Offers, codes for them, codes on accounts, and what clients complete."""

from datetime import datetime
from itertools import count
from typing import Any

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.offers import catalogue, editing
from app.offers import service as offers
from app.offers.models import Conversion, Offer, OfferCode
from app.offers.service import Applied, Completed
from app.promotions.editing import single_code
from tests.make_kit import NOW

_numbers = count(1)


def offer(**fields: Any) -> Offer:
    """An offer that pays 20.00, unless told otherwise; fields as in `catalogue.create`."""
    number = next(_numbers)
    values: dict[str, Any] = {"external_id": f"offer-{number}", "name": f"Survey {number}", "payout": 20}
    with unit_of_work():
        return catalogue.create(values | fields, SYSTEM, NOW)


def offer_code(**fields: Any) -> OfferCode:
    """A code that gives 10 % of the payout of every offer, unless told otherwise; fields as in `editing.create`."""
    code = f"BONUS{next(_numbers)}"
    values: dict[str, Any] = {"title": "Ten on top", "code": code, "bonus_type": "percentage", "bonus_value": 10}
    with unit_of_work():
        return editing.create(values | fields, SYSTEM, NOW)


def applied(user: User, code: OfferCode | str, now: datetime = NOW) -> Applied:
    """The code, put on the client's account."""
    with unit_of_work():
        return offers.apply(user, code if isinstance(code, str) else code_of(code), now=now)


def converted(
    user: User,
    offer: Offer,
    *,
    conversion_id: str = "",
    payout_cents: int | None = None,
    completed_at: datetime | None = None,
    now: datetime = NOW,
) -> Conversion:
    """The client has completed the offer, for its usual payout unless told otherwise."""
    told = Completed(
        conversion_id or f"conversion-{next(_numbers)}",
        offer.external_id,
        user.username,
        offer.payout_cents if payout_cents is None else payout_cents,
        completed_at,
    )
    with unit_of_work():
        return offers.record(told, now=now)[0]


def reversed_again(conversion: Conversion, now: datetime = NOW) -> Conversion:
    """It was taken back."""
    with unit_of_work():
        return offers.reverse(conversion.conversion_id, actor=SYSTEM, now=now)


def code_of(code: OfferCode) -> str:
    """The letters of the code."""
    single = single_code(code.id)
    assert single is not None
    return single.code
