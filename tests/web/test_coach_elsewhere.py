"""Outside of their own area, too, no coach sees or changes what is another coach's: every other door, page and API."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.accounts.models import User
from tests import make
from tests.client import HTMX
from tests.web.test_coach_isolation import (
    ARGUMENTS,
    FORM,
    HIDDEN,
    SOUGHT,
    WORDS,
    Things,
    dump,
    rows_of,
    some_things,
)

SignIn = Callable[[FlaskClient, User], None]
pytestmark = pytest.mark.usefixtures("frozen")
OPEN = {"public", "user", "coach"}
ENDS_THE_VISIT = {"auth.logout"}


@pytest.fixture
def sam(client: FlaskClient, sign_in: SignIn) -> Things:
    things = some_things("Samphire")
    sign_in(client, things.coach)
    return things


@pytest.fixture
def rose(app: Flask) -> Things:  # noqa: ARG001
    return some_things(HIDDEN)


def other_doors(app: Flask) -> Iterator[tuple[Rule, str, bool]]:
    """Every route outside of the coaches' area, once for each method, and whether a coach may come in there."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in ENDS_THE_VISIT | {"static"} or rule.rule.startswith(("/coach/", "/styleguide")):
            continue
        access = getattr(app.view_functions[rule.endpoint], "access", ())
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}) if rule.rule != "/coach" else ():
            yield rule, method, bool(OPEN & set(access))


def value_for(name: str, rose: Things) -> int | str:
    """What an argument names: the other's thing, where it is one of a kind that a coach has."""
    if name == "username":
        return rose.person.username
    return (WORDS | {"ending": "png"}).get(name) or rose.ids.get(ARGUMENTS.get(name, ""), rose.person.id)


def knock(client: FlaskClient, rule: Rule, method: str, rose: Things, bearer: Mapping[str, str]) -> list[TestResponse]:
    """With all that could name the other's: as page, as part, and as a program would."""
    values: dict[str, Any] = {name: value_for(name, rose) for name in rule.arguments}
    with client.application.test_request_context():
        path = client.application.url_for(rule.endpoint, **values)
    named = {"username": rose.person.username, "coach_id": rose.coach.id, "client_id": rose.person.id, "q": SOUGHT}
    if rule.rule.startswith("/api"):
        more: dict[str, Any] = {"query_string": named} if method == "GET" else {"json": named | {"externalId": "x"}}
        return [client.open(path, method=method, headers=bearer, **more)]
    more = {"query_string": named | {"search": SOUGHT}} if method == "GET" else {"data": FORM | named}
    return [client.open(path, method=method, headers=headers, **more) for headers in ({}, HTMX)]


def test_no_door_that_is_not_a_coachs_lets_one_in(app: Flask, client: FlaskClient, sam: Things, rose: Things) -> None:
    bearer, tried = make.bearer(sam.coach), 0
    before = dump()
    for rule, method, is_open in other_doors(app):
        if not is_open:
            for answer in knock(client, rule, method, rose, bearer):
                assert answer.status_code == 403, f"{method} {rule.rule}: {answer.status_code}"
                assert HIDDEN not in answer.text, rule.rule
            tried += 1
    assert tried > 100
    assert dump() == before


def test_no_door_that_is_everybodys_shows_or_changes_what_is_anothers(
    app: Flask, client: FlaskClient, sam: Things, rose: Things
) -> None:
    bearer, before, reached = make.bearer(sam.coach), rows_of(rose), set[int]()
    for rule, method, is_open in other_doors(app):
        if is_open:
            for answer in knock(client, rule, method, rose, bearer):
                assert HIDDEN not in answer.text, rule.rule
                assert answer.status_code < 500, f"{method} {rule.rule}"
                reached.add(answer.status_code // 100)
            assert rows_of(rose) == before, f"{method} {rule.rule}"
    assert 2 in reached
