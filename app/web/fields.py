"""Form fields of our own: amounts, whole numbers, and the parts of addresses."""

import re
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Regexp, StopValidation

from app.kit.money import NotAnAmount, as_text, parse_cents
from app.web.filters import number

COMMA = "comma"
WRONG_AMOUNT = {
    "format": _l("Please enter an amount such as 12.50."),
    "decimals": _l("Please use at most two decimals."),
    "negative": _l("Please enter 0 or more."),
    "too_large": _l("Please enter at most 99,999,999.99."),
    COMMA: _l("A comma parts thousands here, and a point the cents: 1,000.50. Please write it like that."),
}
THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
DIGITS = re.compile(r"[0-9]{1,12}|[0-9]{1,3}(,[0-9]{3}){1,3}")


def cents_of(typed: str) -> int:
    """Cents of an amount as pages print it, too: "1,000.50". Raises NotAnAmount, for a reason of `WRONG_AMOUNT`."""
    plain = typed.strip()
    if THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    if "," in plain and plain.replace(",", "").replace(".", "").isdecimal():
        raise NotAnAmount(COMMA)
    return parse_cents(plain)


class AmountField(StringField):
    """An amount as people type it, and as pages print it; `data` is cents.

    What can't be read is shown again as it was typed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        if not valuelist:
            return
        try:
            self.data = cents_of(str(valuelist[0]))
        except NotAnAmount as wrong:
            self.data = None
            raise ValueError(WRONG_AMOUNT[wrong.reason]) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else as_text(self.data)


class WholeNumberField(StringField):
    """A whole number in ASCII digits (1500, 1,500), from `least` to `most`; `data` is None where there is none.

    What can't be read is shown again as it was typed.
    """

    def __init__(self, *args: Any, least: int = 0, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        kwargs["render_kw"] = {"inputmode": "numeric", "autocomplete": "off", **kwargs.get("render_kw", {})}
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        if not valuelist:
            return
        typed = str(valuelist[0]).strip()
        self.data = int(typed.replace(",", "")) if DIGITS.fullmatch(typed) else None
        if typed and (self.data is None or not self.least <= self.data <= self.most):
            self.data = None
            bounds = {"least": number(self.least), "most": number(self.most)}
            raise ValueError(_("Please enter a whole number from %(least)s to %(most)s.", **bounds))

    def narrow(self, most: int) -> None:
        """Take at most this, since another field says so; to be called before the form is checked."""
        self.most, self.process_errors = most, ()
        try:
            self.process_formdata(self.raw_data or [])
        except ValueError as wrong:
            self.process_errors = (str(wrong),)

    def show(self, value: int | None) -> None:
        """Show this in the place of what was typed."""
        self.raw_data, self.data = None, value

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)


class Filled(InputRequired):
    """Something must be there, and not only spaces."""

    def __init__(self, message: Any = None) -> None:
        super().__init__(message)  # type: ignore[no-untyped-call]

    def __call__(self, form: Any, field: Any) -> None:
        super().__call__(form, field)  # type: ignore[no-untyped-call]
        if isinstance(field.data, str) and not field.data.strip():
            raise StopValidation(self.message or field.gettext("This field is required."))


def slug_shape() -> Regexp:
    return Regexp(r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", message=_l("Please use small letters, digits and hyphens only."))
