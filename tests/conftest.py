"""What every test may ask for: the app on both databases with pristine rows, a browser, a server, real services.

`app` is parametrised: a test that uses it, or anything built on it, runs on SQLite and on PostgreSQL. One that has
nothing to do with the database says `@pytest.mark.parametrize("app", ["sqlite"], indirect=True)`. With `--in-turns` the
cases of a table take turns (`tests/turns.py`).
"""

import gc
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from flask_login import UserMixin
from hypothesis import settings
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Page
from werkzeug.serving import make_server

from app import create_app, demo
from app.config import Settings
from app.kit import clock, logs
from app.kit.db import db
from app.promotions import attempts
from app.promotions import service as promotions
from tests import databases, make, services
from tests.browsing import (  # noqa: F401 fixtures
    bring_in,
    browser_context_args,
    browser_type_launch_args,
    page,
    page_without_javascript,
)
from tests.client import Browser
from tests.payments.stripe_stand_in import stripe  # noqa: F401 a fixture
from tests.turns import taking_turns

_services = ExitStack()
settings.register_profile("laurel", deadline=None)  # how long an example takes says only how busy the machine is
settings.load_profile("laurel")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--in-turns", action="store_true", help="each case of a table on one of the databases only")


def pytest_configure(config: pytest.Config) -> None:
    """With several test processes, their parent starts the servers and they find them in the environment."""
    gc.disable()  # until all is loaded: nothing of that is ever garbage
    logs.configure("console")
    logging.getLogger().setLevel(logging.WARNING)
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        os.environ["TEST_DATABASE_URL"] = _services.enter_context(services.postgresql())
        os.environ["TEST_REDIS_URL"] = _services.enter_context(services.valkey())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that at the end no process is left alone with it."""
    if config.getoption("in_turns"):
        items[:], left_out = taking_turns(items)
        config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: not takes_long(item))


def takes_long(item: pytest.Item) -> bool:
    """Whether it says so: by a timeout of its own, or by looking through the whole business."""
    return item.get_closest_marker("timeout") is not None or "business" in getattr(item, "fixturenames", ())


def pytest_collection_finish() -> None:
    """What has been loaded stays: no collection looks through it again, and forks share its memory for longer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # a twentieth of the time went into looking for garbage
    gc.enable()


def pytest_unconfigure() -> None:
    _services.close()


@pytest.fixture(scope="session")
def postgresql_url(worker_id: str) -> Iterator[str]:
    """An empty PostgreSQL database of this test process."""
    with (
        services.postgresql() as server,
        databases.postgresql_database(server, f"laurel_test_{os.getpid()}_{worker_id}") as url,
    ):
        yield url


@pytest.fixture(scope="session")
def _valkey_url(worker_id: str) -> Iterator[str]:
    number = 0 if worker_id == "master" else int(worker_id.removeprefix("gw")) + 1
    with services.valkey() as server:
        yield f"{server.rsplit('/', 1)[0]}/{number}"


@pytest.fixture(scope="session")
def _valkey(_valkey_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(_valkey_url) as connection:
        yield connection


@pytest.fixture
def redis_url(_valkey_url: str, _valkey: redis.Redis) -> str:
    """An empty Valkey database; the app under test uses it too."""
    _valkey.flushdb()
    return _valkey_url


class Stage:
    """An app and its database, made once a run; `restore` makes both as new for the next test."""

    def __init__(self, folder: Path, database_url: str, redis_url: str, templates: Path, shared: Path) -> None:
        self.folder, self.shared = folder, shared / f"business of {folder.name}"
        self.app = create_app(settings_for_tests(folder, database_url, redis_url))
        self.app.test_client_class = Browser
        self.app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(templates))
        try:
            databases.migrate(self.app)
        except BaseException:
            self._let_go()
            raise
        self.rows = databases.rows_of(self.app)
        self.config = dict(self.app.config)
        self.is_furnished = False

    def restore(self, rows: str = databases.PRISTINE) -> None:
        self.app.config.clear()
        self.app.config.update(self.config)
        self.app.extensions["broker"].is_there()  # closes its circuit again
        self.rows.restore(rows)
        promotions.editions.clear()
        attempts.forget()

    def furnish(self) -> None:
        """Put the demo's business in: one test process loads it, and then it is copied."""
        db.session.remove()
        if self.is_furnished:
            self.restore("business")
            return
        with databases.taking_turns(self.shared.with_suffix(".lock")):
            if self.shared.exists():
                self.rows.load(self.shared)
                shutil.copytree(self.shared.with_suffix(".media"), self.folder / "media", dirs_exist_ok=True)
            else:
                self._load_business()
        self.rows.keep("business")
        self.is_furnished = True

    def _load_business(self) -> None:
        demo.load(clock.now())
        make.deal_at_work(clock.now())
        db.session.remove()
        (self.folder / "media").mkdir(exist_ok=True)
        shutil.copytree(self.folder / "media", self.shared.with_suffix(".media"))
        self.rows.save(self.shared)

    def close(self) -> None:
        self.rows.close()
        self._let_go()

    def _let_go(self) -> None:
        with self.app.app_context():
            db.engine.dispose()


