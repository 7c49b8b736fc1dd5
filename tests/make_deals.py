"""Deals, what people spend on them, and what they claim."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.deals import service as deals
from app.deals.models import Deal, Grant
from app.deals.service import Shopper
from app.kit.db import unit_of_work
from app.orders.models import Invoice
from tests.make_kit import NOW
from tests.make_store import paid_invoice

_numbers = count(1)
DAY = timedelta(days=1)
GOLD = [{"item_id": "gold", "name": "Gold", "amount": 100}]


def deal(**fields: Any) -> Deal:
    """A deal that gives gold once for 50.00, since a day and for a week, unless told otherwise."""
    values: dict[str, Any] = {
        "title": f"Gold rush {next(_numbers)}",
        "min_amount": 50,
        "reward_items": GOLD,
        "starts_at": NOW - DAY,
        "ends_at": NOW + 7 * DAY,
    }
    with unit_of_work():
        return deals.create(values | fields, SYSTEM, NOW)


def spend(person: Person, cents: int, *, visit: str | None = None, now: datetime = NOW) -> Invoice:
    """So much paid by this person for an order of one thing; without an account in a session of this `visit`."""
    return paid_invoice(person=person, visit=visit, price_cents=cents, now=now)


def claim(
    deal: Deal, person: Person, *, visit: str | None = None, now: datetime = NOW, nth: int | None = None
) -> Grant:
    """One claim of this deal by this person, from a session of this `visit`."""
    with unit_of_work():
        grant = deals.claim(deal.id, Shopper(person, visit), now=now, nth=nth)
    assert grant is not None, "it was claimed already"
    return grant


def deal_at_work(now: datetime) -> Deal:
    """One that runs now, on which somebody has spent, and claimed once, and may once more."""
    made = deal(bonus_type="recurrent", starts_at=now - DAY, ends_at=now + 2 * DAY)
    somebody = Person("Ada")
    spend(somebody, 10_500, visit="of Ada", now=now)
    claim(made, somebody, visit="of Ada", now=now)
    return made


def deliver(grant: Grant, now: datetime = NOW) -> None:
    """The game has handed it out."""
    with unit_of_work():
        deals.deliver(grant.id, now)
