"""The web door or the worker, except that it stops dead while money moves, and tells so by the file that $HELD names.

At the point that $HOLD_AT names: credited (so many entries of wallets as $HOLD_ON says are written, one unless it says
otherwise), taken (the use of a bonus too, and nothing is committed), committed (and nobody has been answered).
"""

import os
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

import worker
from app import create_app
from app.kit.db import db

point, nth = os.environ["HOLD_AT"], int(os.environ.get("HOLD_ON", "1"))
entered: list[bool] = []


def hold() -> None:
    Path(os.environ["HELD"]).touch()
    signal.pause()


@event.listens_for(Engine, "after_cursor_execute")
def after(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    if statement.startswith("INSERT INTO wallet_entries"):
        entered.append(True)
        if point == "credited" and len(entered) == nth:
            hold()
    if point == "taken" and statement.startswith("INSERT INTO promotion_uses"):
        hold()


@event.listens_for(db.session, "after_commit")
def after_commit(session: Any) -> None:
    """Of a savepoint it is told too."""
    if point == "committed" and entered and not session.in_nested_transaction():
        hold()


if __name__ == "__main__":
    raise SystemExit(worker.main())
app = create_app()