def settings_for_tests(folder: Path, database_url: str, redis_url: str) -> Settings:
    """Settings under which nothing leaves this machine, and hashing a password costs a millisecond."""
    return Settings(
        environment="testing",
        secret_key="a secret of the tests, and long enough for any use",
        database_url=database_url,
        redis_url=redis_url,
        base_url="http://127.0.0.1:8000",
        payments="test",
        mail_dir=str(folder / "mail"),
        media_url=f"file:{folder / 'media'}",
        cheap_passwords=True,
    )


@pytest.fixture(scope="session")
def _stages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str, _valkey_url: str
) -> Iterator[Callable[[str], Stage]]:
    made: dict[str, Stage] = {}
    ours = tmp_path_factory.getbasetemp()
    shared = ours if worker_id == "master" else ours.parent
    templates = tmp_path_factory.mktemp("templates")  # what one app has compiled is compiled for the other too

    def stage(kind: str) -> Stage:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            postgresql = kind == "postgresql"
            url = request.getfixturevalue("postgresql_url") if postgresql else f"sqlite:///{folder / 'laurel.db'}"
            made[kind] = Stage(folder, url, _valkey_url, templates, shared)
        return made[kind]

    yield stage
    for each in made.values():
        each.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, _stages: Callable[[str], Stage], redis_url: str) -> Iterator[Flask]:  # noqa: ARG001
    """The app, with the rows that the migrations made and no others, inside an app context."""
    stage = _stages(request.param)
    stage.restore()
    with stage.app.app_context():
        yield stage.app


@pytest.fixture
def business(app: Flask, _stages: Callable[[str], Stage]) -> Flask:
    """The app with the demo's business in it, as it is at its first start, and a deal at work."""
    _stages(db.engine.dialect.name).furnish()
    return app


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Not what pytest-flask does under this name: a request around a test would give all of it one `now` and `g`."""


@pytest.fixture(autouse=True)
def _monkeypatch_response_class() -> None:
    """Nor this: Werkzeug's responses know their `json` by themselves."""


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor without JavaScript. Another visitor: `app.test_client()`."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[FlaskClient | Page, UserMixin], None]:
    """`sign_in(client, user)` or `sign_in(page, user)`: from now on this visitor is that user."""

    def sign_in(visitor: FlaskClient | Page, user: UserMixin) -> None:
        client = app.test_client() if isinstance(visitor, Page) else visitor
        with client.session_transaction() as session:
            session.update(_user_id=user.get_id(), _fresh=True)
        if isinstance(visitor, Page):
            bring_in(visitor, app, client)

    return sign_in


@pytest.fixture
def frozen(time_machine: time_machine.TimeMachineFixture) -> time_machine.TimeMachineFixture:
    """The clock stands still at `make.NOW`; `frozen.shift(…)` and `frozen.move_to(…)` move it."""
    time_machine.move_to(make.NOW, tick=False)
    return time_machine


@pytest.fixture
def live_server(app: Flask) -> Iterator[str]:
    """The app under test on a real port, in a thread: its address. For real processes see tests/processes.py."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
