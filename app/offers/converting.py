"""Completed offers: what they earn, once each, and taking it back. Callers own the transaction.

Locks, always in this order: users (shared), the offer (as a reference), the conversion, the wallet, the promotion. The
use is taken last and has the last word: where a rival was faster, what was written for this code is undone and the next
best is tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard

import structlog
from sqlalchemy import Row, select, update

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit import service as audit
from app.audit.service import Actor
from app.errors import NotFound, ValidationFailed
from app.kit.db import after_commit, db, insert
from app.kit.money import as_number
from app.messages import notices
from app.messages.notices import Told
from app.offers import figures as offer_figures
from app.offers.editing import terms_now
from app.offers.errors import UnknownClient, UnknownOffer
from app.offers.models import APPLIED, KIND, Conversion, Offer, OfferApplication, UserPromoCode
from app.offers.rules import OWN_RULES, SKEW, Candidate, OfferTerms, best_first, bonus_on, deciding_moment
from app.offers.words import IN_THE_FUTURE
from app.promotions import figures
from app.promotions import service as promotions
from app.promotions.errors import SwitchedOff, UsageLimitReached, UserLimitReached
from app.promotions.models import PromotionCode
from app.promotions.rules import first_failure, judge
from app.wallet import ledger

log = structlog.get_logger(__name__)
ENTITY = "conversion"
LESS = "less_bonus"
EARNED, TAKEN_BACK = "conversion", "conversion_reversed"
ON_ACCOUNT = promotions.finding(
    KIND, UserPromoCode.id.label("user_promo_code_id"), UserPromoCode.applied_at.expression
).join(UserPromoCode, UserPromoCode.code_id == PromotionCode.id)


@dataclass(frozen=True, slots=True)
class Completed:
    """That somebody has completed an offer, as it is told: the offer by its external id, the client by their name.

    Without `completed_at` it was just now.
    """

    conversion_id: str
    offer_id: str
    username: str
    payout_cents: int
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A code on the account that gave nothing, and the reason code of why; beside a better one, what it would have."""

    code: str
    reason: str
    bonus_cents: int = 0

    def as_kept(self) -> dict[str, Any]:
        kept: dict[str, Any] = {"code": self.code, "reason": self.reason}
        return {**kept, "bonus_cents": self.bonus_cents} if self.bonus_cents else kept


def record(told: Completed, *, actor: Actor | None = None, now: datetime) -> tuple[Conversion, bool]:
    """Keep that an offer was completed, and pay what the best code on the account gives; whether it is new.

    The first word counts: what is told again under the same id changes nothing. The unique key makes a twin wait.
    What an `actor` records by hand stands in the audit log; what programs tell comes without one.
    Raises UnknownClient, UnknownOffer, and ValidationFailed for what lies in the future.
    """
    known = find(told.conversion_id)
    if known is not None:
        return _again(known, told), False
    if told.completed_at is not None and is_ahead(told.completed_at, now):
        raise ValidationFailed({"completed_at": [IN_THE_FUTURE]})
    user, offer = _client(told.username, actor), _offer(told.offer_id)
    conversion = _keep(told, user, offer, actor, now)
    if conversion is None:
        twin = find(told.conversion_id)
        assert twin is not None, "what conflicts is there"
        return _again(twin, told), False
    _earn(conversion, user, offer, now)
    if actor is not None:
        audit.record(actor, "conversion.recorded", ENTITY, conversion.id, after=_facts_of(conversion, offer))
    return conversion, True


def reverse(conversion_id: str, *, actor: Actor, now: datetime) -> Conversion:
    """Take a conversion back, with the bonus and the use that it took. Doing it again is fine. Raises NotFound.

    What of the bonus is no longer in the wallet becomes a debt.
    """
    held = select(Conversion).where(Conversion.conversion_id == conversion_id).with_for_update()
    conversion = db.session.scalar(held, execution_options={"populate_existing": True})
    if conversion is None:
        raise NotFound
    if conversion.reversed_at is not None:
        return conversion
    before = {"state": conversion.state}
    conversion.reversed_at = now
    db.session.flush()
    if conversion.bonus_cents:
        _take_back(conversion, now)
    after_commit(offer_figures.conversions.labels("reversed").inc)
    audit.record(actor, "conversion.reversed", ENTITY, conversion.id, before=before, after={"state": conversion.state})
    db.session.flush()
    return conversion


