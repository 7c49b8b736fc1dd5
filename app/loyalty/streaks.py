"""The rewards of long streaks. Pure: check-ins come in, with what the calendar holds; events that follow come out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from app.activity.rules import Run
from app.loyalty.rules import Happening, Moment

THRESHOLDS = {"streak_7_day": 7, "streak_30_day": 30}
CHECKIN = "daily_checkin"


def follow(
    happenings: Sequence[Happening], runs: Mapping[int, Sequence[Run]]
) -> tuple[list[Happening], dict[int, int]]:
    """The same happenings, each check-in followed by an event for every threshold that the streak has reached.

    The streak is the one that the client saw when they had checked in: check-ins that come later in this list aren't
    in it yet, however much later it is worked off. Whether the event is paid is for its type's cooldown to say. With
    them come the longest streaks, by user.
    """
    ahead: dict[int, list[date]] = defaultdict(list)
    for each in filter(_is_checkin, happenings):
        ahead[each.user_id].append(each.moment.on)
    followed: list[Happening] = []
    longest: dict[int, int] = {}
    for each in happenings:
        followed.append(each)
        if _is_checkin(each):
            ahead[each.user_id].remove(each.moment.on)
            days = length(runs.get(each.user_id, ()), today=each.logged.on, without=ahead[each.user_id])
            longest[each.user_id] = max(days, longest.get(each.user_id, 0))
            followed += [_event(each, key, days) for key, least in THRESHOLDS.items() if days >= least]
    return followed, longest


def length(runs: Iterable[Run], *, today: date, without: Iterable[date] = ()) -> int:
    """Days in a row, counted back from today, or from yesterday while today is missing; `without` these dates."""
    missing = set(without)
    for last in (today, today - timedelta(days=1)):
        run = next((each for each in runs if each.first <= last <= each.last), None)
        if run is not None and last not in missing:
            gap = max((each for each in missing if run.first <= each < last), default=run.first - timedelta(days=1))
            return (last - gap).days
    return 0


def _is_checkin(happening: Happening) -> bool:
    return happening.event_key == CHECKIN


def _event(checkin: Happening, key: str, days: int) -> Happening:
    logged = checkin.logged
    return Happening(
        user_id=checkin.user_id,
        source=f"{key}:{logged.on.isoformat()}",
        event_key=key,
        takes_back=False,
        moment=Moment(logged.at, logged.on),
        logged=logged,
        details={**checkin.details, "streak_days": days},
        is_derived=True,
    )
