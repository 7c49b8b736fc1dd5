"""Active hours by another clock than their own: worked rows, the odd weeks of spring and autumn among them."""

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.promotions.hours import ALL_WEEK, ActiveHours

RIGA = {"start_time": "18:00", "end_time": "22:00", "timezone": "Europe/Riga"}
NIGHT = {"start_time": "22:00", "end_time": "02:00", "timezone": "Europe/Riga"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "zone", "moment", "start", "end"),
    [
        (RIGA, "America/New_York", "2026-01-15 12:00", "11:00", "15:00"),
        (RIGA, "America/New_York", "2026-07-15 12:00", "11:00", "15:00"),
        # New York puts its clocks forward on 8 March, Riga on 29 March: three weeks of an hour less between them
        (RIGA, "America/New_York", "2026-03-07 15:00", "11:00", "15:00"),
        (RIGA, "America/New_York", "2026-03-07 19:59", "11:00", "15:00"),  # still open, by that day's clock
        (RIGA, "America/New_York", "2026-03-07 20:01", "12:00", "16:00"),
        (RIGA, "America/New_York", "2026-03-28 20:01", "11:00", "15:00"),
        # Riga puts its clocks back on 25 October, New York on 1 November
        (RIGA, "America/New_York", "2026-10-24 19:01", "12:00", "16:00"),
        (RIGA, "America/New_York", "2026-10-31 20:01", "11:00", "15:00"),
        (RIGA, "Asia/Kolkata", "2026-01-15 12:00", "21:30", "01:30"),
        (NIGHT, "America/New_York", "2026-01-15 12:00", "15:00", "19:00"),
        (NIGHT, "America/New_York", "2026-01-15 23:30", "15:00", "19:00"),  # after midnight there, and open
        (RIGA, "Europe/Riga", "2026-01-15 12:00", "18:00", "22:00"),
    ],
)
def test_they_are_read_on_another_wall(hours: dict[str, Any], zone: str, moment: str, start: str, end: str) -> None:
    there = ActiveHours.parse(hours)
    here = there.seen_in(ZoneInfo(zone), at(moment))
    assert (here.start, here.end) == (time.fromisoformat(start), time.fromisoformat(end))
    assert (here.zone.key, here.weekdays) == (zone, ALL_WEEK)
    assert here.contains(there.next_opening(at(moment)))


@pytest.mark.parametrize(
    ("start", "weekdays", "zone", "seen"),
    [
        ("01:00", [1], "America/New_York", {7}),  # the evening before there
        ("01:00", [1, 2, 3, 4, 5], "America/New_York", {7, 1, 2, 3, 4}),
        ("18:00", [1, 5], "America/New_York", {1, 5}),
        ("23:00", [7], "Pacific/Auckland", {1}),
    ],
)
def test_their_weekdays_go_with_them(start: str, weekdays: list[int], zone: str, seen: set[int]) -> None:
    told = {"start_time": start, "end_time": "23:30", "timezone": "Europe/Riga", "weekdays": weekdays}
    assert ActiveHours.parse(told).seen_in(ZoneInfo(zone), at("2026-01-15 12:00")).weekdays == seen
