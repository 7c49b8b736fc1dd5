"""A process that has loaded other people's libraries, and forks: what it starts is half as long on its way.

Each child becomes the leader of a session, gets the environment, folder and files that were asked for, and then does
what Python does with the command: our own code it loads itself, like any process of ours. `prometheus_client` it loads
too, since that looks at the environment when it is loaded. For the other side see `Nursery` in `tests/processes.py`.
"""

import ctypes
import gc
import json
import os
import runpy
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

LIBRARIES = """
    alembic.autogenerate argon2 babel.dates babel.support cryptography.x509 dateutil.tz email_validator flask
    flask_babel flask_login flask_migrate flask_sqlalchemy flask_wtf gunicorn.app.wsgiapp gunicorn.workers.sync jwt nh3
    PIL.ImageCms PIL.ImageOps psycopg pydantic.json_schema pydantic.main redis.asyncio rich.pretty rq.scheduler segno
    sqlalchemy.orm sqlalchemy.dialects.postgresql.psycopg sqlalchemy.dialects.sqlite.pysqlite structlog wtforms
"""
LARGEST = 1 << 16
PR_SET_PDEATHSIG = 1
PRCTL = ctypes.CDLL(None).prctl


def wait_for_an_order(orders: socket.socket) -> tuple[dict[str, object], list[int]]:
    """Start children, and tell how those ended that are asked for. Returns only in a child, with what it shall do."""
    us = os.getpid()
    while True:
        told, files, _flags, _address = socket.recv_fds(orders, LARGEST, 2)
        if not told:
            raise SystemExit
        order = json.loads(told)
        if isinstance(order, int):
            ended, status = os.waitpid(order, os.WNOHANG)
            orders.send(json.dumps(os.waitstatus_to_exitcode(status) if ended else None).encode())
            continue
        pid = os.fork()
        if pid == 0:
            os.setsid()
            PRCTL(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)  # die with our parent, who dies with the tests
            if os.getppid() != us:
                os._exit(1)
            orders.close()
            return order, files
        for file in files:
            os.close(file)
        orders.send(str(pid).encode())


def become(command: list[str], env: dict[str, str], folder: str, files: list[int]) -> None:
    """Be as a process that was started with this: `files` are where it writes, and the socket it listens on."""
    log, *rest = files
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    sys.argv = [word.replace("{door}", str(rest[0])) if rest else word for word in command]
    for each in rest:
        os.set_inheritable(each, True)
    first = folder if sys.argv[0] == "-m" else str(Path(sys.argv[0]).resolve().parent)
    sys.path[:1] = [first, *env["PYTHONPATH"].split(os.pathsep)]


def main() -> None:
    """Load, wait, and in each child: run its command."""
    for name in LIBRARIES.split():
        with suppress(ModuleNotFoundError):
            import_module(name)
    gc.freeze()
    order, files = wait_for_an_order(socket.socket(fileno=int(sys.argv[1])))
    become(files=files, **order)  # type: ignore[arg-type]  # as `Nursery` wrote it
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
