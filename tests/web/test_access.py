"""Who may go where: every route says so, and every area keeps it."""

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.kit.logs import Trickle
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]
AREAS = {"/admin": "admin", "/coach": "coach", "/client": "client"}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    silent = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not getattr(app.view_functions[rule.endpoint], "access", None)
    }
    assert silent == set()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_every_route_of_an_area_is_for_its_role_alone(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        for area, role in AREAS.items():
            if rule.rule == area or rule.rule.startswith(f"{area}/"):
                assert getattr(app.view_functions[rule.endpoint], "access", None) == (role,), rule.rule


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("role", ["admin", "coach", "client"])
def test_an_area_lets_its_own_role_in_and_tells_others_no(
    client: FlaskClient, sign_in: SignIn, area: str, role: str
) -> None:
    assert client.get(area).location == f"/login?next={area}"
    assert client.get(area, headers=HTMX).status_code == 401
    sign_in(client, make.user(role=role))
    assert client.get(area).status_code == (200 if AREAS[area] == role else 403)


@pytest.mark.usefixtures("app")
def test_a_flood_of_refusals_is_logged_a_little(
    caplog: pytest.LogCaptureFixture, frozen: time_machine.TimeMachineFixture
) -> None:
    trickle = Trickle(most=3)
    for _each in range(10):
        trickle.warn("refused", path="/admin")
    assert len(caplog.records) == 3
    frozen.shift(60)
    trickle.warn("refused", path="/admin")
    assert "'held_back': 7" in caplog.text
