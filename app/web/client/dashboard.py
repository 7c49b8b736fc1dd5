"""The client's dashboard: how far, what lately, what next."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import gettext as _

from app.accounts.models import User
from app.activity import programs, timeline
from app.activity import service as activity
from app.activity.errors import AlreadyCheckedIn
from app.activity.program_models import ACTIVE
from app.activity.rules import MAX_DAYS_BACK, missing_days
from app.bonuses.words import why_not
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.loyalty import achievements, foresight, rewards, rules
from app.loyalty import service as loyalty
from app.loyalty.rules import Moment
from app.messages import notices
from app.wallet import service as wallets
from app.web.arguments import whole_number
from app.web.client import bp, log, logbook, news
from app.web.client.forms import MOODS
from app.web.client.praise import praise
from app.web.client.pulse import stamp, unchanged
from app.web.visitor import access, me

DASHBOARD = ("client/dashboard.html", "client/_dashboard.html")
WEEKS = 4
LINES = 6
SHADES = 4


@bp.get("")
@access("client")
def dashboard() -> ResponseReturnValue:
    """The page; for a part that asks whether anything changed since what it has `seen`, 204 when nothing did."""
    shown = _look()
    return unchanged(shown["stamp"]) or page(*DASHBOARD, **shown)


@bp.post("/check-in")
@access("client")
def check_in() -> ResponseReturnValue:
    """Today's check-in with one press, which may say the mood."""
    user, now, mood = me(), clock.now(), request.form.get("mood", "")
    felt = int(mood) if mood in dict(MOODS) else None
    today = now.astimezone(ZoneInfo(user.timezone)).date()
    try:
        with unit_of_work():
            said = praise(activity.log_checkin(user, on=today, mood=felt, now=now))
    except AlreadyCheckedIn:
        toast(_("You have checked in today already."), "info")
    except DomainError as refusal:
        toast(str(refusal.message), "info")
    else:
        logbook.watch(now)
        toast(said)
    return _answer("streak")


@bp.post("/level-up/seen")
@access("client")
def mark_level_seen() -> ResponseReturnValue:
    """The client has been congratulated; once is enough. The answer is the page where that was (`home`)."""
    with unit_of_work():
        loyalty.mark_celebrated(me().id, whole_number(request.form.get("level")) or 0)
    return log.answer_book("hero") if request.form.get("home") == "logbook" else _answer("hero")


@bp.post("/notices/seen")
@access("client")
def mark_notices_seen() -> ResponseReturnValue:
    """Put away what the client has read: the notices that were shown, each by its `id`."""
    shown = [number for each in request.form.getlist("id") if (number := whole_number(each))]
    with unit_of_work():
        notices.mark_seen(me().id, shown[: notices.MOST_SHOWN], now=clock.now())
    return _answer("hero")


def _answer(focus: str) -> Response:
    """The part, which puts the focus there: what was pressed is gone from it."""
    return page(*DASHBOARD, **_look(), focus=focus) if wants_part() else see_other(url_for("client.dashboard"))


def _look() -> dict[str, Any]:
    """All that the page shows. What was logged is read before the totals, so that these hold what it has earned."""
    user, now = me(), clock.now()
    here = now.astimezone(ZoneInfo(user.timezone))
    shown = {"book": logbook.latest(user.id, LINES, now=now)} | _progress(user) | _days(user, here.date())
    shown |= _ahead(user.id, Moment(now, here.date()), shown)
    followed = programs.followed_by(user.id)
    shown |= {
        "notices": news.in_order(notices.unseen(user.id)),
        "sad": news.SAD,
        "medals": achievements.latest(user.id),
        "programs": [each for each in followed if each.status == ACTIVE],
        "done": programs.done_by(followed),
        "reward": rewards.goal(user.coach_id, shown["summary"].available_points),
        "balances": wallets.balances(user.id),
    }
    return shown | {"user": user, "here": here, "why_no_bonus": why_not, "stamp": _stamp(shown)}


def _progress(user: User) -> dict[str, Any]:
    summary, (levels, terms) = loyalty.summary_of(user.id), loyalty.levels_and_terms()
    standing = rules.standing(summary.total_xp, levels)
    return {"summary": summary, "levels": levels, "terms": terms, "standing": standing}


def _days(user: User, today: date) -> dict[str, Any]:
    """The streak, today and this week."""
    monday = _monday(today)
    seen_back = today - timedelta(days=MAX_DAYS_BACK + 1)
    rhythm = timeline.rhythm(user, since=min(monday, seen_back), today=today)
    checked = {on for kind, on in rhythm.tally if kind == "checkin"}
    return {
        "today": today,
        "streak": rhythm.streak,
        "missing": missing_days(checked, today=today, moved_after=rhythm.moved_after),
        "chores": {kind: rhythm.tally.get((kind, today), 0) for kind in timeline.KINDS},
        "week": {
            kind: sum(count for (each, on), count in rhythm.tally.items() if each == kind and on >= monday)
            for kind in timeline.KINDS
        },
        "weekdays": [(format_date(day, "EEEE"), format_date(day, "EEEEE")) for day in _in_a_row(monday, 7)],
    }


def _ahead(user_id: int, moment: Moment, shown: dict[str, Any]) -> dict[str, Any]:
    """What would be earned next, and the calendar of what was earned in the last weeks."""
    first_day = _monday(moment.on) - timedelta(days=7 * (WEEKS - 1))
    waits = shown["book"].has_undecided
    outlook = foresight.outlook(user_id, moment, shown["terms"], since=first_day, with_waiting=waits)
    return {
        "prospects": log.prospects(outlook) | {"program": outlook.of_next(programs.EVENT_KEY)},
        "bonus": outlook.next_bonus(shown["streak"].days, has_today=shown["streak"].has_today),
        "calendar": _calendar(outlook.xp_by_day, first_day),
    }


def _stamp(shown: dict[str, Any]) -> str:
    """Whatever may change on the page is in it."""
    reward = shown["reward"]
    return stamp(
        shown["summary"].figures,
        [
            shown[name]
            for name in (
                "levels",
                "book",
                "today",
                "streak",
                "missing",
                "week",
                "chores",
                "calendar",
                "prospects",
                "bonus",
            )
        ],
        [each.id for each in shown["notices"]],
        [each.figures for each in shown["medals"]],
        [(each.id, each.program.version, each.program_id in shown["done"]) for each in shown["programs"]],
        reward and (reward.id, reward.version),
        shown["balances"],
    )


def _calendar(xp_by_day: dict[date, int], first_day: date) -> list[list[tuple[date, int, int]]]:
    """Weeks of (day, XP, shade), the shade growing with the XP from 0 to 4."""
    most = max([*xp_by_day.values(), 1])
    xp_of_days = [(day, xp_by_day.get(day, 0)) for day in _in_a_row(first_day, 7 * WEEKS)]
    cells = [(day, xp, -(-xp * SHADES // most)) for day, xp in xp_of_days]
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _in_a_row(first: date, count: int) -> list[date]:
    return [first + timedelta(days=offset) for offset in range(count)]
