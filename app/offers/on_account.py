"""Which codes a client has on the account, or had, and what each has earned, for the desk. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.accounts.models import User
from app.kit.db import db
from app.offers import holdings
from app.offers.models import APPLIED, OfferApplication, UserPromoCode
from app.offers.standing import Standing, standing
from app.promotions.models import Promotion, PromotionCode

MOST = 100


@dataclass(frozen=True, slots=True)
class OnAccount:
    """One application of a code: how often it has paid since, and how much, less what was reversed.

    `standing` is how it stands now; None for one that was removed.
    """

    id: int
    promotion_id: int
    title: str
    code: str
    applied_at: datetime
    removed_at: datetime | None
    uses: int
    cents: int
    standing: Standing | None


def of_client(user: User, now: datetime, *, most: int = MOST) -> Sequence[OnAccount]:
    """What is on this account, then what was removed, each the newest first. Three statements, however many."""
    live = OfferApplication.reversed_at.is_(None)
    uses, cents = func.count(OfferApplication.id), func.coalesce(func.sum(OfferApplication.bonus_cents), 0)
    its = (OfferApplication.user_promo_code_id == UserPromoCode.id) & live
    its_code = (Promotion.id, Promotion.title, PromotionCode.code)
    query = (
        select(UserPromoCode, *its_code, uses.label("uses"), cents.label("cents"))
        .join(Promotion, Promotion.id == UserPromoCode.promotion_id)
        .join(PromotionCode, PromotionCode.id == UserPromoCode.code_id)
        .outerjoin(OfferApplication, its)
        .where(UserPromoCode.user_id == user.id)
        .group_by(UserPromoCode.id, *its_code)
        .order_by((UserPromoCode.status == APPLIED).desc(), UserPromoCode.id.desc())
    )
    found = db.session.execute(query.limit(most)).all()
    standings = {each.id: standing(each) for each in holdings.at_hand(user, now)} if found else {}
    return [
        OnAccount(
            id=row.UserPromoCode.id,
            promotion_id=row.id,
            title=row.title,
            code=row.code,
            applied_at=row.UserPromoCode.applied_at,
            removed_at=row.UserPromoCode.removed_at,
            uses=row.uses,
            cents=int(row.cents),
            standing=standings.get(row.UserPromoCode.id),
        )
        for row in found
    ]
