"""The name that somebody shops under without an account."""

from flask import request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField

from app.accounts import service as accounts
from app.accounts.errors import NameBelongsToAccount
from app.errors import DomainError
from app.kit.htmx import page, see_other, toast
from app.web.forms import Form, explain
from app.web.store import bp, visit
from app.web.visitor import SHOPPER, access, forget_shopper, signed_in, visit_key, way_back

TEMPLATES = ("store/shopper.html", "store/_shopper.html")
STRIP = "store/_name_form.html"
PLACES = ("strip", "cart", "deals")


class ShopperForm(Form):
    """Who shops."""

    username = StringField(
        _l("Your name"), render_kw={"autocomplete": "nickname", "maxlength": 32, "minlength": 3, "required": True}
    )
    next = HiddenField()


def remember_shopper(name: str) -> None:
    """From now on this session shops under the name."""
    visit_key()
    session[SHOPPER] = name


@bp.get("/shopper")
@access("public")
def ask_name() -> ResponseReturnValue:
    form = ShopperForm(formdata=None, next=request.args.get("next"), username=session.get(SHOPPER))
    return page(*TEMPLATES, form=form, has_account=False)


@bp.post("/shopper")
@access("public")
def set_shopper() -> ResponseReturnValue:
    """Who is signed in shops under their own name, whatever is typed."""
    form = ShopperForm()
    target, place = way_back(form.next.data) or url_for("store.browse"), request.form.get("place")
    if signed_in() is not None:
        return see_other(target)
    try:
        name = accounts.shopper_name(form.username.data or "")
    except DomainError as refusal:
        explain(form, refusal)
        has_account = isinstance(refusal, NameBelongsToAccount)
        part = STRIP if place in PLACES else TEMPLATES[1]
        told = {"form": form, "has_account": has_account, "back": target, "is_main": place == "cart", "place": place}
        return page(TEMPLATES[0], part, refusal.status, **told)
    remember_shopper(name)
    if place == "deals":
        session[visit.ENTERED] = True
    toast(_("Hello, %(name)s!", name=name))
    return see_other(target)


@bp.post("/shopper/forget")
@access("public")
def forget_shopper_name() -> ResponseReturnValue:
    """The next one at this device finds neither the name nor the cart and invoices that went with it."""
    forget_shopper()
    toast(_("We forgot your name and your cart on this device."))
    return see_other(url_for("store.browse"))
