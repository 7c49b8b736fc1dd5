"""The reward shop: what points buy, and buying it in place.

Each button carries a key of its own, so that pressing it twice is one redemption, and the cost that was seen.
"""

import secrets
from typing import Any

from flask import request, session, url_for
from flask.typing import ResponseReturnValue

from app.errors import DomainError, NotFound
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, wants_part
from app.kit.lists import paginate
from app.loyalty import redeeming, rewards, rules
from app.loyalty import service as loyalty
from app.loyalty.errors import ButtonUnknown, RejectedSince
from app.loyalty.reward_models import REJECTED
from app.web.arguments import page_number, whole_number
from app.web.client import bp
from app.web.client.pulse import stamp, unchanged
from app.web.visitor import access, me

SHOP = ("client/rewards.html", "client/_rewards.html")
A_PAGE = 24
REDEEMED = "redeemed"


@bp.get("/rewards")
@access("client")
def show_rewards() -> ResponseReturnValue:
    """The page; for a part the shelf, or 204 when it is the one that was `seen`."""
    shown = _shelf()
    told = None if wants_part() else session.pop(REDEEMED, None)
    return unchanged(shown["stamp"]) or page(*SHOP, **shown, redeemed=told)


@bp.post("/rewards/<int:reward_id>/redeem")
@access("client")
def redeem_reward(reward_id: int) -> ResponseReturnValue:
    """Redeem one piece. Whatever comes of it, the answer shows points, stock and buttons as they are now."""
    key, cost = request.form.get("idempotency_key", ""), request.form.get("cost")
    try:
        if cost is not None and whole_number(cost) is None:
            raise ButtonUnknown
        with unit_of_work():
            redeemed = redeeming.redeem(me(), reward_id, key=key, seen_cost=whole_number(cost), now=clock.now())
        if redeemed.status == REJECTED:
            raise RejectedSince
    except NotFound:
        raise
    except DomainError as refusal:
        return page(*SHOP, refusal.status, **_shelf(), refused=reward_id, refusal=refusal)
    if not wants_part():
        session[REDEEMED] = reward_id  # told at its card, where the fragment leads
        return see_other(url_for("client.show_rewards", page=_asked_page(), _anchor=f"reward-{reward_id}"))
    return page(*SHOP, **_shelf(), redeemed=reward_id)


@bp.get("/rewards/<int:reward_id>/redeem")
@access("client")
def leave_redeeming(reward_id: int) -> ResponseReturnValue:  # noqa: ARG001
    """The address that stays in the bar after a refusal redeems nothing: reloaded, it leads to the shop."""
    return see_other(url_for("client.show_rewards", page=_asked_page()))


def _shelf() -> dict[str, Any]:
    user = me()
    summary, levels = loyalty.summary_of(user.id), loyalty.levels()
    offered = paginate(rewards.offered(user.coach_id), number=page_number(), size=A_PAGE)
    pieces = [(each.id, each.version, each.stock) for each in offered.items]
    return {
        "summary": summary,
        "has_coach": user.coach_id is not None,
        "standing": rules.standing(summary.total_xp, levels),
        "rewards": offered,
        "new_key": lambda: secrets.token_urlsafe(16),
        "stamp": stamp(summary.figures, levels, pieces, offered.total, offered.number),
    }


def _asked_page() -> int | None:
    number = page_number()
    return number if number > 1 else None
