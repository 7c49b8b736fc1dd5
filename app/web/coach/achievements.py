"""The coach's own achievements, and everybody's to look at."""

from flask.typing import ResponseReturnValue

from app.web import keeping_desk
from app.web.achievement_desk import ACHIEVEMENTS
from app.web.coach import bp
from app.web.keeping_desk import Desk
from app.web.visitor import access

DESK = Desk("coach", ACHIEVEMENTS)


@bp.get("/achievements")
@access("coach")
def list_achievements() -> ResponseReturnValue:
    return keeping_desk.show_list(DESK)


@bp.get("/achievements/create")
@access("coach")
def new_achievement() -> ResponseReturnValue:
    return keeping_desk.show_new(DESK)


@bp.post("/achievements/create")
@access("coach")
def create_achievement() -> ResponseReturnValue:
    return keeping_desk.create(DESK)


@bp.get("/achievements/<int:achievement_id>/edit")
@access("coach")
def edit_achievement(achievement_id: int) -> ResponseReturnValue:
    return keeping_desk.show(DESK, achievement_id)


@bp.post("/achievements/<int:achievement_id>/edit")
@access("coach")
def change_achievement(achievement_id: int) -> ResponseReturnValue:
    return keeping_desk.change(DESK, achievement_id)


@bp.patch("/achievements/<int:achievement_id>")
@access("coach")
def switch_achievement(achievement_id: int) -> ResponseReturnValue:
    return keeping_desk.switch(DESK, achievement_id)


@bp.delete("/achievements/<int:achievement_id>")
@access("coach")
def delete_achievement(achievement_id: int) -> ResponseReturnValue:
    return keeping_desk.delete(DESK, achievement_id)
