"""What other rooms may ask of deals. Callers own the transaction."""

from sqlalchemy import update

from app.accounts.models import User
from app.deals.claiming import TOPIC, claim, claim_later, deliver
from app.deals.editing import create, fields_of, get, listing, remove, terms_now, terms_of
from app.deals.editing import update as change
from app.deals.granting import Granted, Which
from app.deals.models import PromotionClaim
from app.deals.spending import count_spend, hand_over, take_back
from app.deals.standings import Card, Shopper, as_deal, cards, of_deals
from app.kit.db import db

__all__ = [
    "TOPIC",
    "Card",
    "Granted",
    "Shopper",
    "Which",
    "as_deal",
    "cards",
    "change",
    "claim",
    "claim_later",
    "count_spend",
    "create",
    "deliver",
    "fields_of",
    "forget_name",
    "get",
    "hand_over",
    "listing",
    "of_deals",
    "remove",
    "take_back",
    "terms_now",
    "terms_of",
]


def forget_name(user: User) -> None:
    """What was claimed stays when a person's name goes."""
    db.session.execute(
        update(PromotionClaim).where(PromotionClaim.person == user.person.key).values(shopper=f"user-{user.id}")
    )
