"""What other programs log: the same id again is the same log. Callers own the transaction."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update

from app.accounts.models import User
from app.activity.models import ExternalLog, Log
from app.kit.db import db, insert


def once(user: User, kind: str, external_id: str, keep: Callable[[], Log], *, now: datetime) -> tuple[int, bool]:
    """The id of the log that this program's own id stands for, and whether it was logged just now.

    The first word counts: what is sent again under the same id changes nothing, also when the log was deleted since.
    The unique key makes a twin wait. Raises what `keep` raises.
    """
    claim = {"client_id": user.id, "kind": kind, "external_id": external_id, "log_id": 0, "created_at": now}
    claimed = db.session.scalar(insert(ExternalLog).values(claim).on_conflict_do_nothing().returning(ExternalLog.id))
    if claimed is None:
        known = select(ExternalLog.log_id).where(ExternalLog.client_id == user.id, ExternalLog.kind == kind)
        return db.session.scalars(known.where(ExternalLog.external_id == external_id)).one(), False
    log = keep()
    db.session.execute(update(ExternalLog).where(ExternalLog.id == claimed).values(log_id=log.id))
    return log.id, True
