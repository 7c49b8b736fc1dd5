"""Worked examples: which date it is there, what can still be logged for it, and what a change of zone does to it.

Kiritimati is 14 hours ahead of UTC, Los Angeles 8 behind (7 in summer), Bangkok 7 ahead.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.activity import rules, timeline
from app.activity import service as activity
from app.activity.models import DailyLog
from app.errors import DomainError
from app.kit.db import db, unit_of_work
from app.loyalty.models import XpTransaction
from tests import make

KIRITIMATI, BANGKOK, ANGELES = "Pacific/Kiritimati", "Asia/Bangkok", "America/Los_Angeles"
BERLIN, LORD_HOWE, APIA = "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"


def at(told: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(told).replace(tzinfo=UTC)


def on(told: str) -> date:
    return date.fromisoformat(told)


@pytest.mark.parametrize(
    ("zone", "moment", "today"),
    [
        ("UTC", "2026-03-02 23:59", "2026-03-02"),
        (KIRITIMATI, "2026-03-01 09:59", "2026-03-01"),
        (KIRITIMATI, "2026-03-01 10:00", "2026-03-02"),
        (BANGKOK, "2026-03-01 16:59", "2026-03-01"),
        (BANGKOK, "2026-03-01 17:00", "2026-03-02"),
        (ANGELES, "2026-03-03 07:59", "2026-03-02"),
        (ANGELES, "2026-03-03 08:00", "2026-03-03"),
        (ANGELES, "2026-07-03 07:00", "2026-07-03"),  # summer
        (BERLIN, "2026-03-28 23:00", "2026-03-29"),  # a day of 23 hours begins
        (BERLIN, "2026-03-29 21:59", "2026-03-29"),
        (BERLIN, "2026-03-29 22:00", "2026-03-30"),
        (BERLIN, "2025-10-25 22:00", "2025-10-26"),  # and one of 25
        (BERLIN, "2025-10-26 22:59", "2025-10-26"),
        (BERLIN, "2025-10-26 23:00", "2025-10-27"),
        (LORD_HOWE, "2026-04-04 12:59", "2026-04-04"),  # half an hour back, later that night
        (LORD_HOWE, "2026-04-05 13:29", "2026-04-05"),
        (LORD_HOWE, "2026-04-05 13:30", "2026-04-06"),
        (APIA, "2011-12-30 09:59", "2011-12-29"),  # the day that Samoa skipped
        (APIA, "2011-12-30 10:00", "2011-12-31"),
    ],
)
def test_which_date_it_is_there(zone: str, moment: str, today: str) -> None:
    assert rules.date_in(zone, at(moment)) == on(today)


@pytest.mark.parametrize(
    ("zone", "day", "now", "counts_for"),
    [
        ("UTC", "2026-03-02", "2026-03-02 23:59", "2026-03-02 23:59"),  # today's: now
        ("UTC", "2026-03-01", "2026-03-02 00:01", "2026-03-01 12:00"),  # an earlier one's: noon there
        (KIRITIMATI, "2026-03-02", "2026-03-02 12:00", "2026-03-01 22:00"),
        (ANGELES, "2026-03-01", "2026-03-03 01:00", "2026-03-01 20:00"),
        (ANGELES, "2026-03-08", "2026-03-09 18:00", "2026-03-08 19:00"),  # 23 hours: summer by noon
        (BERLIN, "2026-03-28", "2026-03-29 10:00", "2026-03-28 11:00"),
        (BERLIN, "2026-03-29", "2026-03-30 10:00", "2026-03-29 10:00"),
        (BERLIN, "2025-10-25", "2025-10-26 10:00", "2025-10-25 10:00"),
        (BERLIN, "2025-10-26", "2025-10-27 10:00", "2025-10-26 11:00"),  # 25 hours: winter by noon
        (LORD_HOWE, "2026-04-05", "2026-04-06 10:00", "2026-04-05 01:30"),
    ],
)
def test_the_moment_that_a_checkin_counts_for(zone: str, day: str, now: str, counts_for: str) -> None:
    moment = rules.moment_of_checkin(on(day), zone=zone, now=at(now))
    assert moment == at(counts_for)
    assert rules.date_in(zone, moment) == on(day)


@pytest.mark.parametrize(
    ("zone", "typed", "meant"),
    [
        (BERLIN, "2026-03-29 01:59", "2026-03-29 00:59"),
        (BERLIN, "2026-03-29 02:00", "2026-03-29 01:00"),  # skipped: as long after the skip began
        (BERLIN, "2026-03-29 02:59", "2026-03-29 01:59"),
        (BERLIN, "2026-03-29 03:00", "2026-03-29 01:00"),
        (BERLIN, "2025-10-26 01:59", "2025-10-25 23:59"),
        (BERLIN, "2025-10-26 02:00", "2025-10-26 00:00"),  # shown twice: the first
        (BERLIN, "2025-10-26 02:59", "2025-10-26 00:59"),
        (BERLIN, "2025-10-26 03:00", "2025-10-26 02:00"),
        (ANGELES, "2026-03-08 02:30", "2026-03-08 10:30"),
        (ANGELES, "2025-11-02 01:30", "2025-11-02 08:30"),
        (KIRITIMATI, "2026-03-02 00:00", "2026-03-01 10:00"),
    ],
)
def test_what_a_clock_on_the_wall_means(zone: str, typed: str, meant: str) -> None:
    moment = rules.from_wall_clock(datetime.fromisoformat(typed), zone)
    assert moment == at(meant)
    assert rules.date_in(zone, moment) == datetime.fromisoformat(typed).date()


@pytest.mark.parametrize("zone", ["UTC", KIRITIMATI, BANGKOK, ANGELES, BERLIN])
@pytest.mark.parametrize("noon", ["2026-03-08 12:00", "2026-03-29 12:00", "2025-10-26 12:00", "2025-12-31 12:00"])
def test_today_and_the_two_dates_before_can_be_logged_there(zone: str, noon: str) -> None:
    now = at(noon)
    today = rules.date_in(zone, now)
    for days in (0, 1, 2):
        rules.check_date(today - timedelta(days=days), zone=zone, now=now, field="date")
    for days, code in ((-1, "in_the_future"), (3, "too_long_ago")):
        with pytest.raises(DomainError) as refused:
            rules.check_date(today - timedelta(days=days), zone=zone, now=now, field="date")
        assert refused.value.code == code


# check-ins `<instant> <date>`, moves to a zone; what each came to, the streak in the end, and how often it was paid
MOVES = {
    "staying": ("UTC", ["2026-03-01 09:00 2026-03-01", "2026-03-02 09:00 2026-03-02"], "++", 2),
    "east over the date line": (
        ANGELES,
        ["2026-03-02 02:00 2026-03-01", KIRITIMATI, "2026-03-02 09:00 2026-03-02"],
        "++",
        2,
    ),
    "a date is used once": (
        KIRITIMATI,
        ["2026-03-01 12:00 2026-03-02", ANGELES, "2026-03-02 12:00 2026-03-02"],
        "+x",
        1,
    ),
    "west: yesterday there lies before the last one": (
        KIRITIMATI,
        ["2026-03-01 12:00 2026-03-02", ANGELES, "2026-03-01 20:00 2026-03-01"],
        "+<",
        0,
    ),
    "west: a gap from before stays open": (
        KIRITIMATI,
        ["2026-03-01 12:00 2026-03-02", "UTC", "2026-03-02 12:00 2026-03-01", "2026-03-03 12:00 2026-03-03"],
        "+<+",
        2,
    ),
    "west and on": (
        KIRITIMATI,
        ["2026-03-01 12:00 2026-03-02", ANGELES, "2026-03-03 12:00 2026-03-03"],
        "++",
        2,
    ),
    "after the first one there the past is open again, but not before the move": (
        BANGKOK,
        ["2026-03-02 09:00 2026-03-02", "UTC", "2026-03-04 09:00 2026-03-04", "2026-03-04 10:00 2026-03-03"],
        "+++",
        3,
    ),
    "nor in two steps": (
        KIRITIMATI,
        ["2026-03-01 12:00 2026-03-02", ANGELES, BANGKOK, "2026-03-02 12:00 2026-03-01"],
        "+<",
        1,
    ),
    "there and back": (
        "UTC",
        ["2026-03-02 09:00 2026-03-02", BANGKOK, "2026-03-03 09:00 2026-03-03", "UTC", "2026-03-03 10:00 2026-03-02"],
        "++<",
        2,
    ),
    "over a skipped hour, late at night and early": (
        BERLIN,
        ["2026-03-28 22:59 2026-03-28", "2026-03-29 21:59 2026-03-29", "2026-03-29 22:00 2026-03-30"],
        "+++",
        3,
    ),
    "over a repeated hour, early and late at night": (
        BERLIN,
        ["2025-10-24 22:00 2025-10-25", "2025-10-25 22:00 2025-10-26", "2025-10-27 22:59 2025-10-27"],
        "+++",
        3,
    ),
    "twice on a date of 25 hours": (
        BERLIN,
        ["2025-10-25 22:00 2025-10-26", "2025-10-26 22:59 2025-10-26", "2025-10-26 23:00 2025-10-27"],
        "+x+",
        2,
    ),
    "the date of 23 hours, told on the next": (
        BERLIN,
        ["2026-03-28 12:00 2026-03-28", "2026-03-30 12:00 2026-03-30", "2026-03-30 12:01 2026-03-29"],
        "+++",
        3,
    ),
    "there and back without a check-in": (
        "UTC",
        ["2026-03-02 09:00 2026-03-02", BANGKOK, "UTC", "2026-03-02 10:00 2026-03-01"],
        "++",
        2,
    ),
}
SIGNS = {None: "+", "already_logged": "x", "date_before_last_checkin": "<"}


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", MOVES)
def test_what_a_change_of_zone_does_to_checkins(name: str) -> None:
    zone, steps, expected, streak = MOVES[name]
    client, signs, now = make.user(timezone=zone), "", at("2026-03-01 00:00")
    for step in steps:
        if "/" in step or step == "UTC":
            with unit_of_work():
                db.session.get_one(User, client.id).timezone = step
            continue
        now, code = at(step[:16]), None
        try:
            with unit_of_work():
                activity.log_checkin(client, on=on(step[17:]), now=now)
        except DomainError as refusal:
            code = refusal.code
        signs += SIGNS[code]
    assert signs == expected
    assert timeline.streak(client.id, today=rules.date_in(client.timezone, now)).days == streak
    make.settled()
    paid = select(XpTransaction.occurred_on).where(XpTransaction.source_key.like("checkin:%"))
    dates = sorted(db.session.scalars(paid))
    assert dates == sorted(db.session.scalars(select(DailyLog.checked_on)))
    assert len(dates) == len(set(dates)) == expected.count("+")
