"""The web door, except that it stops dead in a conversion, and tells so by the file that $HELD names.

At the point that $HOLD_AT names: paid (the wallet has the bonus, the use isn't taken), taken (that too, and nothing is
committed), committed (and nobody has been answered).
"""

import os
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from app import create_app
from app.kit.db import db

app = create_app()
point = os.environ["HOLD_AT"]
taken: list[bool] = []


def hold() -> None:
    Path(os.environ["HELD"]).touch()
    signal.pause()


@event.listens_for(Engine, "after_cursor_execute")
def after(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    if point == "paid" and statement.startswith("INSERT INTO wallet_entries"):
        hold()
    if statement.startswith("INSERT INTO promotion_uses"):
        taken.append(True)
        if point == "taken":
            hold()


@event.listens_for(db.session, "after_commit")
def after_commit(session: Any) -> None:
    """Of a savepoint it is told too."""
    if point == "committed" and taken and not session.in_nested_transaction():
        hold()
