"""The forms of this door. Times are typed as the clock on the client's wall shows them."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from wtforms import DateField, DateTimeLocalField, Field, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, StopValidation, ValidationError

from app.activity import rules
from app.web.forms import Form, choices, strip

FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
MOODS = (
    ("5", _l("Great")),
    ("4", _l("Good")),
    ("3", _l("Okay")),
    ("2", _l("Low")),
    ("1", _l("Bad")),
)
MEALS = (
    (rules.Meal.BREAKFAST, _l("Breakfast")),
    (rules.Meal.LUNCH, _l("Lunch")),
    (rules.Meal.DINNER, _l("Dinner")),
    (rules.Meal.SNACK, _l("Snack")),
)


class Amount:
    """A WTForms validator: a plain number with at most one decimal, between two bounds."""

    def __init__(self, least: int, most: int, *, decimals: bool) -> None:
        self.least, self.most, self.decimals = least, most, decimals

    def __call__(self, _form: Form, field: Field) -> None:
        if read_amount(field.data) is None or not self._is_fine(field.data):
            raise ValidationError(
                _l("Please enter a number from %(least)s to %(most)s.", least=self.least, most=self.most)
            )

    def _is_fine(self, typed: str) -> bool:
        amount = read_amount(typed)
        return (
            amount is not None
            and self.least <= amount <= self.most
            and (self.decimals or amount == int(amount))
            and -int(amount.as_tuple().exponent) <= 1
        )


class Moment:
    """A WTForms validator: what isn't sent at all keeps its default, which is now; what is sent must be a time."""

    field_flags: ClassVar = {"required": True}

    def __call__(self, _form: Form, field: Field) -> None:
        if field.data is None and not any(field.raw_data or ()):
            field.errors = []  # type: ignore[assignment]  # a list, whatever its stubs say: WTForms appends to it
            raise StopValidation(_l("Please say when it was."))


def read_amount(typed: str | None) -> Decimal | None:
    """A plain number, with a point or a comma; None for anything else."""
    plain = (typed or "").replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", plain):
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def _amount_field(label: Any, least: int, most: int, *, decimals: bool = False, **options: Any) -> StringField:
    keyboard = {"inputmode": "decimal" if decimals else "numeric", "autocomplete": "off", "maxlength": 7}
    return StringField(
        label, [Optional(), Amount(least, most, decimals=decimals)], filters=[strip], render_kw=keyboard, **options
    )


def _notes_field(of: str) -> TextAreaField:
    too_long = Length(max=rules.NOTES_LENGTH, message=_l("Please take at most %(max)d characters."))
    return TextAreaField(_l("Notes"), [Optional(), too_long], filters=[strip], id=f"{of}-notes")


class WorkoutForm(Form):
    performed_at = DateTimeLocalField(_l("When"), [Moment()], format=FORMATS)
    title = StringField(
        _l("What"),
        [Optional(), Length(max=rules.TITLE_LENGTH, message=_l("Please take at most %(max)d characters."))],
        filters=[strip],
        id="workout-title",
    )
    duration = _amount_field(_l("Minutes"), 1, 1440)
    notes = _notes_field("workout")

    @property
    def duration_minutes(self) -> int | None:
        amount = read_amount(self.duration.data)
        return None if amount is None else int(amount)


class CheckinForm(Form):
    date = DateField(_l("Day"), [Moment()], id="checkin-date")
    mood = RadioField(_l("How do you feel?"), [Optional()], choices=choices(MOODS))
    weight = _amount_field(_l("Weight"), 1, 999, decimals=True)
    sleep = _amount_field(_l("Sleep"), 0, 24, decimals=True)
    notes = _notes_field("checkin")

    @property
    def weight_grams(self) -> int | None:
        amount = read_amount(self.weight.data)
        return None if amount is None else int(amount * 1000)

    @property
    def sleep_minutes(self) -> int | None:
        amount = read_amount(self.sleep.data)
        return None if amount is None else int(amount * 60)


class MealForm(Form):
    eaten_at = DateTimeLocalField(_l("When"), [Moment()], format=FORMATS)
    meal = SelectField(_l("Meal"), [InputRequired()], choices=choices(MEALS))
    notes = _notes_field("meal")


def likely_meal(clock: datetime) -> rules.Meal:
    """The meal that people have at this hour."""
    for until, meal in ((11, rules.Meal.BREAKFAST), (15, rules.Meal.LUNCH), (17, rules.Meal.SNACK)):
        if clock.hour < until:
            return meal
    return rules.Meal.DINNER
