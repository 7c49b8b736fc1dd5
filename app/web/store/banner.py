"""The banner on top of every page of the store: what the first deal has to say, until it is closed or over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, request, session, url_for
from flask.typing import ResponseReturnValue

from app.deals import service as deals
from app.kit.htmx import see_other, wants_part
from app.web.arguments import whole_number
from app.web.store import bp, visit
from app.web.visitor import access, way_back

CLOSED = "closed_banners"
CLOSED_AT_MOST = 10
COUNTDOWN = "{left}"


@dataclass(frozen=True, slots=True)
class Banner:
    """What a deal says; between its `pieces` stands how long it still runs."""

    deal_id: int
    version: int
    pieces: Sequence[str]
    until: datetime


@bp.app_template_global()
def deal_banner() -> Banner | None:
    """The one to show, if any: once it was closed none takes its place before it is over, or was changed."""
    for offer in deals.of_deals(visit.running()):
        terms = deals.as_deal(offer.shown.terms)
        if terms.banner and offer.shown.is_open and offer.left != 0 and terms.ends_at:
            is_closed = [terms.promotion_id, terms.version] in session.get(CLOSED, [])
            banner = Banner(terms.promotion_id, terms.version, terms.banner.split(COUNTDOWN), terms.ends_at)
            return None if is_closed else banner
    return None


@bp.post("/banner/close")
@access("public")
def close_banner() -> ResponseReturnValue:
    """The visitor doesn't want to see it again, unless it is changed."""
    deal_id, version = (whole_number(request.form.get(name)) for name in ("deal", "version"))
    if deal_id is not None and version is not None:
        others = [each for each in session.get(CLOSED, []) if each[0] != deal_id]
        session[CLOSED] = [*others, [deal_id, version]][-CLOSED_AT_MOST:]
    if wants_part():
        return Response("")
    return see_other(way_back(request.form.get("next")) or url_for("store.browse"))
