"""Child processes that end when they are told to, that never outlive us, and that are started again when they fail."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
SETTLED_AFTER = 60.0


class Child(Protocol):
    """A process that we started: `subprocess.Popen`, or a `Fork`."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...


def die_with_parent(how: int = signal.SIGKILL, *, parent: int | None = None) -> None:
    """Ask Linux to send us `how` when our parent ends, however it ends. Elsewhere a no-op.

    With `parent` given, a process whose parent is already gone ends at once.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)
        if parent is not None and os.getppid() != parent:
            os._exit(1)


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    last_words: int = signal.SIGKILL,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own (Ctrl-C reaches only us); it gets `last_words` when we die.

    Linux ties a child to the thread that started it: call this from a thread that lives as long as the child may.
    """
    us = os.getpid()
    return subprocess.Popen(  # noqa: S603 the command is ours, never a visitor's
        [str(word) for word in command],
        env=None if env is None else dict(env),
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(last_words, parent=us),  # noqa: PLW1509 prctl takes no lock
        **options,
    )


class Fork:
    """A function at work in a fork of this process, which shares what is loaded already. Looks like a `Popen`."""

    def __init__(self, work: Callable[[], object]) -> None:
        us = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        self._code: int | None = None
        if self.pid == 0:
            code = 1
            try:
                os.setsid()
                die_with_parent(parent=us)
                for each in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(each, signal.SIG_DFL)
                work()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except BaseException:  # noqa: BLE001 nothing of the parent's code must run on in here
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)

    def poll(self) -> int | None:
        if self._code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and timeout is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("fork", timeout)
            time.sleep(0.02)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)


def stop(child: Child, *, how: int = signal.SIGTERM, grace: float = 10) -> int:
    """Ask a child to end; after `grace` seconds kill its whole session. Returns its exit code."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(how)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            log.warning("killed", pid=child.pid, after_seconds=grace)
    kill_session(child.pid)
    return child.wait()


def kill_session(leader: int) -> None:
    """SIGKILL whatever still lives of the session that a child of ours leads."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Member:
    """One of a crew: how it is started, and how long it may take to end."""

    name: str
    start: Callable[[], Child]
    grace: float = 10
    child: Child | None = None
    started_at: float = 0
    pause: float = FIRST_PAUSE
    due_at: float = field(default=0)


class Crew:
    """Children kept at work: one that ends is started again, after a pause that grows while it keeps ending.

    `noted` is told of every start.
    """

    def __init__(self, noted: Callable[[list["Member"]], object] = lambda _: None) -> None:
        self.members: list[Member] = []
        self.noted = noted

    def add(self, name: str, start: Callable[[], Child], *, grace: float = 10) -> None:
        """Start a child and keep it at work."""
        member = Member(name, start, grace)
        self.members.append(member)
        self._begin(member)

    def keep(self, until: threading.Event, *, look_every: float = 0.2) -> None:
        """Look after them until told to stop."""
        while not until.wait(look_every):
            for member in self.members:
                self._look_after(member)

    def kill(self) -> None:
        """For those who can't wait: end all of them at once, without last words."""
        for member in self.members:
            if member.child is not None:
                kill_session(member.child.pid)

    def dismiss(self) -> None:
        """Stop all, the last one added first."""
        for member in reversed(self.members):
            if member.child is not None:
                stop(member.child, grace=member.grace)
                member.child = None

    def _begin(self, member: Member) -> None:
        member.child, member.started_at = member.start(), time.monotonic()
        self.noted(self.members)

    def _look_after(self, member: Member) -> None:
        if member.child is None:
            if time.monotonic() >= member.due_at:
                self._begin_again(member)
        elif (code := member.child.poll()) is not None:
            kill_session(member.child.pid)
            has_settled = time.monotonic() - member.started_at > SETTLED_AFTER
            if has_settled:
                member.pause = FIRST_PAUSE
            self._put_off(member)
            log.error("ended", process=member.name, exit_status=code, again_in_seconds=member.pause)

    def _begin_again(self, member: Member) -> None:
        try:
            self._begin(member)
        except Exception:
            self._put_off(member)
            log.exception("not_started", process=member.name, again_in_seconds=member.pause)

    def _put_off(self, member: Member) -> None:
        member.child = None
        member.pause = min(member.pause * 2, LONGEST_PAUSE)
        member.due_at = time.monotonic() + member.pause
