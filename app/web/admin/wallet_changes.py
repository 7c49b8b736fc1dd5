"""What admins do to a wallet by hand: adjust its cash, collect a debt, or let it go."""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.models import User
from app.deposits import finding
from app.errors import DomainError, NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import see_other, toast
from app.wallet import adjusting
from app.wallet import service as wallets
from app.wallet.errors import AdjustmentMade, NotEnough
from app.web.admin import bp
from app.web.admin.money_desk import Asked, NoteForm
from app.web.admin.wallet_form import WHY_NEEDED, AdjustmentForm
from app.web.admin.wallets import owner, show_form, show_one
from app.web.admin.withdrawal_matters import freed
from app.web.filters import money
from app.web.forms import explain
from app.web.visitor import access, actor

SURE, CHANGE = "sure", "change"


@bp.post("/wallet/<int:user_id>/adjustments")
@access("admin")
def adjust_wallet(user_id: int) -> ResponseReturnValue:
    """What it would come to is asked first: `step` is `sure` once that is answered, `change` to type something else.

    Sent again it moves nothing; sent again with something else it comes back, to be sent as another one.
    """
    user, form, step = owner(user_id), AdjustmentForm(), request.form.get("step", "")
    if not form.validate():
        return show_form(user, form, 422)
    if step == CHANGE:
        return show_form(user, form, is_changing=True)
    cents, why = int(form.amount.data), form.why.data or ""
    try:
        if step != SURE:
            return show_form(user, form, question=_question(user, cents))
        with unit_of_work():
            adjusting.adjust(user_id, cents, why, key=form.key.data or "", actor=actor(), now=clock.now())
    except NotFound:
        raise
    except DomainError as refusal:
        _explain(form, refusal)
        return show_form(owner(user_id), form, refusal.status)
    facts = {"amount": money(abs(cents)), "client": user.name}
    if cents > 0:
        toast(_("%(amount)s went into the wallet of %(client)s.", **facts))
    else:
        toast(_("%(amount)s was taken from the wallet of %(client)s.", **facts))
    return see_other(url_for("admin.show_wallet", user_id=user_id))


@bp.post("/wallet/debts/<int:debt_id>/collect")
@access("admin")
def collect_debt(debt_id: int) -> ResponseReturnValue:
    """Take it from the wallet, now that there is enough in it."""
    try:
        with unit_of_work():
            debt = adjusting.collect(debt_id, actor=actor(), now=clock.now())
    except NotFound:
        raise
    except DomainError as refusal:
        told = " ".join(filter(None, (str(refusal.message), _way_out(debt_id, refusal))))
        return _refused(debt_id, Asked("collect", refusal=told), refusal.status)
    toast(_("%(amount)s was collected.", amount=money(debt.amount_cents)))
    return see_other(url_for("admin.show_wallet", user_id=debt.user_id))


@bp.post("/wallet/debts/<int:debt_id>/forgive")
@access("admin")
def forgive_debt(debt_id: int) -> ResponseReturnValue:
    """Let it go; `note` says why."""
    form = NoteForm()
    is_fine, why = form.validate(), form.note.data or ""
    if not is_fine or not why:
        fault = " ".join(str(each) for each in form.note.errors) or str(WHY_NEEDED)
        return _refused(debt_id, Asked("forgive", why, fault), 422)
    try:
        with unit_of_work():
            debt = adjusting.forgive(debt_id, why, actor=actor(), now=clock.now())
    except NotFound:
        raise
    except DomainError as refusal:
        return _refused(debt_id, Asked("forgive", why, refusal=str(refusal.message)), refusal.status)
    toast(_("%(amount)s is forgiven.", amount=money(debt.amount_cents)), "info")
    return see_other(url_for("admin.show_wallet", user_id=debt.user_id))


def _question(user: User, cents: int) -> str:
    """How much, whose, and what there will be then. Raises NotEnough, and NotFound where there is no cash to adjust."""
    if user.role != "client":
        raise NotFound
    there = wallets.balances(user.id).cash_cents
    if there + cents < 0:
        raise NotEnough(-cents - there)
    facts = {"amount": money(abs(cents)), "client": user.name, "now": money(there), "then": money(there + cents)}
    if cents > 0:
        return _("Put %(amount)s into the cash of %(client)s? It goes from %(now)s to %(then)s.", **facts)
    return _("Take %(amount)s from the cash of %(client)s? It goes from %(now)s to %(then)s.", **facts)


def _explain(form: AdjustmentForm, refusal: DomainError) -> None:
    """At its field; and what is sent once more comes on top."""
    if isinstance(refusal, NotEnough):
        refusal.field = "amount"
    explain(form, refusal)
    if isinstance(refusal, AdjustmentMade):
        form.begin_anew()


def _way_out(debt_id: int, refusal: DomainError) -> str:
    """Where the money is that is missing for a debt, if we hold it."""
    if not isinstance(refusal, NotEnough):
        return ""
    debt = wallets.debt(debt_id)
    return freed(debt.amount_cents, wallets.balances(debt.user_id).cash_cents, finding.held(debt.user_id))


def _refused(debt_id: int, asked: Asked, status: int) -> Response:
    """The wallet as it is now, with the reason at the debt. Raises NotFound."""
    debt = wallets.debt(debt_id)
    return show_one(owner(debt.user_id), None, status, asked=asked, refused_debt=debt_id)
