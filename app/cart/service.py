"""Filling a cart, putting a code in it, and what it costs. Callers own the transaction.

Applying a code counts nothing: its use is taken at checkout. Prices are the catalogue's at the moment of asking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.persons import Person
from app.cart.errors import NotAQuantity, NotForSale, TooManyPieces
from app.cart.models import MOST_PIECES, Cart, CartLine
from app.catalog import service as catalog
from app.catalog.models import Product
from app.discounts import service as discounts
from app.discounts.service import CodeRefused, Item, Quote
from app.errors import not_shown
from app.kit.db import db, insert


@dataclass(frozen=True, slots=True)
class CartView:
    """What a cart costs now. Lines that aren't for sale are shown, but count for nothing; nor does a refused code."""

    lines: tuple[CartLine, ...]
    quote: Quote | None = None

    @property
    def counted(self) -> tuple[CartLine, ...]:
        return tuple(line for line in self.lines if line.product.is_for_sale)

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def subtotal_cents(self) -> int:
        return sum(line.total_cents for line in self.counted)

    @property
    def refusal(self) -> CodeRefused | None:
        """Why the code in the cart doesn't count, if it doesn't."""
        return self.quote.refusal if self.quote else None

    @property
    def discount_cents(self) -> int:
        return self.quote.discount_cents if self.quote and not self.quote.refusal else 0

    @property
    def total_cents(self) -> int:
        return self.subtotal_cents - self.discount_cents

    @property
    def shares(self) -> Sequence[int]:
        """The part of the discount that falls on each counted line."""
        return self.quote.shares if self.quote and not self.quote.refusal else [0] * len(self.counted)


def find(person: Person | None, visit: str | None) -> Cart:
    """The open cart of an account, else of an anonymous session; an empty one that isn't kept if there is none.

    One statement.
    """
    owned = _owned_by(person, visit)
    lines = joinedload(Cart.lines).joinedload(CartLine.product, innerjoin=True)
    whole = select(Cart).options(lines.joinedload(Product.category, innerjoin=True))
    found = None if owned is None else db.session.scalars(whole.where(owned)).unique().one_or_none()
    return found or Cart(lines=[])


def lock(person: Person | None, visit: str | None) -> Cart:
    """The same, as it is now, and nobody else changes it before the transaction ends."""
    owned = _owned_by(person, visit)
    found = None if owned is None else db.session.scalar(_locking(owned))
    return found or Cart(lines=[])


def of(person: Person | None, visit: str, now: datetime) -> Cart:
    """The open cart to change: locked, and made when there is none."""
    owned = _owned_by(person, visit)
    assert owned is not None
    found = db.session.scalar(_locking(owned))
    if found is None:
        owner = {"user_id": person.user_id} if person and person.has_account else {"visit": visit}
        db.session.execute(insert(Cart).values(**owner, created_at=now, updated_at=now).on_conflict_do_nothing())
        found = db.session.scalars(_locking(owned)).one()
    return found


def pieces(person: Person | None, visit: str | None) -> int:
    """How many pieces are in the cart, for the sign of the cart on every page."""
    owned = _owned_by(person, visit)
    if owned is None:
        return 0
    counted = select(func.coalesce(func.sum(CartLine.quantity), 0)).join(Cart, Cart.id == CartLine.cart_id).where(owned)
    return db.session.scalar(counted) or 0


def add(cart: Cart, product_id: int, quantity: int, now: datetime) -> CartLine:
    """Put so many more of a product into the cart. Raises NotFound, NotForSale, NotAQuantity, TooManyPieces."""
    product = catalog.product(product_id)
    if not product.is_for_sale:
        raise NotForSale
    line = next((line for line in cart.lines if line.product_id == product_id), None)
    _in_range(quantity)
    if line is None:
        line = CartLine(product=product, product_id=product.id, quantity=quantity)
        cart.lines.append(line)
    elif line.quantity + quantity > MOST_PIECES:
        raise TooManyPieces(field="quantity", in_cart=line.quantity)
    else:
        line.quantity += quantity
    line.note_price()
    cart.updated_at = now
    return line


def change(cart: Cart, line_id: int, quantity: int, now: datetime) -> CartLine:
    """Order so many of it. Raises NotFound, NotAQuantity."""
    line = _line(cart, line_id)
    line.quantity = _in_range(quantity)
    line.note_price()
    cart.updated_at = now
    return line


