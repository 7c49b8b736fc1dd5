"""Claiming a bonus: what holds is granted, locked until its turnover is reached. Callers own the transaction.

Locks, always in this order: users (shared), the deposit, the wallet, the bonus's promotion (as a reference: what is
claimed stays as it was read). The use is taken last and has the last word: where a rival was faster, what was written
for this claim is undone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, select

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit import service as audit
from app.audit.service import Actor
from app.bonuses import figures as bonus_figures
from app.bonuses.editing import terms_now, terms_of
from app.bonuses.errors import BonusRefused, UnknownClient
from app.bonuses.models import DEPOSIT, FREE_CREDIT, KIND, Bonus, MemberPromotion
from app.bonuses.releasing import release_if_met
from app.bonuses.rules import NOTHING, OWN_RULES, BonusTerms, best_first, bonus_on, measured, required_turnover
from app.bonuses.words import reason_on_deposit
from app.kit.db import after_commit, db, row
from app.kit.money import as_number
from app.kit.text import normalise_code
from app.messages import notices
from app.messages.notices import Told
from app.promotions import attempts, figures
from app.promotions import service as promotions
from app.promotions.errors import SwitchedOff, UsageLimitReached, UserLimitReached
from app.promotions.fields import is_code
from app.promotions.models import Promotion, PromotionCode
from app.promotions.rules import UNKNOWN, Verdict, first_failure, judge
from app.wallet import ledger
from app.wallet.models import BONUS

GRANTED = "bonus_granted"
FOUND = promotions.finding(KIND, Bonus.type.expression).join(Bonus, Bonus.promotion_id == Promotion.id)
BY_ID = FOUND.where(Promotion.id == bindparam("promotion_id"))
BY_CODE = FOUND.where(PromotionCode.code == bindparam("code"))
AUTOMATIC = (Bonus.auto_apply.expression, Bonus.type == DEPOSIT, Promotion.archived_at.is_(None))
BY_ITSELF = FOUND.where(*AUTOMATIC)
ENTITY = "member_promotion"
LOST = (UsageLimitReached, UserLimitReached, SwitchedOff)


@dataclass(frozen=True, slots=True)
class Deposited:
    """A deposit that was confirmed: whose, how much, our name for it, and whether it is their first ever."""

    user: User
    amount_cents: int
    cause: str
    is_first: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a bonus that was wished for: a claim, or the reason (as `words.why_not` tells it)."""

    claim: MemberPromotion | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A bonus to be given: to whom, on which base, and what it is claimed with."""

    user_id: int
    bonus_cents: int
    source: str
    cause: str | None = None
    deposit_cents: int = 0
    takes_use: bool = True
    given_by_id: int | None = None


def claim_on_deposit(told: Deposited, promotion_id: int | None, now: datetime) -> Outcome | None:
    """Claim the bonus that was chosen, or, where none was, the best of those that apply by themselves.

    Whatever comes of it, the deposit stands. None where there was nothing to claim.
    """
    is_client = told.user.role == "client" and told.user.is_active
    facts = {"occasion": DEPOSIT, "is_first_deposit": told.is_first, "is_client": is_client}
    person = told.user.person.key
    if promotion_id is not None:
        found = _held(promotion_id, person)
        if found is None:
            return Outcome(reason=UNKNOWN[0].rule)
        failed = first_failure(judged(found, now, told.amount_cents, facts))
        return Outcome(reason=reason_on_deposit(failed)) if failed else _try(found, told, now)
    return _claim_best(told, person, facts, now)


def claim_free_credit(user: User, typed: str, *, now: datetime) -> MemberPromotion:
    """A client claims a free credit by its code. Raises BonusRefused, UnknownClient."""
    user = _held_client(user.id)
    promotion_id = find_by_code(typed)
    if promotion_id is None:
        raise BonusRefused(UNKNOWN[0])
    return _give(promotion_id, user, now, field="code")


def give_free_credit(promotion_id: int, username: str, *, actor: Actor, now: datetime) -> MemberPromotion:
    """An admin gives one to a client; the same rules hold. Raises NotFound, BonusRefused, UnknownClient."""
    also = [] if actor.user_id is None else [actor.user_id]
    user = accounts.hold_named(username, *also)
    if user is None or user.role != "client" or not user.is_active:
        raise UnknownClient(field="username")
    claim = _give(promotion_id, user, now, field="username", given_by_id=actor.user_id)
    told = {"user_id": user.id, "promotion_id": promotion_id, "bonus": as_number(claim.bonus_cents)}
    audit.record(actor, "bonus.given", ENTITY, claim.id, after=told)
    return claim


def find_by_code(typed: str) -> int | None:
    """The promotion whose code this is, if a bonus has it."""
    code = normalise_code(typed)
    found = row(BY_CODE, {"code": code, "person": ""}) if is_code(code) else None
    return found.promotion_id if found else None


def hold(*which: ColumnElement[bool]) -> Sequence[int]:
    """Hold these bonuses as whatever refers to them does, by number: they stay, and so does what a claim keeps."""
    own = select(Promotion.id).join(Bonus, Bonus.promotion_id == Promotion.id).where(*which).order_by(Promotion.id)
    return db.session.scalars(own.with_for_update(read=True, key_share=True, of=Promotion)).all()


def hold_one(promotion_id: int) -> bool:
    """Hold this one; whether it is there."""
    return bool(hold(Promotion.id == promotion_id))


def judged(found: Row[Any], at: datetime, amount_cents: int, facts: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """Every rule's verdict about a bonus that was found, for a member."""
    with figures.seconds.labels(KIND).time():
        terms, amount = measured(terms_at(found), amount_cents, facts)
        context = promotions.context_of(found, now=at, has_account=True, amount_cents=amount, facts=facts)
        return judge(terms, context, OWN_RULES)