def find(conversion_id: str) -> Conversion | None:
    """The conversion that other programs know by this id."""
    query = select(Conversion).where(Conversion.conversion_id == conversion_id)
    return db.session.scalar(query, execution_options={"populate_existing": True})


def is_ahead(completed_at: datetime, now: datetime) -> bool:
    """Whether nobody can have completed anything then yet; clocks may differ a little."""
    return completed_at > now + SKEW


def is_client(username: str) -> bool:
    """Whether somebody of this username can complete offers now."""
    return _can_complete(accounts.find(username))


def _again(known: Conversion, told: Completed) -> Conversion:
    if known.payout_cents != told.payout_cents:
        log.warning("conversion_told_differently", conversion=known.id)
    return known


def _client(username: str, actor: Actor | None) -> User:
    """Held together with who enters it, whose name will stand beside it: in the order in which users are locked."""
    also = [actor.user_id] if actor is not None and actor.user_id is not None else []
    user = accounts.hold_named(username, *also)
    if not _can_complete(user):
        raise UnknownClient(field="username")
    return user


def _can_complete(user: User | None) -> TypeGuard[User]:
    return user is not None and user.role == "client" and user.is_active


def _offer(external_id: str) -> Offer:
    """Held as whatever refers to it holds it. Whether it is still shown to clients doesn't matter: it was completed."""
    held = select(Offer).where(Offer.external_id == external_id.strip()).with_for_update(read=True, key_share=True)
    offer = db.session.scalar(held)
    if offer is None:
        raise UnknownOffer(field="offer_id")
    return offer


def _keep(told: Completed, user: User, offer: Offer, actor: Actor | None, now: datetime) -> Conversion | None:
    kept = insert(Conversion).values(
        conversion_id=told.conversion_id,
        offer_id=offer.id,
        user_id=user.id,
        payout_cents=told.payout_cents,
        completed_at=told.completed_at or now,
        received_at=now,
        recorded_by_id=actor.user_id if actor else None,
        bonus_cents=0,
        passed_over=[],
    )
    once = kept.on_conflict_do_nothing(index_elements=["conversion_id"])
    return db.session.scalar(once.returning(Conversion))


def _facts_of(conversion: Conversion, offer: Offer) -> dict[str, Any]:
    """For the audit log."""
    return {
        "conversion_id": conversion.conversion_id,
        "user_id": conversion.user_id,
        "offer": offer.external_id,
        "payout": as_number(conversion.payout_cents),
        "completed_at": conversion.completed_at,
        "bonus": as_number(conversion.bonus_cents),
        "code": conversion.code,
    }


def _earn(conversion: Conversion, user: User, offer: Offer, now: datetime) -> None:
    """Pay by the best of the codes that hold; where none does, write down why."""
    at = deciding_moment(conversion.completed_at, now)
    candidates, passed = _judge(user, offer, conversion.payout_cents, at)
    for place, each in enumerate(candidates, 1):
        less = [PassedOver(other.code, LESS, other.bonus_cents) for other in candidates[place:]]
        lost = _pay(conversion, offer, each, [*passed, *less], at=at, now=now)
        if lost is None:
            break
        passed.append(PassedOver(each.code, lost))
    else:
        conversion.passed_over = [each.as_kept() for each in passed]
        db.session.flush()
    result = "bonus" if conversion.bonus_cents else "no_bonus"
    after_commit(offer_figures.conversions.labels(result).inc)


