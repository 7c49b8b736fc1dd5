"""The rewards of long streaks. Pure: check-ins come in; events that follow come out."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from app.activity.rules import Run
from app.loyalty.rules import Happening, Moment

THRESHOLDS = {"streak_7_day": 7, "streak_30_day": 30}
CHECKIN = "daily_checkin"


def follow(happenings: Sequence[Happening]) -> tuple[list[Happening], dict[int, int]]:
    """The same happenings, each check-in followed by an event for every threshold that the streak had reached.

    The streak is the one that the client saw when they had checked in: its event says so, however much later, and
    together with whatever else, it is worked off. Whether what follows is paid is for its type's cooldown to say. With
    them come the longest streaks, by user.
    """
    followed: list[Happening] = []
    longest: dict[int, int] = {}
    for each in happenings:
        followed.append(each)
        if each.event_key == CHECKIN:
            longest[each.user_id] = max(each.streak_days, longest.get(each.user_id, 0))
            followed += [_event(each, key) for key, least in THRESHOLDS.items() if each.streak_days >= least]
    return followed, longest


def length(runs: Iterable[Run], *, today: date) -> int:
    """Days in a row, counted back from today, or from yesterday while today is missing."""
    known = list(runs)
    for last in (today, today - timedelta(days=1)):
        run = next((each for each in known if each.first <= last <= each.last), None)
        if run is not None:
            return (last - run.first).days + 1
    return 0


def _event(checkin: Happening, key: str) -> Happening:
    logged = checkin.logged
    return Happening(
        user_id=checkin.user_id,
        source=f"{key}:{logged.on.isoformat()}",
        event_key=key,
        takes_back=False,
        moment=Moment(logged.at, logged.on),
        logged=logged,
        details={**checkin.details, "streak_days": checkin.streak_days},
        is_derived=True,
    )
