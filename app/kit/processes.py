"""Child processes that end when they are told to, and that never outlive us."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


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
        preexec_fn=lambda: die_with_parent(last_words, parent=us),  # noqa: PLW1509 callers have no other threads yet, and prctl takes no lock
        **options,
    )


def stop(process: subprocess.Popen[bytes], *, how: int = signal.SIGTERM, grace: float = 10) -> int:
    """Ask a child to end; after `grace` seconds kill its whole session. Returns its exit code."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            kill_session(process.pid)
    return process.wait()


def kill_session(leader: int) -> None:
    """SIGKILL a child that `spawn` started, and everything it started in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
