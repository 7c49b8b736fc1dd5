"""What forms of every door share."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms.fields.choices import SelectChoice

from app.errors import Conflict, DomainError, RateLimited
from app.kit.limits import TooOften
from app.kit.text import is_writable, on_one_line

WORDS = {
    "Invalid Choice: could not coerce.": _l("Please choose one of the list."),
    "Not a valid choice.": _l("Please choose one of the list."),
    "'%(value)s' is not a valid choice for this field.": _l("Please choose only from the list."),
    "'%(value)s' are not valid choices for this field.": _l("Please choose only from the list."),
    "Invalid choice(s): one or more data inputs could not be coerced.": _l("Please choose only from the list."),
    "Not a valid integer value.": _l("Please enter a whole number."),
    "Not a valid date value.": _l("Please enter a date such as 2026-03-01."),
    "Not a valid datetime value.": _l("Please enter a date and a time such as 2026-03-01 18:30."),
    "Not a valid time value.": _l("Please enter a time such as 18:30."),
    "This field is required.": _l("Please fill this in."),
    "Field must be at least %(min)d character long.": _l("Please use at least %(min)d characters."),
    "Field must be at least %(min)d characters long.": _l("Please use at least %(min)d characters."),
    "Field cannot be longer than %(max)d character.": _l("Please use at most %(max)d characters."),
    "Field cannot be longer than %(max)d characters.": _l("Please use at most %(max)d characters."),
}


class OurWords:
    """What WTForms says by itself, in our words and the reader's language."""

    def gettext(self, text: str) -> str:
        return str(WORDS.get(text, text)).replace("%%", "%")

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.gettext(one if number == 1 else many)


class Form(FlaskForm):
    """A form that type checkers can read, and people too."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, _form: Any) -> OurWords:
            return OurWords()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def validate(self, extra_validators: Any = None) -> bool:
        """Also whether the database can keep every text."""
        fits = bool(super().validate(extra_validators))  # type: ignore[no-untyped-call]
        for field in self:
            if field.process_errors and len(field.errors) > 1:  # a validator has said it better
                field.errors = field.errors[-1:]
        odd = [field for field in self if isinstance(field.data, str) and not is_writable(field.data)]
        for field in odd:
            field.errors = [*field.errors, _("There is a character in it that we can't keep.")]
        return fits and not odd


def choices(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """Pairs of value and label, as select fields take them."""
    return [SelectChoice(value, label) for value, label in pairs]


def strip(text: str | None) -> str | None:
    """A WTForms filter: without the spaces around it."""
    return text.strip() if text else text


def one_line(text: str | None) -> str | None:
    """A WTForms filter: words joined by single spaces, without what controls or formats text."""
    return on_one_line(text) if text else text


def as_lines(text: str | None) -> str | None:
    """A WTForms filter: browsers end lines with two characters, and we keep one."""
    return text.replace("\r\n", "\n") if text else text


def refused(form: Form, error: DomainError | TooOften, show: Callable[[int], Response]) -> Response:
    """The form again, as `show` shows it with a status: what was typed, why it was refused, and when to come back."""
    refusal = RateLimited(error.retry_after) if isinstance(error, TooOften) else error
    explain(form, refusal)
    answer = show(refusal.status)
    if refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def tell_stale(form: Form, refusal: Conflict) -> None:
    """Say who has changed what since this form was shown, by its own labels. Saved again, it is saved over theirs."""
    who, changed = refusal.facts["changed_by"], refusal.facts["changed"]
    labels = ", ".join(str(form[name].label.text) if name in form else name.replace("_", " ") for name in changed)
    told = _(
        "%(who)s changed this while you had it open (%(fields)s). What you typed is kept: save again to use it.",
        who=", ".join(who),
        fields=labels,
    )
    form.form_errors.append(told if who else str(refusal.message))
    form["version"].data = refusal.facts["version"]


def explain(form: Form, refusal: DomainError) -> None:
    """Show a refusal beside the fields that it belongs to, or above the form."""
    told = False
    for name, sentences in refusal.fields.items():
        if name in form:
            form[name].errors = [*form[name].errors, *sentences]
            told = True
    if not told:
        form.form_errors.append(str(refusal.message))
