"""What an event earns, and how far somebody has come. Pure: what is known comes in, what is decided comes out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

HOURS_A_DAY = 24
Key = tuple[int, str]  # a user, and the name of a thing
Short = tuple[int, int]  # a reversal, and the points that it could not take


class Reason(StrEnum):
    """Why something earned nothing."""

    INACTIVE = "inactive"
    COOLDOWN = "cooldown"
    DAILY_LIMIT = "daily_limit"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened: the instant, and the client's date then."""

    at: datetime
    on: date


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as it was noted: a thing (`source`) that a user did, or, with `takes_back`, deleted again.

    `moment` is when it happened, `logged` when the user said so, and with which streak (of a check-in). What
    `is_derived` follows from another one; that it earned nothing needn't be told.
    """

    user_id: int
    source: str
    event_key: str
    takes_back: bool
    moment: Moment
    logged: Moment
    details: dict[str, Any]
    streak_days: int = 0
    is_derived: bool = False

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        """From the payload of an event. Raises KeyError or ValueError when it isn't one."""
        moment = _moment(payload["occurred_at"], payload["local_date"])
        is_dated = "logged_at" in payload  # events that waited through an upgrade are not
        logged = _moment(payload["logged_at"], payload["logged_on"]) if is_dated else moment
        takes_back = "takes_back" in payload
        return cls(
            user_id=payload["user_id"],
            source=payload["takes_back"] if takes_back else payload["source"],
            event_key="" if takes_back else payload["event_key"],
            takes_back=takes_back,
            moment=moment,
            logged=logged,
            details=payload.get("metadata", {}),
            streak_days=payload.get("streak_days", 0),
        )

    @property
    def key(self) -> Key:
        """What the decision on this thing is found under."""
        return self.user_id, self.source

    @property
    def undo_key(self) -> Key:
        return self.user_id, f"undo:{self.source}"


def _moment(at: str, on: str) -> Moment:
    instant = datetime.fromisoformat(at)
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return Moment(instant, date.fromisoformat(on))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a type of event gives, and how often."""

    id: int
    key: str
    xp: int
    points: int
    is_active: bool
    cooldown_hours: int | None
    daily_limit: int | None

    @property
    def is_limited(self) -> bool:
        return self.cooldown_hours is not None or self.daily_limit is not None


@dataclass(slots=True)
class Known:
    """What holds for the users of a batch while their summaries are locked. `judge` carries it forward.

    `decided` has the points paid for a thing, None where it was refused; `earned` the moments by user and type.
    """

    terms: Mapping[str, Terms]
    balances: dict[int, int]
    decided: dict[Key, int | None]
    earned: dict[tuple[int, int], list[Moment]]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What is to be written: things paid, things taken back (with how many points), things refused."""

    awards: list[tuple[Happening, Terms]] = field(default_factory=list)
    reversals: list[tuple[Happening, int]] = field(default_factory=list)
    refusals: list[tuple[Happening, Reason]] = field(default_factory=list)


def judge(happenings: Iterable[Happening], known: Known) -> Verdicts:
    """Decide on every thing that isn't decided yet, in order."""
    verdicts = Verdicts()
    for happening in happenings:
        if happening.takes_back:
            _take_back(happening, known, verdicts)
        elif happening.key not in known.decided:
            _award(happening, known, verdicts)
    return verdicts


def refusal(terms: Terms | None, moment: Moment, earned: Sequence[Moment]) -> Reason | None:
    """Why something of this type earns nothing at this moment, given when its like has earned; None when it does."""
    if terms is None or not terms.is_active:
        return Reason.INACTIVE
    if terms.cooldown_hours is not None and any(_is_close(moment, other, terms.cooldown_hours) for other in earned):
        return Reason.COOLDOWN
    if terms.daily_limit is not None and sum(other.on == moment.on for other in earned) >= terms.daily_limit:
        return Reason.DAILY_LIMIT
    return None


def _is_close(one: Moment, other: Moment, hours: int) -> bool:
    """Whether two moments lie within a cooldown. Whole days are counted in dates: 24 h mean once a date."""
    if hours % HOURS_A_DAY == 0:
        return abs((one.on - other.on).days) < hours // HOURS_A_DAY
    return abs(one.at - other.at) < timedelta(hours=hours)


def _award(happening: Happening, known: Known, verdicts: Verdicts) -> None:
    terms = known.terms.get(happening.event_key)
    earned = known.earned.setdefault((happening.user_id, terms.id if terms else 0), [])
    reason = refusal(terms, happening.moment, earned)
    if terms is None or reason is not None:
        _refuse(happening, reason or Reason.INACTIVE, known, verdicts)
        return
    earned.append(happening.moment)
    known.decided[happening.key] = terms.points
    known.balances[happening.user_id] += terms.points
    verdicts.awards.append((happening, terms))


def _take_back(happening: Happening, known: Known, verdicts: Verdicts) -> None:
    """Take back at most the balance. Something deleted before it was paid won't be."""
    if happening.key not in known.decided:
        _refuse(happening, Reason.DELETED, known, verdicts)
        return
    paid = known.decided[happening.key]
    if paid is None or happening.undo_key in known.decided:
        return
    points = min(paid, known.balances[happening.user_id])
    known.decided[happening.undo_key] = -points
    known.balances[happening.user_id] -= points
    verdicts.reversals.append((happening, points))


def rests(refund: int, shorts: Iterable[Short]) -> list[Short]:
    """How much of points that come back goes for what reversals were short of, the oldest first.

    That is the order in which nothing is forgiven that another refund of the same time could have given: each gives
    for what was deleted after its points were spent.
    """
    taken: list[Short] = []
    for reversal_id, points in shorts:
        rest = min(points, refund)
        if rest > 0:
            taken.append((reversal_id, rest))
            refund -= rest
    return taken


def _refuse(happening: Happening, reason: Reason, known: Known, verdicts: Verdicts) -> None:
    known.decided[happening.key] = None
    if not happening.is_derived:
        verdicts.refusals.append((happening, reason))


@dataclass(frozen=True, slots=True)
class Rung:
    """A level, as far as the way up it is concerned. `image`, where there is one, is shown in place of `icon`."""

    level_number: int
    name: str
    xp_required: int
    icon: str
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far somebody has come: the level reached, and the way to the next one."""

    total_xp: int
    level: Rung | None
    next_level: Rung | None

    @property
    def gained(self) -> int:
        """XP since the level was reached."""
        return self.total_xp - (self.level.xp_required if self.level else 0)

    @property
    def span(self) -> int:
        """XP from the level reached to the next one; 0 at the top."""
        return self.gained + self.missing if self.next_level else 0

    @property
    def missing(self) -> int:
        """XP that the next level still takes; 0 at the top."""
        return self.next_level.xp_required - self.total_xp if self.next_level else 0


def standing(total_xp: int, ladder: Sequence[Rung]) -> Standing:
    """The highest level whose XP are reached, none below the first. The ladder begins with the lowest."""
    reached = sum(rung.xp_required <= total_xp for rung in ladder)
    return Standing(
        total_xp, ladder[reached - 1] if reached else None, ladder[reached] if reached < len(ladder) else None
    )
