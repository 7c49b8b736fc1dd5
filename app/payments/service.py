"""The providers of this installation, where payments wait for money, and what came of them.

Callers own the transaction, but for `start`, which talks to the provider outside of any.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import Flask, current_app
from sqlalchemy import select, update

from app.config import settings
from app.errors import NotFound
from app.kit.db import db, insert, let_go, unit_of_work
from app.payments.manual import ManualProvider
from app.payments.models import PaymentEvent, PaymentSession
from app.payments.providers import Back, Notification, Payable, Provider
from app.payments.returns import (
    awaiting_people,
    note_given_back,
    note_return_failed,
    returns_of,
    try_again,
    write_down,
)
from app.payments.test import TestProvider

__all__ = [
    "awaiting_people",
    "history",
    "install",
    "note",
    "note_given_back",
    "note_return_failed",
    "provider",
    "returns_of",
    "send_back",
    "send_stray_back",
    "start",
    "try_again",
    "waiting_page",
]

LONGEST_KEY = 64
STILL_OPEN = timedelta(minutes=2)


def install(app: Flask) -> None:
    """Make the providers that this installation can use."""
    made: list[Provider] = [ManualProvider(), TestProvider()]
    if settings(app).stripe_secret_key and settings(app).stripe_webhook_secret:
        from app.payments.stripe import StripeProvider  # noqa: PLC0415  (its library takes as long as all the rest)

        made.append(StripeProvider(settings(app)))
    app.extensions["payments"] = {each.name: each for each in made}


def provider(name: str) -> Provider:
    """Raises NotFound, also for one that this installation has no keys for."""
    made: Provider | None = current_app.extensions["payments"].get(name)
    if made is None:
        raise NotFound
    return made


def start(name: str, payable: Payable, *, back: Back, pay_by: datetime, now: datetime) -> str | None:
    """The address where it is paid; None where the invoice itself says how. Raises PaymentUnavailable.

    A page that still waits at the provider is used again, so that two tabs are not two payments.
    """
    asked = provider(name)
    if asked.outside:
        return waiting_page(name, payable, now) or _new_page(asked, payable, back=back, pay_by=pay_by, now=now)
    started = asked.start(payable, back=back, pay_by=pay_by, now=now)
    return started.url if started else None


def waiting_page(name: str, payable: Payable, now: datetime) -> str | None:
    """The page at the provider that still waits for this payment, if there is one."""
    return db.session.scalar(
        select(PaymentSession.url)
        .where(PaymentSession.provider == name, PaymentSession.subject == payable.subject)
        .where(PaymentSession.expires_at > now + STILL_OPEN)
        .order_by(PaymentSession.id.desc())
        .limit(1)
    )


def _new_page(asked: Provider, payable: Payable, *, back: Back, pay_by: datetime, now: datetime) -> str | None:
    let_go()
    started = asked.start(payable, back=back, pay_by=pay_by, now=now)
    if started is None:
        return None
    with unit_of_work():
        db.session.add(
            PaymentSession(
                provider=asked.name,
                subject=payable.subject,
                reference=started.reference,
                url=started.url,
                created_at=now,
                expires_at=started.expires_at or now,
            )
        )
    return started.url


def note(name: str, told: Notification, now: datetime) -> int | None:
    """Keep what a provider told us; the id of the row. None if we knew it already, so that it counts once."""
    if told.ended:
        _end_page(name, told)
    return db.session.scalar(
        insert(PaymentEvent)
        .values(
            provider=name,
            event_id=told.event_id,
            subject=told.subject,
            outcome=told.outcome,
            amount_cents=told.amount_cents,
            happened_at=told.happened_at,
            received_at=now,
            is_stray=False,
        )
        .on_conflict_do_nothing()
        .returning(PaymentEvent.id)
    )


def _end_page(name: str, told: Notification) -> None:
    page = (PaymentSession.provider == name, PaymentSession.reference == told.ended)
    is_open = PaymentSession.expires_at > told.happened_at
    db.session.execute(update(PaymentSession).where(*page, is_open).values(expires_at=told.happened_at))


def send_stray_back(event_id: int, payable: Payable, provider: str, told: Notification, now: datetime) -> None:
    """Nobody owed this money: let it go back, one payment once, whatever events tell of it."""
    db.session.execute(update(PaymentEvent).where(PaymentEvent.id == event_id).values(is_stray=True))
    send_back(
        f"stray:{provider}:{told.reference}"[:LONGEST_KEY],
        payable,
        provider=provider,
        reference=told.reference,
        amount_cents=told.amount_cents,
        now=now,
    )


def send_back(  # noqa: PLR0913
    key: str, payable: Payable, *, provider: str, reference: str, amount_cents: int, now: datetime
) -> None:
    """Let so much of a payment go back, once for each key; asked of the provider when this transaction is committed.

    Where the provider doesn't send money, or this installation doesn't know it any more, people are told to.
    """
    known: Provider | None = current_app.extensions["payments"].get(provider)
    write_down(
        key,
        subject=payable.subject,
        provider=provider,
        by_hand=known is None or known.by_hand,
        reference=reference,
        amount_cents=amount_cents,
        now=now,
    )


def history(subject: str) -> Sequence[PaymentEvent]:
    """What providers told us of it, oldest first."""
    return db.session.scalars(
        select(PaymentEvent).where(PaymentEvent.subject == subject).order_by(PaymentEvent.id)
    ).all()
