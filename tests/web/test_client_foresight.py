"""What a log will earn is told before a worker has judged, whatever else waits for one."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from app.accounts.models import User
from app.kit.db import db, unit_of_work
from app.kit.outbox import OutboxEvent
from tests import make
from tests.client import HTMX
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
MEAL = {"eaten_at": "2026-03-02T11:00", "meal": "lunch", "notes": ""}
ANOTHER = {
    "user_id": 10**6,
    "event_key": "meal_logged",
    "source": "meal:x",
    "occurred_at": NOW.isoformat(),
    "local_date": "2026-03-02",
}


@pytest.mark.parametrize(
    "payload",
    [
        ["no", "event"],
        {"event_key": "meal_logged", "v": 2},
        ANOTHER,
        ANOTHER | {"local_date": 7},
        ANOTHER | {"occurred_at": "soon"},
        ANOTHER | {"logged_at": NOW.isoformat()},
    ],
    ids=["a list", "too little", "somebody else's", "no date", "no moment", "half a moment"],
)
def test_what_waits_and_cannot_be_read_keeps_nobody_from_logging(
    client: FlaskClient, sign_in: Callable[[FlaskClient, User], None], payload: Any
) -> None:
    make.event_type("meal_logged", cooldown_hours=4)
    mia = make.user()
    sign_in(client, mia)
    event = {"topic": "xp", "key": "of another version", "stream": f"user:{mia.id}", "payload": payload}
    with unit_of_work():
        db.session.execute(insert(OutboxEvent).values(**event, created_at=NOW, due_at=NOW, attempts=0))
    for meal, told in (("lunch", "XP on the way"), ("snack", "too close to another one")):
        answer = client.post("/client/log/meal", data=MEAL | {"meal": meal}, headers=HTMX)
        assert (answer.status_code, told in answer.headers["HX-Trigger"]) == (200, True)
