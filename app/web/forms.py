"""What forms of every door share."""

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms.fields.choices import SelectChoice

from app.errors import DomainError


class Form(FlaskForm):
    """A form that type checkers can read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def validate(self, extra_validators: Any = None) -> bool:
        return bool(super().validate(extra_validators))  # type: ignore[no-untyped-call]


def choices(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """Pairs of value and label, as select fields take them."""
    return [SelectChoice(value, label) for value, label in pairs]


def strip(text: str | None) -> str | None:
    """A WTForms filter: without the spaces around it."""
    return text.strip() if text else text


def explain(form: Form, refusal: DomainError) -> None:
    """Show a refusal beside the fields that it belongs to, or above the form."""
    told = False
    for name, sentences in refusal.fields.items():
        if name in form:
            form[name].errors = [*form[name].errors, *sentences]
            told = True
    if not told:
        form.form_errors.append(str(refusal.message))
