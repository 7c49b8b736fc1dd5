"""One promotion of any kind: made, copied, changed, and who changed what."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from app.config import settings
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.promotions import editing, kinds, listing
from app.promotions.errors import Stale
from app.web.admin import bp
from app.web.admin.merging import merge
from app.web.admin.promotion_fields import PromotionForm
from app.web.admin.promotion_forms import FORMS, new_form
from app.web.admin.promotion_history import lines_of
from app.web.admin.promotion_pages import Framed, framed
from app.web.arguments import NEVER, list_arguments, list_arguments_in, seen_version, whole_number
from app.web.auth.forms import timezones
from app.web.visitor import access, actor

BESIDE = {"starts_on": "ends_on", "starts_time": "ends_on", "ends_time": "ends_on"}


@bp.get("/promotions/new")
@access("admin")
def new_promotion() -> ResponseReturnValue:
    """An empty form, or that of another promotion to begin with; nothing is kept before it is sent."""
    copied = whole_number(request.args.get("copy"))
    if copied is not None:
        return _copy(copied)
    kind = _kind(request.args.get("kind", kinds.known()[0].name))
    return _new(kind, new_form(kind.name), "admin/_promotion_sheet.html")


@bp.post("/promotions/new")
@access("admin")
def create_promotion() -> ResponseReturnValue:
    kind = _kind(request.args.get("kind", kinds.known()[0].name))
    form = FORMS[kind.name]()
    form.offer()
    if form.is_looking:
        return _new(kind, form, "admin/_promotion_form.html")
    if form.validate():
        try:
            with unit_of_work():
                made = kind.create(form.fields(), actor(), clock.now())
        except DomainError as refusal:
            form.refuse(refusal)
            form.tell(kind.faults(form.fields(), None))
            return _new(kind, form, "admin/_promotion_form.html", refusal.status)
        if listing.one(made.id).promotion.has_ended(clock.now()):
            toast(_("%(title)s was created, but its end has passed already.", title=form.title.data), "warning")
        else:
            toast(_("%(title)s was created.", title=form.title.data))
        if form.is_batch:
            return see_other(url_for("admin.list_promotion_codes", promotion_id=made.id))
        return _to_list(_left_list(kind), made.id)
    form.tell(kind.faults(form.fields(), None))
    return _new(kind, form, "admin/_promotion_form.html", form.status)


@bp.post("/promotions/check")
@access("admin")
def check_promotion() -> ResponseReturnValue:
    """The field that was just left, drawn anew with what is wrong in it. Keeps nothing."""
    kind = _kind(request.args.get("kind", ""))
    form, (name, *_of_part) = FORMS[kind.name](), request.headers.get("HX-Trigger-Name", "").split("-")
    form.offer()
    if name not in form:
        raise NotFound
    promotion_id = whole_number(request.args.get("promotion_id"))
    promotion = listing.one(promotion_id).promotion if promotion_id is not None else None
    form.validate()
    form.tell(kind.faults(form.fields(), promotion_id))
    if promotion_id is not None:
        form.belong_to(promotion_id)
    beside = form[BESIDE[name]] if name in BESIDE else None
    return Response(
        render_template("admin/_promotion_field.html", field=form[name], beside=beside, kind=kind, promotion=promotion)
    )


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
    listed = listing.one(promotion_id)
    kind = listed.kind
    form = FORMS[kind.name](image=listed.promotion.image)
    form.offer()
    if form.is_looking:
        return _edit(framed(promotion_id), form, "admin/_promotion_form.html")
    if not form.validate():
        form.tell(kind.faults(form.fields(kind.fields_of(promotion_id)), promotion_id))
        return _edit(framed(promotion_id), form, "admin/_promotion_form.html", form.status)
    version = seen_version(form.version.data) or NEVER
    try:
        with unit_of_work():
            typed = form.fields(kind.fields_of(promotion_id))
            kind.change(promotion_id, typed, version=version, actor=actor(), now=clock.now())
    except Stale as stale:
        return _show_both(promotion_id, form, version, stale)
    except DomainError as refusal:
        form.refuse(refusal)
        form.tell(kind.faults(form.fields(kind.fields_of(promotion_id)), promotion_id))
        return _edit(framed(promotion_id), form, "admin/_promotion_form.html", refusal.status)
    if typed["ends_at"] and typed["ends_at"] <= clock.now():
        toast(_("%(title)s was saved, but its end has passed already.", title=form.title.data), "warning")
    else:
        toast(_("%(title)s was saved.", title=form.title.data))
    return _to_list(list_arguments(), promotion_id)


def _to_list(asked: Mapping[str, Any], promotion_id: int) -> Response:
    """Back to the list as it was being looked at; whoever comes from a dialog, at this one."""
    at = promotion_id if wants_part() else None
    return see_other(url_for("admin.list_promotions", **asked, at=at))


def _left_list(kind: kinds.Kind) -> dict[str, str]:
    """How the list was narrowed when a new one was asked for, as far as it can show one of this kind.

    Where nobody says, it is the list of this kind.
    """
    here = urlsplit(request.headers.get("HX-Current-URL", ""))
    is_list = here.path == url_for("admin.list_promotions")
    if not is_list and not request.args.get("listed"):
        return {"kind": kind.name}
    asked = list_arguments_in(here.query if is_list else request.args.get("listed", ""))
    hidden = {"page"} if asked.get("kind", kind.name) == kind.name else {"page", "kind", "type"}
    return {name: value for name, value in asked.items() if name not in hidden}


def _copy(promotion_id: int) -> Response:
    listed = listing.one(promotion_id)
    form = FORMS[listed.kind.name](formdata=None)
    form.show(listed.kind.fields_of(promotion_id))
    form.begin_as_copy(clock.now())
    return _new(listed.kind, form, "admin/_promotion_sheet.html")


def _new(kind: kinds.Kind, form: PromotionForm, part: str, status: int = 200) -> Response:
    form.offer()
    left = _left_list(kind)
    return page(
        "admin/promotion_new.html",
        part,
        status,
        **_around(kind, form),
        promotion=None,
        left=left,
        listed=urlencode(left),
    )


def _edit(frame: Framed, form: PromotionForm, part: str, status: int = 200, **more: Any) -> Response:
    form.offer()
    promotion, kind = frame.promotion, frame.listed.kind
    form.belong_to(promotion.id)
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


def _show_both(promotion_id: int, form: PromotionForm, version: int, stale: Stale) -> Response:
    """What was typed stays; what only the other has changed is taken over, what both did stands beside the form."""
    frame = framed(promotion_id)
    kept = frame.listed.kind.fields_of(promotion_id)
    theirs, base = _shown_as(frame, kept), _shown_as(frame, editing.as_it_was(promotion_id, version, kept))
    conflicts = merge(form, base, theirs)
    form.version.data = frame.promotion.version
    told = _(
        "%(who)s changed this while you were editing: %(changed)s. What you typed is still here.",
        who=", ".join(stale.facts["changed_by"]),
        changed=", ".join(form.label(name) for name in stale.facts["changed"]),
    )
    form.form_errors.append(told)
    return _edit(frame, form, "admin/_promotion_form.html", stale.status, conflicts=conflicts)


def _shown_as(frame: Framed, kept: Mapping[str, Any]) -> PromotionForm:
    """A form that shows these fields."""
    form = FORMS[frame.listed.kind.name](formdata=None)
    form.show(kept)
    form.offer()
    return form


def _around(kind: kinds.Kind, form: PromotionForm) -> dict[str, Any]:
    zone = settings().timezone
    home_now = clock.now().astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
    return {"kind": kind, "form": form, "timezones": timezones(), "home_zone": zone, "home_now": home_now}


def _kind(name: str) -> kinds.Kind:
    if name not in FORMS:
        raise NotFound
    return kinds.named(name)
