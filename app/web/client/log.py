"""Logging: quick forms that answer in place. A request only records; what it earns follows from a worker."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.models import User
from app.activity import rules, timeline
from app.activity import service as activity
from app.activity.models import LOGS, Log
from app.errors import DomainError
from app.kit import clock
from app.kit.db import unit_of_work
from app.kit.htmx import page, see_other, toast, wants_part
from app.loyalty import foresight, settlement
from app.loyalty import service as loyalty
from app.loyalty.foresight import Outlook
from app.loyalty.rules import Moment, standing
from app.loyalty.service import Outcome
from app.web.arguments import page_number
from app.web.client import bp, logbook
from app.web.client.forms import CheckinForm, MealForm, WorkoutForm, likely_meal
from app.web.client.praise import loss, praise
from app.web.client.pulse import stamp, unchanged
from app.web.forms import Form, explain
from app.web.visitor import access, me

PAGE = "client/log.html"
BOOK = "client/_logbook.html"


@bp.get("/log")
@access("client")
def show_log() -> ResponseReturnValue:
    """The page, its check-in set to `day` where that fits; for a part the list, or 204 when it is the one `seen`."""
    book = _book()
    return unchanged(book["stamp"]) or page(PAGE, BOOK, **(book if wants_part() else _forms() | book))


@bp.post("/log/checkin")
@access("client")
def log_checkin() -> ResponseReturnValue:
    form = CheckinForm(date=_here().date())

    def keep(user: User, now: datetime) -> Log:
        return activity.log_checkin(
            user,
            on=form.date.data,
            mood=int(form.mood.data) if form.mood.data else None,
            weight_grams=form.weight_grams,
            sleep_minutes=form.sleep_minutes,
            notes=form.notes.data or "",
            now=now,
        )

    return _log("checkin", form, keep)


@bp.post("/log/workout")
@access("client")
def log_workout() -> ResponseReturnValue:
    form = WorkoutForm(performed_at=_here())

    def keep(user: User, now: datetime) -> Log:
        return activity.log_workout(
            user,
            performed_at=rules.from_wall_clock(form.performed_at.data, user.timezone),
            title=form.title.data or "",
            duration_minutes=form.duration_minutes,
            notes=form.notes.data or "",
            now=now,
        )

    return _log("workout", form, keep)


@bp.post("/log/meal")
@access("client")
def log_meal() -> ResponseReturnValue:
    form = MealForm(eaten_at=_here())

    def keep(user: User, now: datetime) -> Log:
        return activity.log_meal(
            user,
            eaten_at=rules.from_wall_clock(form.eaten_at.data, user.timezone),
            meal=rules.Meal(form.meal.data),
            notes=form.notes.data or "",
            now=now,
        )

    return _log("meal", form, keep)


@bp.delete("/log/<any(checkin, workout, meal):kind>/<int:log_id>")
@access("client")
def delete_log(kind: str, log_id: int) -> ResponseReturnValue:
    with unit_of_work():
        source = activity.remove(me(), kind, log_id, now=clock.now()).source
    logbook.watch(clock.now())
    has_points = loyalty.holds_points_for(me().id, source)
    toast(_("Deleted. Its points are taken back; your XP stays.") if has_points else _("Deleted."))
    number = page_number()
    return answer_book(page=number if number > 1 else None, _anchor="your-log")


def answer_book(focus: str = "", **place: Any) -> Response:
    """The list, which puts the focus there, or the way to its page, and to the `place` on it."""
    if wants_part():
        return page(PAGE, BOOK, **_book(), focus=focus)
    return see_other(url_for("client.show_log", **place))


def _log(kind: str, form: Form, keep: Callable[[User, datetime], Log]) -> ResponseReturnValue:
    """Keep what the form says, and answer with the form: empty again, or with what is wrong with it."""
    if not form.validate():
        return _answer(kind, form, 422)
    try:
        with unit_of_work():
            said = praise(keep(me(), clock.now()))
    except DomainError as refusal:
        explain(form, refusal)
        return _answer(kind, form, refusal.status)
    logbook.watch(clock.now())
    toast(said)
    if not wants_part():
        return see_other(url_for("client.show_log"))
    response = make_response(_answer(kind, None, 200))
    response.headers["HX-Trigger-After-Settle"] = "logged"
    return response


def _answer(kind: str, form: Form | None, status: int) -> Response:
    chosen = {f"{kind}_form": form} if form else {"logged": kind}
    book = {"has_checked_in": _has_checked_in()} if wants_part() else _book()
    return page(PAGE, f"client/_{kind}_form.html", status, **_forms() | chosen | book)


def _forms() -> dict[str, Any]:
    """Empty forms, set to now by the client's clock."""
    here = _here()
    return {
        "checkin_form": CheckinForm(formdata=None, date=_asked_day(here.date())),
        "workout_form": WorkoutForm(formdata=None, performed_at=here),
        "meal_form": MealForm(formdata=None, eaten_at=here, meal=likely_meal(here)),
        "today": here.date(),
        "max_days_back": rules.MAX_DAYS_BACK,
        "zone": me().timezone,
        "prospects": _prospects(),
    }


def _asked_day(today: date) -> date:
    """The day in the address, where it can still be logged; else today."""
    with suppress(ValueError):
        asked = date.fromisoformat(request.args.get("day", ""))
        return asked if today - timedelta(days=rules.MAX_DAYS_BACK) <= asked <= today else today
    return today


def prospects(outlook: Outlook) -> dict[str, Outcome]:
    """What another log of each kind would earn now."""
    return {kind: outlook.of_next(model.event_key) for kind, model in LOGS.items()}


def _prospects() -> dict[str, Outcome]:
    user, now = me(), clock.now()
    today = rules.date_in(user.timezone, now)
    return prospects(foresight.outlook(user.id, Moment(now, today), settlement.terms(), since=today))


def _has_checked_in() -> bool:
    return timeline.streak(me().id, today=_here().date()).has_today


def _here() -> datetime:
    """Now, to the minute, by the clock on the client's wall."""
    return clock.now().astimezone(ZoneInfo(me().timezone)).replace(tzinfo=None, second=0, microsecond=0)


def _book() -> dict[str, Any]:
    user = me()
    book = logbook.read(user.id, number=page_number(), now=clock.now())
    summary, levels = loyalty.summary_of(user.id), loyalty.levels()
    today = _here().date()
    rhythm = timeline.rhythm(user, since=today - timedelta(days=rules.MAX_DAYS_BACK), today=today)
    streak, moved_after = rhythm.streak, rhythm.moved_after
    shown = stamp(summary.figures, levels, book, streak, moved_after)
    return {
        "book": book,
        "summary": summary,
        "standing": standing(summary.total_xp, levels),
        "stamp": shown,
        "has_checked_in": streak.has_today,
        "loss_of": lambda entry: loss(entry, streak, today, moved_after),
    }
