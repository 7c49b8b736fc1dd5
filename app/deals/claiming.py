"""Claiming what a deal gives, and handing it out. Callers own the transaction.

Everything about one person and one deal is settled on the row of their claims: a claim counts there, if the spend
carries one more, in the statement that looks; the use of the promotion is taken last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy import Row, and_, select, true, update

from app.accounts.persons import Person
from app.audit import service as audit
from app.audit.service import SYSTEM, Actor
from app.deals.editing import terms_now
from app.deals.errors import DealRefused, GrantRevoked
from app.deals.models import DELIVERED, KIND, PENDING, REVOKED, Grant, PromotionClaim
from app.deals.rules import OWN_RULES, DealTerms, Tally, claimable, missing_for_next, needed_for, next_claim
from app.deals.standings import NOTHING, Shopper, tallies
from app.errors import NotFound
from app.kit import outbox
from app.kit.db import after_commit, db, row
from app.promotions import attempts, figures
from app.promotions import service as promotions
from app.promotions.errors import SwitchedOff, UsageLimitReached, UserLimitReached
from app.promotions.models import PromotionCode
from app.promotions.rules import Verdict, first_failure, judge

log = structlog.get_logger(__name__)
TOPIC = "deals.claim"
AT_ONCE = 20
claims = Counter("laurel_deal_claims", "Claims of deals, by what came of them.", ("result",))

AS_IT_IS = promotions.finding_promotion(PromotionCode.batch_id.is_(None))


@dataclass(frozen=True, slots=True)
class Chance:
    """What a claim would be decided by: the terms, how far the shopper has come, and the rules' verdicts."""

    terms: DealTerms
    mine: Tally
    all_of_name: Tally
    spent_cents: int
    verdicts: tuple[Verdict, ...]

    @property
    def refusal(self) -> Verdict | None:
        return first_failure(self.verdicts)

    def but_for(self, lost: Verdict) -> "Chance":
        """The same, after a rival was faster."""
        return replace(self, verdicts=tuple(lost if each.rule == lost.rule else each for each in self.verdicts))


class Overtaken(DealRefused):
    """Somebody else has claimed on the same spend meanwhile. Nothing was written."""


def purpose(grant_id: int) -> str:
    """Under which the use of a grant is kept."""
    return f"grant:{grant_id}"


def claim(deal_id: int, shopper: Shopper, *, now: datetime, nth: int | None = None) -> Grant | None:
    """Claim once what a deal gives, and return the grant. Call it last in the transaction.

    `nth` says which claim of theirs it is meant to be: one that is there already isn't claimed again, and the answer is
    None. Raises NotFound, and DealRefused, also when a rival was faster; then the caller's transaction must not be
    committed.
    """
    chance = _look(deal_id, shopper, now)
    if nth is not None and chance.mine.live >= nth:
        return None
    if chance.refusal is not None:
        _note_refusal(deal_id, shopper, chance, now)
        raise _refused(chance.refusal)
    try:
        return _take(chance, shopper, now=now, as_of=now, is_exactly=nth is not None)
    except DealRefused as lost:
        if nth is not None and isinstance(lost, Overtaken) and _look(deal_id, shopper, now).mine.live >= nth:
            return None
        _note_refusal(deal_id, shopper, chance.but_for(lost.verdict), now)
        raise


def claim_by_itself(  # noqa: PLR0913
    deal_id: int, person: Person, *, visit: str | None, invoice_id: int, as_of: datetime, now: datetime
) -> None:
    """Claim all that was earned, as of the moment of payment. What goes wrong is undone alone and tried again."""
    wanted = {
        "deal_id": deal_id,
        "name": "" if person.has_account else person.name,  # who is forgotten is so everywhere
        "user_id": person.user_id,
        "visit": visit,
        "as_of": as_of.isoformat(),
        "invoice_id": invoice_id,
    }
    try:
        with db.session.begin_nested():
            has_more = _claim_what_is_open(wanted, now)
    except Exception:
        log.exception("deal_claim_failed", deal=deal_id, invoice=invoice_id)
        claims.labels("failed").inc()
        has_more = True
    if has_more:
        outbox.put(TOPIC, key=f"{TOPIC}:{deal_id}:{invoice_id}:1", payload={**wanted, "round": 1}, now=now)