def remove(cart: Cart, line_id: int, now: datetime) -> CartLine:
    """Take a line out. Raises NotFound."""
    line = _line(cart, line_id)
    cart.lines.remove(line)
    cart.updated_at = now
    return line


def apply_code(cart: Cart, typed: str, *, person: Person | None, now: datetime) -> Quote:
    """Let this code count for the cart in place of any other. Raises CodeRefused, and the cart keeps what it had."""
    quote = discounts.quote(typed, items=items_of(cart), person=person, now=now)
    if quote.refusal is not None:
        discounts.note_refusal(quote)
        raise quote.refusal
    cart.applied_code_id, cart.updated_at = quote.code_id, now
    return quote


def remove_code(cart: Cart, now: datetime) -> None:
    """Take the code out of the cart; nothing happens when there is none."""
    cart.applied_code_id, cart.updated_at = None, now


def view(cart: Cart, person: Person | None, now: datetime, quote: Quote | None = None) -> CartView:
    """What it costs now. A code that no longer holds is in the quote, with the reason; one in hand is used as it is."""
    lines = tuple(cart.lines)
    if quote is not None or cart.applied_code_id is None:
        return CartView(lines, quote)
    return CartView(lines, discounts.quote(code_id=cart.applied_code_id, items=items_of(cart), person=person, now=now))


def items_of(cart: Cart) -> list[Item]:
    """What counts of it: the lines that are for sale now, at the prices of now."""
    counted = (line for line in cart.lines if line.product.is_for_sale)
    return [Item(line.product.price_cents, line.quantity, line.product.category.slug) for line in counted]


def close(cart: Cart) -> None:
    """The cart was ordered: its lines and its code go with it."""
    db.session.execute(delete(Cart).where(Cart.id == cart.id), execution_options={"synchronize_session": False})
    db.session.expunge(cart)


def adopt(user_id: int, visit: str | None, now: datetime) -> Quote | None:
    """At sign-in: what this session put into its cart joins the account's. The account's code wins.

    Returns the quote of the code that is in the cart afterwards; its `refusal` says if it no longer counts.
    """
    brought = lock(None, visit)
    if brought.id is None:
        return None
    person = Person("", user_id)
    cart = of(person, "", now)
    for line in brought.lines:
        _merge(cart, line.product, line.quantity)
    cart.applied_code_id = cart.applied_code_id or brought.applied_code_id
    cart.updated_at = now
    close(brought)
    return view(cart, person, now).quote


def forget_abandoned(before: datetime) -> int:
    """Clear away carts of anonymous sessions that nobody touched since. How many there were."""
    gone = db.session.scalars(delete(Cart).where(Cart.visit.is_not(None), Cart.updated_at < before).returning(Cart.id))
    return len(gone.all())


def _owned_by(person: Person | None, visit: str | None) -> ColumnElement[bool] | None:
    if person is not None and person.has_account:
        return Cart.user_id == person.user_id
    return Cart.visit == visit if visit else None


def _carts() -> Select[Cart]:
    with_product = selectinload(Cart.lines).joinedload(CartLine.product, innerjoin=True)
    return select(Cart).options(with_product.joinedload(Product.category, innerjoin=True))


def _locking(owned: ColumnElement[bool]) -> Select[Cart]:
    return _carts().where(owned).with_for_update().execution_options(populate_existing=True)


def _line(cart: Cart, line_id: int) -> CartLine:
    line = next((line for line in cart.lines if line.id == line_id), None)
    if line is None:
        raise not_shown(select(CartLine.id).where(CartLine.id == line_id))
    return line


def _in_range(quantity: int) -> int:
    if not 1 <= quantity <= MOST_PIECES:
        raise NotAQuantity(field="quantity")
    return quantity


def _merge(cart: Cart, product: Product, quantity: int) -> None:
    line = next((line for line in cart.lines if line.product_id == product.id), None)
    if line is None:
        line = CartLine(product=product, product_id=product.id, quantity=quantity)
        line.note_price()
        cart.lines.append(line)
    else:
        line.quantity = min(line.quantity + quantity, MOST_PIECES)
