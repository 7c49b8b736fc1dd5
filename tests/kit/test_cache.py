import time

import pytest
from flask import Flask

from app.kit.broker import Broker
from app.kit.cache import SECONDS, Shelf
from app.kit.db import unit_of_work

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.parametrize("app", ["sqlite"], indirect=True)]


class Source:
    def __init__(self) -> None:
        self.loads = 0

    def load(self) -> int:
        self.loads += 1
        return self.loads


def test_a_value_is_loaded_once() -> None:
    shelf, source = Shelf("t"), Source()
    assert [shelf.get("a", source.load), shelf.get("a", source.load)] == [1, 1]


def test_a_drop_in_one_process_is_seen_at_once_in_the_others() -> None:
    here, there, source = Shelf("t"), Shelf("t"), Source()
    assert [here.get("a", source.load), there.get("a", source.load)] == [1, 2]
    with unit_of_work():
        here.drop()
        assert there.get("a", source.load) == 2
    assert there.get("a", source.load) == 3


def test_nothing_is_kept_longer_than_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, source = Shelf("t"), Source()
    shelf.get("a", source.load)
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began + SECONDS + 1)
    assert shelf.get("a", source.load) == 2


def test_without_redis_nothing_is_kept(app: Flask) -> None:
    real = app.extensions["broker"]
    app.extensions["broker"] = Broker("redis://127.0.0.1:1/0")
    try:
        shelf, source = Shelf("t"), Source()
        assert [shelf.get("a", source.load), shelf.get("a", source.load)] == [1, 2]
    finally:
        app.extensions["broker"] = real
