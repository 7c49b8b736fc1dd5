"""What tests of endpoints share: reading what was answered, and everybody who is turned away."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import keys, tokens
from app.kit.db import unit_of_work
from tests import make

Headers = dict[str, str]
Call = tuple[str, str, Any]


def data_of(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    """What a good answer tells."""
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert answer.json["status"] == "success"
    data: dict[str, Any] = answer.json["data"]
    return data


def refused(answer: TestResponse, status: int) -> dict[str, Any]:
    """The whole refusal."""
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert answer.json["status"] == "error"
    refusal: dict[str, Any] = answer.json
    return refusal


def dead_keys(*scopes: str) -> list[Headers]:
    """Of a key that has ended, of one that was revoked, and of one that never was."""
    admin, yesterday = make.user(role="admin"), make.NOW - timedelta(days=1)
    with unit_of_work():
        _old, ended = tokens.make_key("Old", scopes, made_by=admin, expires_at=make.NOW, now=yesterday)
        gone, revoked = tokens.make_key("Gone", scopes, made_by=admin, expires_at=None, now=make.NOW)
        keys.revoke(gone.id, actor=make.SYSTEM, now=make.NOW)
    return [{"Authorization": f"Bearer {secret}"} for secret in (ended, revoked, "laurel_guessed")]


def strangers(scope: str = "") -> list[tuple[Headers, int]]:
    """Whoever may not call what is for admins and programs with this scope, and how each is told so."""
    others = [each for each in tokens.SCOPES if each != scope]
    people = [make.bearer(make.user(role=role)) for role in ("coach", "client")]
    unknown = [{}, *dead_keys(*tokens.SCOPES)]
    return [*((each, 401) for each in unknown), *((each, 403) for each in (make.api_key(*others), *people))]


def turn_away(client: FlaskClient, calls: list[Call], scope: str = "") -> None:
    """Each of these calls is refused to each of them, and to the browser of a signed-in admin."""
    with client.session_transaction() as session:
        session.update(_user_id=make.user(role="admin").get_id(), _fresh=True)
    for headers, status in strangers(scope):
        for method, url, body in calls:
            answer = client.open(url, method=method, json=body, headers=headers)
            error = "unauthorized" if status == 401 else "forbidden"
            assert refused(answer, status)["error"] == error, (method, url)
