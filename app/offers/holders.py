"""Who has a code on the account, or had it, and what it has earned them. Reads only."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from app.accounts.models import User
from app.kit.db import among, db
from app.kit.text import like
from app.offers.analytics import EMAIL, LIVE
from app.offers.holdings import Earned
from app.offers.models import OfferApplication, UserPromoCode


def holders(promotion_id: int, *, search: str = "") -> Select[int, datetime, datetime | None, int, str, str, str]:
    """Each time that the code was put on an account, the latest first: its id, when, when it was removed, and whose.

    Whose: id, username, display name, and the mail address unless it was taken; `search` looks in these.
    """
    query = (
        select(
            UserPromoCode.id,
            UserPromoCode.applied_at,
            UserPromoCode.removed_at,
            User.id.label("user_id"),
            User.username,
            User.display_name,
            EMAIL.label("email"),
        )
        .join(User, User.id == UserPromoCode.user_id)
        .where(UserPromoCode.promotion_id == promotion_id)
        .order_by(UserPromoCode.applied_at.desc(), UserPromoCode.id.desc())
    )
    if not search.strip():
        return query
    wanted = like(search.strip())
    return query.where(or_(*(each.ilike(wanted, escape="\\") for each in (User.username, User.display_name, EMAIL))))


def earned_since(user_promo_code_ids: Iterable[int]) -> dict[int, Earned]:
    """What each of these has earned, less what was reversed; what has earned nothing is left out. One statement."""
    its: Any = OfferApplication.user_promo_code_id
    summed = select(its, func.count(), func.sum(OfferApplication.bonus_cents)).where(
        among(its, list(user_promo_code_ids)), LIVE
    )
    return {each: Earned(uses, int(cents)) for each, uses, cents in db.session.execute(summed.group_by(its))}
