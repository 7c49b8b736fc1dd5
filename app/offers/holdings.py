"""What is on a client's account: codes, how they stand at this moment, and what they have earned. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, func, select
from sqlalchemy.orm import aliased, contains_eager

from app.accounts.models import User
from app.kit.db import db
from app.kit.text import normalise_code
from app.offers import catalogue
from app.offers.applying import LIMITS, uses_left
from app.offers.editing import terms_of
from app.offers.models import APPLIED, KIND, REMOVED, Offer, OfferApplication, OfferCode, UserPromoCode
from app.offers.rules import OWN_RULES, OfferTerms, bonus_on, failure_of_applying
from app.promotions import service as promotions
from app.promotions.fields import is_code
from app.promotions.models import Promotion, PromotionCode
from app.promotions.rules import Context, Verdict, judge

ON_ACCOUNT = (
    promotions.finding(KIND, *LIMITS, UserPromoCode.id.label("user_promo_code_id"), UserPromoCode.applied_at.expression)
    .join(UserPromoCode, UserPromoCode.code_id == PromotionCode.id)
    .join(OfferCode, OfferCode.promotion_id == Promotion.id)
    .add_columns(OfferCode)
    .options(contains_eager(OfferCode.promotion))
    .execution_options(populate_existing=True)
)
OVER = frozenset({"not_found", "expired", "usage_limit_reached", "user_limit_reached"})
MERELY_CLOSED = frozenset({"not_started", "outside_active_hours"})


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
    def opens_at(self) -> datetime | None:
        """When it will begin to give something, if only its start or its hours are in the way."""
        if self.refusal is None or self.refusal.rule not in MERELY_CLOSED:
            return None
        opens_at: datetime = self.refusal.facts.get("opens_at") or self.refusal.facts["starts_at"]
        return opens_at if self.terms.ends_at is None or opens_at < self.terms.ends_at else None

    @property
    def closes_at(self) -> datetime | None:
        """Until when it is open, if its hours or its end close it."""
        hours = self.terms.active_hours
        moments = [hours.next_closing(self.context.now) if hours else None, self.terms.ends_at]
        known = [each for each in moments if each is not None]
        return min(known) if known and self.refusal is None else None

    @property
    def is_over(self) -> bool:
        """Whether it will not come again by itself: ended, used up, archived, or never open again before its end."""
        if self.refusal is None:
            return False
        return self.refusal.rule in OVER or (self.refusal.rule in MERELY_CLOSED and self.opens_at is None)

    def bonus_for(self, offer: Offer) -> int:
        """What the usual payout of this offer would earn with it now; nothing where it doesn't hold."""
        return 0 if self._failures(offer) else bonus_on(self.terms, offer.payout_cents)

    def bonus_later(self, offer: Offer) -> int:
        """The same of one that is closed now, and will open; nothing of any other."""
        failures = self._failures(offer)
        is_waiting = bool(failures) and failures <= MERELY_CLOSED and self.opens_at is not None
        return bonus_on(self.terms, offer.payout_cents) if is_waiting else 0

    def covers(self, offer: Offer) -> bool:
        """Whether it is for this offer and open now, whatever the offer pays."""
        return self._failures(offer) <= {"min_amount_not_met"}

    def _failures(self, offer: Offer) -> set[str]:
        asked = replace(self.context, amount_cents=offer.payout_cents, facts={"offer_id": offer.id})
        return {each.rule for each in judge(self.terms, asked, OWN_RULES) if not each.holds}


def codes_of(user: User, now: datetime) -> Sequence[Held]:
    """The codes on this client's account, those that are over last, else the newest first.

    Four statements, however many they are.
    """
    found = _found(user, UserPromoCode.status == APPLIED)
    if not found:
        return []
    names = catalogue.names(sorted({each for row in found for each in row.OfferCode.applicable_offers}))
    earned = earned_by(user.id)
    held = [_held(row, now, names, earned) for row in found]
    return sorted(held, key=lambda each: each.is_over)


def at_hand(user: User, now: datetime) -> Sequence[Held]:
    """The same, to reckon with alone: without the offers' names and what they earned. Two statements."""
    return [_held(row, now) for row in _found(user, UserPromoCode.status == APPLIED)]


def taken_off(user: User, user_promo_code_id: int, now: datetime) -> Held | None:
    """A code that was on this client's account and is no longer; its `refusal` says why it can't be applied now."""
    back = aliased(UserPromoCode)
    is_back = exists().where(
        back.user_id == user.id, back.promotion_id == UserPromoCode.promotion_id, back.status == APPLIED
    )
    found = _found(user, UserPromoCode.id == user_promo_code_id, UserPromoCode.status == REMOVED, ~is_back)
    return _held(found[0], now) if found else None


def has(user_id: int, typed: str) -> bool:
    """Whether this code is on that client's account. One statement, or none for what can't be a code."""
    wanted = normalise_code(typed)
    mine = (UserPromoCode.user_id == user_id, UserPromoCode.status == APPLIED)
    code = select(PromotionCode.id).join(UserPromoCode, UserPromoCode.code_id == PromotionCode.id)
    found = code.where(*mine, PromotionCode.code == wanted)
    return is_code(wanted) and db.session.scalar(found) is not None


def earned_by(user_id: int) -> dict[int, Earned]:
    """What each promotion has paid to this client, by its id."""
    live = (OfferApplication.user_id == user_id, OfferApplication.reversed_at.is_(None))
    summed = select(OfferApplication.promotion_id, func.count(), func.sum(OfferApplication.bonus_cents)).where(*live)
    rows = db.session.execute(summed.group_by(OfferApplication.promotion_id))
    return {promotion_id: Earned(uses, int(cents)) for promotion_id, uses, cents in rows}


def best_for(offer: Offer, held: Sequence[Held]) -> tuple[Held, int] | None:
    """The code that would be used if this offer were completed now, and what it would earn."""
    return _best((each, each.bonus_for(offer)) for each in held)


def best_later_for(offer: Offer, held: Sequence[Held]) -> tuple[Held, int] | None:
    """The same of those that are closed now, and will open."""
    return _best((each, each.bonus_later(offer)) for each in held)


def earnings(user_id: int) -> Select[OfferApplication, str]:
    """What this client has earned by codes, newest first, each with its code; what was reversed too."""
    return (
        select(OfferApplication, PromotionCode.code)
        .join(UserPromoCode, UserPromoCode.id == OfferApplication.user_promo_code_id)
        .join(PromotionCode, PromotionCode.id == UserPromoCode.code_id)
        .where(OfferApplication.user_id == user_id)
        .order_by(OfferApplication.applied_at.desc(), OfferApplication.id.desc())
    )


def _best(giving: Iterable[tuple[Held, int]]) -> tuple[Held, int] | None:
    ranked = sorted((pair for pair in giving if pair[1]), key=lambda pair: (-pair[1], pair[0].applied_at, pair[0].id))
    return ranked[0] if ranked else None


def _found(user: User, *which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    mine = ON_ACCOUNT.where(UserPromoCode.user_id == user.id, *which).order_by(UserPromoCode.id.desc())
    return db.session.execute(mine, {"person": user.person.key}).all()


def _held(row: Row[Any], now: datetime, names: Mapping[int, str] = {}, earned: Mapping[int, Earned] = {}) -> Held:
    own: OfferCode = row.OfferCode
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
        offers=[names[each] for each in own.applicable_offers if each in names],
        earned=earned.get(own.promotion_id, Earned()),
    )
