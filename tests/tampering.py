"""Changing rows as no program of ours can: what books must find, no guard may have kept out."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from app.kit.db import db


def tamper(statement: str) -> None:
    """Change one row behind the back of the triggers and foreign keys that guard it; a SQLite file loses them."""
    db.session.remove()
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":  # inside a transaction the pragma does nothing
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        _change(connection, statement)
        connection.commit()
    db.engine.dispose()  # with the connection that knows no foreign keys


@contextmanager
def tampered(*statements: str) -> Iterator[None]:
    """The same for the session's eyes, one row by each statement, while the block runs; then it is undone."""
    db.session.rollback()
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("PRAGMA defer_foreign_keys = ON"))
    for each in statements:
        _change(db.session.connection(), each)
    yield
    db.session.rollback()


def _change(connection: Connection, statement: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
    else:
        for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
    assert connection.execute(text(statement)).rowcount == 1, statement
