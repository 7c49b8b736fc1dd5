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
from app.loyalty import achievements, rewards, rules, streaks
from app.loyalty import service as loyalty
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
    shown = {"book": logbook.latest(user.id, LINES, now=now)} | _progress(user) | _days(user.id, here.date())
    shown |= {
        "notices": news.in_order(notices.unseen(user.id)),
        "sad": news.SAD,
        "medals": achievements.latest(user.id),
        "programs": programs.followed_by(user.id, status=ACTIVE),
        "reward": rewards.goal(user.coach_id, shown["summary"].available_points),
        "balances": wallets.balances(user.id),
        "exhausted": shown["book"].exhausted_on(here.date()),
    }
    bonus = _next_bonus(shown["streak"].days, shown["amounts"])
    return shown | {"user": user, "here": here, "bonus": bonus, "why_no_bonus": why_not, "stamp": _stamp(shown)}


def _progress(user: User) -> dict[str, Any]:
    summary, (levels, amounts) = loyalty.summary_of(user.id), loyalty.levels_and_amounts()
    standing = rules.standing(summary.total_xp, levels)
    return {"summary": summary, "levels": levels, "amounts": amounts, "standing": standing}


def _days(user_id: int, today: date) -> dict[str, Any]:
    """The streak, today, this week and the calendar of the last weeks."""
    monday = today - timedelta(days=today.weekday())
    first_day = monday - timedelta(days=7 * (WEEKS - 1))
    seen_back = today - timedelta(days=MAX_DAYS_BACK + 1)
    rhythm = timeline.rhythm(user_id, since=min(monday, seen_back), today=today)
    checked = {on for kind, on in rhythm.tally if kind == "checkin"}
    return {
        "today": today,
        "streak": rhythm.streak,
        "missing": missing_days(checked, today=today),
        "chores": {kind: rhythm.tally.get((kind, today), 0) for kind in timeline.KINDS},
        "week": {
            kind: sum(count for (each, on), count in rhythm.tally.items() if each == kind and on >= monday)
            for kind in timeline.KINDS
        },
        "weekdays": [(format_date(day, "EEEE"), format_date(day, "EEEEE")) for day in _in_a_row(first_day, 7)],
        "calendar": _calendar(loyalty.xp_by_day(user_id, since=first_day), first_day),
    }


def _next_bonus(days: int, amounts: dict[str, int]) -> tuple[int, int] | None:
    """The next length of a streak that gives XP, and how many."""
    ahead = ((least, amounts.get(key, 0)) for key, least in streaks.THRESHOLDS.items() if least > days)
    return next(((least, xp) for least, xp in ahead if xp), None)


def _stamp(shown: dict[str, Any]) -> str:
    """Whatever may change on the page is in it."""
    reward = shown["reward"]
    return stamp(
        shown["summary"].figures,
        [
            shown[name]
            for name in ("levels", "book", "today", "streak", "missing", "week", "chores", "calendar", "amounts")
        ],
        [each.id for each in shown["notices"]],
        [each.figures for each in shown["medals"]],
        [(each.id, each.program.version) for each in shown["programs"]],
        reward and (reward.id, reward.version),
        shown["balances"],
    )


def _calendar(xp_by_day: dict[date, int], first_day: date) -> list[list[tuple[date, int, int]]]:
    """Weeks of (day, XP, shade), the shade growing with the XP from 0 to 4."""
    most = max([*xp_by_day.values(), 1])
    xp_of_days = [(day, xp_by_day.get(day, 0)) for day in _in_a_row(first_day, 7 * WEEKS)]
    cells = [(day, xp, -(-xp * SHADES // most)) for day, xp in xp_of_days]
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _in_a_row(first: date, count: int) -> list[date]:
    return [first + timedelta(days=offset) for offset in range(count)]
