"""The coach's own rewards, and everybody's to look at."""

from flask.typing import ResponseReturnValue

from app.web import keeping_desk
from app.web.coach import bp
from app.web.keeping_desk import Desk
from app.web.reward_desk import REWARDS
from app.web.visitor import access

DESK = Desk("coach", REWARDS)


@bp.get("/rewards")
@access("coach")
def list_rewards() -> ResponseReturnValue:
    return keeping_desk.show_list(DESK)


@bp.get("/rewards/create")
@access("coach")
def new_reward() -> ResponseReturnValue:
    return keeping_desk.show_new(DESK)


@bp.post("/rewards/create")
@access("coach")
def create_reward() -> ResponseReturnValue:
    return keeping_desk.create(DESK)


@bp.get("/rewards/<int:reward_id>/edit")
@access("coach")
def edit_reward(reward_id: int) -> ResponseReturnValue:
    return keeping_desk.show(DESK, reward_id)


@bp.post("/rewards/<int:reward_id>/edit")
@access("coach")
def change_reward(reward_id: int) -> ResponseReturnValue:
    return keeping_desk.change(DESK, reward_id)


@bp.patch("/rewards/<int:reward_id>")
@access("coach")
def switch_reward(reward_id: int) -> ResponseReturnValue:
    return keeping_desk.switch(DESK, reward_id)


@bp.delete("/rewards/<int:reward_id>")
@access("coach")
def delete_reward(reward_id: int) -> ResponseReturnValue:
    return keeping_desk.delete(DESK, reward_id)
