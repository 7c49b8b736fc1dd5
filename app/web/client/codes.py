"""The codes on the client's account: applying one, how they stand, what they have earned."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from app.discounts.editing import KIND as DISCOUNT
from app.errors import DomainError, RateLimited
from app.kit import clock, limits
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.lists import paginate_rows
from app.kit.text import normalise_code
from app.offers import holdings
from app.offers import service as offers
from app.offers.errors import CodeRefused
from app.offers.holdings import Held
from app.offers.kind import badge, gives
from app.offers.service import Applied
from app.offers.standing import standing
from app.offers.words import why_nothing
from app.promotions import active
from app.promotions.words import hours_in_words
from app.wallet import service as wallets
from app.web import guesses
from app.web.arguments import page_number, whole_number
from app.web.client import bp
from app.web.client.pulse import stamp, unchanged
from app.web.guesses import NothingTyped
from app.web.visitor import access, me

WHOLE = "client/codes.html"
CODES, HELD = (WHOLE, "client/_codes.html"), (WHOLE, "client/_held.html")
LONGEST_TYPED = 64
SOON = 5000
NAMES = 3


@bp.get("/codes")
@access("client")
def show_codes() -> ResponseReturnValue:
    """The page; for a part the codes and earnings, or 204 when they are as they were `seen`.

    `code` in the address stands in the field, and applies nothing; `removed` is one that was just taken off.
    """
    shown, removed = _look(), whole_number(request.args.get("removed"))
    same = unchanged(shown["stamp"])
    if same or wants_part():
        return same or page(*HELD, **shown, brings_balance=True)
    taken = holdings.taken_off(me(), removed, clock.now()) if removed is not None else None
    return page(*HELD, **shown, typed=request.args.get("code", "")[:LONGEST_TYPED], taken=taken)


@bp.post("/codes")
@access("client")
def apply_code() -> ResponseReturnValue:
    """Put a code on the account; refused, it stays in its field with the reason beside it."""
    typed = request.form.get("code", "")[:LONGEST_TYPED]
    try:
        applied = _apply(typed)
    except (CodeRefused, NothingTyped) as refusal:
        return _refused(typed, refusal, is_for_cart=_is_for_cart(typed, refusal))
    except limits.TooOften as limit:
        answer = _refused(typed, RateLimited(limit.retry_after))
        answer.headers["Retry-After"] = str(limit.retry_after)
        return answer
    _tell(applied)
    return page(*CODES, **_look()) if wants_part() else see_other(url_for("client.show_codes"))


@bp.delete("/codes/<int:applied_id>")
@access("client")
def remove_code(applied_id: int) -> ResponseReturnValue:
    """Take it off the account; the answer offers to put it back."""
    with unit_of_work():
        offers.remove(me(), applied_id, now=clock.now())
    if not wants_part():
        return see_other(url_for("client.show_codes", removed=applied_id))
    return page(*CODES, **_look(), taken=holdings.taken_off(me(), applied_id, clock.now()))


@bp.app_template_filter()
def hours_here(held: Held) -> str:
    """When it is open, by the reader's clock; nothing where it always is, or will never be again."""
    hours = held.terms.active_hours
    if hours is None or hours.never_close or held.is_over:
        return ""
    return hours_in_words(hours.seen_in(_here(), held.context.now))


@bp.app_template_filter()
def hours_there(held: Held) -> str:
    """The same by the promotion's own clock, if that shows another time."""
    hours = held.terms.active_hours
    is_same = hours is None or hours.seen_in(_here(), held.context.now).described() == {
        **hours.described(),
        "timezone": _here().key,
    }
    return hours_in_words(hours) if hours and not is_same else ""


def _apply(typed: str) -> Applied:
    guesses.check(typed)
    try:
        with unit_of_work():
            return offers.apply(me(), typed, now=clock.now())
    except CodeRefused as refusal:
        if refusal.code == "not_found" and not _is_for_cart(typed, refusal):
            guesses.count()
        raise


def _tell(applied: Applied) -> None:
    """That it is on the account, and if it was before, whether it gives something."""
    if applied.is_new:
        toast(_("%(code)s is on your account.", code=applied.code))
    elif applied.refusal is None:
        toast(_("%(code)s is on your account already.", code=applied.code), "info")
    else:
        why = why_nothing(applied.refusal)
        told = _("%(code)s is on your account already, but gives nothing now: %(why)s", code=applied.code, why=why)
        toast(told, "warning")


def _is_for_cart(typed: str, refusal: DomainError) -> bool:
    """Whether everybody may know this code, as one for the cart."""
    if refusal.code != "not_found":
        return False
    shown = (each.shown for each in active.offers(clock.now()))
    return normalise_code(typed) in {each.code for each in shown if each.kind == DISCOUNT}


def _refused(typed: str, refusal: DomainError, *, is_for_cart: bool = False) -> Response:
    return page(*CODES, refusal.status, **_look(), typed=typed, refusal=refusal, is_for_cart=is_for_cart)


def _look() -> dict[str, Any]:
    user = me()
    held = holdings.codes_of(user, clock.now())
    earnings = paginate_rows(holdings.earnings(user.id), number=page_number(), size=10)
    balances = wallets.balances(user.id)
    codes = [
        (each.id, each.code, each.terms.version, standing(each), each.uses_left, each.offers, each.earned)
        for each in held
    ]
    paid = [(earning.id, earning.reversed_at, code) for earning, code in earnings.items]
    return {
        "held": held,
        "earnings": earnings,
        "balances": balances,
        "badge_of": badge,
        "gives": gives,
        "standing": standing,
        "zone": _here().key,
        "names": NAMES,
        "soon": SOON,
        "stamp": stamp(codes, paid, earnings.total, earnings.number, balances),
    }


def _here() -> ZoneInfo:
    return ZoneInfo(str(get_timezone() or "UTC"))
