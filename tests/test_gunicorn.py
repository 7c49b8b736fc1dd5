"""Web as it is run: gunicorn with several workers."""

import re
import signal
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests
from flask import Flask

from tests.processes import environment_of, wait_until, web

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def test_figures_are_those_of_all_workers(app: Flask, tmp_path: Path) -> None:
    with web(environment_of(app), tmp_path, workers=2, fresh=True) as running:
        before = _asked_ready(running.url)
        for _ in range(20):
            requests.get(f"{running.url}/readyz", timeout=30)
        assert {_asked_ready(running.url) for _ in range(10)} == {before + 20}


def test_sigterm_lets_the_request_at_hand_finish(app: Flask, tmp_path: Path) -> None:
    env = environment_of(app, SLOW_FOLDER=str(tmp_path))
    with web(env, tmp_path, wsgi="tests.slow_wsgi:app", fresh=True) as running, ThreadPoolExecutor() as visitors:
        answer = visitors.submit(requests.get, f"{running.url}/slow", timeout=60)
        wait_until((tmp_path / "began").exists, running)
        running.process.send_signal(signal.SIGTERM)
        (tmp_path / "go").touch()
        assert answer.result().text == "done"
        assert running.process.wait(30) == 0


def test_sigterm_is_heard_by_workers_that_are_still_starting(app: Flask, tmp_path: Path) -> None:
    with web(environment_of(app), tmp_path, workers=4, fresh=True) as running:  # the first of them has answered
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(15) == 0  # after 20 s those who heard nothing would be killed


def test_workers_do_not_outlive_a_killed_parent(app: Flask, tmp_path: Path) -> None:
    env = environment_of(app, SLOW_FOLDER=str(tmp_path))
    with web(env, tmp_path, wsgi="tests.slow_wsgi:app", fresh=True) as running, ThreadPoolExecutor() as visitors:
        answer = visitors.submit(requests.get, f"{running.url}/slow", timeout=60)
        wait_until(lambda: (tmp_path / "began").exists() and (tmp_path / "began").read_text(), running)
        running.process.send_signal(signal.SIGKILL)
        with pytest.raises(requests.ConnectionError):
            answer.result()


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_who_sends_far_too_much_is_told_so_and_not_cut_off(app: Flask, tmp_path: Path, kind: str) -> None:
    with web(environment_of(app), tmp_path) as running:
        sender = HTTPConnection(running.url.removeprefix("http://"), timeout=30)
        sender.request("POST", "/api/promotions/validate", b"x" * 20_000_000, {"Content-Type": kind})
        assert sender.getresponse().status == 413


def _asked_ready(url: str) -> float:
    figures = requests.get(f"{url}/metrics", timeout=30).text
    found = re.search(r'laurel_requests_total{[^}]*route="/readyz"[^}]*} ([\d.]+)', figures)
    return float(found[1]) if found else 0
