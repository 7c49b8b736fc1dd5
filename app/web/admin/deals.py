"""What people have made of a deal: how far each has come, and what was granted and waits to be handed out."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.deals import granting, people
from app.deals import service as deals
from app.deals.granting import Which
from app.deals.people import Somebody
from app.deals.rules import part_of
from app.errors import DomainError, NotFound
from app.kit import clock, sheets
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.money import as_decimal
from app.orders import service as orders
from app.web.admin import bp
from app.web.admin.promotion_pages import framed
from app.web.arguments import list_arguments, page_number
from app.web.visitor import access, actor

COLUMNS = ("person", "account", "spent", "progress", "claims", "claimable", "claimed_in_game", "last_claim")
STATE_WORDS = {
    "": _l("All"),
    "pending": _l("Waiting"),
    "delivered": _l("Handed out"),
    "revoked": _l("Taken back"),
    "flagged": _l("Flagged"),
}


@bp.get("/promotions/<int:promotion_id>/progress")
@access("admin")
def show_deal_progress(promotion_id: int) -> ResponseReturnValue:
    """404 for what isn't a deal."""
    deal, search = deals.get(promotion_id), request.args.get("q", "").strip()[:100]
    return page(
        "admin/deal_progress.html",
        "admin/_deal_progress.html",
        frame=framed(promotion_id),
        terms=deals.terms_of(deal),
        people=people.progress(promotion_id, search=search, number=page_number()),
        search=search,
        part_of=part_of,
    )


@bp.get("/promotions/<int:promotion_id>/progress.csv")
@access("admin")
def export_deal_progress(promotion_id: int) -> ResponseReturnValue:
    """All of them, as a file that spreadsheets open."""
    zone = ZoneInfo(str(get_timezone() or "UTC"))
    rows = [_cells(each, zone) for each in people.everybody(promotion_id)]
    answer = Response(sheets.chunks(sheets.lines(COLUMNS, rows)), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"deal-{promotion_id}-progress.csv")
    return answer


@bp.get("/promotions/<int:promotion_id>/grants")
@access("admin")
def list_deal_grants(promotion_id: int) -> ResponseReturnValue:
    """404 for what isn't a deal."""
    deals.get(promotion_id)
    return _grants(promotion_id)


@bp.post("/promotions/<int:promotion_id>/grants/<int:grant_id>/deliver")
@access("admin")
def deliver_grant(promotion_id: int, grant_id: int) -> ResponseReturnValue:
    """For what no game hands out by itself. Raises NotFound where it isn't a grant of this deal."""
    granted = granting.one(grant_id)
    if granted is None or granted.deal_id != promotion_id:
        raise NotFound
    try:
        with unit_of_work():
            deals.deliver(grant_id, clock.now(), actor=actor())
    except DomainError as refusal:
        toast(str(refusal.message), "error")
    else:
        toast(_("Noted: %(who)s has it.", who=granted.username))
    if wants_part():
        return _grants(promotion_id)
    arguments: dict[str, Any] = list_arguments()
    return see_other(url_for("admin.list_deal_grants", promotion_id=promotion_id, **arguments))


def _grants(promotion_id: int) -> Response:
    asked = _asked()
    which = Which(
        deal_id=promotion_id,
        search=asked["q"],
        status="" if asked["state"] == "flagged" else asked["state"],
        is_flagged=asked["state"] == "flagged",
    )
    found = granting.found(which, number=page_number())
    refunds = {each.grant.refunded_invoice_id for each in found.items if each.grant.refunded_invoice_id}
    counts = granting.counts(promotion_id, asked["q"])
    return page(
        "admin/deal_grants.html",
        "admin/_deal_grants.html",
        frame=framed(promotion_id),
        grants=found,
        invoices=orders.by_ids(refunds) if refunds else {},
        counts=counts | {"": sum(number for state, number in counts.items() if state != "flagged")},
        asked=asked,
        state_words=STATE_WORDS,
    )


def _asked() -> Mapping[str, str]:
    search, state = (request.args.get(name, "").strip() for name in ("q", "state"))
    return {"q": search[:100], "state": state if state in STATE_WORDS else ""}


def _cells(each: Somebody, zone: ZoneInfo) -> tuple[Any, ...]:
    standing, last = each.standing, each.last_claimed_at
    return (
        each.username,
        "yes" if each.has_account else "no",
        as_decimal(standing.spent_cents),
        standing.progress,
        standing.live,
        standing.claimable,
        "yes" if each.is_in_game else "no",
        last.astimezone(zone).isoformat(timespec="seconds") if last else None,
    )
