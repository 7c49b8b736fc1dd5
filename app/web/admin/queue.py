"""The queue: what waits to be done, since when, and what could not be done."""

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.audit import service as audit
from app.errors import Conflict, NotFound
from app.kit import clock, outbox
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate
from app.web.admin import bp
from app.web.arguments import page_number
from app.web.visitor import access, actor


@bp.get("/queue")
@access("admin")
def show_queue() -> ResponseReturnValue:
    return _show()


@bp.post("/queue/<int:event_id>/retry")
@access("admin")
def retry_event(event_id: int) -> ResponseReturnValue:
    try:
        with unit_of_work():
            if not outbox.retry(event_id, now=clock.now()):
                raise NotFound
            audit.record(actor(), "retry", "outbox_event", event_id)
    except outbox.UnknownTopic as unknown:
        raise Conflict(
            _("Nothing here can work off “%(topic)s”. It waits for a Laurel that can.", topic=unknown)
        ) from None
    toast(_("It waits for a worker again."))
    return _show() if wants_part() else see_other(url_for("admin.show_queue"))


def _show() -> ResponseReturnValue:
    troubled = paginate(outbox.troubled(), number=page_number())
    return page(
        "admin/queue.html",
        "admin/_queue_state.html",
        backlog=outbox.backlog(),
        events=troubled,
        known=outbox.TOPICS,
        now=clock.now(),
    )
