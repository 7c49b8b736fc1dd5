"""Who races for bonuses and for what is in wallets, and their guards taken off. Product code has no such switch."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from app.accounts.models import User
from app.accounts.persons import Person
from app.audit.service import SYSTEM, Actor
from app.bonuses import editing
from app.bonuses import service as bonuses
from app.bonuses.models import Bonus, MemberPromotion
from app.cart import service as carts
from app.deposits import service as deposits
from app.deposits import withdrawing
from app.deposits.finding import get_withdrawal
from app.deposits.models import ASKED, REQUESTED, Deposit, Withdrawal
from app.deposits.service import Received
from app.errors import NotFound
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.orders.models import Invoice
from app.payments.providers import Notification
from app.promotions.errors import Archived
from app.wallet import ledger
from tests import make
from tests.make_kit import NOW
from tests.races import converters
from tests.races.converters import Contestant, trying
from tests.racing import after_statement, before_statement

JUDGED = after_statement(r"^SELECT promotion_codes\.id AS code_id")
GRANTING = before_statement(r"^SAVEPOINT", letting_go=True)
MOVING = before_statement(r"^UPDATE wallets", letting_go=True)
PAID = after_statement(r"^UPDATE invoices")
really_hold = ledger.hold
PAY_TO = "DE02 1203 0000 0000 2020 51"


def became(deposit: Deposit) -> str:
    """What came of a deposit, and of the bonus it was to bring."""
    return deposit.no_bonus or ("claimed" if deposit.member_promotion_id else deposit.status)


def confirmer(deposit: Deposit) -> Contestant:
    deposit_id = deposit.id
    return trying(lambda: became(deposits.confirm(deposit_id, actor=SYSTEM, now=NOW)))


def paid(deposit: Deposit, event_id: str = "", **more: Any) -> Notification:
    """What a provider says when a deposit was paid."""
    said = {"outcome": "paid", "happened_at": NOW, "amount_cents": deposit.amount_cents, "reference": "payment:1"}
    return Notification(event_id=event_id or "event:1", subject=deposit.subject, **{**said, **more})


def payer(deposit: Deposit, event_id: str = "") -> Contestant:
    """The provider's word that it was paid."""
    deposit_id, told = deposit.id, paid(deposit, event_id)
    return trying(lambda: became(deposits.mark_paid(deposit_id, "test", told, NOW)))


def recorder(user: User, deposit_id: str, code: str | None = None) -> Contestant:
    """Another program's word; what was kept, and whether it was new."""
    told = Received(deposit_id, user.username, 10_000, code)

    def record() -> tuple[int, str, bool]:
        kept, is_new = deposits.record(told, NOW)
        return kept.id, became(kept), is_new

    return trying(record)


def refuser(deposit: Deposit) -> Contestant:
    deposit_id = deposit.id
    return trying(lambda: deposits.refuse(deposit_id, "Never came", actor=SYSTEM, now=NOW).status)


def giver_up(deposit: Deposit) -> Contestant:
    """The client who doesn't want to pay after all."""
    user_id, deposit_id = deposit.user_id, deposit.id
    return trying(lambda: deposits.cancel(user_id, deposit_id, NOW).status)


def refunder(deposit: Deposit) -> Contestant:
    deposit_id = deposit.id
    return trying(lambda: deposits.refund(deposit_id, "Sent back", actor=SYSTEM, now=NOW).status)


def claimer(user: User, bonus: Bonus) -> Contestant:
    """What a free credit gave."""
    typed = make.bonus_code(bonus)
    return trying(lambda: bonuses.claim_free_credit(user, typed, now=NOW).bonus_cents)


def buyer(invoice: Invoice) -> Contestant:
    """A purchase whose money has come."""
    invoice_id, told = invoice.id, make.told(invoice)
    return trying(lambda: orders.mark_paid(invoice_id, "test", told, NOW).status)


def spender(invoice: Invoice) -> Contestant:
    """A purchase that is paid from the wallet."""
    invoice_id = invoice.id
    return trying(lambda: orders.pay_from_wallet(invoice_id, NOW).status)


