"""Offers: what clients complete elsewhere, as admins keep them."""

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import Optional

from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate
from app.offers import catalogue, conversions
from app.offers.conversions import Totals
from app.offers.errors import OfferInUse
from app.offers.models import Offer
from app.promotions.errors import Stale
from app.web.admin import bp
from app.web.admin.merging import merge
from app.web.admin.offer_history import offer_lines
from app.web.admin.promotion_fields import typed
from app.web.arguments import NEVER, list_arguments, page_number, seen_version, switched
from app.web.forms import Form, as_lines, explain, strip, tell_stale
from app.web.visitor import access, actor

LIST = ("admin/offers.html", "admin/_offers.html")
STATUSES = {"": _l("All"), "active": _l("Active"), "inactive": _l("Inactive")}
FIELDS = ("external_id", "name", "description", "category", "payout", "url", "is_active")


class OfferForm(Form):
    """What an offer is; the room checks what is typed."""

    name = typed(_l("Name"), is_needed=True, required=True, maxlength=128)
    external_id = typed(
        _l("External id"),
        hint=_l("Other programs name the offer by it when somebody has completed it."),
        is_needed=True,
        required=True,
        maxlength=catalogue.LONGEST_EXTERNAL_ID,
        autocapitalize="none",
        spellcheck="false",
    )
    description = TextAreaField(
        _l("Description"), [Optional()], filters=[as_lines], description=_l("What to do."), render_kw={"rows": 3}
    )
    category = typed(_l("Category"), hint=_l("Clients can look for it."), list="offer-categories", maxlength=64)
    payout = typed(_l("Usual payout"), mode="decimal", hint=_l("What each conversion says is what counts."))
    url = StringField(
        _l("Link"),
        [Optional()],
        filters=[strip],
        description=_l("Where clients go to complete it. Begins with https:// or http://."),
        render_kw={"type": "url", "inputmode": "url", "autocomplete": "off", "maxlength": catalogue.LONGEST_URL},
    )
    is_active = BooleanField(
        _l("Active"),
        default=True,
        description=_l("Switched off, clients don't see it. What they have completed still counts."),
    )
    version = HiddenField()

    def fields(self) -> dict[str, Any]:
        """What was typed, as the room takes it."""
        return {name: self[name].data for name in FIELDS}

    def is_fine(self, offer_id: int | None = None) -> bool:
        """Whether it can be kept, as far as can be told beforehand; what is wrong stands at its field."""
        if not self.validate():
            return False
        faults = catalogue.faults(self.fields(), offer_id)
        for name, sentences in faults.items():
            self[name].errors = [*self[name].errors, *map(str, sentences)]
        return not faults

    @classmethod
    def of(cls, offer: Offer) -> "OfferForm":
        """As the offer is now."""
        return cls.showing({**catalogue.fields_of(offer), "version": offer.version})

    @classmethod
    def showing(cls, fields: Mapping[str, Any]) -> "OfferForm":
        """An offer with these fields."""
        return cls(formdata=None, data={**fields, "payout": f"{fields['payout']:.2f}"})


@bp.get("/offers")
@access("admin")
def list_offers() -> ResponseReturnValue:
    return _list()


@bp.get("/offers/new")
@access("admin")
def new_offer() -> ResponseReturnValue:
    return _form_page(OfferForm(formdata=None), part="admin/_offer_sheet.html")


@bp.post("/offers/new")
@access("admin")
def create_offer() -> ResponseReturnValue:
    form = OfferForm()
    if not form.is_fine():
        return _form_page(form, status=422)
    try:
        with unit_of_work():
            offer = catalogue.create(form.fields(), actor(), clock.now())
    except DomainError as refusal:
        explain(form, refusal)
        return _form_page(form, status=refusal.status)
    toast(_("%(offer)s was created.", offer=offer.name))
    return _to_list()


@bp.get("/offers/<int:offer_id>")
@access("admin")
def edit_offer(offer_id: int) -> ResponseReturnValue:
    offer = catalogue.get(offer_id)
    return _form_page(OfferForm.of(offer), offer, part="admin/_offer_sheet.html")


