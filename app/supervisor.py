"""What ./run starts: web, worker and schedule on one machine, with a Valkey of their own; and what stops all of it.

The children end with us: asked when we are asked, and by the kernel when we are killed. Where no kernel does that,
the next start ends what the last one left, by the list in var/laurel.children.
"""

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path

from app import demo
from app.config import ROOT, VAR, Settings, UnsafeSettings, environment
from app.kit import valkey
from app.kit.processes import Crew, Member, kill_session, spawn, stop

READY_SECONDS = 60.0
PORT_SECONDS = 2.0
LOCK, CHILDREN = VAR / "laurel.lock", VAR / "laurel.children"
COMMANDS = {"valkey": ("valkey-server", "redis-server"), "web": ("gunicorn",), "worker": ("worker.py",)}


class CannotStart(Exception):
    """Laurel can't start here; the message says why, and what to do."""


def main() -> int:
    """Start everything and keep it at work until SIGTERM or Ctrl-C; a second one doesn't wait for anybody."""
    stopped, crew = threading.Event(), Crew(noted=_list_children)

    def ask_to_stop(_signal: int, _frame: object) -> None:
        if stopped.is_set():
            crew.kill()
        stopped.set()

    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, ask_to_stop)
    try:
        _run(crew, environment(), stopped)
    except (CannotStart, UnsafeSettings, valkey.NoValkey) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def _run(crew: Crew, env: dict[str, str], stopped: threading.Event) -> None:
    settings = Settings.from_env(env)
    VAR.mkdir(exist_ok=True)
    with ExitStack() as at_the_end:
        at_the_end.enter_context(_the_only_one())
        end_what_is_left()
        door = at_the_end.enter_context(_door(settings.port))
        at_the_end.callback(crew.dismiss)
        if "REDIS_URL" not in env:
            folder = VAR / "valkey"
            url = env["REDIS_URL"] = valkey.url_of(folder)
            crew.add("valkey", lambda: valkey.start(folder, url))
        _prepare(env, stopped)
        if not stopped.is_set():
            _open(crew, env, door)
            _wait_until_it_answers(crew, door, stopped)
        if not stopped.is_set():
            print(_greeting(settings), flush=True)
        crew.keep(stopped)
        print("Stopping …", flush=True)


def _open(crew: Crew, env: dict[str, str], door: socket.socket) -> None:
    number = door.fileno()
    web = [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"fd://{number}", "--log-level", "warning"]
    worker = [sys.executable, "worker.py"]
    crew.add("worker", lambda: spawn(worker, env=env, cwd=ROOT), grace=65)
    crew.add("web", lambda: spawn(web, env=env, cwd=ROOT, pass_fds=(number,)), grace=25)


def _prepare(env: dict[str, str], stopped: threading.Event) -> None:
    """Bring the database up to date, with the demo on a first start."""
    child = spawn([sys.executable, "-m", "flask", "--app", "wsgi", "prepare"], env=env, cwd=ROOT)
    while child.poll() is None:
        if stopped.wait(0.05):
            stop(child)
            return
    if child.returncode != 0:
        raise CannotStart("The database could not be prepared; the reason is above.")


@contextmanager
def _the_only_one() -> Iterator[None]:
    """Raises CannotStart when another start from this folder is still at work. The kernel forgets the lock with us."""
    with LOCK.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"Laurel is running from this folder already (process {lock.read().strip()}). Stop that one first."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _door(port: int) -> socket.socket:
    """The socket at which web answers; ours, so that visitors only wait while web is started again."""
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        try:
            return socket.create_server(("127.0.0.1", port), backlog=1024)
        except PermissionError:
            raise CannotStart(f"Port {port} is for root only. Choose another: PORT=8000 ./run") from None
        except OSError:
            if time.monotonic() > deadline:
                taken = f"Port {port} is used by another program. Choose another: PORT={port + 1} ./run"
                raise CannotStart(taken) from None
            time.sleep(0.1)


def _wait_until_it_answers(crew: Crew, door: socket.socket, stopped: threading.Event) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not stopped.wait(0.05):
        web = crew.members[-1].child
        if web is None or web.poll() is not None or time.monotonic() > deadline:
            raise CannotStart("Web does not answer; the reason is above.")
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", door.getsockname()[1], timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == HTTPStatus.OK:
                return


def _list_children(members: list[Member]) -> None:
    CHILDREN.write_text(json.dumps({each.name: each.child.pid for each in members if each.child is not None}))


def end_what_is_left() -> None:
    """End the children of a start that was killed, if any of them still live."""
    with suppress(FileNotFoundError, ValueError):
        for name, pid in json.loads(CHILDREN.read_text()).items():
            deadline = time.monotonic() + 5
            while _is(pid, COMMANDS[name]):
                if time.monotonic() > deadline:
                    kill_session(pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
                time.sleep(0.1)
    CHILDREN.unlink(missing_ok=True)


def _is(pid: int, commands: tuple[str, ...]) -> bool:
    """Whether this process is one of ours still, and not a stranger who got its number."""
    try:
        told = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        asked = ["/bin/ps", "-o", "command=", "-p", str(pid)]
        told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603 a number of ours
    return any(command in told for command in commands)


def _greeting(settings: Settings) -> str:
    lines = ["", f"  Laurel is ready:  {settings.base_url}"]
    if not settings.is_production:
        lines.append(f"  Sign in as:       {', '.join(demo.SIGN_INS)}  (password {demo.PASSWORD})")
    return "\n".join([*lines, "  To stop it:       Ctrl-C", ""])


if __name__ == "__main__":
    raise SystemExit(main())
