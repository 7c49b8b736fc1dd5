"""What every maker of test data needs."""

from datetime import UTC, datetime
from typing import TypeVar

from app.kit.db import Base, db, unit_of_work

T = TypeVar("T", bound=Base)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PASSWORD = "a long and unlikely sentence"


def saved(thing: T) -> T:
    """Commit a row (and what hangs on it), and hand it back ready to use."""
    with unit_of_work():
        db.session.add(thing)
    return thing
