"""Everybody's rewards, as admins keep them."""

from flask.typing import ResponseReturnValue

from app.web import keeping_desk
from app.web.admin import bp
from app.web.admin.audit import history_of
from app.web.keeping_desk import Desk
from app.web.reward_desk import REWARDS
from app.web.visitor import access

DESK = Desk("admin", REWARDS, history=history_of)


@bp.get("/rewards")
@access("admin")
def list_rewards() -> ResponseReturnValue:
    return keeping_desk.show_list(DESK)


@bp.get("/rewards/create")
@access("admin")
def new_reward() -> ResponseReturnValue:
    return keeping_desk.show_new(DESK)


@bp.post("/rewards/create")
@access("admin")
def create_reward() -> ResponseReturnValue:
    return keeping_desk.create(DESK)


@bp.get("/rewards/<int:reward_id>/edit")
@access("admin")
def edit_reward(reward_id: int) -> ResponseReturnValue:
    return keeping_desk.show(DESK, reward_id)


@bp.post("/rewards/<int:reward_id>/edit")
@access("admin")
def change_reward(reward_id: int) -> ResponseReturnValue:
    return keeping_desk.change(DESK, reward_id)


@bp.patch("/rewards/<int:reward_id>")
@access("admin")
def switch_reward(reward_id: int) -> ResponseReturnValue:
    return keeping_desk.switch(DESK, reward_id)


@bp.delete("/rewards/<int:reward_id>")
@access("admin")
def delete_reward(reward_id: int) -> ResponseReturnValue:
    return keeping_desk.delete(DESK, reward_id)
