"""The cart: its lines, its code, what it costs."""

import secrets
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cart import service as carts
from app.cart.errors import NotAQuantity
from app.cart.models import Cart
from app.catalog import service as catalog
from app.config import settings
from app.discounts.service import CodeRefused, Quote
from app.errors import DomainError, NotFound, RateLimited
from app.kit import clock, limits
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.offers import holdings
from app.orders.paying import WALLET
from app.web import guesses
from app.web.arguments import whole_number
from app.web.guesses import NothingTyped
from app.web.store import bp, visit
from app.web.store.purse import purse_for
from app.web.visitor import access, current_person, signed_in

LONGEST_TYPED = 64
CART = ("store/cart.html", "store/_cart.html")


@bp.get("/cart")
@access("public")
def show_cart() -> ResponseReturnValue:
    return cart_page()


@bp.post("/cart/lines")
@access("public")
def add_line() -> ResponseReturnValue:
    product_id = whole_number(request.form.get("product_id"))
    if product_id is None:
        raise NotFound
    try:
        with unit_of_work():
            cart = visit.cart_to_change()
            line = carts.add(cart, product_id, _quantity("1"), clock.now())
    except NotFound:
        raise
    except DomainError as refusal:
        return _add_form(product_id, refusal)
    toast(_("%(product)s is in your cart.", product=line.product.name))
    if not wants_part():
        return see_other(url_for("store.show_cart"))
    return make_response(
        render_template("store/_added.html", product=line.product, pieces=sum(each.quantity for each in cart.lines))
    )


@bp.patch("/cart/lines/<int:line_id>")
@access("public")
def change_line(line_id: int) -> ResponseReturnValue:
    try:
        with unit_of_work():
            cart = visit.cart_to_change()
            carts.change(cart, line_id, _quantity(), clock.now())
    except NotAQuantity as refusal:
        return cart_page(refusal.status, refused_line=line_id, line_refusal=refusal, typed=request.form.get("quantity"))
    return _changed(cart)


@bp.delete("/cart/lines/<int:line_id>")
@access("public")
def remove_line(line_id: int) -> ResponseReturnValue:
    with unit_of_work():
        cart = visit.cart_to_change()
        line = carts.remove(cart, line_id, clock.now())
    toast(_("%(product)s was taken out of your cart.", product=line.product.name), "info")
    return _changed(cart)


@bp.post("/cart/code")
@access("public")
def apply_code() -> ResponseReturnValue:
    typed = request.form.get("code", "")[:LONGEST_TYPED]
    try:
        guesses.check(typed)
        with unit_of_work():
            cart = visit.cart_to_change()
            quote = carts.apply_code(cart, typed, person=current_person(), now=clock.now())
    except NothingTyped as refusal:
        return cart_page(refusal.status, code_refusal=refusal, typed_code=typed)
    except CodeRefused as refusal:
        is_for_offers = refusal.code == "not_found" and _is_on_account(typed)
        if refusal.code == "not_found" and not is_for_offers:
            guesses.count()
        return cart_page(refusal.status, code_refusal=refusal, typed_code=typed, is_for_offers=is_for_offers)
    except limits.TooOften as limit:
        answer = cart_page(RateLimited.status, code_refusal=RateLimited(limit.retry_after), typed_code=typed)
        answer.headers["Retry-After"] = str(limit.retry_after)
        return answer
    return _changed(cart, quote)


@bp.delete("/cart/code")
@access("public")
def remove_code() -> ResponseReturnValue:
    with unit_of_work():
        cart = visit.cart_to_change()
        carts.remove_code(cart, clock.now())
    return _changed(cart)


def cart_page(status: int = 200, *, cart: Cart | None = None, quote: Quote | None = None, **told: Any) -> Response:
    """The cart as it is now, with a fresh key for one checkout; `told` is what went wrong, and what was typed.

    A `cart` and a `quote` that are in hand and fresh aren't read again.
    """
    person = current_person()
    view = carts.view(cart or visit.cart(), person, clock.now(), quote)
    return page(
        *CART,
        status,
        view=view,
        person=person,
        checkout_key=secrets.token_urlsafe(24),
        pay_with=settings().payments,
        purse=purse_for(view.total_cents) if view.counted else None,
        is_from_wallet=request.form.get("pay_with") == WALLET,
        is_part=wants_part(),
        **told,
    )


def _is_on_account(typed: str) -> bool:
    """Whether whoever types it has put it on their account, as one for offers."""
    user = signed_in()
    return user is not None and holdings.has(user.id, typed)


def _changed(cart: Cart, quote: Quote | None = None) -> Response:
    return cart_page(cart=cart, quote=quote) if wants_part() else see_other(url_for("store.show_cart"))


def _quantity(otherwise: str = "") -> int:
    quantity = whole_number(request.form.get("quantity", otherwise))
    if quantity is None:
        raise NotAQuantity(field="quantity")
    return quantity


def _add_form(product_id: int, refusal: DomainError) -> Response:
    """The form of this product once more, with the refusal beside it."""
    product = catalog.product(product_id)
    return page(
        "store/product.html",
        "store/_add_form.html",
        refusal.status,
        product=product,
        related=() if wants_part() else catalog.related(product),
        refusal=refusal,
        typed=request.form.get("quantity", ""),
    )
