"""One pristine database per test, cheaply: migrated once by the real revisions, then put back between tests.

`keep("name")` remembers the rows as they are, and `restore("name")` puts them back as they were then; `save` and `load`
carry them to the database of another test process, which was migrated in the same way.
"""

import fcntl
import pickle
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
from flask import Flask
from flask_migrate import upgrade
from psycopg import sql
from sqlalchemy import URL, event, make_url

from app.kit.db import db

PRISTINE = "pristine"
UNSAFE = "PRAGMA synchronous=OFF"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
COUNTERS = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
MIGRATIONS = str(Path(__file__).parent.parent / "migrations")


def migrate(app: Flask) -> None:
    """Bring the app's database to the newest revision, by the revisions that customers run."""
    with app.app_context():
        upgrade(MIGRATIONS)
        db.session.remove()
        db.engine.dispose()


def rows_of(app: Flask) -> "SqliteRows | PostgresqlRows":
    """What puts this app's rows back; the database must be migrated."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if url.get_backend_name() == "sqlite":
        return SqliteRows(app, Path(url.database or ""))
    return PostgresqlRows(url)


class SqliteRows:
    """Puts a SQLite file back by copying it: the copy is pristine in every respect, triggers and sequences too."""

    def __init__(self, app: Flask, file: Path) -> None:
        self.app, self.file = app, file
        with app.app_context():  # these needn't survive a power cut, and each wait for the disk is longer than a test
            event.listen(db.engine, "connect", lambda connection, _record: connection.execute(UNSAFE))
        self.keep(PRISTINE)

    def keep(self, name: str) -> None:
        self._close_connections()  # the last one that is closed brings the log's pages into the file
        shutil.copyfile(self.file, self.file.with_suffix(f".{name}"))

    def restore(self, name: str = PRISTINE) -> None:
        self._close_connections()
        for leftover in ("-wal", "-shm"):
            self.file.with_name(self.file.name + leftover).unlink(missing_ok=True)
        shutil.copyfile(self.file.with_suffix(f".{name}"), self.file)

    def save(self, file: Path) -> None:
        self._close_connections()
        shutil.copyfile(self.file, file)

    def load(self, file: Path) -> None:
        self.restore()
        shutil.copyfile(file, self.file)

    def _close_connections(self) -> None:
        with self.app.app_context():
            db.engine.dispose()

    def close(self) -> None:
        """There is nothing to close."""


class PostgresqlRows:
    """Puts a PostgreSQL database back by deleting and reseeding rows: over ten times faster than a template copy.

    `session_replication_role = replica` switches off the triggers that guard the ledgers, and foreign keys. The
    connection stays open until `close`: to open one costs as much as to put the rows back.
    """

    def __init__(self, url: URL) -> None:
        options = "-c session_replication_role=replica -c lock_timeout=5s"
        self.connection = psycopg.connect(_libpq(url), options=options, autocommit=True)
        self.keep(PRISTINE)

    def keep(self, name: str) -> None:
        self.connection.execute(_restore_function(self.connection, name))

    def restore(self, name: str = PRISTINE) -> None:
        self.connection.execute(sql.SQL("SELECT {}.restore()").format(sql.Identifier(name)))

    def save(self, file: Path) -> None:
        tables: dict[str, bytes] = {}
        for (name,) in self.connection.execute(TABLES).fetchall():
            with self.connection.cursor().copy(_copying("COPY {} TO STDOUT", name)) as rows:
                tables[name] = b"".join(rows)
        file.write_bytes(pickle.dumps((tables, self.connection.execute(COUNTERS).fetchall())))

    def load(self, file: Path) -> None:
        tables, counters = pickle.loads(file.read_bytes())  # noqa: S301 our own `save` wrote it
        for name, rows in tables.items():
            self.connection.execute(_copying("DELETE FROM {}", name))
            with self.connection.cursor().copy(_copying("COPY {} FROM STDIN", name)) as copy:
                copy.write(rows)
        for counter, last in counters:
            self.connection.execute("SELECT setval(%s, %s, %s)", (f'public."{counter}"', last or 1, last is not None))

    def close(self) -> None:
        self.connection.close()


@contextmanager
def taking_turns(file: Path) -> Iterator[None]:
    """One test process at a time, whoever comes first: the others find what that one has left."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def postgresql_database(server: str, name: str) -> Iterator[str]:
    """An empty database on the server while the block runs; its URL."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with closing(psycopg.connect(_libpq(server), autocommit=True)) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(drop)


def _libpq(url: str | URL) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _copying(statement: LiteralString, table: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier("public", table))


def _restore_function(connection: psycopg.Connection, name: str) -> sql.Composed:
    """Deletes rows where there are any, puts back those that there are now, and each counter where it stood.

    A look at a table or a counter costs a fraction of what writing to it does.
    """
    schema = sql.Identifier(name)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    tables = [name for (name,) in connection.execute(TABLES)]
    steps = [_step_for_rows(connection, table, name) for table in tables]
    for counter, last in connection.execute(COUNTERS).fetchall():
        sequence = sql.Identifier("public", counter)
        steps.append(
            sql.SQL(
                "IF (SELECT (last_value, is_called) <> ({}, {}) FROM {}) THEN PERFORM setval({}, {}, {}); END IF"
            ).format(
                last or 1, last is not None, sequence, sql.Literal(f'public."{counter}"'), last or 1, last is not None
            )
        )
    body = sql.SQL(";\n").join(steps)
    return sql.SQL(
        "CREATE FUNCTION {}.restore() RETURNS void LANGUAGE plpgsql AS $restore$ BEGIN\n{};\nEND $restore$"
    ).format(schema, body)


def _step_for_rows(connection: psycopg.Connection, table: str, name: str) -> sql.Composed:
    public, kept = sql.Identifier("public", table), sql.Identifier(name, table)
    if not connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(public)).fetchone():
        return sql.SQL("IF EXISTS (SELECT FROM {}) THEN DELETE FROM {}; END IF").format(public, public)
    connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, public))
    return sql.SQL("DELETE FROM {}; INSERT INTO {} OVERRIDING SYSTEM VALUE TABLE {}").format(public, public, kept)
