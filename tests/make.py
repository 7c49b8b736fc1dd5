"""Test data, one function a thing: `make.user(role="coach")`. Each commits what it made; what isn't said is sensible.

A room's makers live in `make_<room>.py` and are re-exported here.
"""

from app.audit.service import SYSTEM
from tests.make_accounts import user
from tests.make_api import api_key, bearer
from tests.make_bonuses import (
    asked_deposit,
    bonus,
    bonus_code,
    cashback,
    claim_of,
    deposit,
    free_credit,
    given,
    played,
    referral,
    refunded_deposit,
    told_deposit,
    withdrawal,
)
from tests.make_deals import claim, deal, deal_at_work, deliver, spend
from tests.make_kit import NOW, PASSWORD, saved
from tests.make_loyalty import (
    achievement,
    checkin,
    checkins,
    evaluated,
    event_type,
    followed,
    levels,
    program,
    redemption,
    reward,
    rich_client,
    settled,
    workout,
)
from tests.make_media import image_file, png_of, stored_picture
from tests.make_offers import applied, code_of, converted, offer, offer_code, reversed_again
from tests.make_promotions import batch, codes_of, discount, use
from tests.make_store import category, invoice, paid_invoice, product, reward_item, told

__all__ = [
    "NOW",
    "PASSWORD",
    "SYSTEM",
    "achievement",
    "api_key",
    "applied",
    "asked_deposit",
    "batch",
    "bearer",
    "bonus",
    "bonus_code",
    "cashback",
    "category",
    "checkin",
    "checkins",
    "claim",
    "claim_of",
    "code_of",
    "codes_of",
    "converted",
    "deal",
    "deal_at_work",
    "deliver",
    "deposit",
    "discount",
    "evaluated",
    "event_type",
    "followed",
    "free_credit",
    "given",
    "image_file",
    "invoice",
    "levels",
    "offer",
    "offer_code",
    "paid_invoice",
    "played",
    "png_of",
    "product",
    "program",
    "redemption",
    "referral",
    "refunded_deposit",
    "reversed_again",
    "reward",
    "reward_item",
    "rich_client",
    "saved",
    "settled",
    "spend",
    "stored_picture",
    "told",
    "told_deposit",
    "use",
    "user",
    "withdrawal",
    "workout",
]
