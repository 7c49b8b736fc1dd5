"""Giving something without ordering anything."""

import secrets

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.accounts import service as accounts
from app.accounts.errors import NameBelongsToAccount
from app.config import settings
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page
from app.kit.money import NotAnAmount, parse_cents
from app.orders import service as orders
from app.orders.errors import DonationMade, KeyNotUsable
from app.web.fields import AmountField
from app.web.forms import Form, explain, strip
from app.web.store import bp
from app.web.store.checkout import to_payment
from app.web.store.shopper import remember_shopper
from app.web.visitor import access, current_person, visit_key

TEMPLATES = ("store/donate.html", "store/_donate_form.html")
SUGGESTED = (500, 1000, 2500, 5000)
LONGEST_MESSAGE = 500


class DonationForm(Form):
    amount = AmountField(
        _l("Amount"), [InputRequired(_l("Please fill this in."))], render_kw={"inputmode": "decimal", "maxlength": 16}
    )
    message = TextAreaField(
        _l("Message"),
        [Length(max=LONGEST_MESSAGE)],
        filters=[strip],
        description=_l("A word to us, if you like. It stands on your receipt."),
        render_kw={"rows": 3, "maxlength": LONGEST_MESSAGE},
    )
    username = StringField(
        _l("Your name"), filters=[strip], render_kw={"autocomplete": "nickname", "maxlength": 32, "minlength": 3}
    )
    idempotency_key = HiddenField()


@bp.get("/donate")
@access("public")
def show_donate() -> ResponseReturnValue:
    return _show(DonationForm(formdata=None, amount=_suggested(), idempotency_key=_fresh_key()))


@bp.post("/donate")
@access("public")
def donate() -> ResponseReturnValue:
    form = DonationForm()
    if not form.validate():
        return _show(form, 422)
    try:
        if current_person() is None:
            remember_shopper(accounts.shopper_name(form.username.data or ""))
        with unit_of_work():
            invoice = orders.donate(
                form.amount.data,
                form.message.data or "",
                person=current_person(),
                visit=visit_key(),
                key=form.idempotency_key.data or "",
                now=clock.now(),
            )
    except DomainError as refusal:
        explain(form, refusal)
        if isinstance(refusal, DonationMade | KeyNotUsable):
            form.idempotency_key.data = _fresh_key()
        return _show(form, refusal.status, has_account=isinstance(refusal, NameBelongsToAccount))
    return to_payment(invoice)


def _suggested() -> int | None:
    """An amount that the address suggests: links can ask for a certain gift."""
    try:
        return parse_cents(request.args.get("amount", ""))
    except NotAnAmount:
        return None


def _fresh_key() -> str:
    return secrets.token_urlsafe(24)


def _show(form: DonationForm, status: int = 200, *, has_account: bool = False) -> Response:
    least, most = settings().donation_min_cents, settings().donation_max_cents
    return page(
        *TEMPLATES,
        status,
        form=form,
        person=current_person(),
        currency=settings().currency,
        least=least,
        most=most,
        has_account=has_account,
        suggested=[cents for cents in SUGGESTED if least <= cents <= most],
    )
