from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.kit import clock, limits
from app.kit.broker import Broker
from app.kit.db import db
from app.kit.limits import LIMITS, LimitCounter, TooOften


@pytest.fixture(params=["redis", "database"])
def counted_in(request: pytest.FixtureRequest, app: Flask) -> Iterator[str]:
    real = app.extensions["broker"]
    if request.param == "database":
        app.extensions["broker"] = Broker("redis://127.0.0.1:1/0")
    yield request.param
    app.extensions["broker"] = real


@pytest.mark.usefixtures("counted_in")
def test_a_limit_holds_for_its_key_and_opens_with_the_next_minute(frozen: time_machine.TimeMachineFixture) -> None:
    for _ in range(LIMITS["sign_in_account"]):
        limits.check("sign_in_account", "ada")
        limits.count("sign_in_account", "ada")
    with pytest.raises(TooOften) as refusal:
        limits.check("sign_in_account", "ada")
    assert 1 <= refusal.value.retry_after <= limits.WINDOW
    with pytest.raises(TooOften):
        limits.count("sign_in_account", "ada")
    limits.check("sign_in_account", "bob")
    limits.check("sign_in_address", "ada")
    frozen.shift(limits.WINDOW)
    limits.check("sign_in_account", "ada")


def test_counts_of_past_minutes_are_cleared_away(counted_in: str, frozen: time_machine.TimeMachineFixture) -> None:
    limits.count("sign_in_account", "ada")
    assert (db.session.scalar(select(LimitCounter.count)) is None) == (counted_in == "redis")
    limits.forget_old(clock.now())
    frozen.shift(limits.WINDOW)
    limits.forget_old(clock.now())
    assert db.session.scalar(select(LimitCounter)) is None


@pytest.mark.options(ratelimit_enabled=False)
@pytest.mark.usefixtures("counted_in")
def test_nothing_is_counted_where_limits_are_off() -> None:
    for _ in range(LIMITS["sign_in_account"] + 1):
        limits.count("sign_in_account", "ada")
    limits.check("sign_in_account", "ada")


def test_an_installation_may_set_limits_of_its_own(app: Flask) -> None:
    app.config["RATELIMITS"] = {"sign_in_account": 1}
    limits.count("sign_in_account", "ada")
    with pytest.raises(TooOften):
        limits.check("sign_in_account", "ada")
    limits.check("sign_in_address", "ada")
