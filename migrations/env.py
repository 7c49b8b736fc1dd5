"""How Alembic reaches our database: one connection, foreign keys off where SQLite rebuilds tables."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, ForeignKeyConstraint, text
from sqlalchemy.sql.schema import SchemaItem

from app.kit.db import Base

# SQLAlchemy can't read the names of foreign keys that came with a column added to a table of SQLite's
ADDED_TO_SQLITE = {("wallet_entries", "member_promotion_id"), ("wallet_debts", "settled_by_id")}
database = current_app.extensions["migrate"].db


def leave_alone(name: str | None, kind: str, parents: object) -> bool:
    """Views, and what SQLite keeps for itself, are none of autogenerate's business."""
    return not (kind == "table" and name is not None and name.startswith("sqlite_"))


def compares(thing: SchemaItem, _name: str | None, kind: str, _reflected: bool, _other: SchemaItem | None) -> bool:  # noqa: FBT001
    """Whether autogenerate can tell if this has changed."""
    if kind != "foreign_key_constraint" or database.engine.dialect.name != "sqlite":
        return True
    assert isinstance(thing, ForeignKeyConstraint)
    return not any((thing.parent.name, column.name) in ADDED_TO_SQLITE for column in thing.columns)


def migrate(connection: Connection) -> None:
    """Run the revisions, each in its own transaction, waiting at most a moment for locks."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        outside_transactions(connection, "PRAGMA foreign_keys=OFF")
    else:
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transaction_per_migration=True,
        compare_server_default=False,
        include_name=leave_alone,
        include_object=compares,
    )
    with context.begin_transaction():
        context.run_migrations()
    if is_sqlite:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"rows refer to rows that don't exist: {broken[:5]}")
        connection.rollback()
        outside_transactions(connection, "PRAGMA foreign_keys=ON")


def outside_transactions(connection: Connection, statement: str) -> None:
    """SQLite ignores this pragma inside a transaction, and SQLAlchemy begins one with each statement."""
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.execute(statement)  # type: ignore[attr-defined]


with database.engine.connect() as connection:
    migrate(connection)
