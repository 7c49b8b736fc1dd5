"""Everybody's achievements, as admins keep them."""

from flask.typing import ResponseReturnValue

from app.web import keeping_desk
from app.web.achievement_desk import ACHIEVEMENTS
from app.web.admin import bp
from app.web.admin.audit import history_of
from app.web.keeping_desk import Desk
from app.web.visitor import access

DESK = Desk("admin", ACHIEVEMENTS, history=history_of)


@bp.get("/achievements")
@access("admin")
def list_achievements() -> ResponseReturnValue:
    return keeping_desk.show_list(DESK)


@bp.get("/achievements/create")
@access("admin")
def new_achievement() -> ResponseReturnValue:
    return keeping_desk.show_new(DESK)


@bp.post("/achievements/create")
@access("admin")
def create_achievement() -> ResponseReturnValue:
    return keeping_desk.create(DESK)


@bp.get("/achievements/<int:achievement_id>/edit")
@access("admin")
def edit_achievement(achievement_id: int) -> ResponseReturnValue:
    return keeping_desk.show(DESK, achievement_id)


@bp.post("/achievements/<int:achievement_id>/edit")
@access("admin")
def change_achievement(achievement_id: int) -> ResponseReturnValue:
    return keeping_desk.change(DESK, achievement_id)


@bp.patch("/achievements/<int:achievement_id>")
@access("admin")
def switch_achievement(achievement_id: int) -> ResponseReturnValue:
    return keeping_desk.switch(DESK, achievement_id)


@bp.delete("/achievements/<int:achievement_id>")
@access("admin")
def delete_achievement(achievement_id: int) -> ResponseReturnValue:
    return keeping_desk.delete(DESK, achievement_id)
