"""Names that are typed into one line stay on one line, whoever sends them."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.activity.program_models import Program
from app.kit.db import db
from app.loyalty.achievement_models import Achievement
from app.loyalty.models import Level
from app.loyalty.reward_models import Reward
from tests import make
from tests.keeping import achievement_form, beside, reward_form

SignIn = Callable[[FlaskClient, User], None]
Named = type[Achievement | Level | Program | Reward]
AS_KEPT = {
    "Mug\r\nBcc: x": "Mug Bcc: x",
    "\u2029A\x07b\u202e c\u200b\ufeff\t\x1f\xa0 d\u2028": "Ab c d",
    "Family \U0001f468\u200d\U0001f469\u200d\U0001f467": "Family \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0e01\u0e33\u0e25\u0e31\u0e07": (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0e01\u0e33\u0e25\u0e31\u0e07"
    ),
    "e\u0301te\u0301 🏋🏽‍♀️": "e\u0301te\u0301 🏋🏽‍♀️",
}
LEVEL = {"level_number": "1", "xp_required": "100", "icon": "crown"}
DOORS: list[tuple[str, str, Named, dict[str, Any]]] = [
    ("admin", "/admin/rewards/create", Reward, reward_form()),
    ("coach", "/coach/rewards/create", Reward, reward_form()),
    ("admin", "/admin/achievements/create", Achievement, achievement_form()),
    ("admin", "/admin/levels/create", Level, LEVEL),
    ("coach", "/coach/programs/create", Program, {"description": ""}),
]


@pytest.mark.parametrize(("role", "path", "model", "fields"), DOORS)
def test_a_name_is_one_line_of_what_can_be_seen(
    client: FlaskClient, sign_in: SignIn, role: str, path: str, model: Named, fields: dict[str, Any]
) -> None:
    sign_in(client, make.user(role=role))
    typed, kept = next(iter(AS_KEPT.items()))
    assert client.post(path, data=fields | {"name": typed}).status_code == 303
    assert list(db.session.scalars(select(model.name))) == [kept]


def test_so_is_the_name_of_an_event_type(client: FlaskClient, sign_in: SignIn) -> None:
    sign_in(client, make.user(role="admin"))
    workout, amounts = make.event_type("workout_logged"), {"xp_amount": "5", "points_amount": "5"}
    client.post(f"/admin/xp-event-types/{workout.id}/edit", data=amounts | {"name": "Mug\r\nBcc: x"})
    assert workout.name == "Mug Bcc: x"


@pytest.mark.parametrize(("typed", "kept"), AS_KEPT.items())
def test_what_controls_text_goes_and_what_joins_it_stays(
    client: FlaskClient, sign_in: SignIn, typed: str, kept: str
) -> None:
    sign_in(client, make.user(role="admin"))
    client.post("/admin/rewards/create", data=reward_form(name=typed))
    assert list(db.session.scalars(select(Reward.name))) == [kept]


@pytest.mark.parametrize("nothing", ["\u200b", "\x07\r\n", "\u200d \u200c"])
def test_a_name_of_what_cannot_be_seen_is_missing(client: FlaskClient, sign_in: SignIn, nothing: str) -> None:
    sign_in(client, make.user(role="admin"))
    answer = client.post("/admin/rewards/create", data=reward_form(name=nothing))
    assert answer.status_code == 422
    assert "Please fill this in." in beside(answer.text, "name")
    assert list(db.session.scalars(select(Reward.name))) == []
