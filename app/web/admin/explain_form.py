"""The form of Explain: for whom, with what, and when. It changes nothing, so its address is all there is to share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, StringField, TimeField
from wtforms.validators import Optional

from app.accounts import service as accounts
from app.accounts.errors import NotAName
from app.accounts.persons import Person
from app.cart import service as carts
from app.config import settings
from app.kit.money import NotAnAmount, parse_cents
from app.kit.text import is_writable
from app.offers.models import Offer
from app.promotions.fields import AMOUNT_WRONG, YEARS
from app.promotions.rules import Item
from app.web.arguments import whole_number
from app.web.forms import Form, choices, strip

CART, AMOUNT, THINGS = "cart", "amount", "things"
BOUGHT = [(AMOUNT, _l("An amount")), (THINGS, _l("These things")), (CART, _l("Their open cart"))]
FEWEST_ROWS, SPARE_ROWS, MOST_ROWS = 3, 1, 50
MOST_PIECES = 999
LONGEST = 64
MIDNIGHT = time()


@dataclass(slots=True)
class Row:
    """One thing as it was typed; `errors` are by the part of it that is wrong."""

    category: str = ""
    price: str = ""
    quantity: str = ""
    errors: dict[str, str] | None = None

    @property
    def is_empty(self) -> bool:
        return not self.price and not self.category

    def read(self) -> Item:
        """What was typed; what is wrong in it is noted in `errors`."""
        self.errors, cents = {}, 0
        try:
            cents = parse_cents(self.price)
        except NotAnAmount as wrong:
            self.errors["price"] = str(AMOUNT_WRONG[wrong.reason])
        quantity = whole_number(self.quantity or "1")
        if quantity is None or not 1 <= quantity <= MOST_PIECES:
            self.errors["quantity"] = _("Please enter a whole number from 1 to 999.")
        return Item(cents, quantity or 0, self.category or None)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who would use a promotion, for what, and when; of offers, where nothing says what is paid, that is left open."""

    person: Person | None
    items: Sequence[Item]
    amount_cents: int
    at: datetime
    code: str
    offer: Offer | None = None
    is_payout_open: bool = False

    @property
    def facts(self) -> dict[str, Any]:
        """What rules of a kind may ask beside that."""
        offer = {"offer_id": self.offer.id} if self.offer else {}
        return {**offer, "is_payout_open": True} if self.is_payout_open else offer


class ExplainForm(Form):
    """Read from the address. Made with nothing in it, it is the empty form."""

    class Meta(Form.Meta):
        csrf = False

    person = StringField(
        _l("Person"),
        [Optional()],
        filters=[strip],
        description=_l("A username, or the name somebody shops under. Empty: nobody is signed in."),
        render_kw={"maxlength": LONGEST, "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    code = StringField(
        _l("Code"),
        [Optional()],
        filters=[strip],
        description=_l("Each code has a limit of its own. Empty: as if with one that nobody has used."),
        render_kw={"maxlength": LONGEST, "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )
    bought = RadioField(_l("What is bought"), choices=choices(BOUGHT), default=AMOUNT)
    amount = StringField(
        _l("Amount"),
        [Optional()],
        filters=[strip],
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    on = DateField(_l("Day"), [Optional()])
    at = TimeField(_l("Time"), [Optional()])

    def __init__(self) -> None:
        super().__init__(formdata=request.args)
        self.rows = _rows()
        self.who: Person | None = None
        self.items: list[Item] = []
        self.cents = 0
        self.moment: datetime | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the address asks for anything yet."""
        return not request.args.keys().isdisjoint({"price", *(field.name for field in self)})

    @property
    def slots(self) -> list[Row]:
        """The rows to draw: those that were typed, and some to fill in."""
        spare = max(FEWEST_ROWS - len(self.rows), SPARE_ROWS)
        return [*self.rows, *(Row() for _row in range(spare))]

    def occasion(self, now: datetime) -> Occasion | None:
        """What was asked, or None with what is wrong at the fields."""
        if not self.validate():
            return None
        self._read_person()
        self._read_moment(now)
        {CART: self._read_cart, AMOUNT: self._read_amount, THINGS: self._read_things}[self.bought.data]()
        if self.errors or any(row.errors for row in self.rows):
            return None
        return Occasion(self.who, self.items, self.cents, self.moment or now, self.code.data or "", **self._more())

    def _more(self) -> dict[str, Any]:
        """What else a kind asks for."""
        return {}

    def _read_person(self) -> None:
        try:
            self.who = accounts.person_named(self.person.data) if self.person.data else None
        except NotAName as wrong:
            refuse(self.person, wrong.message)

    def _read_moment(self, now: datetime) -> None:
        day: Any = self.on.data
        zone = ZoneInfo(settings().timezone)
        if day is None and self.at.data is not None:
            day = now.astimezone(zone).date()
        if day is None:
            return
        if day.year not in YEARS:
            refuse(self.on, _("Please give a year from 1970 to 8999."))
            return
        self.moment = datetime.combine(day, self.at.data or MIDNIGHT, zone).astimezone(UTC)

    def _read_cart(self) -> None:
        if self.person.errors:
            return
        if self.who is None or not self.who.has_account:
            refuse(self.person, _("Only accounts have a cart to look into. Name one, or choose an amount."))
            return
        self.items = carts.items_of(carts.find(self.who, None))

    def _read_amount(self) -> None:
        try:
            self.cents = parse_cents(self.amount.data) if self.amount.data else 0
        except NotAnAmount as wrong:
            refuse(self.amount, AMOUNT_WRONG[wrong.reason])

    def _read_things(self) -> None:
        self.items = [row.read() for row in self.rows]
        if not self.items:
            refuse(self.bought, _("Please give at least one price."))


def refuse(field: Any, message: Any) -> None:
    """Say what is wrong with a field."""
    field.errors = [*field.errors, str(message)]


def _rows() -> list[Row]:
    typed = (map(_tidy, request.args.getlist(name)[:MOST_ROWS]) for name in ("category", "price", "quantity"))
    rows = [Row(category, price, quantity) for category, price, quantity in zip_longest(*typed, fillvalue="")]
    return [row for row in rows if not row.is_empty]


def _tidy(text: str) -> str:
    return text.strip()[:LONGEST] if is_writable(text) else ""
