"""What the clients of the demo claimed of their deals, and what the game has handed out since."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.models import User
from app.accounts.service import find
from app.deals import service as deals
from app.deals.errors import DealRefused
from app.deals.models import Deal, Grant
from app.deals.service import Shopper
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.payments.providers import Told
from app.payments.test import TestProvider
from app.promotions.models import Promotion

WAITING = 2
GIFT_CENTS = 7200


def load(now: datetime) -> None:
    """Whoever has an account claims once where they can; all but the last grants are handed out."""
    _give(now - timedelta(days=2))
    running = db.session.scalars(
        select(Deal.promotion_id).join(Deal.promotion).where(Promotion.starts_at <= now, Promotion.ends_at > now)
    ).all()
    clients = db.session.scalars(select(User).where(User.role == "client").order_by(User.id)).all()
    for deal_id in running:
        for user in clients:
            with suppress(DealRefused), unit_of_work():
                deals.claim(deal_id, Shopper(user.person), now=now - timedelta(days=1))
    waiting = db.session.scalars(select(Grant.id).where(Grant.status == "pending").order_by(Grant.id)).all()
    for grant_id in waiting[:-WAITING]:
        with unit_of_work():
            deals.deliver(grant_id, now - timedelta(hours=5))


def _give(now: datetime) -> None:
    """A gift of the client whom people sign in as, so that their bars have moved."""
    client = find("client")
    assert client is not None, "the accounts of the demo come first"
    with unit_of_work():
        key = "demo-gift-of-the-client"
        gift = orders.donate(GIFT_CENTS, "", person=client.person, visit=None, key=key, now=now)
    with unit_of_work():
        told = TestProvider().recognise(Told({"outcome": "pay"}, orders.payable(gift)), now)
        orders.mark_paid(gift.id, TestProvider.name, told, now)
