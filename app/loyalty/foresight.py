"""What something that was just noted, or is to be done next, will earn: told before a worker, and without a lock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import Date, Select, cast, func, null, select, union_all

from app.activity.service import TOPIC
from app.kit.db import Json, UtcDateTime, db
from app.kit.outbox import OutboxEvent
from app.loyalty import rules, settlement, streaks
from app.loyalty.models import XpTransaction
from app.loyalty.rules import Happening, Known, Moment, Reason, Terms
from app.loyalty.service import Outcome

A_DAY = timedelta(days=1)
FURTHEST = 60
NO_MOMENT, NO_DAY = cast(null(), UtcDateTime), cast(null(), Date)


def foresee(user_id: int, source: str, event_key: str) -> Outcome:
    """What this thing of the user will earn as things stand, after what else of theirs still waits.

    The worker decides, by the same rules. One statement, or three where the type of event has a cooldown or limit.
    """
    known_terms = settlement.terms()
    terms = known_terms.get(event_key)
    if terms is None or not terms.is_active:
        return Outcome(0, 0, Reason.INACTIVE)
    if terms.is_limited:
        found = db.session.scalars(_waiting(user_id).order_by(OutboxEvent.id))
        waiting = [
            each for each in map(_read, found) if each and (each.user_id, each.event_key) == (user_id, event_key)
        ]
        known = Known(known_terms, {user_id: 0}, {}, settlement.earned(waiting, known_terms))
        refused = {each.source: reason for each, reason in rules.judge(waiting, known).refusals}
        if source in refused:
            return Outcome(0, 0, refused[source])
    return Outcome(terms.xp, terms.points, None)


def foresee_next(user_id: int, event_key: str, moment: Moment) -> Outcome:
    """What another of this type would earn the user at that moment. Two statements."""
    return outlook(user_id, moment, settlement.terms(), since=moment.on).of_next(event_key)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the user has earned on each of their dates, and what follows from it for what they do next."""

    moment: Moment
    xp_by_day: dict[date, int]
    terms: Mapping[str, Terms]
    earned: Mapping[str, Sequence[Moment]]

    def of_next(self, event_key: str, moment: Moment | None = None) -> Outcome:
        """What another of this type would earn, if it were done now, or at that moment."""
        terms = self.terms.get(event_key)
        reason = rules.refusal(terms, moment or self.moment, self.earned.get(event_key, ()))
        return Outcome(0, 0, reason) if reason or terms is None else Outcome(terms.xp, terms.points, None)

    def next_bonus(self, days: int, *, has_today: bool) -> tuple[int, int] | None:
        """The next length of a streak that gives XP, and how many, for who checks in day after day from now on."""
        for more in range(1, FURTHEST + 1):
            ahead = (more if has_today else more - 1) * A_DAY
            then = Moment(self.moment.at + ahead, self.moment.on + ahead)
            reached = (key for key, least in streaks.THRESHOLDS.items() if days + more >= least)
            xp = sum(self.of_next(key, then).xp for key in reached)
            if xp:
                return days + more, xp
        return None


def outlook(
    user_id: int, moment: Moment, terms: Mapping[str, Terms], *, since: date, with_waiting: bool = True
) -> Outlook:
    """By the rules that the worker decides by. One statement, which reads a cooldown and a day of each limited type.

    The dates begin with `since`; what achievements gave isn't in them. What waits for the worker needn't be asked for
    where it is known that nothing does.
    """
    limited = [each for each in terms.values() if each.is_active and each.is_limited]
    parts = [_by_day(user_id, since), *(_earned(user_id, each, moment.on) for each in limited)]
    if with_waiting:
        parts.append(_waiting(user_id).add_columns(OutboxEvent.id, NO_MOMENT, NO_DAY))
    told: dict[date, int] = {}
    earned: dict[tuple[int, int], list[Moment]] = defaultdict(list)
    waiting: list[tuple[int, dict[str, Any]]] = []
    for payload, number, at, on in db.session.execute(union_all(*parts)):
        if payload is not None:
            waiting.append((number, payload))
        elif at is not None:
            earned[user_id, number].append(Moment(at, on))
        else:
            told[on] = int(number)
    known = Known(terms, {user_id: 0}, {}, earned)
    rules.judge(_happenings(waiting, user_id), known)
    return Outlook(moment, told, terms, {key: known.earned.get((user_id, each.id), []) for key, each in terms.items()})


def _by_day(user_id: int, since: date) -> Select[*tuple[Any, ...]]:
    xp, on = func.sum(XpTransaction.xp), XpTransaction.occurred_on
    mine = (XpTransaction.user_id == user_id, on >= since, XpTransaction.kind == "event")
    return select(cast(null(), Json), xp, NO_MOMENT, on).where(*mine).group_by(on)


def _earned(user_id: int, terms: Terms, today: date) -> Select[*tuple[Any, ...]]:
    """When the user earned for this type, as far around today as that can matter."""
    reach = timedelta(hours=terms.cooldown_hours or 0) + A_DAY
    its, on = XpTransaction.event_type_id, XpTransaction.occurred_on
    mine = (XpTransaction.user_id == user_id, its == terms.id, on.between(today - reach, today + reach))
    return select(cast(null(), Json), its, XpTransaction.occurred_at, on).where(*mine)


def _happenings(waiting: list[tuple[int, dict[str, Any]]], user_id: int) -> list[Happening]:
    """What the worker will see of it, in its order."""
    noted = (_read(payload) for _number, payload in sorted(waiting, key=itemgetter(0)))
    return streaks.follow([each for each in noted if each and each.user_id == user_id])[0]


def _read(payload: Any) -> Happening | None:
    """What can't be read (another version may have put it there) waits for somebody who can, and foretells nothing."""
    try:
        return Happening.read(payload)
    except (KeyError, TypeError, ValueError):
        return None


def _waiting(user_id: int) -> Select[*tuple[Any, ...]]:
    """What no worker has come to yet."""
    return select(OutboxEvent.payload).where(
        OutboxEvent.topic == TOPIC,
        OutboxEvent.stream == f"user:{user_id}",
        OutboxEvent.settled_at.is_(None),
        OutboxEvent.set_aside_at.is_(None),
    )
