"""`wsgi.py`, with a page that waits in the middle of its work: for tests that do something to web meanwhile."""

import os
import time
from pathlib import Path

from wsgi import app

folder = Path(os.environ["SLOW_FOLDER"])


@app.get("/slow")
def slow() -> str:
    (folder / "began").write_text(str(os.getpid()))
    while not (folder / "go").exists():
        time.sleep(0.01)
    return "done"
