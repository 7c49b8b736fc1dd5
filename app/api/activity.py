"""What devices and other programs log for clients. A request only records; what it earns follows from a worker."""

from collections.abc import Callable
from datetime import datetime

from flask_babel import gettext as _

from app.accounts import service as accounts
from app.accounts.models import User
from app.activity import external, rules
from app.activity import service as activity
from app.activity.errors import AlreadyLogged, DateBeforeMove, InTheFuture, TooLongAgo
from app.activity.models import DailyLog, Log, MealLog, WorkoutLog
from app.api import bp
from app.api.activity_schemas import Logged, NewCheckin, NewMeal, NewWorkout, Taken
from app.api.endpoint import Answer, Promise, endpoint
from app.api.tokens import requires
from app.errors import Conflict, NotFound, ValidationFailed
from app.kit import clock
from app.kit.db import unit_of_work

TAG = "Activity and loyalty"
AGAIN = "This `externalId` was logged before; the same answer again."
NO_SUCH_CLIENT = "`not_found`: there is no active client of this `username`."
THERE_ALREADY = "`conflict`: the client has logged the same before, or under another `externalId`."
REFUSES = {404: NO_SUCH_CLIENT, 409: THERE_ALREADY}


@bp.post("/v1/activity/workouts")
@requires(scope="activity")
@endpoint(Promise(TAG, Taken, 202, body=NewWorkout, refuses=REFUSES, again=AGAIN))
def take_workout(body: NewWorkout) -> Answer:
    """Log a workout.

    It is kept at once; what it earns follows in a moment. No client does two at the same moment.
    """

    def keep(user: User, now: datetime) -> Log:
        return activity.log_workout(
            user,
            performed_at=body.performed_at,
            title=body.title or "",
            duration_minutes=body.duration_minutes,
            notes=(body.notes or "").strip(),
            now=now,
        )

    return _taken(WorkoutLog, body, keep)


@bp.post("/v1/activity/checkins")
@requires(scope="activity")
@endpoint(Promise(TAG, Taken, 202, body=NewCheckin, refuses=REFUSES, again=AGAIN))
def take_checkin(body: NewCheckin) -> Answer:
    """Log a check-in.

    It is kept at once; what it earns follows in a moment. A client checks in once a date, on their own calendar.
    """

    def keep(user: User, now: datetime) -> Log:
        return activity.log_checkin(
            user,
            on=body.on,
            mood=body.mood,
            weight_grams=body.weight_grams,
            sleep_minutes=body.sleep_minutes,
            notes=(body.notes or "").strip(),
            now=now,
        )

    return _taken(DailyLog, body, keep)


@bp.post("/v1/activity/meals")
@requires(scope="activity")
@endpoint(Promise(TAG, Taken, 202, body=NewMeal, refuses=REFUSES, again=AGAIN))
def take_meal(body: NewMeal) -> Answer:
    """Log a meal.

    It is kept at once; what it earns follows in a moment.
    """

    def keep(user: User, now: datetime) -> Log:
        meal = rules.Meal(body.meal)
        return activity.log_meal(user, eaten_at=body.eaten_at, meal=meal, notes=(body.notes or "").strip(), now=now)

    return _taken(MealLog, body, keep)


def _taken(model: type[Log], body: Logged, keep: Callable[[User, datetime], Log]) -> Answer:
    """202 for what is kept now, 200 for what was kept before. Raises NotFound, and what `keep` raises."""
    now = clock.now()
    try:
        with unit_of_work():
            user = _client(body.username)
            log_id, is_new = external.once(user, model.kind, body.external_id, lambda: keep(user, now), now=now)
    except (InTheFuture, TooLongAgo, DateBeforeMove) as refusal:
        raise ValidationFailed(refusal.fields) from None
    except AlreadyLogged as refusal:
        raise Conflict(refusal.message, field=refusal.field) from None
    return Answer(Taken(id=log_id), _("It is logged. What it earns follows in a moment."), 202 if is_new else 200)


def _client(username: str) -> User:
    user = accounts.find(username)
    if user is None or user.role != "client" or not user.is_active:
        raise NotFound(_("There is no active client of this username. Please check its spelling."), field="username")
    return user
