"""Putting a code on a client's account, and taking it off. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from app.accounts import service as accounts
from app.accounts.models import User
from app.errors import not_shown
from app.kit.db import db, insert, row
from app.kit.text import normalise_code
from app.offers.editing import terms_now
from app.offers.errors import CodeRefused, UnknownClient
from app.offers.models import APPLIED, KIND, REMOVED, UserPromoCode
from app.offers.rules import NOT_OF_APPLYING, OWN_RULES, OfferTerms, failure_of_applying
from app.promotions import attempts, figures
from app.promotions import service as promotions
from app.promotions.fields import is_code
from app.promotions.models import Promotion, PromotionCode
from app.promotions.rules import UNKNOWN, Verdict, judge

LIMITS = (Promotion.usage_limit.expression, Promotion.per_user_limit.expression)
FOUND = promotions.finding(KIND, *LIMITS).where(PromotionCode.code == bindparam("code"))


@dataclass(frozen=True, slots=True)
class Applied:
    """A code on an account. `uses_left` is how often it can still earn there, None for as often as one likes.

    It `is_new` when this very call has put it there. One that was there may give nothing now: `refusal` says why.
    """

    code: str
    promotion_id: int
    applied_at: datetime
    uses_left: int | None
    is_new: bool
    refusal: Verdict | None = None


def apply(user: User, typed: str, *, now: datetime) -> Applied:
    """Put a code on this client's account; one that is on it already stays as it is.

    Every rule is checked but amount and scope. Raises CodeRefused, UnknownClient.
    """
    held = accounts.hold(user.id).get(user.id)
    if held is None or held.role != "client" or not held.is_active:
        raise UnknownClient(field="username")
    user, code = held, normalise_code(typed)
    found = row(FOUND, {"code": code, "person": user.person.key}) if is_code(code) else None
    if found is None:
        raise _refused(UNKNOWN[0])
    mine = _on_account(user.id, found.promotion_id)
    if mine is not None:
        return replace(_told(found, mine, is_new=False), refusal=failure_of_applying(_verdicts(found, now)))
    _check(user, found, now)
    if not _hold(found.promotion_id):
        raise _refused(UNKNOWN[0])
    mine, is_new = _put(user.id, found, now)
    return _told(found, mine, is_new=is_new)


def remove(user: User, user_promo_code_id: int, *, now: datetime) -> UserPromoCode:
    """Take a code off this client's account; what it has earned stays. Doing it again is fine. Raises NotFound."""
    mine = select(UserPromoCode).where(UserPromoCode.id == user_promo_code_id, UserPromoCode.user_id == user.id)
    found = db.session.scalar(mine)
    if found is None:
        raise not_shown(select(UserPromoCode.id).where(UserPromoCode.id == user_promo_code_id))
    taken = (
        update(UserPromoCode)
        .where(UserPromoCode.id == found.id, UserPromoCode.status == APPLIED)
        .values(status=REMOVED, removed_at=now)
    )
    db.session.execute(taken)
    db.session.refresh(found)
    return found


def uses_left(found: Any) -> int | None:
    """The least of what the promotion, the code and the person still have; None where nothing limits them."""
    limits = (
        (found.usage_limit, found.used_count),
        (found.code_usage_limit, found.code_used_count),
        (found.per_user_limit, found.person_uses),
    )
    left = [max(0, limit - used) for limit, used in limits if limit is not None]
    return min(left) if left else None


def _check(user: User, found: Row[Any], now: datetime) -> None:
    """Raises CodeRefused; admins will see who was refused."""
    verdicts = _verdicts(found, now)
    failed = failure_of_applying(verdicts)
    if failed is None:
        return
    asked = [each for each in verdicts if each.rule not in NOT_OF_APPLYING]
    attempts.note(
        found.promotion_id, code=found.code, person=user.person, items=(), amount_cents=0, verdicts=asked, at=now
    )
    raise _refused(failed)


def _verdicts(found: Row[Any], now: datetime) -> Sequence[Verdict]:
    edition = (KIND, found.promotion_id, found.version, found.updated_at)
    terms: OfferTerms = promotions.editions.get(edition, lambda: terms_now(found.promotion_id))
    return judge(terms, promotions.context_of(found, now=now, has_account=True), OWN_RULES)


def _refused(verdict: Verdict) -> CodeRefused:
    figures.refusals.labels(KIND, verdict.rule).inc()
    return CodeRefused(verdict)


def _hold(promotion_id: int) -> bool:
    """Held as whatever refers to it holds it: it can be used and changed meanwhile, but not deleted."""
    held = select(Promotion.id).where(Promotion.id == promotion_id, Promotion.archived_at.is_(None))
    return db.session.scalar(held.with_for_update(read=True, key_share=True)) is not None


def _put(user_id: int, found: Row[Any], now: datetime) -> tuple[UserPromoCode, bool]:
    """The code on the account, and whether it was put there just now; again where a twin's was taken off meanwhile."""
    values = {"user_id": user_id, "promotion_id": found.promotion_id, "code_id": found.code_id}
    put = insert(UserPromoCode).values(**values, status=APPLIED, applied_at=now).on_conflict_do_nothing()
    while True:
        made = db.session.scalar(put.returning(UserPromoCode))
        mine = made or _on_account(user_id, found.promotion_id)
        if mine is not None:
            return mine, made is not None


def _on_account(user_id: int, promotion_id: int) -> UserPromoCode | None:
    mine = (UserPromoCode.user_id == user_id, UserPromoCode.promotion_id == promotion_id)
    return db.session.scalar(select(UserPromoCode).where(*mine, UserPromoCode.status == APPLIED))


def _told(found: Row[Any], mine: UserPromoCode, *, is_new: bool) -> Applied:
    return Applied(found.code, found.promotion_id, mine.applied_at, uses_left(found), is_new)
