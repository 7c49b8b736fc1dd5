"""`./run` as a person runs it, in a copy of the project: it starts everything, and leaves nothing behind."""

import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from app import supervisor
from app.kit.processes import free_port, spawn
from tests.processes import ROOT, Running, process, wait_until
from tests.visiting import Visitor

pytestmark = pytest.mark.timeout(600)  # whole starts, on machines that may be busy


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with a `var` of its own: whoever starts it first loads the demo."""
    house = tmp_path_factory.mktemp("copy") / "laurel"
    shutil.copytree(ROOT, house, ignore=shutil.ignore_patterns(".*", "var", "tests", "node_modules"))
    return house


@contextmanager
def started(house: Path, port: int) -> Iterator[Running]:
    env = {"PATH": os.environ["PATH"], "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "app.supervisor"]
    with process(command, env, house.parent, cwd=house, url=f"http://127.0.0.1:{port}") as running:
        yield running


def test_it_starts_everything_once_and_stops_all_of_it(house: Path) -> None:
    with started(house, free_port()) as running:
        wait_until(lambda: "Laurel is ready" in running.output, running, seconds=90)
        assert f"{running.url}\n" in running.output
        assert "admin, coach, client  (password laurel-demo)" in running.output
        assert requests.get(f"{running.url}/readyz", timeout=10).json()["data"]["degraded"] is False
        for name in ("admin", "coach", "client"):
            assert _signs_in(running.url, name, "laurel-demo"), running.output

        with started(house, free_port()) as second:
            assert second.process.wait(30) == 1
            assert f"running from this folder already (process {running.pid})" in second.output
        taken = house.parent / "another"
        shutil.copytree(house, taken, ignore=shutil.ignore_patterns("var"))
        with started(taken, int(running.url.rsplit(":", 1)[1])) as third:
            assert third.process.wait(30) == 1
            assert "is used by another program. Choose another: PORT=" in third.output

        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0
        assert living_in(house) == []


def test_a_killed_one_leaves_nothing_behind_and_the_next_goes_on(house: Path) -> None:
    with started(house, free_port()) as running:
        wait_until(lambda: "Laurel is ready" in running.output, running, seconds=90)
        people = _people(house)
        running.process.send_signal(signal.SIGKILL)
        wait_until(lambda: living_in(house) == [])
    with started(house, int(running.url.rsplit(":", 1)[1])) as again:
        wait_until(lambda: "Laurel is ready" in again.output, again, seconds=90)
        assert _people(house) == people
        web = json.loads((house / "var/laurel.children").read_text())["web"]
        os.killpg(web, signal.SIGKILL)
        wait_until(lambda: not any("gunicorn" in command for command in living_in(house)))
        assert requests.get(f"{again.url}/healthz", timeout=60).ok  # visitors wait, and are not refused
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(60) == 0
        assert living_in(house) == []


def test_what_a_dead_start_left_is_ended_and_strangers_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left, stranger = (spawn([sys.executable, "-c", "input()", name], stdin=-1) for name in ("worker.py", "other.py"))
    monkeypatch.setattr(supervisor, "CHILDREN", tmp_path / "laurel.children")
    supervisor.CHILDREN.write_text(json.dumps({"worker": left.pid, "web": stranger.pid}))
    with left, stranger:
        supervisor.end_what_is_left()
        assert left.wait(10) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()
    assert not supervisor.CHILDREN.exists()


def test_unsafe_settings_are_refused_before_anything_starts(house: Path) -> None:
    env = {"PATH": os.environ["PATH"], "LAUREL_ENV": "production"}
    with process([sys.executable, "-m", "app.supervisor"], env, house.parent, cwd=house) as running:
        assert running.process.wait(30) == 1
    assert "SECRET_KEY must be" in running.output
    assert "Traceback" not in running.output
    assert living_in(house) == []


def _signs_in(url: str, username: str, password: str) -> bool:
    visitor = Visitor(url)
    visitor.get("/login")
    return visitor.post("/login", data={"username": username, "password": password}).status_code == 303


def _people(house: Path) -> int:
    with closing(sqlite3.connect(house / "var/laurel.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM users").fetchone()[0])


def living_in(folder: Path) -> list[str]:
    """The command lines of the processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve().is_relative_to(folder):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:  # gone, or somebody else's
            continue
    return [command for command in found if command]
