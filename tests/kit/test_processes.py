"""Children end when they are told to, never outlive us, and come back when they fail."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from app.kit.processes import Crew, Fork, spawn, stop
from tests.processes import wait_until

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def test_who_does_not_stop_when_asked_is_killed() -> None:
    with spawn([sys.executable, "-c", STUBBORN], stdout=-1) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        assert stop(child, grace=0.1) == -signal.SIGKILL


def test_a_fork_tells_how_it_ended() -> None:
    assert Fork(lambda: None).wait(10) == 0
    assert Fork(lambda: sys.exit(3)).wait(10) == 3
    assert Fork(lambda: os.kill(os.getpid(), signal.SIGKILL)).wait(10) == -signal.SIGKILL


def test_what_goes_wrong_in_a_fork_stays_there() -> None:
    def fail() -> None:
        raise ValueError("in the fork")

    before = os.getpid()
    assert Fork(fail).wait(10) == 1
    assert os.getpid() == before


def test_one_that_keeps_ending_is_started_again_after_growing_pauses(tmp_path: Path) -> None:
    starts = tmp_path / "starts"

    def note_and_end() -> None:
        with starts.open("a") as file:
            file.write(f"{time.monotonic()}\n")

    crew, enough = Crew(), threading.Event()
    crew.add("hasty", lambda: Fork(note_and_end))
    crew.members[0].pause = 0.05
    keeper = threading.Thread(target=crew.keep, args=(enough,), kwargs={"look_every": 0.01})
    keeper.start()
    try:
        wait_until(lambda: starts.exists() and len(starts.read_text().split()) >= 4)
    finally:
        enough.set()
        keeper.join()
        crew.dismiss()
    first, second, third, fourth = map(float, starts.read_text().split()[:4])
    assert 0.1 <= second - first < third - second < fourth - third


def test_one_that_cannot_be_started_again_is_tried_again() -> None:
    tries: list[int] = []

    def start() -> Fork:
        tries.append(len(tries))
        if len(tries) == 2:
            raise OSError("no room")
        return Fork(lambda: None)

    crew, enough = Crew(), threading.Event()
    crew.add("unlucky", start)
    crew.members[0].pause = 0.01
    keeper = threading.Thread(target=crew.keep, args=(enough,), kwargs={"look_every": 0.01})
    keeper.start()
    try:
        wait_until(lambda: len(tries) >= 3)
    finally:
        enough.set()
        keeper.join()
        crew.dismiss()


def test_dismissal_ends_all() -> None:
    crew = Crew()
    for name in ("one", "two"):
        crew.add(name, lambda: spawn([sys.executable, "-c", "import signal; signal.pause()"]))
    children = [member.child for member in crew.members]
    crew.dismiss()
    assert [child.poll() for child in children if child] == [-signal.SIGTERM] * 2