def claim_later(events: Sequence[outbox.OutboxEvent], now: datetime) -> None:
    """Go on with claims that a payment left over."""
    for event in events:
        wanted, following = event.payload, event.payload["round"] + 1
        if _claim_what_is_open(wanted, now):
            key = f"{TOPIC}:{wanted['deal_id']}:{wanted['invoice_id']}:{following}"
            outbox.put(TOPIC, key=key, payload={**wanted, "round": following}, now=now)


def deliver(grant_id: int, now: datetime, *, actor: Actor = SYSTEM) -> Grant:
    """It was handed out; telling so again changes nothing. Raises NotFound, GrantRevoked."""
    claim_id = db.session.scalar(select(Grant.claim_id).where(Grant.id == grant_id))
    if claim_id is None:
        raise NotFound
    own = _lock(claim_id)
    grant = db.session.get_one(Grant, grant_id, populate_existing=True)
    if grant.status == REVOKED:
        raise GrantRevoked
    if grant.status == PENDING:
        grant.status, grant.delivered_at = DELIVERED, now
        db.session.flush()
        own.claimed_ingame, own.updated_at = not _has_pending(claim_id), now
        audit.record(actor, "grant.delivered", "grant", grant_id, {"status": PENDING}, {"status": DELIVERED})
        db.session.flush()
    return grant


def _claim_what_is_open(wanted: dict[str, Any], now: datetime) -> bool:
    """Claim what an invoice has earned, some at once; whether there may be more. None of an archived deal."""
    shopper = Shopper(Person(wanted["name"], wanted["user_id"]), wanted["visit"])
    as_of = datetime.fromisoformat(wanted["as_of"])
    try:
        for _each in range(AT_ONCE):
            chance = _look(wanted["deal_id"], shopper, as_of)
            if chance.refusal is not None:
                return False
            with db.session.begin_nested():
                _take(chance, shopper, now=now, as_of=as_of, is_automatic=True)
    except (DealRefused, NotFound):
        return False
    return True


def _look(deal_id: int, shopper: Shopper, at: datetime) -> Chance:
    person = shopper.person
    found = row(AS_IT_IS, {"promotion_id": deal_id, "person": person.key})
    if found is None or found.kind != KIND or found.archived_at is not None:
        raise NotFound
    edition = (KIND, deal_id, found.version, found.updated_at)
    terms: DealTerms = promotions.editions.get(edition, lambda: terms_now(deal_id))
    mine, all_of_name = tallies(shopper, [deal_id]).get(deal_id, (NOTHING, NOTHING))
    behind = max(mine, all_of_name, key=lambda tally: missing_for_next(terms, tally))
    asked, spent = next_claim(terms, behind)
    context = promotions.context_of(found, now=at, has_account=person.has_account, amount_cents=spent)
    return Chance(terms, mine, all_of_name, spent, judge(asked, context, OWN_RULES))


