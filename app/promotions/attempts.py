"""Refused attempts: noted in the process that refused, carried over Redis, written by the ticker. Best effort.

A refusal must stay cheap, also while somebody tries a thousand codes a minute, so it sends no statement. What waits is
bounded at every stop; without Redis it waits in its process until Redis is back.
"""

import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self, cast
from zoneinfo import ZoneInfo

from redis import Redis, RedisError
from sqlalchemy import Select, delete, func, select

from app.accounts.persons import Person
from app.config import settings
from app.kit.broker import broker
from app.kit.db import db, insert
from app.promotions.models import Promotion, RefusedAttempt, RefusedCount
from app.promotions.rules import Item, Verdict, first_failure
from app.promotions.words import described

MOST_HERE = 2_000
MOST_ON_THE_WAY = 20_000
BATCH = 500
KEPT = 500
LONGEST_KEY = 64
LIST = "laurel:attempts"

_waiting: deque[str] = deque(maxlen=MOST_HERE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One refused attempt as it travels. `at` is in seconds since 1970."""

    promotion_id: int
    at: float
    code: str | None
    person: str | None
    amount_cents: int
    spent: dict[str, int] | None
    reason: str
    verdicts: list[dict[str, Any]]

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError or TypeError for what isn't ours."""
        return cls(**json.loads(text))

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


def note(  # noqa: PLR0913
    promotion_id: int,
    *,
    code: str | None,
    person: Person | None,
    items: Sequence[Item],
    amount_cents: int,
    verdicts: Sequence[Verdict],
    at: datetime,
) -> None:
    """Keep in mind that somebody was refused. Asks neither the database nor Redis."""
    failed = first_failure(verdicts)
    assert failed is not None, "only refusals are noted"
    attempt = Attempt(
        promotion_id=promotion_id,
        at=at.timestamp(),
        code=code,
        person=person.key[:LONGEST_KEY] if person else None,
        amount_cents=amount_cents,
        spent=_by_category(items) if items else None,
        reason=failed.rule,
        verdicts=[described(verdict) for verdict in verdicts],
    )
    _waiting.append(json.dumps(asdict(attempt)))


def hand_over() -> None:
    """Send what waits in this process on its way to the ticker. Never under a lock: at the end of each request."""
    if _waiting:
        broker().call(_push, otherwise=None)


def take(limit: int) -> list[str]:
    """So many of those on the way, the oldest first; nobody else takes the same."""
    nothing: list[str] = []
    arrived = broker().call(lambda redis: _pop(redis, limit), otherwise=nothing)
    return arrived + _take_from_here(limit - len(arrived))


def put_back(taken: Sequence[str]) -> None:
    """They couldn't be written now: let them wait here."""
    _waiting.extend(taken)


def forget() -> None:
    """Drop what waits here: for those who put another database under a running process."""
    _waiting.clear()


def write(taken: Sequence[str]) -> None:
    """Count them by reason and day, and keep the last of each promotion. Those of deleted promotions are dropped."""
    attempts = _of_known_promotions([each for each in map(_read, taken) if each is not None])
    if not attempts:
        return
    zone = ZoneInfo(settings().timezone)
    counted = Counter((each.promotion_id, each.moment.astimezone(zone).date(), each.reason) for each in attempts)
    _add_up(counted)
    db.session.execute(insert(RefusedAttempt), [_row(each) for each in attempts])
    _drop_older({each.promotion_id for each in attempts})


def counts(promotion_id: int, *, since: date) -> Mapping[str, int]:
    """How often it was refused from that day on, by reason, the most frequent first."""
    attempts = func.sum(RefusedCount.attempts).label("attempts")
    rows = db.session.execute(
        select(RefusedCount.reason, attempts)
        .where(RefusedCount.promotion_id == promotion_id, RefusedCount.day >= since)
        .group_by(RefusedCount.reason)
        .order_by(attempts.desc(), RefusedCount.reason)
    )
    return {reason: int(number) for reason, number in rows}


def by_day(promotion_id: int, *, first: date, days: int) -> Sequence[tuple[date, int]]:
    """How often it was refused on each of so many days."""
    rows = db.session.execute(
        select(RefusedCount.day, func.sum(RefusedCount.attempts))
        .where(RefusedCount.promotion_id == promotion_id, RefusedCount.day >= first)
        .group_by(RefusedCount.day)
    )
    found = {day: int(number) for day, number in rows}
    return [(day, found.get(day, 0)) for day in (first + timedelta(days=each) for each in range(days))]


def latest(promotion_id: int) -> Select[RefusedAttempt]:
    """The attempts that are kept of a promotion, the newest first."""
    return select(RefusedAttempt).where(RefusedAttempt.promotion_id == promotion_id).order_by(RefusedAttempt.id.desc())


def first_day(now: datetime, days: int) -> date:
    """The first of so many days, the last of which is today, by the installation's calendar."""
    return now.astimezone(ZoneInfo(settings().timezone)).date() - timedelta(days=days - 1)


def _by_category(items: Sequence[Item]) -> dict[str, int]:
    spent = Counter[str]()
    for item in items:
        spent[item.category or ""] += item.total_cents
    return dict(spent)


def _take_from_here(most: int) -> list[str]:
    taken: list[str] = []
    while len(taken) < most:
        try:
            taken.append(_waiting.popleft())
        except IndexError:  # another thread was faster, or nothing is left
            break
    return taken


def _push(redis: Redis) -> None:
    taken = _take_from_here(MOST_HERE)
    try:
        with redis.pipeline() as pipe:
            pipe.rpush(LIST, *taken)
            pipe.ltrim(LIST, -MOST_ON_THE_WAY, -1)
            pipe.execute()
    except RedisError:
        _waiting.extendleft(reversed(taken))
        raise


def _pop(redis: Redis, limit: int) -> list[str]:
    with redis.pipeline(transaction=True) as pipe:
        pipe.lrange(LIST, 0, limit - 1)
        pipe.ltrim(LIST, limit, -1)
        found = cast("list[bytes]", pipe.execute()[0])
    return [each.decode(errors="replace") for each in found]


def _read(text: str) -> Attempt | None:
    try:
        return Attempt.read(text)
    except (ValueError, TypeError):  # of another version of ours
        return None


def _of_known_promotions(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those whose promotion is there, and stays until the transaction ends."""
    ids = {each.promotion_id for each in attempts}
    query = select(Promotion.id).where(Promotion.id.in_(ids)).order_by(Promotion.id)
    known = set(db.session.scalars(query.with_for_update(read=True, key_share=True)))
    return [each for each in attempts if each.promotion_id in known]


def _add_up(counted: Mapping[tuple[int, date, str], int]) -> None:
    rows = [
        {"promotion_id": promotion_id, "day": day, "reason": reason, "attempts": number}
        for (promotion_id, day, reason), number in sorted(counted.items())
    ]
    new = insert(RefusedCount).values(rows)
    db.session.execute(
        new.on_conflict_do_update(
            index_elements=["promotion_id", "day", "reason"],
            set_={"attempts": RefusedCount.attempts + new.excluded.attempts},
        )
    )


def _row(attempt: Attempt) -> dict[str, Any]:
    return {**asdict(attempt), "at": attempt.moment}


def _drop_older(promotion_ids: set[int]) -> None:
    """Only the last ones of each are kept."""
    place = func.row_number().over(partition_by=RefusedAttempt.promotion_id, order_by=RefusedAttempt.id.desc())
    placed = (
        select(RefusedAttempt.id, place.label("place")).where(RefusedAttempt.promotion_id.in_(promotion_ids)).subquery()
    )
    older = select(placed.c.id).where(placed.c.place > KEPT)
    db.session.execute(
        delete(RefusedAttempt).where(RefusedAttempt.id.in_(older)).execution_options(synchronize_session=False)
    )
