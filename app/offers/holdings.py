"""What is on a client's account: codes, how they stand at this moment, and what they have earned. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from app.accounts.models import User
from app.kit.db import among, db
from app.offers import catalogue
from app.offers.applying import LIMITS, uses_left
from app.offers.editing import terms_of
from app.offers.models import APPLIED, KIND, Offer, OfferApplication, OfferCode, UserPromoCode
from app.offers.rules import OWN_RULES, OfferTerms, bonus_on, failure_of_applying
from app.promotions import service as promotions
from app.promotions.models import PromotionCode
from app.promotions.rules import Context, Verdict, first_failure, judge

ON_ACCOUNT = promotions.finding(
    KIND, *LIMITS, UserPromoCode.id.label("user_promo_code_id"), UserPromoCode.applied_at.expression
).join(UserPromoCode, UserPromoCode.code_id == PromotionCode.id)


@dataclass(frozen=True, slots=True)
class Earned:
    """How often a code has paid, and how much, less what was reversed."""

    uses: int = 0
    cents: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A code on the account. `refusal` is why it gives nothing at this moment, None while it does.

    `offers` are the names of those that it is for; none: all. `uses_left` is None where nothing limits it.
    """

    id: int
    code: str
    applied_at: datetime
    terms: OfferTerms
    own: OfferCode
    context: Context
    refusal: Verdict | None
    uses_left: int | None
    offers: Sequence[str]
    earned: Earned

    @property
    def is_over(self) -> bool:
        """Whether it will not come again by itself: ended, used up, or archived."""
        return self.refusal is not None and self.refusal.rule in {
            "not_found",
            "expired",
            "usage_limit_reached",
            "user_limit_reached",
        }

    @property
    def closes_at(self) -> datetime | None:
        """Until when it is open, if its hours or its end close it."""
        hours = self.terms.active_hours
        moments = [hours.next_closing(self.context.now) if hours else None, self.terms.ends_at]
        known = [each for each in moments if each is not None]
        return min(known) if known and self.refusal is None else None

    def bonus_for(self, offer: Offer) -> int:
        """What the usual payout of this offer would earn with it now; nothing where it doesn't hold."""
        facts = {"offer_id": offer.id}
        asked = replace(self.context, amount_cents=offer.payout_cents, facts=facts)
        is_open = first_failure(judge(self.terms, asked, OWN_RULES)) is None
        return bonus_on(self.terms, offer.payout_cents) if is_open else 0


def codes_of(user: User, now: datetime) -> Sequence[Held]:
    """The codes on this client's account, the newest first. Five statements, however many they are."""
    mine = ON_ACCOUNT.where(UserPromoCode.user_id == user.id, UserPromoCode.status == APPLIED)
    found = db.session.execute(mine.order_by(UserPromoCode.id.desc()), {"person": user.person.key}).all()
    if not found:
        return []
    own_rows = {each.promotion_id: each for each in _own([row.promotion_id for row in found])}
    names = catalogue.names(sorted({each for own in own_rows.values() for each in own.applicable_offers}))
    earned = earned_by(user.id)
    return [_held(row, own_rows[row.promotion_id], names, earned, now) for row in found]


def earned_by(user_id: int) -> dict[int, Earned]:
    """What each promotion has paid to this client, by its id."""
    live = (OfferApplication.user_id == user_id, OfferApplication.reversed_at.is_(None))
    summed = select(OfferApplication.promotion_id, func.count(), func.sum(OfferApplication.bonus_cents)).where(*live)
    rows = db.session.execute(summed.group_by(OfferApplication.promotion_id))
    return {promotion_id: Earned(uses, int(cents)) for promotion_id, uses, cents in rows}


def best_for(offer: Offer, held: Sequence[Held]) -> tuple[Held, int] | None:
    """The code that would be used if this offer were completed now, and what it would earn."""
    giving = [(each, each.bonus_for(offer)) for each in held]
    best = sorted((pair for pair in giving if pair[1]), key=lambda pair: (-pair[1], pair[0].applied_at, pair[0].id))
    return best[0] if best else None


def earnings(user_id: int) -> Select[OfferApplication, str]:
    """What this client has earned by codes, newest first, each with its code; what was reversed too."""
    return (
        select(OfferApplication, PromotionCode.code)
        .join(UserPromoCode, UserPromoCode.id == OfferApplication.user_promo_code_id)
        .join(PromotionCode, PromotionCode.id == UserPromoCode.code_id)
        .where(OfferApplication.user_id == user_id)
        .order_by(OfferApplication.id.desc())
    )


def _own(promotion_ids: Sequence[int]) -> Sequence[OfferCode]:
    query = select(OfferCode).where(among(OfferCode.promotion_id, promotion_ids))
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _held(row: Row[Any], own: OfferCode, names: dict[int, str], earned: dict[int, Earned], now: datetime) -> Held:
    terms = terms_of(own)
    context = promotions.context_of(row, now=now, has_account=True)
    refusal = failure_of_applying(judge(terms, context, OWN_RULES))
    return Held(
        id=row.user_promo_code_id,
        code=row.code,
        applied_at=row.applied_at,
        terms=terms,
        own=own,
        context=context,
        refusal=refusal,
        uses_left=uses_left(row),
        offers=[names[each] for each in own.applicable_offers],
        earned=earned.get(own.promotion_id, Earned()),
    )
