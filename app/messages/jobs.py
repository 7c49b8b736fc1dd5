"""The back door: a worker takes the mails to the post, one at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import structlog
from sqlalchemy import update
from sqlalchemy.engine import CursorResult

from app.kit.db import db, unit_of_work
from app.kit.outbox import PAUSES, OutboxEvent
from app.messages import post
from app.messages.models import Mail

log = structlog.get_logger(__name__)
UNTRIED = ("waiting", "failed")


class TakenMeanwhile(Exception):
    """Another worker has this mail in hand."""


def deliver(batch: Sequence[OutboxEvent], now: datetime) -> None:
    """Send what these events owe. Bears repetition: a mail of which we can't know whether it went isn't sent twice."""
    for event in batch:
        mail = db.session.get(Mail, event.payload["mail_id"], populate_existing=True)
        db.session.rollback()
        if mail is not None:
            _deliver(mail, now, is_last_try=event.attempts > len(PAUSES))


def _deliver(mail: Mail, now: datetime, *, is_last_try: bool) -> None:
    if mail.state == "sending":  # whoever was at it died with the mail in their hands
        _note(mail, now, was=("sending",), state="maybe_sent", error="The worker was interrupted while sending.")
    if mail.state not in UNTRIED or not mail.recipient:
        return
    try:
        post.hand_over(mail, before_data=lambda: _claim(mail, now))
    except TakenMeanwhile:
        log.info("mail_taken", mail_id=mail.id)
    except post.MaybeSent as error:
        _note(mail, now, was=("sending",), state="maybe_sent", error=str(error))
    except post.NotSent as error:
        ends_here = error.is_permanent or is_last_try
        _note(mail, now, was=("sending", *UNTRIED), state="failed" if ends_here else "waiting", error=str(error))
        if not error.is_permanent:
            raise
    except Exception as error:
        _note(mail, now, was=UNTRIED, state="failed" if is_last_try else "waiting", error=repr(error))
        raise
    else:
        _note(mail, now, was=("sending", "maybe_sent"), state="sent", error="", context={})


def _claim(mail: Mail, now: datetime) -> None:
    """From here on it may be on its way. Raises TakenMeanwhile when somebody else was faster."""
    if not _note(mail, now, was=UNTRIED, state="sending", attempts=Mail.attempts + 1):
        raise TakenMeanwhile


def _note(mail: Mail, now: datetime, *, was: Sequence[str], **values: Any) -> bool:
    if "error" in values:
        values["error"] = values["error"][:200]
    with unit_of_work():
        changed = db.session.execute(
            update(Mail)
            .where(Mail.id == mail.id, Mail.state.in_(was))
            .values(updated_at=now, **values)
            .execution_options(synchronize_session=False)
        )
    return cast("CursorResult[Any]", changed).rowcount == 1