def terms_at(found: Row[Any], own: Bonus | None = None) -> BonusTerms:
    """The terms of a bonus that was found, read once for each of its editions; from its row, where that is in hand."""
    edition = (KIND, found.promotion_id, found.version, found.updated_at)
    read = lambda: terms_now(found.promotion_id) if own is None else terms_of(own)  # noqa: E731
    terms: BonusTerms = promotions.editions.get(edition, read)
    return terms


def grant(found: Row[Any], terms: BonusTerms, wanted: Grant, *, now: datetime, as_of: datetime) -> MemberPromotion:
    """Write the claim down, and take its use. Raises what `take_use` raises, and then nothing was written."""
    with db.session.begin_nested():
        claim = _write_down(found.code, terms, wanted, now)
        _tell(claim, now)
        release_if_met(claim, now)
        if wanted.takes_use:
            promotions.take_use(
                found.promotion_id,
                found.code_id,
                person=f"user:{claim.user_id}",
                purpose=claim.purpose,
                value_cents=claim.bonus_cents,
                now=now,
                as_of=as_of,
            )
    after_commit(figures.uses.labels(KIND).inc)
    after_commit(bonus_figures.claims.labels(terms.type, "claimed").inc)
    return claim


def _claim_best(told: Deposited, person: str, facts: Mapping[str, Any], now: datetime) -> Outcome | None:
    """The best auto-apply bonus that holds; where a rival took its last use, the next best."""
    hold(*AUTOMATIC)
    found = {each.promotion_id: each for each in db.session.execute(BY_ITSELF, {"person": person})}
    judgements = {each.promotion_id: judged(each, now, told.amount_cents, facts) for each in found.values()}
    holding = [each for each in found.values() if first_failure(judgements[each.promotion_id]) is None]
    giving = [(terms, bonus_on(terms, told.amount_cents)) for terms in map(terms_at, holding)]
    for terms, _bonus in best_first(giving):
        outcome = _try(found[terms.promotion_id], told, now)
        if outcome.claim is not None:
            return outcome
    return None


def _try(found: Row[Any], told: Deposited, now: datetime) -> Outcome:
    terms = terms_at(found)
    bonus = bonus_on(terms, told.amount_cents)
    if not bonus:
        return Outcome(reason=NOTHING)
    wanted = Grant(told.user.id, bonus, told.cause, cause=told.cause, deposit_cents=told.amount_cents)
    try:
        return Outcome(grant(found, terms, wanted, now=now, as_of=now))
    except LOST as lost:
        figures.refusals.labels(KIND, lost.code).inc()
        return Outcome(reason=lost.code)


def _held(promotion_id: int, person: str) -> Row[Any] | None:
    """The bonus as it is, and stays until the end of the transaction."""
    return row(BY_ID, {"promotion_id": promotion_id, "person": person}) if hold_one(promotion_id) else None


