"""An invoice's way to its money: started, paid, or cancelled unpaid. Callers own the transaction, but for `start`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app.accounts.persons import Person
from app.audit import service as audit
from app.audit.service import SYSTEM, Actor
from app.bonuses import service as bonuses
from app.bonuses.service import Bought
from app.deals import service as deals
from app.discounts import service as discounts
from app.errors import NotFound
from app.kit.db import db
from app.orders.errors import NotPayable, NotVoidable
from app.orders.finding import by_number, get
from app.orders.models import Invoice, InvoiceLine
from app.payments import service as payments
from app.payments.manual import ManualProvider
from app.payments.models import PaymentReturn
from app.payments.providers import DECLINED, PAID, Back, Notification, Payable, Told
from app.wallet import ledger

SUBJECT = "invoice:"
WALLET = "wallet"
FROM_WALLET = "order"


def start_payment(invoice: Invoice, *, back: Back, now: datetime) -> str | None:
    """The address where it is paid, from where the shopper comes `back`; None where the invoice itself says how.

    Raises NotPayable, PaymentUnavailable.
    """
    if invoice.status != "pending":
        raise NotPayable
    return payments.start(invoice.provider, payable(invoice), back=back, pay_by=invoice.pay_by, now=now)


def payable(invoice: Invoice) -> Payable:
    """What a provider is asked to collect for an invoice."""
    return Payable(f"{SUBJECT}{invoice.id}", invoice.number, invoice.total_cents)


def invoice_of(subject: str) -> int | None:
    """The id of the invoice that providers know by this name; None for anything else that can be paid."""
    number = subject.removeprefix(SUBJECT)
    return int(number) if subject.startswith(SUBJECT) and number.isdecimal() else None


def take_in(provider: str, told: Notification, now: datetime) -> None:
    """Let count what a provider told us by itself. Raises NotFound where it is about no invoice of ours."""
    invoice_id = invoice_of(told.subject)
    if invoice_id is None:
        raise NotFound
    if told.outcome == PAID:
        mark_paid(invoice_id, provider, told, now)
        return
    get(invoice_id)
    note = note_declined if told.outcome == DECLINED else note_return_failed
    note(provider, told, now)


def mark_paid(invoice_id: int, provider: str, told: Notification, now: datetime, actor: Actor = SYSTEM) -> Invoice:
    """The provider has the money, since it says so. The same event counts once, and so does the same payment.

    Money for an order that is closed already, or of another amount or currency, changes nothing and goes back at once.
    Raises NotFound.
    """
    invoice = get(invoice_id)
    noted = payments.note(provider, told, now)
    if noted is None:
        return get(invoice_id)
    paid = {"status": "paid", "paid_at": told.happened_at, "provider": provider, "provider_reference": told.reference}
    is_right = told.amount_cents == invoice.total_cents and not told.is_foreign
    if is_right and _leave_pending(invoice_id, paid):
        invoice = get(invoice_id)
        count_as_paid(invoice, actor, now)
        return invoice
    invoice = get(invoice_id)
    is_the_same = (invoice.provider, invoice.provider_reference) == (provider, told.reference)
    if told.amount_cents and not is_the_same:
        _let_go_back(invoice, noted, provider, told, actor, now)
    return invoice


def pay_from_wallet(invoice_id: int, now: datetime) -> Invoice:
    """Pay an unpaid order with its client's cash, which must cover the whole of it. Raises NotPayable, NotEnough.

    The cash is taken as part of what a payment sets off, and then everything holds or nothing does.
    """
    if get(invoice_id).user_id is None:
        raise NotPayable
    paid = {"status": "paid", "paid_at": now, "provider": WALLET, "provider_reference": f"{WALLET}:{invoice_id}"}
    if not _leave_pending(invoice_id, paid):
        raise NotPayable
    invoice = get(invoice_id)
    count_as_paid(invoice, SYSTEM, now)
    return invoice


def confirm_payment(number: str, *, actor: Actor, now: datetime) -> Invoice:
    """An admin has the money in hand; doing it again does nothing. Raises NotFound, NotPayable."""
    invoice = by_number(number)
    if invoice.status == "void":
        raise NotPayable
    told = ManualProvider().recognise(Told({"outcome": PAID}, payable(invoice)), now)
    if invoice.status == "pending":
        invoice = mark_paid(invoice.id, ManualProvider.name, told, now, actor)
    return invoice


def note_declined(provider: str, told: Notification, now: datetime) -> None:
    """A payment was tried and refused: it is remembered, and the order waits for the next try."""
    payments.note(provider, told, now)


def note_return_failed(provider: str, told: Notification, now: datetime) -> None:
    """Money that we sent back came back to the provider: people are told."""
    if payments.note(provider, told, now) is not None:
        payments.note_return_failed(told)


def void(invoice_id: int, *, actor: Actor, now: datetime) -> Invoice:
    """Cancel an unpaid order and give back the use of its code. Raises NotFound, NotVoidable."""
    if _leave_pending(invoice_id, {"status": "void", "closed_at": now}):
        discounts.give_back(invoice_id, now)
        audit.record(actor, "invoice.voided", "invoice", invoice_id, {"status": "pending"}, {"status": "void"})
    invoice = get(invoice_id)
    if invoice.status != "void":
        raise NotVoidable
    return invoice


def overdue(now: datetime, *, limit: int = 500) -> Sequence[int]:
    """Ids of unpaid orders whose time to pay is over."""
    return db.session.scalars(
        select(Invoice.id)
        .where(Invoice.status == "pending", Invoice.pay_by <= now)
        .order_by(Invoice.pay_by)
        .limit(limit)
    ).all()


def awaiting_return() -> Sequence[tuple[Invoice, PaymentReturn]]:
    """Money that people have to give back, with the invoice it came for; the oldest first."""
    waiting = [(invoice_of(each.subject), each) for each in payments.awaiting_people()]
    ids = {invoice_id for invoice_id, _money in waiting if invoice_id is not None}
    if not ids:
        return []
    found = {each.id: each for each in db.session.scalars(select(Invoice).where(Invoice.id.in_(ids)))}
    return [(found[invoice_id], money) for invoice_id, money in waiting if invoice_id in found]


def count_as_paid(invoice: Invoice, actor: Actor, now: datetime) -> None:
    """What a payment sets off. A gift is no order: codes for the first order stay good."""
    audit.record(actor, "invoice.paid", "invoice", invoice.id, {"status": "pending"}, {"status": "paid"})
    if invoice.kind == "order":
        discounts.note_paid_order(invoice.person_key, invoice.id, now)
    assert invoice.paid_at is not None, "what is paid has its time"
    deals.count_spend(
        invoice.id,
        Person(invoice.shopper, invoice.user_id),
        amount_cents=invoice.total_cents,
        visit=invoice.visit,
        paid_at=invoice.paid_at,
        now=now,
    )
    _count_in_wallet(invoice, now)


def _count_in_wallet(invoice: Invoice, now: datetime) -> None:
    """What was paid from the wallet is taken there; and what members buy is turnover for their bonuses.

    Last of all, since wallets are locked after claims of deals.
    """
    user_id = invoice.user_id
    if user_id is None:
        return
    if invoice.provider == WALLET and invoice.total_cents:
        subject = f"{SUBJECT}{invoice.id}"
        ledger.debit(user_id, invoice.total_cents, reason=FROM_WALLET, reference=subject, now=now)
    if invoice.kind == "order" and bonuses.awaits_turnover(user_id, now):
        lines = db.session.scalars(
            select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id).order_by(InvoiceLine.position)
        )
        bought = [Bought(line.id, line.paid_cents, line.category) for line in lines]
        bonuses.count_order(user_id, bought, now)


def _leave_pending(invoice_id: int, values: dict[str, Any]) -> bool:
    """Paying and cancelling meet here: one of them finds the order pending, the other doesn't."""
    pending = update(Invoice).where(Invoice.id == invoice_id, Invoice.status == "pending")
    left = pending.values(unpaid_slot=None, **values).returning(Invoice.id)
    return db.session.scalar(left, execution_options={"synchronize_session": False}) is not None


def _let_go_back(  # noqa: PLR0913, PLR0917
    invoice: Invoice, event: int, provider: str, told: Notification, actor: Actor, now: datetime
) -> None:
    payments.send_stray_back(event, payable(invoice), provider, told, now)
    stray = {"provider": provider, "event": told.event_id, "amount_cents": told.amount_cents}
    audit.record(actor, "invoice.stray_payment", "invoice", invoice.id, after=stray)
