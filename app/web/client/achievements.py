"""All that there is to be proud of: what is earned, and how far the rest is."""

from flask.typing import ResponseReturnValue

from app.kit import clock
from app.kit.htmx import page
from app.loyalty import achievements
from app.web.client import bp
from app.web.client.pulse import stamp, unchanged
from app.web.visitor import access, me

ACHIEVEMENTS = ("client/achievements.html", "client/_achievements.html")


@bp.get("/achievements")
@access("client")
def show_achievements() -> ResponseReturnValue:
    """The page; for a part the medals, or 204 when they are as they were `seen`."""
    medals = achievements.showcase(me(), clock.now())
    has_coach = me().coach_id is not None
    seen = stamp(has_coach, [(*medal.figures, medal.awarded_by) for medal in medals])
    return unchanged(seen) or page(
        *ACHIEVEMENTS, medals=achievements.by_status(medals), has_coach=has_coach, stamp=seen
    )
