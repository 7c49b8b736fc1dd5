"""Real processes for tests of races and kills: gunicorn with several workers, RQ workers, anything of ours.

Each ends with its block, killed if it must be, and dies with the test run. To hold or break something inside such a
process, write a small module beside the test that patches it and then does what `wsgi.py` or `worker.py` does, and
name it: `web(env, wsgi="tests.orders.slow_wsgi:app")`, `worker(env, script="tests/loyalty/held_worker.py")`.

They are forked from a process that has other people's libraries loaded (`tests/nursery.py`), which halves what a start
costs. Tests of starting and stopping say `fresh=True`: theirs are started as a person starts them.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from app.kit.processes import Child, kill_session, spawn, stop

ROOT = Path(__file__).parent.parent
START_SECONDS = 90.0


@dataclass
class Running:
    """A process of ours and what it has written so far."""

    process: Child
    log: Path
    url: str = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL, to it and to everything it has started, and back when the last of them is gone."""
        family = [self.pid, *descendants(self.pid)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not any(map(is_alive, family)))


def environment_of(app: Flask, **more: str) -> dict[str, str]:
    """The environment of a process that works on the same database, queue and sessions as the app under test."""
    settings = app.extensions["settings"]
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "LAUREL_ENV": "testing",
        "SECRET_KEY": settings.secret_key,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "MAIL_DIR": settings.mail_dir,
        "PAYMENTS": settings.payments,
        **more,
    }


@contextmanager
def web(
    env: Mapping[str, str], folder: Path, *, workers: int = 2, wsgi: str = "wsgi:app", fresh: bool = False
) -> Iterator[Running]:
    """gunicorn as in production, ready to answer at `.url`. Its log goes to `folder`."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as door:
        command = ["-m", "gunicorn", wsgi, "--bind", "fd://{door}", "--workers", str(workers)]
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        with _python(command, env, folder, fresh=fresh, url=url, door=door) as running:
            wait_until(lambda: requests.get(f"{url}/healthz", timeout=START_SECONDS).ok, running)
            yield running


@contextmanager
def worker(
    env: Mapping[str, str], folder: Path, *arguments: str, script: str = "worker.py", fresh: bool = False
) -> Iterator[Running]:
    """`python worker.py …`; wait for what it does with `wait_until`."""
    with _python([script, *arguments], env, folder, fresh=fresh) as running:
        yield running


@contextmanager
def process(
    command: list[str], env: Mapping[str, str], folder: Path, *, url: str = "", cwd: Path = ROOT, **options: Any
) -> Iterator[Running]:
    """Any command of ours, run in the project's folder unless told otherwise."""
    log = folder / f"{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        running = Running(spawn(command, env=env, cwd=cwd, stdout=out, stderr=subprocess.STDOUT, **options), log, url)
    with _ended_with_the_block(running):
        yield running


@contextmanager
def _python(
    command: list[str],
    env: Mapping[str, str],
    folder: Path,
    *,
    fresh: bool,
    url: str = "",
    door: socket.socket | None = None,
) -> Iterator[Running]:
    number = door.fileno() if door else None
    if fresh:
        words = [word.replace("{door}", str(number)) for word in command]
        with process([sys.executable, *words], env, folder, url=url, pass_fds=(number,) if number else ()) as running:
            yield running
        return
    log = folder / f"{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        files = [out.fileno(), *([number] if number else [])]
        running = Running(nursery().start(command, env, files), log, url)
    with _ended_with_the_block(running):
        yield running


@contextmanager
def _ended_with_the_block(running: Running) -> Iterator[None]:
    try:
        yield
    finally:
        stop(running.process)
        kill_session(running.pid)


class Nursery:
    """Our side of `tests/nursery.py`, which starts the children and waits for them."""

    def __init__(self) -> None:
        self.orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "tests/nursery.py", str(theirs.fileno())]
            self.process = spawn(command, cwd=ROOT, pass_fds=(theirs.fileno(),))

    def start(self, command: list[str], env: Mapping[str, str], files: list[int]) -> "Born":
        """Python with this command in a fork that has its libraries already; it writes to the first of the files."""
        order = {"command": command, "env": dict(env), "folder": str(ROOT)}
        socket.send_fds(self.orders, [json.dumps(order).encode()], files)
        return Born(self, int(self.orders.recv(64)))

    def end_of(self, pid: int) -> int | None:
        """The exit code of one that has ended, told once."""
        self.orders.send(str(pid).encode())
        code: int | None = json.loads(self.orders.recv(64))
        return code

    def close(self) -> None:
        self.orders.close()
        stop(self.process)


@cache
def nursery() -> Nursery:
    """This test process's own, from the first time it is needed until the end."""
    made = Nursery()
    atexit.register(made.close)
    return made


class Born:
    """A child of the nursery. Looks like a `Popen`."""

    def __init__(self, parent: Nursery, pid: int) -> None:
        self.pid, self._parent = pid, parent
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            self._code = self._parent.end_of(self.pid)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and timeout is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a child of the nursery", timeout)
            time.sleep(0.02)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)


def wait_until(condition: Callable[[], object], running: Running | None = None, seconds: float = START_SECONDS) -> None:
    """Look again and again until it holds; fail with the process's output when it ends first or time is up."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while not condition():
        ended = running is not None and running.process.poll() is not None
        if ended or time.monotonic() > deadline:
            raise AssertionError(f"waited in vain; the process says:\n{running.output if running else '(none given)'}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)


def is_alive(pid: int) -> bool:
    """Whether a process runs (one that only waits for its parent to notice its end doesn't)."""
    return _stat(pid)[:1] not in ([], ["Z"])


def descendants(pid: int) -> list[int]:
    """Whatever a process has started, and those have started."""
    everybody = {int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found, parents = [], [pid]
    while parents:
        parents = [each for each, stat in everybody.items() if stat and int(stat[1]) in parents]
        found += parents
    return found


def _stat(pid: int) -> list[str]:
    """State, parent and the rest of what the kernel tells of a process; nothing of one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []
