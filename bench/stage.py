"""What a benchmark plays on: fresh databases, gunicorn as in production, clients in processes of their own."""

import contextlib
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from app.kit.processes import die_with_parent, spawn, stop
from tests import databases, services

ROOT = Path(__file__).parent.parent
START_SECONDS = 30.0
_forks = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Result:
    """What one round brought: how many answers a second, the time of one in ms, and every status that was seen."""

    per_second: float
    median_ms: float
    p95_ms: float
    statuses: frozenset[int]


@dataclass(frozen=True)
class Ask:
    """One kind of request, sent again and again."""

    name: str
    path: str
    body: bytes = b"{}"
    expects: int = 200

    def sent(self, host: str) -> bytes:
        head = f"POST {self.path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        return head.encode() + f"Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty database: a `sqlite` file, or a `postgresql` server of our own."""
    if kind == "sqlite":
        with TemporaryDirectory(prefix="laurel-bench-") as folder:
            yield f"sqlite:///{folder}/laurel.db"
    else:
        with services.postgresql() as server, databases.postgresql_database(server, f"bench_{os.getpid()}") as url:
            yield url


def environment_for(database_url: str, redis_url: str, **more: str) -> dict[str, str]:
    """The environment of a process that runs as in production, but without rate limits."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LAUREL_ENV": "production",
        "SECRET_KEY": "a secret of the benchmark, long enough for production",
        "BASE_URL": "http://127.0.0.1:8000",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "RATELIMIT_ENABLED": "0",
        **more,
    }


@contextmanager
def gunicorn(wsgi: str, env: Mapping[str, str], *, workers: int) -> Iterator[int]:
    """Gunicorn with sync workers, as we run it in production; the port at which it answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as door:
        port: int = door.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", wsgi, "--bind", f"fd://{door.fileno()}"]
        command += ["--workers", str(workers), "--max-requests", "0", "--log-level", "error"]
        server = spawn(command, env=env, cwd=ROOT, pass_fds=(door.fileno(),), stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield port
        finally:
            stop(server)


def load(port: int, ask: Ask, *, clients: int, seconds: float) -> Result:
    """Ask from so many clients at once, each in a process and on a new connection each time, as sync workers serve."""
    start = _forks.Barrier(clients)
    pipes = [_forks.Pipe(duplex=False) for _each in range(clients)]
    processes = [_forks.Process(target=_client, args=(port, ask, seconds, start, theirs)) for _ours, theirs in pipes]
    for process in processes:
        process.start()
    told = [ours.recv() for ours, _theirs in pipes]
    for process in processes:
        process.join()
    times = sorted(each for counted, _statuses in told for each in counted)
    cuts = quantiles(times, n=20)
    statuses = frozenset[int]().union(*(seen for _counted, seen in told))
    return Result(len(times) / seconds, cuts[9] * 1000, cuts[18] * 1000, statuses)


def _client(port: int, ask: Ask, seconds: float, start: Barrier, report: Any) -> None:
    die_with_parent()
    message, times, statuses = ask.sent(f"127.0.0.1:{port}"), [], set()
    start.wait(START_SECONDS)
    end = time.perf_counter() + seconds
    began = time.perf_counter()
    while began < end:
        statuses.add(_status_of(port, message))
        now = time.perf_counter()
        times.append(now - began)
        began = now
    report.send((times, statuses))


def _status_of(port: int, message: bytes) -> int:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(message)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return int(answer[9:12])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            if _status_of(port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"):
                return
        time.sleep(0.05)
    raise TimeoutError("gunicorn did not start")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, its columns aligned."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
