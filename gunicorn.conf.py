"""How gunicorn serves us: sync workers, as many as WEB_CONCURRENCY says, that never outlive their parent.

Our code is imported in the workers only, so that a reload (HUP) brings new code.
"""

import gc
import os
import shutil
import tempfile
from typing import Any

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
control_socket_disable = True
graceful_timeout = 20
max_requests = 20_000
max_requests_jitter = 2_000

# the figures of all workers, gathered by whichever is asked for them
figures = tempfile.mkdtemp(prefix="laurel-figures-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = figures


def post_fork(_server: Any, _worker: Any) -> None:
    """A worker begins. What it loads now makes no garbage, and looking for some takes a third of its start."""
    gc.disable()


def post_worker_init(worker: Any) -> None:
    """A worker has loaded our code. Not sooner: until its signals are set, it is deaf to SIGTERM."""
    gc.freeze()  # what is loaded stays, so no request waits while it is looked through
    gc.enable()
    from app.kit.processes import die_with_parent  # noqa: PLC0415

    die_with_parent(parent=worker.ppid)


def child_exit(_server: Any, worker: Any) -> None:
    """A worker is gone; this runs in the parent."""
    from prometheus_client import multiprocess  # noqa: PLC0415

    multiprocess.mark_process_dead(worker.pid)


def on_exit(_server: Any) -> None:
    """All is over."""
    shutil.rmtree(figures, ignore_errors=True)
