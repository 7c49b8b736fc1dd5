"""What forms of every door share."""

from typing import Any

from flask_wtf import FlaskForm

from app.errors import DomainError


class Form(FlaskForm):
    """A form that type checkers can read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def validate(self, extra_validators: Any = None) -> bool:
        return bool(super().validate(extra_validators))  # type: ignore[no-untyped-call]


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
