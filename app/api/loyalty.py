"""How far a client has come: for their own programs, their coach's, and those that may read everybody."""

from flask_babel import gettext as _

from app.accounts.models import User
from app.activity import timeline
from app.activity.rules import date_in
from app.api import bp
from app.api.activity import TAG
from app.api.endpoint import Answer, Promise, endpoint
from app.api.loyalty_schemas import EarnedOut, LevelOut, LoyaltyOut, NextLevelOut, RedeemedOut
from app.api.readers import client_named
from app.api.tokens import requires
from app.kit import clock
from app.loyalty import achievements, redemptions
from app.loyalty import service as loyalty
from app.loyalty.rules import standing

MOST_REDEMPTIONS = 100


@bp.get("/v1/clients/<username>/loyalty")
@requires("client", "coach", scope="read")
@endpoint(Promise(TAG, LoyaltyOut))
def show_loyalty(username: str) -> Answer:
    """Show how far a client has come.

    For a key with the scope `read`, for the client, and for their coach; to anybody else they don't exist.
    """
    return Answer(_shown(client_named(username)), _("How far they have come."))


def _shown(user: User) -> LoyaltyOut:
    summary = loyalty.summary_of(user.id)
    now_at = standing(summary.total_xp, loyalty.levels())
    level, following = now_at.level, now_at.next_level
    return LoyaltyOut(
        total_xp=summary.total_xp,
        available_points=summary.available_points,
        level=LevelOut(number=level.level_number, name=level.name) if level else None,
        next_level=NextLevelOut(number=following.level_number, name=following.name, xp_required=following.xp_required)
        if following
        else None,
        xp_to_next=now_at.missing if following else None,
        streak_days=timeline.streak(user.id, today=date_in(user.timezone, clock.now())).days,
        achievements=[
            EarnedOut(name=medal.achievement.name, earned_at=medal.earned_at)
            for medal in achievements.latest(user.id, most=None)
            if medal.earned_at is not None
        ],
        redemptions=[
            RedeemedOut.model_validate(
                {"reward": each.reward.name, "status": each.status, "points_spent": each.points_spent}
            )
            for each in redemptions.latest(user.id, most=MOST_REDEMPTIONS)
        ],
    )