def _take(  # noqa: PLR0913
    chance: Chance,
    shopper: Shopper,
    *,
    now: datetime,
    as_of: datetime,
    is_exactly: bool = False,
    is_automatic: bool = False,
) -> Grant:
    """Count the claim, write the grant, take the use. Raises DealRefused where somebody was faster."""
    terms, person = chance.terms, shopper.person.key
    seen = chance.all_of_name.live if is_exactly else None
    counted = _count_up(terms, person, now, seen=seen) if _carries_by_itself(terms, shopper) else None
    if counted is None:
        raise _refused(
            Verdict("min_amount_not_met" if terms.is_recurrent else "user_limit_reached", holds=False), Overtaken
        )
    grant = _write_down(terms, counted, shopper, now=now, is_automatic=is_automatic)
    use = purpose(grant.id)
    try:
        promotions.take_use(terms.promotion_id, None, person=person, purpose=use, value_cents=0, now=now, as_of=as_of)
    except SwitchedOff as refusal:
        reason = _look(terms.promotion_id, shopper, as_of).refusal
        raise _refused(reason or Verdict(refusal.code, holds=False)) from refusal
    except (UsageLimitReached, UserLimitReached) as refusal:
        raise _refused(Verdict(refusal.code, holds=False)) from refusal
    after_commit(figures.uses.labels(KIND).inc)
    after_commit(claims.labels("automatic" if is_automatic else "claimed").inc)
    return grant


def _write_down(
    terms: DealTerms, counted: Row[int, int], shopper: Shopper, *, now: datetime, is_automatic: bool
) -> Grant:
    """The grant of the claim that was just counted, as it is promised now."""
    grant = Grant(
        claim_id=counted.id,
        items=list(terms.reward_items),
        bonus_type=terms.bonus_type,
        min_amount_cents=terms.min_amount_cents,
        needs_cents=needed_for(terms, counted.claim_count),
        visit=None if shopper.person.has_account else shopper.visit,
        is_automatic=is_automatic,
        created_at=now,
    )
    db.session.add(grant)
    db.session.flush()
    return grant


def _carries_by_itself(terms: DealTerms, shopper: Shopper) -> bool:
    """Whether what the session has paid for itself is good for one claim more; other windows of its name wait here."""
    if shopper.person.has_account:
        return True
    mine = (PromotionClaim.promotion_id == terms.promotion_id, PromotionClaim.person == shopper.person.key)
    db.session.execute(select(PromotionClaim.id).where(*mine).with_for_update())
    own, _all_of_name = tallies(shopper, [terms.promotion_id]).get(terms.promotion_id, (NOTHING, NOTHING))
    return claimable(terms, own.spent_cents, own.live, None) > 0


def _count_up(terms: DealTerms, person: str, now: datetime, *, seen: int | None) -> Row[int, int] | None:
    """Count one claim more, if the spend carries it: the condition and the change are one statement."""
    needed = PromotionClaim.claim_count * terms.min_amount_cents if terms.is_recurrent else 0
    carried = PromotionClaim.spent_cents >= needed + terms.min_amount_cents
    is_next = true() if terms.is_recurrent else PromotionClaim.claim_count == 0
    if seen is not None:
        is_next = and_(is_next, PromotionClaim.claim_count == seen)
    return db.session.execute(
        update(PromotionClaim)
        .where(PromotionClaim.promotion_id == terms.promotion_id, PromotionClaim.person == person, carried, is_next)
        .values(claim_count=PromotionClaim.claim_count + 1, last_claimed_at=now, claimed_ingame=False, updated_at=now)
        .returning(PromotionClaim.id, PromotionClaim.claim_count)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def _lock(claim_id: int) -> PromotionClaim:
    query = select(PromotionClaim).where(PromotionClaim.id == claim_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _has_pending(claim_id: int) -> bool:
    pending = select(Grant.id).where(Grant.claim_id == claim_id, Grant.status == PENDING)
    return db.session.scalar(pending.limit(1)) is not None


def _refused(verdict: Verdict, refusal: type[DealRefused] = DealRefused) -> DealRefused:
    claims.labels(verdict.rule).inc()
    figures.refusals.labels(KIND, verdict.rule).inc()
    return refusal(verdict)


def _note_refusal(deal_id: int, shopper: Shopper, chance: Chance, now: datetime) -> None:
    """Admins see who was refused, and by which rule. Sends no statement, and never fails."""
    attempts.note(
        deal_id,
        code=None,
        person=shopper.person,
        items=(),
        amount_cents=chance.spent_cents,
        verdicts=chance.verdicts,
        at=now,
    )
