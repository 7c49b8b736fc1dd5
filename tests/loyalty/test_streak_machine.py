"""Somebody who checks in, late and early, deletes, and travels, over the days on which clocks change.

A model written by hand knows which check-ins are taken, the streak, and every row that they are paid by.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlalchemy import select

from app.accounts.models import User
from app.activity import service as activity
from app.activity import timeline
from app.activity.models import DailyLog
from app.errors import DomainError
from app.kit.db import db, unit_of_work
from app.loyalty import books
from app.loyalty.models import XpSummary, XpTransaction
from tests import make

ZONES = ["UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe"]
BEGINNINGS = [datetime(2025, 3, 4, 11, 30, tzinfo=UTC), datetime(2025, 10, 20, 11, 30, tzinfo=UTC)]
CHECKIN, STREAKS = 10, {"streak_7_day": (7, 7, 50), "streak_30_day": (30, 30, 200)}
DAY = timedelta(days=1)


class Diary(RuleBasedStateMachine):
    """One client. Dates with a check-in, and the zone that each was made in; what the worker hasn't heard of yet."""

    @initialize(begins=st.sampled_from(BEGINNINGS), zone=st.sampled_from(ZONES), days=st.integers(0, 26))
    def open_diary(self, begins: datetime, zone: str, days: int) -> None:
        self.now, self.zone, self.client = begins, zone, make.user(timezone=zone)
        self.days: dict[date, str] = {}
        self.announced: set[tuple[str, date]] = set()
        self.unheard: list[tuple[str, date, int, date]] = []
        self.rows: dict[str, tuple[int, int]] = {}
        self.paid: dict[str, list[date]] = {key: [] for key in STREAKS}
        self.go_on(days)

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    def streak(self) -> tuple[int, bool]:
        """Counted on the fingers."""
        day, length = self.today if self.today in self.days else self.today - DAY, 0
        while day in self.days:
            day, length = day - DAY, length + 1
        return length, self.today in self.days

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(zone=st.sampled_from(ZONES))
    def travel(self, zone: str) -> None:
        self.zone = zone
        with unit_of_work():
            db.session.get_one(User, self.client.id).timezone = zone

    @rule(back=st.integers(-1, 3))
    def check_in(self, back: int) -> None:
        day, told = self.today - back * DAY, None
        try:
            with unit_of_work():
                activity.log_checkin(db.session.get_one(User, self.client.id), on=day, now=self.now)
        except DomainError as refusal:
            told = refusal.code
        assert told == self.refusal_of(day)
        if told is None:
            self.days[day] = self.zone
            self.announce("checkin", day)

    def refusal_of(self, day: date) -> str | None:
        """A date of the last three, used once, and none before what was last made in another zone."""
        if day > self.today:
            return "in_the_future"
        if day < self.today - 2 * DAY:
            return "too_long_ago"
        if any(day < other for other, zone in self.days.items() if zone != self.zone):
            return "date_before_last_checkin"
        return "already_logged" if day in self.days else None

    def announce(self, word: str, day: date) -> None:
        """A thing is told once, with the streak of that moment."""
        if (word, day) not in self.announced:
            self.announced.add((word, day))
            self.unheard.append((word, day, self.streak()[0], self.today))

    @rule(days=st.integers(1, 8))
    def go_on(self, days: int) -> None:
        """One check-in a day, each a day of the calendar later, at the same time on the wall."""
        for _each in range(days):
            wall = self.now.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None) + DAY
            self.now = max(self.now, wall.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC))
            self.check_in(0)

    @precondition(lambda self: self.days)
    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        day = data.draw(st.sampled_from(sorted(self.days)[-4:]))
        mine = select(DailyLog.id).where(DailyLog.client_id == self.client.id, DailyLog.checked_on == day)
        with unit_of_work():
            user = db.session.get_one(User, self.client.id)
            activity.remove(user, "checkin", db.session.scalars(mine).one(), now=self.now)
        del self.days[day]
        self.announce("undo", day)

    @rule()
    def settle(self) -> None:
        make.settled()
        for word, day, streak, on in self.unheard:
            name = f"checkin:{day}"
            if word == "undo":
                points = sum(points for _xp, points in self.rows.values())
                self.rows[f"undo:{name}"] = (0, -min(CHECKIN, points))
                continue
            self.rows[name] = (CHECKIN, CHECKIN)
            for key, (least, pause, worth) in STREAKS.items():
                if streak >= least and all(abs((on - other).days) >= pause for other in self.paid[key]):
                    self.paid[key].append(on)
                    self.rows[f"{key}:{on}"] = (worth, worth)
        self.unheard.clear()
        self.compare()

    def compare(self) -> None:
        db.session.rollback()
        mine = select(XpTransaction).where(XpTransaction.user_id == self.client.id)
        rows = {each.source_key: (each.xp, each.points) for each in db.session.scalars(mine)}
        assert rows == self.rows
        summary = db.session.get_one(XpSummary, self.client.id, populate_existing=True)
        totals = tuple(sum(each) for each in zip((0, 0), *self.rows.values(), strict=True))
        assert (summary.total_xp, summary.available_points) == totals

    @invariant()
    def the_streak_is_the_one_that_is_counted(self) -> None:
        if hasattr(self, "paid"):
            shown = timeline.streak(self.client.id, today=self.today)
            assert (shown.days, shown.has_today) == self.streak()

    def teardown(self) -> None:
        if hasattr(self, "paid"):
            db.session.rollback()
            self.settle()
            assert books.faults() == []


@pytest.mark.usefixtures("app")
def test_a_diary_and_its_model_agree_wherever_and_whenever_it_is_kept() -> None:
    quick = settings(max_examples=8, stateful_step_count=18, suppress_health_check=list(HealthCheck))
    run(Diary, settings=settings(quick, phases=[Phase.generate]))  # to shrink a failure takes longer than a test may