def player(user: User, event_id: str, cents: int) -> Contestant:
    username = user.username
    return trying(lambda: bonuses.record(event_id, username, cents, None, NOW))


def canceller(claim: MemberPromotion) -> Contestant:
    user_id, claim_id = claim.user_id, claim.id
    return trying(lambda: bonuses.cancel_own(user_id, claim_id, NOW).status)


def withdrawer(user: User, cents: int, key: str) -> Contestant:
    return trying(lambda: withdrawing.request(user, cents, PAY_TO, key=f"key-of-withdrawal-{key}", now=NOW).status)


def approver(withdrawal: Withdrawal) -> Contestant:
    """Who pays it out."""
    withdrawal_id = withdrawal.id
    return trying(lambda: withdrawing.approve(withdrawal_id, "", actor=SYSTEM, now=NOW).status)


def deciders(withdrawal: Withdrawal) -> list[Contestant]:
    """Who pays it out, who refuses it, and the client who gives it up."""
    user_id, withdrawal_id = withdrawal.user_id, withdrawal.id
    return [
        approver(withdrawal),
        trying(lambda: withdrawing.refuse(withdrawal_id, "No", actor=SYSTEM, now=NOW).status),
        trying(lambda: withdrawing.cancel(user_id, withdrawal_id, NOW).status),
    ]


def deleter(bonus: Bonus) -> Contestant:
    bonus_id = bonus.id

    def delete() -> str:
        try:
            return "deleted" if editing.remove(bonus_id, SYSTEM, NOW) else "archived"
        except (NotFound, Archived):
            return "gone already"

    return trying(delete)


def editor(bonus: Bonus, **fields: Any) -> Contestant:
    bonus_id = bonus.id
    return trying(lambda: editing.update(bonus_id, fields, actor=SYSTEM, now=NOW), "changed")


def filled_cart(user: User, cents: int, code: str) -> Person:
    """A cart of one thing with a code in it."""
    product, person = make.product(price_cents=cents), user.person
    with unit_of_work():
        cart = carts.of(person, "visit", NOW)
        carts.add(cart, product.id, 1, NOW)
        carts.apply_code(cart, code, person=person, now=NOW)
    return person


def orderer(person: Person, total: int) -> Contestant:
    """A checkout that is paid from the wallet."""

    def order() -> str:
        cart, key = carts.lock(person, None), "the-key-of-one-page-0001"
        placed: dict[str, Any] = {"person": person, "visit": None, "key": key, "expected_total_cents": total}
        return orders.check_out(cart, **placed, now=NOW, from_wallet=True).status

    return trying(order)


def hold_nothing(*_ids: object) -> list[int]:
    """`ledger.hold` and `claiming.hold` for those who trust that nobody else is at it."""
    return []


def trust_that_it_waits(deposit_id: int, **values: object) -> bool:
    """`depositing.leave_requested` for those who have seen that it waits."""
    db.session.execute(update(Deposit).where(Deposit.id == deposit_id).values(open_slot=None, **values))
    return True


def keep_without_looking(told: Received, key: str, user: User, now: datetime) -> Deposit | None:
    """`confirming._keep` for those who trust that nobody else tells of it."""
    what = {"key": key, "user_id": user.id, "amount_cents": told.amount_cents, "status": REQUESTED, "provider": "api"}
    return db.session.scalar(insert(Deposit).values(**what, note="", created_at=now).returning(Deposit))


def decide_unseen(withdrawal_id: int, status: str, note: str, _actor: Actor | None, now: datetime) -> Withdrawal:
    """`withdrawing._decide` for those who trust that what they see waiting stays so."""
    found = get_withdrawal(withdrawal_id)
    assert found.status == ASKED
    found.status, found.note, found.decided_at = status, note, now
    db.session.flush()
    return found


def debit_what_was_read(user_id: int, cents: int, *, reason: str, reference: str, now: datetime) -> int:
    """`ledger.debit` for those who trust the balance that they have read before."""
    return converters.take_what_was_read(user_id, cents, reason=reason, reference=reference, now=now)


def hold_one_wallet(user_id: int) -> None:
    """For those who hold several in the order in which they come."""
    really_hold(user_id)
