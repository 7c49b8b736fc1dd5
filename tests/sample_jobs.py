"""Jobs for tests of the worker."""

import os
import time
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


def note(file: str) -> None:
    """Say in a file that we ran, and in which process."""
    log.info("noting")
    Path(file).write_text(str(os.getpid()))


def wait_for(began: str, go: str, done: str) -> None:
    """Be in the middle of something until the file `go` is there."""
    note(began)
    while not Path(go).exists():
        time.sleep(0.01)
    note(done)


def fail() -> None:
    """Go wrong."""
    raise ValueError("this job always fails")