def _judge(user: User, offer: Offer, payout_cents: int, at: datetime) -> tuple[list[Candidate], list[PassedOver]]:
    """The codes on the account that hold, the best first, and those that don't."""
    on_account = ON_ACCOUNT.where(UserPromoCode.user_id == user.id, UserPromoCode.status == APPLIED)
    found = db.session.execute(on_account.order_by(UserPromoCode.id), {"person": user.person.key}).all()
    candidates, passed = [], []
    for each in found:
        with figures.seconds.labels(KIND).time():
            terms, reason = _verdict(each, offer, payout_cents, at)
        bonus = 0 if reason else bonus_on(terms, payout_cents)
        if bonus:
            whose = (each.user_promo_code_id, each.code_id, each.code)
            candidates.append(Candidate(*whose, terms, each.applied_at, bonus))
        else:
            passed.append(PassedOver(each.code, reason or "nothing_to_give"))
    return best_first(candidates), passed


def _verdict(found: Row[Any], offer: Offer, payout_cents: int, at: datetime) -> tuple[OfferTerms, str | None]:
    edition = (KIND, found.promotion_id, found.version, found.updated_at)
    terms: OfferTerms = promotions.editions.get(edition, lambda: terms_now(found.promotion_id))
    asked = {"has_account": True, "amount_cents": payout_cents, "facts": {"offer_id": offer.id}}
    failed = first_failure(judge(terms, promotions.context_of(found, now=at, **asked), OWN_RULES))
    return terms, failed.rule if failed else None


def _pay(  # noqa: PLR0913
    conversion: Conversion, offer: Offer, by: Candidate, passed: Sequence[PassedOver], *, at: datetime, now: datetime
) -> str | None:
    """Pay by this code and not by those, or undo that and say why a rival was faster."""
    try:
        with db.session.begin_nested():
            conversion.passed_over = [each.as_kept() for each in passed]
            _write_down(conversion, offer, by, now)
            promotions.take_use(
                by.terms.promotion_id,
                by.code_id,
                person=f"user:{conversion.user_id}",
                purpose=conversion.purpose,
                value_cents=by.bonus_cents,
                now=now,
                as_of=at,
            )
    except (UsageLimitReached, UserLimitReached, SwitchedOff) as lost:
        figures.refusals.labels(KIND, lost.code).inc()
        return lost.code
    after_commit(figures.uses.labels(KIND).inc)
    return None


def _write_down(conversion: Conversion, offer: Offer, by: Candidate, now: datetime) -> None:
    conversion.bonus_cents, conversion.code = by.bonus_cents, by.code
    db.session.add(
        OfferApplication(
            user_promo_code_id=by.user_promo_code_id,
            promotion_id=by.terms.promotion_id,
            user_id=conversion.user_id,
            offer_id=offer.id,
            offer_name=offer.name,
            applied_at=now,
            bonus_cents=by.bonus_cents,
            conversion_id=conversion.id,
        )
    )
    db.session.flush()
    ledger.credit(conversion.user_id, by.bonus_cents, reason=EARNED, reference=conversion.purpose, now=now)
    _tell(conversion, "bonus_earned", {"offer": offer.name}, now)


def _take_back(conversion: Conversion, now: datetime) -> None:
    """Under the names at the time."""
    ours = update(OfferApplication).where(OfferApplication.conversion_id == conversion.id).values(reversed_at=now)
    offer = db.session.scalar(ours.returning(OfferApplication.offer_name).execution_options(synchronize_session=False))
    reference = conversion.purpose
    ledger.take_back(conversion.user_id, conversion.bonus_cents, reason=TAKEN_BACK, reference=reference, now=now)
    _tell(conversion, "bonus_taken_back", {"offer": offer}, now)
    promotions.give_back(conversion.purpose, now)


def _tell(conversion: Conversion, kind: str, more: dict[str, Any], now: datetime) -> None:
    """In the application: the client sees it wherever they are."""
    facts = {"code": conversion.code, "cents": conversion.bonus_cents, **more}
    notices.tell(Told(conversion.user_id, kind, f"{kind}:{conversion.id}", facts), now)
