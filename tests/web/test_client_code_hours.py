"""When a code is open, as its client reads it: by their own clock, and by the code's where that shows another time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient

from app.accounts.models import User
from tests import make
from tests.client import HTMX
from tests.holding import card, changed, hours

pytestmark = [pytest.mark.usefixtures("frozen"), pytest.mark.parametrize("app", ["sqlite"], indirect=True)]
Clock = time_machine.TimeMachineFixture
SignIn = Callable[[FlaskClient, User], None]
RIGA, NIGHT = hours("18:00", "22:00"), hours("22:00", "02:00")
BEFORE_SPRING = "Hours Every day, 11:00-15:00 (America/New York) Every day, 18:00-22:00 (Europe/Riga)"
BETWEEN = "Hours Every day, 12:00-16:00 (America/New York) Every day, 18:00-22:00 (Europe/Riga)"
BY_NIGHT = "Hours Every day, 15:00-19:00 (America/New York) Every day, 22:00-02:00 (Europe/Riga)"
THE_EVENING_BEFORE = (
    "Hours Sunday to Thursday, 19:00-21:00 (America/New York) Monday to Friday, 01:00-03:00 (Europe/Riga)"
)
FRIDAYS = hours("18:00", "20:00", weekdays=[5])
OFFICE = hours("01:00", "03:00", weekdays=[1, 2, 3, 4, 5])


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn) -> User:
    user = make.user(timezone="America/New_York")
    sign_in(client, user)
    return user


def shown(client: FlaskClient, user: User, **terms: Any) -> str:
    """What the card says of a code's state and hours; it was applied before these terms."""
    code = make.offer_code(code="RIGA", title="T")
    make.applied(user, code)
    changed(code, **terms)
    return (
        card(client.get("/client/codes").text, "RIGA")
        .removeprefix("RIGA T 10% bonus ")
        .split(" Uses ")[0]
        .split(" Offers ")[0]
        .replace("\N{EN DASH}", "-")
    )


@pytest.mark.parametrize(
    ("at", "told", "said"),
    [
        ("2026-03-02 12:00", RIGA, f"Opens today at 11:00 Opens in 4h 0m {BEFORE_SPRING}"),
        ("2026-03-02 15:59:30", RIGA, f"Opens today at 11:00 Opens in 0m 30s {BEFORE_SPRING}"),
        ("2026-03-02 16:00", RIGA, f"Open now, until 15:00 Closes in 4h 1m {BEFORE_SPRING}"),
        ("2026-03-02 20:00:59", RIGA, f"Open now, until 15:00 Closes in 0m 1s {BEFORE_SPRING}"),
        ("2026-03-02 20:01", RIGA, f"Opens tomorrow at 11:00 Opens in 19h 59m {BEFORE_SPRING}"),
        # New York puts its clocks forward on 8 March, Riga on 29 March
        ("2026-03-07 20:01", RIGA, f"Opens tomorrow at 12:00 Opens in 19h 59m {BETWEEN}"),
        ("2026-03-08 17:00", RIGA, f"Open now, until 16:00 Closes in 3h 1m {BETWEEN}"),
        ("2026-03-28 20:01", RIGA, f"Opens tomorrow at 11:00 Opens in 18h 59m {BEFORE_SPRING}"),
        # over midnight there, by day here
        ("2026-03-02 23:00", NIGHT, f"Open now, until 19:00 Closes in 1h 1m {BY_NIGHT}"),
        # Monday to Friday there begin on the evening before here
        (
            "2026-03-06 12:00",
            OFFICE,
            f"Opens on Sun, Mar 8 at 19:00 Opens in 2d 11h 0m {THE_EVENING_BEFORE}",
        ),
    ],
)
def test_hours_are_told_by_ones_own_clock(
    client: FlaskClient, mia: User, frozen: Clock, at: str, told: dict[str, Any], said: str
) -> None:
    frozen.move_to(datetime.fromisoformat(at).replace(tzinfo=UTC), tick=False)
    assert shown(client, mia, active_hours=told) == said


@pytest.mark.parametrize(
    ("weekdays", "said"),
    [
        ([], "Every day"),
        ([1, 3], "Monday and Wednesday"),
        ([5, 6], "Friday and Saturday"),
        ([1, 7], "Sunday and Monday"),
        ([1, 4, 7], "Monday, Thursday, and Sunday"),
        ([5, 6, 7], "Friday to Sunday"),
        ([1, 6, 7], "Saturday to Monday"),
        ([1, 2, 4, 5], "Monday, Tuesday, Thursday, and Friday"),
    ],
)
def test_weekdays_are_words_and_one_zone_is_told_once(
    client: FlaskClient, sign_in: SignIn, weekdays: list[int], said: str
) -> None:
    user = make.user(timezone="Europe/Riga")
    sign_in(client, user)
    told = shown(client, user, active_hours=hours("18:00", "22:00", weekdays=weekdays))
    assert told.endswith(f"Hours {said}, 18:00-22:00 (Europe/Riga)")


@pytest.mark.parametrize("told", [hours("00:00", "23:59"), hours("12:00", "11:59", weekdays=[1, 2, 3, 4, 5, 6, 7])])
def test_hours_that_never_close_are_not_told(client: FlaskClient, mia: User, told: dict[str, Any]) -> None:
    assert shown(client, mia, active_hours=told) == "Open now"


def test_days_are_told_as_ones_language_has_them(client: FlaskClient, sign_in: SignIn) -> None:
    user = make.user(locale="th")
    sign_in(client, user)
    told = shown(client, user, starts_at=make.NOW + timedelta(days=2))
    assert "พ. 4 มี.ค." in told
    refused = client.post("/client/codes", data={"code": make.code_of(make.offer_code(active_hours=FRIDAYS))})
    assert "ศ. 6 มี.ค." in refused.text


@pytest.mark.parametrize(
    ("left", "told", "said"),
    [
        (timedelta(hours=3), None, "Open now, until 10:00 Closes in 3h 0m"),
        (timedelta(hours=17), None, "Open now, until Mon, Mar 2, midnight Closes in 17h 0m"),
        (timedelta(days=30), None, "Open now, until Wed, Apr 1, 08:00 Closes in 30d 0h 0m"),
        (timedelta(days=400), None, "Open now, until Tue, Apr 6, 2027, 08:00 Closes in 400d 0h 0m"),
        (timedelta(hours=5), RIGA, f"Opens today at 11:00 Opens in 4h 0m {BEFORE_SPRING}"),
        (timedelta(hours=4), RIGA, "Ended"),  # it never opens again
    ],
)
def test_an_end_closes_it_too(
    client: FlaskClient, mia: User, left: timedelta, told: dict[str, Any] | None, said: str
) -> None:
    terms = {"active_hours": told} if told else {}
    assert shown(client, mia, ends_at=make.NOW + left, **terms) == said


def test_the_part_follows_the_clock(client: FlaskClient, mia: User, frozen: Clock) -> None:
    shown(client, mia, active_hours=RIGA)
    look = client.get("/client/codes").text.split('data-url="')[1].split('"')[0]
    frozen.shift(timedelta(hours=3))
    assert client.get(look, headers=HTMX).status_code == 204
    frozen.shift(timedelta(hours=1))
    assert "Open now, until 15:00" in client.get(look, headers=HTMX).text
