"""A worker that stops dead in its second transaction of codes, before the commit: at the file that $HELD names."""

import os
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

import worker

inserted: list[str] = []


@event.listens_for(Engine, "after_cursor_execute")
def after(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    if not statement.startswith("INSERT INTO promotion_codes"):
        return
    inserted.append(statement)
    if len(inserted) > 1:
        Path(os.environ["HELD"]).touch()
        signal.pause()


if __name__ == "__main__":
    raise SystemExit(worker.main())
