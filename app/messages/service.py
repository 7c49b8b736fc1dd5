"""Owing people a mail, and looking after those that didn't get through."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import Select, func, select, update

from app.errors import NotFound
from app.kit import outbox
from app.kit.db import db, insert
from app.messages import notices
from app.messages.errors import SentMeanwhile, StillWaiting
from app.messages.models import Mail

TOPIC = "mail"
UNSURE = ("maybe_sent", "failed")
UNDER_WAY = ("waiting", "sending")


def send(  # noqa: PLR0913
    to: str,
    template: str,
    context: Mapping[str, Any],
    *,
    key: str,
    now: datetime,
    locale: str = "en",
    user_id: int | None = None,
) -> bool:
    """Owe this person a mail, in the caller's transaction. False when the key is known: one mail for one event.

    `template` names `mail/<template>.txt` and `.html`; the context must be fit for JSON. `user_id` is whose account
    it is about: when they are anonymised, what was written to them is forgotten.
    """
    mail_id = db.session.scalar(
        insert(Mail)
        .values(
            key=key,
            user_id=user_id,
            recipient=to,
            template=template,
            context=dict(context),
            locale=locale,
            state="waiting",
            attempts=0,
            error="",
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Mail.id)
    )
    if mail_id is None:
        return False
    outbox.put(TOPIC, key=f"mail:{mail_id}", payload={"mail_id": mail_id}, now=now)
    return True


def send_again(mail_id: int, now: datetime) -> None:
    """Somebody decided that a mail which may not have arrived goes out once more; as often as they decide so.

    Its event that was set aside, where there is one, needs nobody to look at it any more.

    Raises NotFound (also for one that was forgotten), StillWaiting, SentMeanwhile.
    """
    told = update(Mail).where(Mail.id == mail_id, Mail.state.in_(UNSURE), Mail.recipient != "")
    if db.session.scalar(told.values(state="waiting", updated_at=now).returning(Mail.id)) is None:
        _refuse_to_repeat(mail_id)
    outbox.replace_set_aside(TOPIC, key=f"mail:{mail_id}", now=now)
    name = secrets.token_hex(8)  # a mail that was refused before its text has no more attempts than before
    outbox.put(TOPIC, key=f"mail:{mail_id}:{name}", payload={"mail_id": mail_id}, now=now)


def _refuse_to_repeat(mail_id: int) -> NoReturn:
    state = db.session.scalar(select(Mail.state).where(Mail.id == mail_id, Mail.recipient != ""))
    if state in UNDER_WAY:
        raise StillWaiting
    if state == "sent":
        raise SentMeanwhile
    raise NotFound


def mails(*, state: str = "", recipient: str = "") -> Select[Mail]:
    """The mails that fit, newest first."""
    query = select(Mail).order_by(Mail.id.desc())
    if state:
        query = query.where(Mail.state == state)
    if recipient:
        query = query.where(func.lower(Mail.recipient) == recipient.lower())
    return query


def count_by_state() -> dict[str, int]:
    """How many mails wait, went out, may have gone out, or failed."""
    rows = db.session.execute(select(Mail.state, func.count()).group_by(Mail.state))
    return {state: number for state, number in rows}  # noqa: C416  (rows are no pairs to the type checker)


def forget(user_id: int) -> None:
    """Take a person's addresses, and what we wrote to them or told them here, out of the books."""
    notices.forget(user_id)
    db.session.execute(update(Mail).where(Mail.user_id == user_id).values(recipient="", context={}))