def _give(
    promotion_id: int, user: User, now: datetime, *, field: str, given_by_id: int | None = None
) -> MemberPromotion:
    """Grant a free credit where every rule holds. Raises BonusRefused."""
    ledger.hold(user.id)
    found = _held(promotion_id, user.person.key)
    if found is None:
        raise BonusRefused(UNKNOWN[0], field=field)
    terms, verdicts = terms_at(found), judged(found, now, 0, {"occasion": FREE_CREDIT})
    failed, bonus = first_failure(verdicts), bonus_on(terms, 0)
    if failed is not None:
        _note_refusal(found, user, verdicts, now)
    elif not bonus:
        failed = Verdict(NOTHING, holds=False)
    if failed is not None:
        raise _refused(failed, field)
    wanted = Grant(user.id, bonus, _one_more(found.promotion_id, user.id), given_by_id=given_by_id)
    try:
        return grant(found, terms, wanted, now=now, as_of=now)
    except LOST as lost:
        raise _refused(Verdict(lost.code, holds=False), field) from None


def _note_refusal(found: Row[Any], user: User, verdicts: Sequence[Verdict], now: datetime) -> None:
    attempts.note(
        found.promotion_id, code=found.code, person=user.person, items=(), amount_cents=0, verdicts=verdicts, at=now
    )


def _refused(failed: Verdict, field: str) -> BonusRefused:
    figures.refusals.labels(KIND, failed.rule).inc()
    return BonusRefused(failed, field=field)


def _held_client(user_id: int) -> User:
    held = accounts.hold(user_id).get(user_id)
    if held is None or held.role != "client" or not held.is_active:
        raise UnknownClient(field="username")
    return held


def _one_more(promotion_id: int, user_id: int) -> str:
    """What the next free credit of this member's is claimed with; their wallet is held, so nobody else counts on."""
    mine = (MemberPromotion.promotion_id == promotion_id, MemberPromotion.user_id == user_id)
    earlier = db.session.scalar(select(func.count()).select_from(MemberPromotion).where(*mine)) or 0
    return f"free:{promotion_id}:{user_id}:{earlier + 1}"


def _write_down(code: str, terms: BonusTerms, wanted: Grant, now: datetime) -> MemberPromotion:
    claim = MemberPromotion(
        promotion_id=terms.promotion_id,
        user_id=wanted.user_id,
        code=code,
        terms=kept_terms(terms),
        source=wanted.source,
        cause=wanted.cause,
        deposit_cents=wanted.deposit_cents,
        bonus_cents=wanted.bonus_cents,
        required_turnover_cents=required_turnover(terms.turnover_hundredths, wanted.deposit_cents, wanted.bonus_cents),
        claimed_at=now,
        given_by_id=wanted.given_by_id,
    )
    db.session.add(claim)
    db.session.flush()
    ledger.credit(
        claim.user_id,
        claim.bonus_cents,
        reason=GRANTED,
        reference=claim.purpose,
        now=now,
        balance=BONUS,
        claim_id=claim.id,
    )
    return claim


def kept_terms(terms: BonusTerms) -> dict[str, Any]:
    """What was promised, as it is kept with the claim."""
    return {
        "title": terms.title,
        "version": terms.version,
        "type": terms.type,
        "bonus_type": terms.bonus_type,
        "bonus_value": terms.bonus_value,
        "max_bonus_cents": terms.max_bonus_cents,
        "min_amount_cents": terms.min_amount_cents,
        "turnover_hundredths": terms.turnover_hundredths,
        "max_withdraw_cents": terms.max_withdraw_cents,
        "applicable_games": list(terms.applicable_games),
        "friend_bonus_cents": terms.friend_bonus_cents,
    }


def _tell(claim: MemberPromotion, now: datetime) -> None:
    """In the application, of what waits for its turnover; what is released at once is told as that.

    What came with the client's own deposit is told with the deposit.
    """
    if claim.required_turnover_cents and not claim.is_of_own_deposit:
        facts = {
            "title": claim.title,
            "cents": claim.bonus_cents,
            "turnover_cents": claim.required_turnover_cents,
            "most_cents": claim.terms["max_withdraw_cents"],
        }
        notices.tell(Told(claim.user_id, "bonus_granted", f"bonus_granted:{claim.id}", facts), now)
