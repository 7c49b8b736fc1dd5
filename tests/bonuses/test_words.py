"""Why a bonus isn't given, in words."""

import pytest
from flask import Flask

from app.bonuses import shelf
from tests import make
from tests.holding import hours
from tests.make import NOW


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_outside_its_hours_a_bonus_says_when_it_opens(app: Flask) -> None:
    mia = make.user()
    make.bonus(active_hours=hours("18:00", "22:00", "UTC"))
    with app.test_request_context():
        [found] = shelf.shown_to(mia, NOW)
        assert found.why_not == "Opens today at 18:00 (UTC)."
