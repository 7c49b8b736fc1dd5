"""Worked examples: check-ins day by day, and the streaks that they are paid for.

`1..6` are check-ins of these days, each on its day; `8:6` is one made on day 8 for day 6; `8-3` deletes on day 8 the
check-in of day 3. What is paid is told as `7@14`: the event of 7 days, on day 14. Each example is worked off as it
happens, and late in batches of three; some also late all at once: the same ledger.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.activity import service as activity
from app.activity import timeline
from app.activity.models import DailyLog
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from app.loyalty import books
from app.loyalty.achievement_models import UserAchievement
from app.loyalty.models import XpRefusal, XpTransaction
from tests import make

pytestmark = pytest.mark.usefixtures("app")
EVE = datetime(2025, 12, 31, 9, tzinfo=UTC)  # the day before day 1
Step = Callable[[], object]

EXAMPLES = {
    "six days": ("1..6", ""),
    "seven": ("1..7", "7@7"),
    "eight, within the cooldown": ("1..8", "7@7"),
    "two weeks": ("1..14", "7@7 7@14"),
    "a month": ("1..30", "7@7 7@14 7@21 7@28 30@30"),
    "with a gap": ("1..6 8..13", ""),
    "with a gap, then seven": ("1..6 8..14", "7@14"),
    "a gap that is filled the day after": ("1..5 7 8:6", "7@8"),
    "and goes on": ("1..5 7 8:6 8..15", "7@8 7@15"),
    "today's first": ("1..5 7..8 8:6", "7@8"),
    "filled on the last day": ("1..4 6..7 7:5", "7@7"),
    "too late to be filled": ("1..4 6..10", ""),
    "a whole weekend later": ("1..5 8 8:7 8:6", "7@8"),
    "for yesterday only": ("1..6 8:7", "7@8"),
    "every day a day late": ("2:1 3:2 4:3 5:4 6:5 7:6 8:7 9:8", "7@8"),
    "broken, and seven anew": ("1..7 9..15", "7@7 7@15"),
    "broken, and six anew": ("1..8 10..15", "7@7"),
    "deleted before": ("1..6 7-5 7", ""),
    "deleted afterwards": ("1..7 7-3", "7@7"),
    "deleted and logged again": ("1..7 7-7 7", "7@7"),
    "filled and deleted again": ("1..5 7 8:6 8-6 8", "7@8"),
    "deleted, so the next week begins anew": ("1..7 8-7 8..14", "7@7 7@14"),
    "the last one, logged again the day after": ("1..6 7 7-7 8:7 8", "7@7"),
}  # fmt: skip


def live(_monkeypatch: pytest.MonkeyPatch) -> bool:
    return True


def late_in_threes(monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setitem(outbox.TOPICS, "xp", replace(outbox.TOPICS["xp"], limit=3))
    return False


def late_at_once(_monkeypatch: pytest.MonkeyPatch) -> bool:
    return False


WAYS = pytest.mark.parametrize("way", [live, late_in_threes])


def day(number: int) -> datetime:
    return EVE + timedelta(days=number)


def steps(client: User, story: str) -> Iterator[Step]:
    for word in story.split():
        if ".." in word:
            first, last = word.split("..")
            yield from (checking_in(client, number, number) for number in range(int(first), int(last) + 1))
        elif "-" in word:
            made_on, of = word.split("-")
            yield deleting(client, int(made_on), int(of))
        else:
            made_on, _, of = word.partition(":")
            yield checking_in(client, int(made_on), int(of or made_on))


def checking_in(client: User, made_on: int, of: int) -> Step:
    return lambda: make.checkin(client, back=made_on - of, now=day(made_on))


def deleting(client: User, made_on: int, of: int) -> Step:
    def delete() -> None:
        mine = select(DailyLog.id).where(DailyLog.client_id == client.id)
        log_id = db.session.scalars(mine.where(DailyLog.checked_on == day(of).date())).one()
        with unit_of_work():
            activity.remove(client, "checkin", log_id, now=day(made_on))

    return delete


def told(story: str, way: Callable[[pytest.MonkeyPatch], bool], monkeypatch: pytest.MonkeyPatch) -> User:
    client, is_live = make.user(), way(monkeypatch)
    for step in steps(client, story):
        step()
        if is_live:
            make.settled()
    make.settled()
    waiting = select(OutboxEvent.id).where(OutboxEvent.topic == "xp", OutboxEvent.settled_at.is_(None))
    assert not db.session.scalars(waiting).all()
    return client


def ledger(client: User) -> list[tuple[object, ...]]:
    """All that a row says, but when it was written and its numbers."""
    rows = db.session.scalars(
        select(XpTransaction).where(XpTransaction.user_id == client.id).order_by(XpTransaction.id)
    )
    return [(r.kind, r.source_key, r.xp, r.points, r.occurred_at, r.occurred_on, r.details) for r in rows]


def streaks_paid(client: User) -> list[tuple[str, int]]:
    """Which, and on which day; the row says how long the streak was."""
    found = select(XpTransaction).where(XpTransaction.user_id == client.id, XpTransaction.source_key.like("streak%"))
    paid = []
    for row in db.session.scalars(found.order_by(XpTransaction.id)):
        length = row.source_key.split("_")[1]
        assert row.details["streak_days"] >= int(length)
        assert row.source_key.endswith(row.occurred_on.isoformat())
        paid.append((length, (row.occurred_on - EVE.date()).days))
    return sorted(paid, key=lambda each: (each[1], each[0]))


@WAYS
@pytest.mark.parametrize("name", EXAMPLES)
def test_which_streaks_are_paid(
    name: str, way: Callable[[pytest.MonkeyPatch], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    story, expected = EXAMPLES[name]
    client = told(story, way, monkeypatch)
    assert " ".join(f"{length}@{number}" for length, number in streaks_paid(client)) == expected
    assert db.session.scalars(select(XpRefusal)).all() == []
    assert books.faults() == []


@pytest.mark.parametrize("story", ["1..5 7 8:6 8..16 16-9 17", "1..6 8 8:7 9..13 15:14 15-2 15", "1..8 8-8 9:8 9..31"])
def test_the_ledger_is_the_same_however_late_and_however_cut(story: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make.achievement("xp_total", 120, xp_reward=15, points_reward=5)
    make.achievement("streak_days", 6, xp_reward=30)
    ledgers = []  # by what rows are for: of a batch, what is paid is written before what is taken back
    for way in (live, late_in_threes, late_at_once):
        with monkeypatch.context() as patched:
            client = told(story, way, patched)
        rows = [row for row in sorted(ledger(client), key=lambda row: str(row[1])) if row[0] != "achievement"]
        earned = sorted(str(row[1:4]) for row in ledger(client) if row[0] == "achievement")
        ledgers.append(([(*row[:6], row[6].get("streak_days")) for row in rows], earned))  # type: ignore[attr-defined]
    assert ledgers[0][0]
    assert ledgers[0] == ledgers[1] == ledgers[2]
    assert books.faults() == []


# with an achievement of 7 days: `earned` stays so whatever is deleted later
EARNED = {
    "six": ("1..6", False),
    "seven": ("1..7", True),
    "filled": ("1..5 7 8:6", True),
    "seven, then one of them deleted": ("1..7 7-4", True),
    "one deleted before the seventh": ("1..6 6-4 7", False),
    "long ago": ("1..7 20", True),
}


@pytest.mark.parametrize("name", EARNED)
@WAYS
def test_an_achievement_for_a_streak(
    name: str, way: Callable[[pytest.MonkeyPatch], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    story, is_earned = EARNED[name]
    seven = make.achievement("streak_days", 7, xp_reward=70)
    client = told(story, way, monkeypatch)
    held = db.session.scalars(select(UserAchievement.achievement_id).where(UserAchievement.user_id == client.id)).all()
    assert list(held) == [seven.id] * is_earned
    assert books.faults() == []


@pytest.mark.parametrize(
    ("story", "today", "shown"),
    [
        ("1..5", 5, (5, True)),
        ("1..5", 6, (5, False)),
        ("1..5", 7, (0, False)),
        ("1..5 7 8:6", 8, (7, False)),
        ("1..5 5-3", 5, (2, True)),
        ("1..5 5-5", 5, (4, False)),
        ("1..5 6-5", 6, (0, False)),
    ],
)
def test_the_streak_that_is_shown(story: str, today: int, shown: tuple[int, bool]) -> None:
    client = make.user()
    for step in steps(client, story):
        step()
    streak = timeline.streak(client.id, today=day(today).date())
    assert (streak.days, streak.has_today) == shown
