"""Promotions of every kind: find one, make, change, switch and remove it, and see who changed what."""

from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound

from app.catalog import service as catalog
from app.config import settings
from app.errors import DomainError, ValidationFailed
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.promotions import editing, kinds, listing
from app.promotions.errors import Stale
from app.promotions.listing import Wish
from app.web.admin import bp
from app.web.admin.promotion_forms import FORMS, DiscountForm, PromotionForm, new_form
from app.web.admin.promotion_history import lines_of
from app.web.admin.promotion_pages import Framed, framed
from app.web.arguments import list_arguments, page_number, whole_number
from app.web.auth.forms import timezones
from app.web.visitor import access, actor

LIST = ("admin/promotions.html", "admin/_promotions.html")
ON_PAGE = 12
STATUS_WORDS = {
    "": _l("All"),
    "active": _l("Active"),
    "scheduled": _l("Scheduled"),
    "exhausted": _l("Used up"),
    "inactive": _l("Inactive"),
    "expired": _l("Expired"),
    "archived": _l("Archived"),
}


@bp.get("/promotions")
@access("admin")
def list_promotions() -> ResponseReturnValue:
    return _list()


@bp.get("/promotions/new")
@access("admin")
def new_promotion() -> ResponseReturnValue:
    kind = _kind(request.args.get("kind", kinds.known()[0].name))
    return _new(kind, new_form(kind.name), "admin/_promotion_sheet.html")


@bp.post("/promotions/new")
@access("admin")
def create_promotion() -> ResponseReturnValue:
    kind = _kind(request.args.get("kind", kinds.known()[0].name))
    form = FORMS[kind.name]()
    _offer(form)
    if form.validate():
        try:
            with unit_of_work():
                made = kind.create(form.fields(), actor(), clock.now())
        except DomainError as refusal:
            form.refuse(refusal)
            return _new(kind, form, "admin/_promotion_form.html", refusal.status)
        toast(_("%(title)s was created.", title=form.title.data))
        codes_url = url_for("admin.list_promotion_codes", promotion_id=made.id)
        return see_other(codes_url if form.is_batch else url_for("admin.list_promotions"))
    form.tell(kind.faults(form.fields(), None))
    return _new(kind, form, "admin/_promotion_form.html", 422)


@bp.post("/promotions/check")
@access("admin")
def check_promotion() -> ResponseReturnValue:
    """The field that was just left, drawn anew with what is wrong in it. Keeps nothing."""
    kind = _kind(request.args.get("kind", ""))
    form, name = FORMS[kind.name](), request.headers.get("HX-Trigger-Name", "")
    _offer(form)
    if name not in form:
        raise NotFound
    promotion_id = whole_number(request.args.get("promotion_id"))
    promotion = listing.one(promotion_id).promotion if promotion_id is not None else None
    if form.validate():
        form.refuse(ValidationFailed(kind.faults(form.fields(), promotion_id)))
    return Response(render_template("admin/_promotion_field.html", field=form[name], kind=kind, promotion=promotion))


@bp.get("/promotions/<int:promotion_id>")
@access("admin")
def edit_promotion(promotion_id: int) -> ResponseReturnValue:
    frame = framed(promotion_id)
    form = FORMS[frame.listed.kind.name](formdata=None)
    form.show(frame.listed.kind.fields_of(promotion_id))
    form.version.data = frame.promotion.version
    return _edit(frame, form, "admin/_promotion_sheet.html")


@bp.post("/promotions/<int:promotion_id>")
@access("admin")
def change_promotion(promotion_id: int) -> ResponseReturnValue:
    """Two who edit the same promotion: the second is told, keeps what was typed, and may save over it."""
    kind = listing.one(promotion_id).kind
    form = FORMS[kind.name]()
    _offer(form)
    if not form.validate():
        form.tell(kind.faults(form.fields(kind.fields_of(promotion_id)), promotion_id))
        return _edit(framed(promotion_id), form, "admin/_promotion_form.html", 422)
    version = whole_number(form.version.data) or 0
    try:
        with unit_of_work():
            typed = form.fields(kind.fields_of(promotion_id))
            kind.change(promotion_id, typed, version=version, actor=actor(), now=clock.now())
    except Stale as stale:
        return _show_both(promotion_id, form, stale)
    except DomainError as refusal:
        form.refuse(refusal)
        return _edit(framed(promotion_id), form, "admin/_promotion_form.html", refusal.status)
    toast(_("%(title)s was saved.", title=form.title.data))
    return see_other(url_for("admin.list_promotions"))


