"""Two who edit the same thing: the second keeps what they typed, and takes what only the first has changed."""

from dataclasses import dataclass

from flask_babel import gettext as _
from wtforms import Field

from app.web.admin.promotion_fields import as_words
from app.web.forms import Form

LEFT_ALONE = {"CSRFTokenField", "FileField"}
OF_THE_FORM = {"version", "no_picture", "code_kind"}
PICTURE = "image"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that both have changed, each in their way."""

    label: str
    theirs: str
    mine: str


def merge(mine: Form, base: Form, theirs: Form) -> list[Conflict]:
    """Put into `mine` what only they have changed since `base`, and tell what both did. What was typed stays."""
    conflicts = []
    for field in mine:
        if field.type in LEFT_ALONE or field.name in OF_THE_FORM:
            continue
        other, was = theirs[field.name], base[field.name]
        if _said(field) == _said(was):
            field.data, field.raw_data = other.data, None
        elif _said(other) not in {_said(was), _said(field)}:
            conflicts.append(Conflict(str(field.label.text), _shown(other), _shown(field)))
    return conflicts


def _said(field: Field) -> str:
    return str(field.data or "") if field.name == PICTURE else as_words(field)


def _shown(field: Field) -> str:
    if field.name == PICTURE:
        return _("a picture") if field.data else _("no picture")
    return as_words(field)
