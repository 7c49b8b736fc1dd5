"""Levels: the ladder that clients climb."""

from hashlib import sha256
from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.loyalty import ladder
from app.loyalty.errors import Stale
from app.loyalty.ladder import LevelDetails, Moves
from app.loyalty.models import Level
from app.web.admin import bp
from app.web.admin.audit import history_of
from app.web.arguments import anchored, seen_version
from app.web.fields import Filled, WholeNumberField
from app.web.filters import number
from app.web.forms import explain, one_line, tell_stale
from app.web.pictures import PictureForm, no_picture_field, picture_field
from app.web.signs import sign_field
from app.web.visitor import access, actor

LEVELS = ("admin/levels.html", "admin/_levels.html")
NEEDED = _l("Please fill this in.")


class LevelForm(PictureForm):
    level_number = WholeNumberField(_l("Number"), [Filled(NEEDED)], least=1, most=ladder.MOST_LEVELS)
    xp_required = WholeNumberField(
        _l("XP needed"),
        [Filled(NEEDED)],
        least=0,
        most=ladder.MOST_XP,
        description=_l("Counted over a lifetime: spending points or deleting a log never takes XP away."),
    )
    name = StringField(_l("Name"), [Filled(NEEDED), Length(max=60)], filters=[one_line])
    icon = sign_field("medal")
    picture, no_picture, image = picture_field(), no_picture_field(), HiddenField()
    version = HiddenField()

    def details(self) -> LevelDetails:
        return LevelDetails(
            name=self.name.data,
            level_number=self.level_number.data,
            xp_required=self.xp_required.data,
            icon=self.icon.data,
            image=self.chosen_picture(),
        )


@bp.get("/levels")
@access("admin")
def list_levels() -> ResponseReturnValue:
    """With `seen`, a page that looks again by itself: 204 while nobody has moved."""
    shown = _ladder()
    if wants_part() and request.args.get("seen") == shown["stamp"]:
        return Response(status=204)
    return page(*LEVELS, **shown)


@bp.get("/levels/create")
@access("admin")
def new_level() -> ResponseReturnValue:
    level_number, xp_required = ladder.next_rung(ladder.listed())
    return _form_page(LevelForm(formdata=None, level_number=level_number, xp_required=xp_required))


@bp.post("/levels/create")
@access("admin")
def create_level() -> ResponseReturnValue:
    form = LevelForm()
    if not form.validate():
        return _form_page(form, status=form.status)
    try:
        with unit_of_work():
            level = ladder.create(form.details(), actor=actor(), now=clock.now())
            moves = ladder.moves()
    except DomainError as refusal:
        explain(form, refusal)
        return _form_page(form, status=refusal.status)
    toast(_told(_("%(level)s was created.", level=level.name), moves))
    return see_other(url_for("admin.list_levels"))


@bp.get("/levels/<int:level_id>/edit")
@access("admin")
def edit_level(level_id: int) -> ResponseReturnValue:
    level = ladder.one(level_id)
    return _form_page(LevelForm(formdata=None, obj=level), level)


@bp.post("/levels/<int:level_id>/edit")
@access("admin")
def change_level(level_id: int) -> ResponseReturnValue:
    form = LevelForm(image=ladder.one(level_id).image)
    if not form.validate():
        return _form_page(form, ladder.one(level_id), status=form.status)
    try:
        with unit_of_work():
            version = seen_version(form.version.data)
            level = ladder.change(level_id, form.details(), version=version, actor=actor(), now=clock.now())
            moves = ladder.moves()
    except Stale as stale:
        tell_stale(form, stale)
        return _form_page(form, ladder.one(level_id), status=stale.status)
    except DomainError as refusal:
        explain(form, refusal)
        return _form_page(form, ladder.one(level_id), status=refusal.status)
    toast(_told(_("%(level)s was saved.", level=level.name), moves))
    return see_other(url_for("admin.list_levels"))


@bp.delete("/levels/<int:level_id>")
@access("admin")
def delete_level(level_id: int) -> ResponseReturnValue:
    with unit_of_work():
        down = ladder.population().get(level_id, 0)
        level = ladder.delete(level_id, actor=actor(), now=clock.now())
    toast(_told(_("%(level)s was deleted.", level=level.name), Moves(up=0, down=down)), "info")
    return see_other(anchored(url_for("admin.list_levels")))


def _told(done: str, moves: Moves) -> str:
    """What was done, and whom it moves."""
    sentences = [done]
    if moves.up:
        sentences.append(
            ngettext("%(count)s client rises.", "%(count)s clients rise.", moves.up, count=number(moves.up))
        )
    if moves.down:
        told = ngettext(
            "%(count)s client moves down, and keeps all XP.",
            "%(count)s clients move down, and keep all XP.",
            moves.down,
            count=number(moves.down),
        )
        sentences.append(told)
    return " ".join(sentences)


def _ladder() -> dict[str, Any]:
    """The levels, who stands on each, and whether people are still being put on theirs."""
    levels, population, left = ladder.listed(), ladder.population(), ladder.releveling()
    figures = [(each.id, each.version) for each in levels], sorted(population.items(), key=str), left
    return {
        "levels": levels,
        "population": population,
        "people": sum(population.values()),
        "left": left,
        "stamp": sha256(repr(figures).encode()).hexdigest()[:16],
    }


def _form_page(form: LevelForm, level: Level | None = None, *, status: int = 200) -> Response:
    shown = _ladder() | {"history": history_of("level", level.id) if level else []}
    return Response(render_template("admin/level.html", form=form, level=level, **shown), status)
