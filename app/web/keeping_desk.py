"""The desk at which rewards and achievements are kept: coaches keep their own at their door, admins everybody's.

What sets the two things apart is a Ware; what sets the two doors apart is a Desk.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select
from wtforms import BooleanField, HiddenField, StringField, TextAreaField

from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast
from app.kit.lists import paginate
from app.loyalty.errors import Stale
from app.loyalty.keeping import Keeper, Owned, keeper
from app.web.arguments import anchored, list_arguments, page_number, seen_version, switched
from app.web.forms import explain, tell_stale
from app.web.pictures import PictureForm
from app.web.visitor import actor, me

NEEDED = _l("Please fill this in.")
ALL = {"": _l("All")}
STATUSES = {**ALL, "active": _l("Active"), "inactive": _l("Inactive")}


class KeptForm(PictureForm):
    """What the forms of both things share."""

    name: StringField
    description: TextAreaField
    is_active: BooleanField
    version: HiddenField

    @classmethod
    def of(cls, item: Owned) -> Self:
        """As the item is now."""
        return cls(formdata=None, obj=item)

    def details(self) -> Any:
        """What was typed, as the room takes it."""
        raise NotImplementedError

    def change(self, ware: "Ware", item_id: int, **how: Any) -> Owned:
        """Save it over the version that was shown. Raises what the room raises."""
        return ware.change(item_id, self.details(), keeper(me()), version=seen_version(self.version.data), **how)

    def tell_stale(self, stale: Stale, _now: Owned) -> None:
        """Say who was faster. Saved once more, it is saved over theirs."""
        tell_stale(self, stale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ware:
    """A thing that is kept: its `name` in endpoints, templates and the audit log, its form, and its room's verbs.

    `listed` finds what a keeper sees and was asked for; `counted` how often each was redeemed or earned;
    `switching_off` is the question before that. What can't go, since somebody has it, is switched off, and `stays` says
    so. `types` narrow a list too, where there are any.
    """

    name: str
    form: type[KeptForm]
    listed: Callable[[Keeper, Mapping[str, str]], Select[Any]]
    one: Callable[[int, Keeper], Owned]
    create: Callable[..., Owned]
    change: Callable[..., Owned]
    set_active: Callable[..., Owned]
    delete: Callable[..., bool]
    counted: Callable[[Sequence[int]], Mapping[int, int]]
    switching_off: Any
    stays: Any
    statuses: Mapping[str, Any]
    types: Mapping[str, Any] = field(default_factory=lambda: ALL)


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk for a ware at a door, which is a blueprint's name. `history` are lines of the audit log, where shown."""

    door: str
    ware: Ware
    history: Callable[[str, int], Sequence[Any]] | None = None

    def url(self, verb: str, item_id: int | None = None, **asked: Any) -> str:
        """Where this is done: `edit`, `switch`, …, with an item or (`new`, `create`) without one."""
        which: dict[str, Any] = {} if item_id is None else {f"{self.ware.name}_id": item_id}
        return url_for(f"{self.door}.{verb}_{self.ware.name}", **which, **asked)

    def list_url(self, **asked: Any) -> str:
        """The list of them all, as it was asked for."""
        return url_for(f"{self.door}.list_{self.ware.name}s", **asked)

    def keeps(self, item: Owned) -> bool:
        """Whether it is theirs to change."""
        return item.coach_id == keeper(me()).coach_id


def show_list(desk: Desk) -> Response:
    """What the keeper sees, a page at a time, narrowed as the address says."""
    ware = desk.ware
    asked = {name: request.args.get(name, "").strip()[:100] for name in ("q", "status", "type")}
    asked |= {name: "" for name, known in (("status", ware.statuses), ("type", ware.types)) if asked[name] not in known}
    found = paginate(ware.listed(keeper(me()), asked), number=page_number())
    counts = ware.counted([each.id for each in found.items])
    templates = f"loyalty/{ware.name}s.html", f"loyalty/_{ware.name}s.html"
    return page(*templates, desk=desk, items=found, counts=counts, asked=asked)


def show_new(desk: Desk) -> Response:
    """An empty form."""
    return _form_page(desk, desk.ware.form(formdata=None))


def create(desk: Desk) -> Response:
    """Make one of what was typed."""
    form = desk.ware.form()
    if not form.validate():
        return _form_page(desk, form, status=form.status)
    try:
        with unit_of_work():
            made = desk.ware.create(form.details(), keeper(me()), actor=actor(), now=clock.now())
    except DomainError as refusal:
        explain(form, refusal)
        return _form_page(desk, form, status=refusal.status)
    toast(_("%(name)s was created.", name=made.name))
    return see_other(desk.list_url())


def show(desk: Desk, item_id: int) -> Response:
    """The form of one that is theirs. Raises NotFound."""
    item = desk.ware.one(item_id, keeper(me()))
    return _form_page(desk, desk.ware.form.of(item), item)


def change(desk: Desk, item_id: int) -> Response:
    """Save what was typed; the second of two editors is told, and may save once more. Raises NotFound."""
    ware, own = desk.ware, keeper(me())
    form = ware.form(image=ware.one(item_id, own).image)
    if not form.validate():
        return _form_page(desk, form, ware.one(item_id, own), status=form.status)
    try:
        with unit_of_work():
            changed = form.change(ware, item_id, actor=actor(), now=clock.now())
    except Stale as stale:
        item = ware.one(item_id, own)
        form.tell_stale(stale, item)
        return _form_page(desk, form, item, status=stale.status)
    except DomainError as refusal:
        explain(form, refusal)
        return _form_page(desk, form, ware.one(item_id, own), status=refusal.status)
    toast(_("%(name)s was saved.", name=changed.name))
    return see_other(desk.list_url())


def switch(desk: Desk, item_id: int) -> Response:
    """Switch it on or off (`is_active` is 1 or 0), and show the list as it was looked at. Raises NotFound."""
    is_active = switched()
    with unit_of_work():
        item = desk.ware.set_active(item_id, keeper(me()), is_active=is_active, actor=actor(), now=clock.now())
    told = _("%(name)s is switched on.") if is_active else _("%(name)s is switched off.")
    toast(told % {"name": item.name})
    return _back_to_list(desk)


def delete(desk: Desk, item_id: int) -> Response:
    """Delete it, or, where somebody has it, switch it off and say so. Then as after `switch`. Raises NotFound."""
    name = desk.ware.one(item_id, keeper(me())).name
    with unit_of_work():
        is_gone = desk.ware.delete(item_id, keeper(me()), actor=actor(), now=clock.now())
    if is_gone:
        toast(_("%(name)s was deleted.", name=name), "info")
    else:
        toast(str(desk.ware.stays) % {"name": name}, "warning")
    return _back_to_list(desk)


def _back_to_list(desk: Desk) -> Response:
    """As it was looked at: in place, or by going there, to the row that the form names."""
    if "HX-Request" in request.headers:
        return show_list(desk)
    return see_other(anchored(desk.list_url(**list_arguments())))


def _form_page(desk: Desk, form: KeptForm, item: Owned | None = None, *, status: int = 200) -> Response:
    history = desk.history(desk.ware.name, item.id) if desk.history and item else None
    count = desk.ware.counted([item.id]).get(item.id, 0) if item else 0
    template = f"loyalty/{desk.ware.name}.html"
    return Response(render_template(template, desk=desk, form=form, item=item, count=count, history=history), status)
