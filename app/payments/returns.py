"""Money that goes back to where it came from: the row first, the provider asked after the commit, by the outbox."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from app.audit import service as audit
from app.audit.service import SYSTEM, Actor
from app.errors import NotFound
from app.kit import outbox
from app.kit.db import db, insert
from app.payments.models import PaymentReturn
from app.payments.providers import Notification

TOPIC = "payment_return"
ENTITY = "payment_return"
FOR_PEOPLE = ("by_hand", "failed")
LONGEST_ERROR = 500


def write_down(  # noqa: PLR0913
    key: str, *, subject: str, provider: str, by_hand: bool, reference: str, amount_cents: int, now: datetime
) -> None:
    """Note that so much must go back, once for each key, and who does it: the provider, or people `by_hand`."""
    made = db.session.scalar(
        insert(PaymentReturn)
        .values(
            key=key,
            subject=subject,
            provider=provider,
            reference=reference,
            amount_cents=amount_cents,
            state="by_hand" if by_hand else "waiting",
            attempt=1,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(PaymentReturn.id)
    )
    if made is not None and not by_hand:
        _ask(made, 1, now)


def try_again(return_id: int, *, actor: Actor, now: datetime) -> PaymentReturn:
    """Ask the provider once more for what it refused. Nothing happens unless it did. Raises NotFound."""
    attempt = db.session.scalar(
        update(PaymentReturn)
        .where(PaymentReturn.id == return_id, PaymentReturn.state == "failed")
        .values(state="waiting", attempt=PaymentReturn.attempt + 1, last_error=None)
        .returning(PaymentReturn.attempt)
        .execution_options(synchronize_session=False)
    )
    if attempt is not None:
        _ask(return_id, attempt, now)
        audit.record(actor, "payment_return.retry", ENTITY, return_id, after={"attempt": attempt})
    return get(return_id)


def name_of(money: PaymentReturn) -> str:
    """What providers know it by: the same attempt is the same money, another one is asked for anew."""
    return f"{money.key}:{money.attempt}"


def note_given_back(return_id: int, *, actor: Actor, now: datetime) -> PaymentReturn:
    """People gave it back. Noted once, where it was theirs to do. Raises NotFound."""
    if _move(return_id, FOR_PEOPLE, state="done", settled_at=now):
        audit.record(actor, "payment_return.given_back", ENTITY, return_id, after={"state": "done"})
    return get(return_id)


def note_sent(money: PaymentReturn, reference: str, now: datetime) -> None:
    """The provider sends it. One that has told us meanwhile that it can't is believed."""
    if _move(money.id, ("waiting",), attempt=money.attempt, state="done", settled_at=now, provider_reference=reference):
        audit.record(SYSTEM, "payment_return.sent", ENTITY, money.id, {"state": "waiting"}, {"state": "done"})


def note_refused(money: PaymentReturn, reason: str) -> None:
    """The provider won't send it: people have to look."""
    if _move(money.id, ("waiting",), attempt=money.attempt, state="failed", last_error=reason[:LONGEST_ERROR]):
        audit.record(SYSTEM, "payment_return.failed", ENTITY, money.id, {"state": "waiting"}, {"state": "failed"})


def note_return_failed(told: Notification) -> None:
    """A provider tells, maybe long after it said yes, that this money came back to it."""
    key, _colon, attempt = told.reference.rpartition(":")
    found = db.session.scalar(select(PaymentReturn).where(PaymentReturn.key == key))
    if found is None or str(found.attempt) != attempt:
        return
    failed = {"state": "failed", "settled_at": None, "last_error": told.reason[:LONGEST_ERROR]}
    if _move(found.id, ("waiting", "done"), attempt=found.attempt, **failed):
        audit.record(SYSTEM, "payment_return.failed", ENTITY, found.id, {"state": found.state}, {"state": "failed"})


def get(return_id: int) -> PaymentReturn:
    """As it is in the database now. Raises NotFound."""
    found = db.session.get(PaymentReturn, return_id, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def returns_of(subject: str) -> Sequence[PaymentReturn]:
    """What goes back, or went back, of one thing that was paid; oldest first."""
    return db.session.scalars(
        select(PaymentReturn).where(PaymentReturn.subject == subject).order_by(PaymentReturn.id)
    ).all()


def awaiting_people(*, limit: int = 200) -> Sequence[PaymentReturn]:
    """What people have to give back, or to decide about; oldest first."""
    unsettled = select(PaymentReturn).where(PaymentReturn.settled_at.is_(None), PaymentReturn.state.in_(FOR_PEOPLE))
    return db.session.scalars(unsettled.order_by(PaymentReturn.id).limit(limit)).all()


def _ask(return_id: int, attempt: int, now: datetime) -> None:
    payload = {"id": return_id, "attempt": attempt}
    outbox.put(TOPIC, key=f"return:{return_id}:{attempt}", payload=payload, now=now)


def _move(return_id: int, states: Sequence[str], *, attempt: int | None = None, **values: object) -> bool:
    """Change it, if it still stands in one of these states; whether it did."""
    moved = update(PaymentReturn).where(PaymentReturn.id == return_id, PaymentReturn.state.in_(states))
    if attempt is not None:
        moved = moved.where(PaymentReturn.attempt == attempt)
    changed = moved.values(**values).returning(PaymentReturn.id).execution_options(synchronize_session=False)
    return db.session.scalar(changed) is not None
