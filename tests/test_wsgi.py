"""Where gunicorn comes in."""

import runpy

import pytest
from flask import Flask

from app import demo
from app.accounts import service as accounts
from app.config import UnsafeSettings
from app.demo import accounts as demo_accounts
from app.kit import clock, logs
from app.kit.db import unit_of_work
from tests.processes import ROOT, environment_of


@pytest.fixture
def production(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    for name, value in environment_of(app, LAUREL_ENV="production", PAYMENTS="manual").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BASE_URL", "https://shop.example")
    monkeypatch.setattr(logs, "configure", lambda _style: None)
    return app


@pytest.mark.usefixtures("production")
def test_production_does_not_open_while_the_demos_password_opens_it_too() -> None:
    demo_accounts.load(clock.now())
    with pytest.raises(UnsafeSettings, match="demo's password: admin, coach, client"):
        runpy.run_path(str(ROOT / "wsgi.py"))
    with unit_of_work():
        for name in demo.SIGN_INS:
            user = accounts.find(name)
            assert user is not None
            user.is_active = False
    assert isinstance(runpy.run_path(str(ROOT / "wsgi.py"))["app"], Flask)


def test_an_empty_production_opens(production: Flask) -> None:
    assert isinstance(runpy.run_path(str(ROOT / "wsgi.py"))["app"], type(production))
