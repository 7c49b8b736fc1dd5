"""A deposit's money has come: it is credited once, and brings its bonus. Callers own the transaction.

Locks, always in this order: users (shared), the deposit, the wallets, the promotions of bonuses. A bonus that no longer
holds never loses the deposit.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit import service as audit
from app.audit.service import SYSTEM, Actor
from app.bonuses import claims
from app.bonuses import service as bonuses
from app.bonuses.service import Deposited, Outcome
from app.deposits.depositing import ENTITY, leave_requested, payable
from app.deposits.errors import NotConfirmable, UnknownClient
from app.deposits.finding import deposit_of, get
from app.deposits.models import CONFIRMED, REQUESTED, Deposit
from app.errors import NotFound
from app.kit.db import db, insert
from app.kit.money import as_number
from app.kit.text import normalise_code
from app.messages import notices
from app.messages.notices import Told as Notice
from app.payments import service as payments
from app.payments.manual import ManualProvider
from app.payments.providers import DECLINED, PAID, Notification, Told
from app.wallet import ledger
from app.wallet import service as wallets

CREDITED = "deposit"
API = "api"
log = structlog.get_logger(__name__)
NO_SUCH = "not_found"
LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class Received:
    """A deposit that another program has taken: by the program's id for it, for whom, and with which bonus's code."""

    deposit_id: str
    username: str
    amount_cents: int
    promotion_code: str | None = None


def take_in(provider: str, told: Notification, now: datetime) -> None:
    """Let count what a provider told us by itself. Raises NotFound where it is about no deposit of ours."""
    deposit_id = deposit_of(told.subject)
    if deposit_id is None:
        raise NotFound
    if told.outcome == PAID:
        mark_paid(deposit_id, provider, told, now)
        return
    get(deposit_id)
    if payments.note(provider, told, now) is not None and told.outcome != DECLINED:
        payments.note_return_failed(told)


def mark_paid(deposit_id: int, provider: str, told: Notification, now: datetime, actor: Actor = SYSTEM) -> Deposit:
    """The provider has the money, since it says so. The same event counts once, and so does the same payment.

    Money for a deposit that is closed already, or of another amount or currency, goes back at once. Raises NotFound.
    """
    deposit = get(deposit_id)
    user = _hold(deposit, actor)
    noted = payments.note(provider, told, now)
    if noted is None:
        return get(deposit_id)
    paid = {"provider": provider, "provider_reference": told.reference}
    if told.amount_cents == deposit.amount_cents and not told.is_foreign and _confirm(deposit_id, actor, now, **paid):
        return _credit(get(deposit_id), user, actor, now)
    deposit = get(deposit_id)
    is_the_same = (deposit.provider, deposit.provider_reference) == (provider, told.reference)
    if told.amount_cents and not is_the_same:
        payments.send_stray_back(noted, payable(deposit), provider, told, now)
        stray = {"provider": provider, "event": told.event_id, "amount_cents": told.amount_cents}
        audit.record(actor, "deposit.stray_payment", ENTITY, deposit.id, after=stray)
    return deposit


def confirm(deposit_id: int, *, actor: Actor, now: datetime) -> Deposit:
    """An admin has the money in hand; doing it again does nothing. Raises NotFound, NotConfirmable.

    The deposit is held before it is looked at: an admin's word beside the provider's is no second payment.
    """
    _hold(get(deposit_id), actor)
    db.session.execute(select(Deposit.id).where(Deposit.id == deposit_id).with_for_update())
    deposit = get(deposit_id)
    if deposit.status not in {REQUESTED, CONFIRMED}:
        raise NotConfirmable
    if deposit.status == CONFIRMED:
        return deposit
    told = ManualProvider().recognise(Told({"outcome": PAID}, payable(deposit)), now)
    deposit = mark_paid(deposit_id, ManualProvider.name, told, now, actor)
    if deposit.status != CONFIRMED:
        raise NotConfirmable
    return deposit


def record(told: Received, now: datetime, actor: Actor = SYSTEM) -> tuple[Deposit, bool]:
    """A program tells that it has taken a deposit: credited once for each of its ids; whether it is new.

    The first word counts. Who told it (`actor`) stands in the audit log. Raises UnknownClient.
    """
    key = f"{API}:{told.deposit_id}"
    known = _by_key(key)
    if known is not None:
        return _again(known, told), False
    user = accounts.find(told.username)
    if user is None or user.role != "client" or not user.is_active:
        raise UnknownClient(field="username")
    user = accounts.hold(user.id, *_referrer_of(user), *_themself(actor))[user.id]
    if not user.is_active:
        raise UnknownClient(field="username")
    made = _keep(told, key, user, now)
    if made is None:
        twin = _by_key(key)
        assert twin is not None, "what conflicts is there"
        return _again(twin, told), False
    _confirm(made.id, actor, now, provider=API, provider_reference=told.deposit_id)
    return _credit(get(made.id), user, actor, now), True


def _hold(deposit: Deposit, actor: Actor) -> User:
    """The depositor, held with who referred them and who confirms, as users are locked."""
    user = accounts.get(deposit.user_id)
    return accounts.hold(user.id, *_referrer_of(user), *_themself(actor))[user.id]


def _referrer_of(user: User) -> list[int]:
    return [] if user.referred_by_id is None else [user.referred_by_id]


def _themself(actor: Actor) -> list[int]:
    return [] if actor.user_id is None else [actor.user_id]


def _by_key(key: str) -> Deposit | None:
    return db.session.scalar(select(Deposit).where(Deposit.key == key), execution_options={"populate_existing": True})


def _again(known: Deposit, told: Received) -> Deposit:
    """The first word counts; another one is worth a look."""
    user = accounts.find(told.username)
    if known.amount_cents != told.amount_cents or user is None or user.id != known.user_id:
        log.warning("deposit_told_differently", deposit=known.id)
    return known


def _keep(told: Received, key: str, user: User, now: datetime) -> Deposit | None:
    code = normalise_code(told.promotion_code)[:LONGEST_CODE] if told.promotion_code else None
    named = bonuses.find_by_code(code) if code else None
    kept = insert(Deposit).values(
        key=key,
        user_id=user.id,
        amount_cents=told.amount_cents,
        promotion_id=named if named and bonuses.hold_one(named) else None,
        promotion_code=code,
        status=REQUESTED,
        provider=API,
        note="",
        created_at=now,
    )
    return db.session.scalar(kept.on_conflict_do_nothing(index_elements=["key"]).returning(Deposit))


def _confirm(deposit_id: int, actor: Actor, now: datetime, **paid: object) -> bool:
    closed = {"confirmed_at": now, "closed_at": now, "decided_by_id": actor.user_id}
    return leave_requested(deposit_id, status=CONFIRMED, **closed, **paid)


def _credit(deposit: Deposit, user: User, actor: Actor, now: datetime) -> Deposit:
    """What a confirmation sets off: the cash, the bonus, and a referral's bonuses."""
    referrer = accounts.by_id(user.referred_by_id) if user.referred_by_id else None
    is_first = not wallets.has_entry(user.id, CREDITED)
    rewarded = referrer if is_first and claims.referral_of(user.id) is None else None
    ledger.hold(user.id, *([rewarded.id] if rewarded else []))
    is_first = is_first and not wallets.has_entry(user.id, CREDITED)
    ledger.credit(user.id, deposit.amount_cents, reason=CREDITED, reference=deposit.subject, now=now)
    told = Deposited(user, deposit.amount_cents, deposit.subject, is_first)
    outcome = _bonus(deposit, told, now)
    if outcome is not None:
        deposit.member_promotion_id = outcome.claim.id if outcome.claim else None
        deposit.no_bonus = outcome.reason
    if rewarded is not None and is_first:
        bonuses.reward(told, rewarded, now)
    deposit.cash_after_cents = wallets.balances(user.id).cash_cents
    db.session.flush()
    _tell(deposit, outcome, now)
    after = {"status": CONFIRMED, "amount": as_number(deposit.amount_cents), "user_id": user.id}
    audit.record(actor, "deposit.confirmed", ENTITY, deposit.id, {"status": REQUESTED}, after)
    return deposit


def _bonus(deposit: Deposit, told: Deposited, now: datetime) -> Outcome | None:
    if deposit.promotion_code and deposit.promotion_id is None:
        return Outcome(reason=NO_SUCH)
    return bonuses.claim_on_deposit(told, deposit.promotion_id, now)


def _tell(deposit: Deposit, outcome: Outcome | None, now: datetime) -> None:
    """In the application; and why there is no bonus, where one was wished for."""
    facts: dict[str, object] = {"cents": deposit.amount_cents}
    if outcome and outcome.claim:
        claim = outcome.claim
        facts |= {"bonus_cents": claim.bonus_cents, "title": claim.title, "released_cents": claim.released_cents}
        facts |= {"turnover_cents": claim.required_turnover_cents, "most_cents": claim.terms["max_withdraw_cents"]}
    elif outcome:
        facts["no_bonus"] = outcome.reason
    notices.tell(Notice(deposit.user_id, "deposit_confirmed", f"deposit_confirmed:{deposit.id}", facts), now)
