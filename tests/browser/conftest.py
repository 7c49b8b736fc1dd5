"""The app in development, where the styleguide is, on a real port. It needs no rows, so no database is made."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import make_server

from app import create_app
from tests.conftest import settings_for_tests

WITHOUT = "page_without_javascript"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers cost most. With JavaScript they meet SQLite, without it PostgreSQL; the doors' own tests meet both."""
    items[:] = [item for item in items if Path(__file__).parent not in item.path.parents or _is_worth_it(item)]


def _is_worth_it(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    params: dict[str, object] = item.callspec.params if hasattr(item, "callspec") else {}
    if any(mark.args[0] == "app" for mark in item.iter_markers("parametrize")):
        return True
    without = WITHOUT in item.fixturenames or WITHOUT in params.values()
    return params.get("app") in {None, "postgresql" if without else "sqlite"}


@pytest.fixture(scope="module")
def guide_app(tmp_path_factory: pytest.TempPathFactory, _valkey_url: str) -> Flask:
    folder: Path = tmp_path_factory.mktemp("guide")
    settings = settings_for_tests(folder, f"sqlite:///{folder / 'none.db'}", _valkey_url)
    return create_app(replace(settings, environment="development"))


@pytest.fixture
def guide(guide_app: Flask) -> Iterator[str]:
    """The address of the styleguide."""
    server = make_server("127.0.0.1", 0, guide_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/styleguide"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def plain_page(context: BrowserContext) -> Page:
    """A browser that may see failures: for looking at their pages."""
    return context.new_page()
