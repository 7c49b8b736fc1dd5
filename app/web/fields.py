"""Form fields of our own: amounts, and the parts of addresses."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Regexp, StopValidation

from app.kit.money import NotAnAmount, as_text, parse_cents

WRONG_AMOUNT = {
    "format": _l("Please enter an amount such as 12.50."),
    "decimals": _l("Please use at most two decimals."),
    "negative": _l("Please enter 0 or more."),
    "too_large": _l("Please enter at most 99,999,999.99."),
}


class AmountField(StringField):
    """An amount as people type it; `data` is cents. What can't be read is shown again as it was typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        if not valuelist:
            return
        try:
            self.data = parse_cents(valuelist[0])
        except NotAnAmount as wrong:
            self.data = None
            raise ValueError(WRONG_AMOUNT[wrong.reason]) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else as_text(self.data)


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
