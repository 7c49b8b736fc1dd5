"""The signs that levels and achievements can wear, and the field in which one is chosen."""

from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import InputRequired

from app.web.forms import choices

SIGNS = (
    ("award", _l("Rosette")),
    ("medal", _l("Medal")),
    ("trophy", _l("Trophy")),
    ("crown", _l("Crown")),
    ("star", _l("Star")),
    ("sparkles", _l("Sparkles")),
    ("badge-check", _l("Tick")),
    ("flag", _l("Flag")),
    ("target", _l("Target")),
    ("mountain", _l("Mountain")),
    ("flame", _l("Flame")),
    ("zap", _l("Lightning")),
    ("heart", _l("Heart")),
    ("smile", _l("Smile")),
    ("sun", _l("Sun")),
    ("moon", _l("Moon")),
    ("sprout", _l("Sprout")),
    ("leaf", _l("Leaf")),
    ("salad", _l("Salad")),
    ("utensils", _l("Cutlery")),
    ("dumbbell", _l("Dumbbell")),
    ("activity", _l("Pulse")),
    ("calendar-check", _l("Calendar")),
    ("trending-up", _l("Upwards")),
    ("book-open", _l("Book")),
    ("users", _l("Together")),
    ("gift", _l("Present")),
    ("party-popper", _l("Party")),
)


def sign_field(default: str) -> RadioField:
    """One of the signs. Shown by `signs` of `_sign.html`."""
    return RadioField(_l("Sign"), [InputRequired()], choices=choices(SIGNS), default=default)
