"""When an automatic achievement is earned. Pure: what somebody has done comes in, what they have earned comes out."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Condition(StrEnum):
    """What an automatic achievement counts."""

    WORKOUT_COUNT = "workout_count"
    STREAK_DAYS = "streak_days"
    XP_TOTAL = "xp_total"
    CHECKIN_COUNT = "checkin_count"


@dataclass(frozen=True, slots=True)
class Goal:
    """An automatic achievement: what it takes, and what it gives."""

    id: int
    condition: Condition
    value: int
    xp: int
    points: int


@dataclass(frozen=True, slots=True)
class Measures:
    """What somebody has done so far: workouts and check-ins that are logged, days in a row, XP of a lifetime."""

    workout_count: int = 0
    streak_days: int = 0
    xp_total: int = 0
    checkin_count: int = 0

    def of(self, condition: Condition) -> int:
        """How much of what the condition counts."""
        counted: int = getattr(self, condition.value)
        return counted


def earned(goals: Iterable[Goal], held: Collection[int], measures: Measures) -> list[Goal]:
    """What is newly earned, in the order in which it is. XP of one may earn the next.

    Each is earned once (`held` are the ids that are), so this ends. The order of the goals doesn't matter.
    """
    open_goals = sorted((goal for goal in goals if goal.id not in held), key=lambda goal: (goal.value, goal.id))
    found: list[Goal] = []
    while (goal := next((each for each in open_goals if measures.of(each.condition) >= each.value), None)) is not None:
        open_goals.remove(goal)
        found.append(goal)
        measures = replace(measures, xp_total=measures.xp_total + goal.xp)
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody is on the way to `value`; never shown as more than that."""

    current: int
    value: int

    @property
    def shown(self) -> int:
        return min(self.current, self.value)

    @property
    def missing(self) -> int:
        return max(0, self.value - self.current)


def progress(condition: Condition, value: int, measures: Measures) -> Progress:
    """Of one condition."""
    return Progress(measures.of(condition), value)