@bp.post("/offers/<int:offer_id>")
@access("admin")
def change_offer(offer_id: int) -> ResponseReturnValue:
    """Two who edit the same offer: the second is told, keeps what was typed, and may save over it."""
    catalogue.get(offer_id)
    form = OfferForm()
    if not form.is_fine(offer_id):
        return _form_page(form, catalogue.get(offer_id), status=422)
    version = seen_version(form.version.data) or NEVER
    try:
        with unit_of_work():
            offer = catalogue.change(offer_id, form.fields(), version=version, actor=actor(), now=clock.now())
    except Stale as stale:
        tell_stale(form, stale)
        return _show_both(form, catalogue.get(offer_id), version, stale.status)
    except DomainError as refusal:
        explain(form, refusal)
        return _form_page(form, catalogue.get(offer_id), status=refusal.status)
    toast(_("%(offer)s was saved.", offer=offer.name))
    return _to_list()


@bp.post("/offers/<int:offer_id>/switch")
@access("admin")
def switch_offer(offer_id: int) -> ResponseReturnValue:
    is_active = switched()
    with unit_of_work():
        offer = catalogue.change(offer_id, {"is_active": is_active}, actor=actor(), now=clock.now())
    told = _("%(offer)s is shown to clients again.") if is_active else _("%(offer)s is hidden from clients.")
    toast(told % {"offer": offer.name})
    return _list() if wants_part() else _to_list()


@bp.delete("/offers/<int:offer_id>")
@access("admin")
def delete_offer(offer_id: int) -> ResponseReturnValue:
    """What conversions or codes refer to stays; the way out, switching it off, stands beside the refusal."""
    name = catalogue.get(offer_id).name
    try:
        with unit_of_work():
            catalogue.remove(offer_id, actor=actor())
    except OfferInUse as refusal:
        offer = catalogue.get(offer_id)
        form = OfferForm.of(offer)
        explain(form, refusal)
        return _form_page(form, offer, status=refusal.status, in_use=True)
    toast(_("%(offer)s was deleted.", offer=name), "info")
    return see_other(url_for("admin.list_offers"))


def _show_both(form: OfferForm, offer: Offer, version: int, status: int) -> Response:
    """What was typed stays; what only the other has changed is taken over, what both did stands above the fields.

    What stands beside the form is drawn anew.
    """
    conflicts = merge(form, OfferForm.showing(catalogue.as_it_was(offer, version)), OfferForm.of(offer))
    form.version.data = str(offer.version)
    return _form_page(form, offer, conflicts=conflicts, status=status, is_swapped=wants_part())


def _to_list() -> Response:
    """Back to the list as it was being looked at."""
    asked: dict[str, Any] = list_arguments()
    return see_other(url_for("admin.list_offers", **asked))


def _list() -> Response:
    """Five statements, however many offers there are."""
    asked = {name: request.args.get(name, "").strip()[:100] for name in ("q", "category", "status")}
    asked["status"] = asked["status"] if asked["status"] in STATUSES else ""
    is_active = None if not asked["status"] else asked["status"] == "active"
    query = catalogue.offers(search=asked["q"], category=asked["category"], is_active=is_active)
    found = paginate(query, number=page_number())
    return page(
        *LIST,
        offers=found,
        totals=conversions.totals([each.id for each in found.items]),
        none_yet=Totals(),
        categories=catalogue.categories(),
        statuses=STATUSES,
        asked=asked,
    )


def _form_page(
    form: OfferForm,
    offer: Offer | None = None,
    *,
    part: str = "admin/_offer_form.html",
    status: int = 200,
    **more: Any,
) -> Response:
    shown: dict[str, Any] = {"form": form, "offer": offer, "categories": catalogue.categories(), **more}
    if offer is not None and (not wants_part() or "is_swapped" in more):
        shown |= {
            "totals": conversions.totals([offer.id]).get(offer.id, Totals()),
            "is_completed": conversions.has_any(offer.id),
            "lines": offer_lines(offer.id, form),
        }
    return page("admin/offer.html", part, status, **shown)
