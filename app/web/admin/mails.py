"""The mails we owe people: what went out, what didn't, and what may have."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.audit import service as audit
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.lists import paginate
from app.messages import service as messages
from app.web.admin import bp
from app.web.arguments import page_number
from app.web.visitor import access, actor

STATES = ("waiting", "sending", "sent", "maybe_sent", "failed")


@bp.get("/mails")
@access("admin")
def list_mails() -> ResponseReturnValue:
    asked = request.args.get("state", "")
    query = messages.mails(state=asked if asked in STATES else "")
    found = paginate(query, number=page_number(), size=50)
    return page(
        "admin/mails.html", "admin/_mails_table.html", mails=found, asked=asked, counts=messages.count_by_state()
    )


@bp.post("/mails/<int:mail_id>/again")
@access("admin")
def send_mail_again(mail_id: int) -> ResponseReturnValue:
    """Only a person can decide that a mail which may have arrived goes out once more."""
    with unit_of_work():
        messages.send_again(mail_id, clock.now())
        audit.record(actor(), "send_again", "mail", mail_id)
    toast(_("The mail goes out once more."))
    return see_other(url_for("admin.list_mails"))
