"""The providers of this installation, and what they told us. Callers own the transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from app.errors import NotFound
from app.kit.db import db, insert
from app.payments.manual import ManualProvider
from app.payments.models import TO_GIVE_BACK, PaymentEvent
from app.payments.providers import Notification, Payable, Provider
from app.payments.test import TestProvider

PROVIDERS: dict[str, Provider] = {each.name: each for each in (ManualProvider(), TestProvider())}


def provider(name: str) -> Provider:
    """Raises NotFound."""
    if name not in PROVIDERS:
        raise NotFound
    return PROVIDERS[name]


def note(name: str, told: Notification, payable: Payable, now: datetime) -> bool:
    """Keep what a provider told us. False if we knew it already, so that it counts once."""
    added = db.session.execute(
        insert(PaymentEvent)
        .values(
            provider=name,
            event_id=told.event_id,
            subject=payable.subject,
            outcome=told.outcome,
            amount_cents=payable.amount_cents,
            happened_at=told.happened_at,
            received_at=now,
            is_stray=False,
        )
        .on_conflict_do_nothing()
        .returning(PaymentEvent.id)
    )
    return added.scalar() is not None


def mark_stray(name: str, event_id: str, payable: Payable, now: datetime) -> None:
    """Give back money that came for something closed already, or remember that somebody has to."""
    given_back_at = now if provider(name).give_back(payable) else None
    db.session.execute(
        update(PaymentEvent)
        .where(PaymentEvent.provider == name, PaymentEvent.event_id == event_id)
        .values(is_stray=True, given_back_at=given_back_at)
    )


def to_give_back() -> Sequence[str]:
    """The subjects of stray money that is still here."""
    return db.session.scalars(select(PaymentEvent.subject).where(TO_GIVE_BACK).distinct()).all()


def note_given_back(subject: str, now: datetime) -> bool:
    """Somebody gave the stray money of this back. Whether there was any."""
    given = db.session.scalars(
        update(PaymentEvent)
        .where(PaymentEvent.subject == subject, TO_GIVE_BACK)
        .values(given_back_at=now)
        .returning(PaymentEvent.id)
    )
    return bool(given.all())


def history(subject: str) -> Sequence[PaymentEvent]:
    """What providers told us of it, oldest first."""
    return db.session.scalars(
        select(PaymentEvent).where(PaymentEvent.subject == subject).order_by(PaymentEvent.id)
    ).all()
