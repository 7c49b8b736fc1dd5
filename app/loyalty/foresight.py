"""What something that was just noted will earn: told before a worker has come to it, and without a lock."""

from typing import Any

from sqlalchemy import select

from app.activity.service import TOPIC
from app.kit.db import db
from app.kit.outbox import OutboxEvent
from app.loyalty import rules, settlement
from app.loyalty.rules import Happening, Known, Reason
from app.loyalty.service import Outcome


def foresee(user_id: int, source: str, event_key: str) -> Outcome:
    """What this thing of the user will earn as things stand, after what else of theirs still waits.

    The worker decides, by the same rules. One statement, or three where the type of event has a cooldown or limit.
    """
    known_terms = settlement.terms()
    terms = known_terms.get(event_key)
    if terms is None or not terms.is_active:
        return Outcome(0, 0, Reason.INACTIVE)
    if terms.is_limited:
        waiting = _waiting(user_id, event_key)
        known = Known(known_terms, {user_id: 0}, {}, settlement.earned(waiting, known_terms))
        refused = {each.source: reason for each, reason in rules.judge(waiting, known).refusals}
        if source in refused:
            return Outcome(0, 0, refused[source])
    return Outcome(terms.xp, terms.points, None)


def _waiting(user_id: int, event_key: str) -> list[Happening]:
    """What of this type no worker has come to yet, in the order in which they will.

    What can't be read (another version may have put it there) waits for somebody who can, and foretells nothing.
    """
    payloads = select(OutboxEvent.payload).where(
        OutboxEvent.topic == TOPIC,
        OutboxEvent.stream == f"user:{user_id}",
        OutboxEvent.settled_at.is_(None),
        OutboxEvent.set_aside_at.is_(None),
    )
    found = db.session.scalars(payloads.order_by(OutboxEvent.id))
    happenings = (_read(payload) for payload in found)
    return [each for each in happenings if each and (each.user_id, each.event_key) == (user_id, event_key)]


def _read(payload: Any) -> Happening | None:
    try:
        return Happening.read(payload)
    except (KeyError, TypeError, ValueError):
        return None
