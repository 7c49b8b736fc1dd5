"""The single-use codes of a promotion: how they come along, who used which, more of them, and all of them as a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Select

from app.config import settings
from app.errors import DomainError, NotFound
from app.kit import clock, sheets
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate
from app.kit.text import slugify
from app.orders import service as orders
from app.orders.models import Invoice
from app.promotions import batches, codebook
from app.promotions.codebook import Standing
from app.promotions.models import PromotionCode, PromotionUse
from app.web.admin import bp
from app.web.admin.discount_form import OrderForm
from app.web.admin.promotion_pages import Framed, framed
from app.web.arguments import page_number, whole_number
from app.web.filters import number
from app.web.forms import explain
from app.web.visitor import access, actor

ON_PAGE = 25
STATES = {"": None, "used": True, "unused": False}
STATE_WORDS = {"": _l("All"), "unused": _l("Not used"), "used": _l("Used")}
COLUMNS = ("code", "used", "used_at")


@dataclass(frozen=True, slots=True)
class Told:
    """A code, and what it was used for."""

    code: PromotionCode
    use: PromotionUse | None
    invoice: Invoice | None

    @property
    def who(self) -> str:
        """The name that the invoice carries, or else the key under which uses are counted."""
        if self.invoice is not None:
            return self.invoice.shopper
        return self.use.person.partition(":")[2] if self.use else ""


@bp.get("/promotions/<int:promotion_id>/codes")
@access("admin")
def list_promotion_codes(promotion_id: int) -> ResponseReturnValue:
    """With `seen`, a page that looks again by itself: 204 while there is nothing new."""
    frame, seen = _framed(promotion_id), request.args.get("seen")
    if seen is not None and wants_part() and seen == codebook.standing(promotion_id).stamp:
        return Response(status=204)
    return _page(frame)


@bp.post("/promotions/<int:promotion_id>/codes")
@access("admin")
def order_promotion_codes(promotion_id: int) -> ResponseReturnValue:
    """Sent twice it is one order: the second finds more ordered than its form knew of."""
    frame, form = _framed(promotion_id), OrderForm()
    if not form.validate():
        return _page(frame, form, 422)
    try:
        with unit_of_work():
            known = whole_number(form.known.data) or 0
            batch = batches.order(promotion_id, form.fields(), actor(), clock.now(), known=known)
    except DomainError as refusal:
        explain(form, refusal)
        return _page(frame, form, refusal.status)
    count = number(batch.wanted)
    toast(ngettext("%(count)s code is on its way.", "%(count)s codes are on their way.", batch.wanted, count=count))
    return see_other(url_for("admin.list_promotion_codes", promotion_id=promotion_id))


@bp.get("/promotions/<int:promotion_id>/codes.csv")
@access("admin")
def export_promotion_codes(promotion_id: int) -> ResponseReturnValue:
    """Those that the list shows, all pages of it; times by the installation's clock."""
    frame, asked, zone = _framed(promotion_id), _asked(), ZoneInfo(settings().timezone)
    rows = (
        (code, "yes" if is_used else "no", f"{used_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if used_at else None)
        for code, is_used, used_at in codebook.rows(_found(promotion_id, asked))
    )
    content = stream_with_context(sheets.chunks(sheets.lines(COLUMNS, rows)))
    answer = Response(content, mimetype="text/csv")
    name = slugify(frame.promotion.title) or str(promotion_id)
    answer.headers.set("Content-Disposition", "attachment", filename=f"codes-{name}.csv")
    return answer


def _framed(promotion_id: int) -> Framed:
    """Raises NotFound, also for a promotion without single-use codes."""
    frame = framed(promotion_id)
    if frame.listed.codes is None:
        raise NotFound
    return frame


def _asked() -> dict[str, str]:
    search, status = (request.args.get(name, "").strip() for name in ("q", "status"))
    return {"q": search[:100], "status": status if status in STATES else ""}


def _found(promotion_id: int, asked: Mapping[str, str]) -> Select[PromotionCode]:
    return codebook.codes(promotion_id, search=asked["q"], is_used=STATES[asked["status"]])


def _page(frame: Framed, form: OrderForm | None = None, status: int = 200) -> Response:
    """All of it, or for HTMX what it asked for: the list, or the form that didn't do."""
    promotion_id, asked = frame.promotion.id, _asked()
    standing = codebook.standing(promotion_id)
    if wants_part() and form is not None:
        return make_response(render_template("admin/_order_codes.html", **_form(frame, form, standing)), status)
    codes = paginate(_found(promotion_id, asked), number=page_number(), size=ON_PAGE)
    return page(
        "admin/promotion_codes.html",
        "admin/_promotion_codes.html",
        status,
        **_form(frame, form, standing),
        codes=codes,
        told=_told(codes.items),
        asked=asked,
        state_words=STATE_WORDS,
    )


def _form(frame: Framed, form: OrderForm | None, standing: Standing) -> dict[str, Any]:
    if form is None and not wants_part():
        form = OrderForm(formdata=None, obj=None)
        latest = batches.latest(frame.promotion.id)
        if latest is not None:
            form.code_prefix.data, form.code_length.data = latest.prefix, str(latest.length)
    if form is not None:
        form.known.data = str(standing.wanted)
    return {"frame": frame, "promotion": frame.promotion, "standing": standing, "form": form}


def _told(codes: Sequence[PromotionCode]) -> list[Told]:
    """In two statements, however many codes."""
    uses = codebook.uses_of([code.id for code in codes if code.used_count])
    numbers = {use.id: whole_number(use.purpose.removeprefix("invoice:")) for use in uses.values()}
    invoices = orders.by_ids({each for each in numbers.values() if each is not None})
    return [
        Told(code, use, invoices.get(numbers[use.id] or 0) if use else None)
        for code, use in ((code, uses.get(code.id)) for code in codes)
    ]
