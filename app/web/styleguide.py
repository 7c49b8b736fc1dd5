"""Every component on one page, for those who build with them; in development only."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import default_exceptions
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Email, InputRequired, Length, NumberRange, Optional

from app.config import ROOT
from app.kit import clock
from app.kit.htmx import Tone, page, see_other, toast, wants_part
from app.kit.lists import Page
from app.web.arguments import page_number, whole_number
from app.web.forms import Form
from app.web.visitor import access

bp = Blueprint("styleguide", __name__, url_prefix="/styleguide")

SENTENCES: dict[Tone, str] = {
    "success": "The promotion was saved.",
    "info": "A newer version of this page is there.",
    "warning": "Only three uses are left.",
    "error": "The code is taken. Choose another one.",
}
STATES = ("active", "scheduled", "exhausted", "inactive", "expired")
TYPES = ("deposit", "cashback", "freecredit", "referral")
TITLES = ("Autumn favourites", "Bring a friend", "Early birds", "Free shipping", "Weekend pass", "Welcome gift")
LEVEL_STEP = 400


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the sample table."""

    title: str
    code: str
    state: str
    uses: int
    saved_cents: int


ROWS = [
    Row(
        title=f"{title} {number}",
        code=f"{title.split()[0].upper()}{number}",
        state=STATES[(at * 2 + number) % len(STATES)],
        uses=at * 41 + number * 17,
        saved_cents=at * 91_350 + number * 1_275,
    )
    for number in range(1, 10)
    for at, title in enumerate(TITLES)
]


class SampleForm(Form):
    """One field of each sort."""

    title = StringField(
        "Title", [InputRequired("Give it a title."), Length(max=40)], description="Shoppers see it in the store."
    )
    email = EmailField(
        "E-mail", [InputRequired("Type an e-mail address."), Email("Type an address such as ada@example.org.")]
    )
    kind = SelectField("Kind", choices=[SelectChoice("percentage", "Percentage"), SelectChoice("fixed", "Fixed")])
    value = IntegerField(
        "Value", [InputRequired("Type a whole number."), NumberRange(1, 100, "Choose a value from 1 to 100.")]
    )
    ends_on = DateField("Ends on", [Optional()])
    audience = RadioField(
        "For whom",
        choices=[SelectChoice("all", "Everybody"), SelectChoice("account", "People with an account")],
        default="all",
    )
    notes = TextAreaField("Notes", [Optional(), Length(max=500)])
    is_active = BooleanField("Active", description="Can be switched off at any time.", default=True)
    is_public = BooleanField("Show it in the store's public list")


@bp.get("")
@access("public")
def show() -> str:
    """The page itself."""
    now = clock.now()
    return render_template(
        "styleguide/styleguide.html",
        form=SampleForm(formdata=None),
        rows=_rows(),
        xp=1240,
        step=LEVEL_STEP,
        soon=now + timedelta(minutes=42, seconds=17),
        later=now + timedelta(days=2, hours=5),
        states=STATES,
        types=TYPES,
        icons=_icons(),
    )


@bp.get("/rows")
@access("public")
def list_rows() -> ResponseReturnValue:
    """The sample table, searched and turned."""
    return page("styleguide/rows.html", "styleguide/_sample_rows.html", rows=_rows())


@bp.post("/form")
@access("public")
def send_form() -> ResponseReturnValue:
    """Checks the sample form; keeps nothing."""
    form = SampleForm()
    if form.validate():
        toast(f"“{form.title.data}” is fine. Nothing was saved.")
        return see_other(url_for(".show", _anchor="forms"))
    return page("styleguide/form.html", "styleguide/_sample_form.html", status=422, form=form)


@bp.post("/earn")
@access("public")
def earn() -> ResponseReturnValue:
    """Moves the sample's level bar."""
    xp = (whole_number(request.form.get("xp")) or 0) + 120
    toast("+120 XP")
    return page("styleguide/level.html", "styleguide/_sample_level.html", xp=xp, step=LEVEL_STEP)


@bp.post("/toast")
@access("public")
def say() -> ResponseReturnValue:
    """Says something in the tone that was asked for."""
    for tone, sentence in SENTENCES.items():
        if tone == request.form.get("tone"):
            toast(sentence, tone)
    return Response(status=204) if wants_part() else see_other(url_for(".show", _anchor="feedback"))


@bp.post("/confirm")
@access("public")
def confirm() -> ResponseReturnValue:
    """What follows on a confirmed question."""
    toast("Confirmed. Nothing was deleted.")
    return see_other(url_for(".show", _anchor="dialogs"))


@bp.get("/errors/<int:status>")
@access("public")
def fail(status: int) -> ResponseReturnValue:
    """An error page, to look at."""
    if status not in default_exceptions:
        abort(404)
    abort(status)


def _rows() -> Page[Row]:
    wanted = request.args.get("q", "").casefold()
    found = [row for row in ROWS if wanted in row.title.casefold() or wanted in row.code.casefold()]
    size = 6
    number = max(1, min(page_number(), -(-len(found) // size)))
    return Page(found[(number - 1) * size : number * size], len(found), number, size)


def _icons() -> list[str]:
    return (ROOT / "frontend" / "icons.txt").read_text().split()