@bp.post("/promotions/<int:promotion_id>/active")
@access("admin")
def switch_promotion(promotion_id: int) -> ResponseReturnValue:
    """`is_active` is 1 or 0."""
    listed, is_active = listing.one(promotion_id), request.form.get("is_active") == "1"
    try:
        with unit_of_work():
            listed.kind.change(promotion_id, {"is_active": is_active}, actor=actor(), now=clock.now())
    except DomainError as refusal:
        toast(str(refusal.message), "error")
    else:
        told = _("%(title)s is switched on.") if is_active else _("%(title)s is switched off.")
        toast(told % {"title": listed.promotion.title})
    return _back_to_list()


@bp.delete("/promotions/<int:promotion_id>")
@access("admin")
def remove_promotion(promotion_id: int) -> ResponseReturnValue:
    listed = listing.one(promotion_id)
    with unit_of_work():
        is_gone = listed.kind.remove(promotion_id, actor(), clock.now())
    told = _("%(title)s was deleted.") if is_gone else _("%(title)s was used before, so it was archived.")
    toast(told % {"title": listed.promotion.title}, "info")
    return _back_to_list()


def _list_url() -> str:
    asked: dict[str, Any] = list_arguments()
    return url_for("admin.list_promotions", **asked)


def _back_to_list() -> ResponseReturnValue:
    """The list as it was being looked at."""
    if "HX-Request" in request.headers:
        return _list()
    return see_other(_list_url())


def _list() -> Response:
    asked = {name: request.args.get(name, "").strip()[:100] for name in ("q", "status", "kind")}
    status = asked["status"] if asked["status"] in STATUS_WORDS else ""
    now = clock.now()
    wish = Wish(search=asked["q"], status=status, kind=asked["kind"])
    return page(
        *LIST,
        promotions=listing.found(wish, number=page_number(), size=ON_PAGE, now=now),
        kinds={each.name: each for each in kinds.known()},
        status_words=STATUS_WORDS,
        asked=asked | {"status": status},
        overview=listing.overview(now),
        now=now,
    )


def _new(kind: kinds.Kind, form: PromotionForm, part: str, status: int = 200) -> Response:
    _offer(form)
    return page("admin/promotion_new.html", part, status, **_around(kind, form), promotion=None)


def _edit(frame: Framed, form: PromotionForm, part: str, status: int = 200, **more: Any) -> Response:
    _offer(form)
    promotion, kind = frame.promotion, frame.listed.kind
    return page(
        "admin/promotion.html",
        part,
        status,
        **_around(kind, form),
        frame=frame,
        promotion=promotion,
        figures=kind.statistics(promotion.id),
        lines=lines_of(editing.history(promotion.id), form),
        **more,
    )


def _show_both(promotion_id: int, form: PromotionForm, stale: Stale) -> Response:
    """What was typed stays in the form; what the other saved stands beside it."""
    frame = framed(promotion_id)
    theirs = FORMS[frame.listed.kind.name](formdata=None)
    theirs.show(frame.listed.kind.fields_of(promotion_id))
    _offer(theirs)
    form.version.data = frame.promotion.version
    told = _(
        "%(who)s changed this while you were editing: %(changed)s. What you typed is still here.",
        who=", ".join(stale.facts["changed_by"]),
        changed=", ".join(form.label(name) for name in stale.facts["changed"]),
    )
    form.form_errors.append(told)
    return _edit(frame, form, "admin/_promotion_form.html", stale.status, differences=form.differences(theirs))


def _around(kind: kinds.Kind, form: PromotionForm) -> dict[str, Any]:
    return {"kind": kind, "form": form, "timezones": timezones(), "home_zone": settings().timezone}


def _offer(form: PromotionForm) -> None:
    if isinstance(form, DiscountForm):
        form.offer(catalog.categories())


def _kind(name: str) -> kinds.Kind:
    if name not in FORMS:
        raise NotFound
    return kinds.named(name)
