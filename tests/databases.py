"""One pristine database per test, cheaply: migrated once by the real revisions, then put back between tests."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from flask import Flask
from flask_migrate import upgrade
from psycopg import sql
from sqlalchemy import URL, make_url

from app.kit.db import db

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
        self.app, self.file, self.pristine = app, file, file.with_suffix(".pristine")
        shutil.copyfile(file, self.pristine)

    def restore(self) -> None:
        with self.app.app_context():
            db.engine.dispose()
        for leftover in ("-wal", "-shm"):
            self.file.with_name(self.file.name + leftover).unlink(missing_ok=True)
        shutil.copyfile(self.pristine, self.file)


class PostgresqlRows:
    """Puts a PostgreSQL database back by deleting and reseeding rows: over ten times faster than a template copy.

    `session_replication_role = replica` switches off the triggers that guard the ledgers, and foreign keys.
    """

    def __init__(self, url: URL) -> None:
        self.url = _libpq(url)
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            self.script = _restore_script(connection)

    def restore(self) -> None:
        with psycopg.connect(self.url, options="-c session_replication_role=replica -c lock_timeout=5s") as connection:
            connection.execute(self.script)


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


def _restore_script(connection: psycopg.Connection) -> sql.Composed:
    """Delete every row, put the rows that the migrations made back, and let every counter start where it stood."""
    connection.execute("CREATE SCHEMA pristine")
    tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    steps = [sql.SQL("DELETE FROM {}").format(sql.Identifier("public", table)) for table in tables]
    for table in tables:
        public, pristine = sql.Identifier("public", table), sql.Identifier("pristine", table)
        if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(public)).fetchone():
            connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(pristine, public))
            steps.append(sql.SQL("INSERT INTO {} OVERRIDING SYSTEM VALUE TABLE {}").format(public, pristine))
    for name, last in connection.execute(
        "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
    ):
        steps.append(sql.SQL("SELECT setval({}, {}, {})").format(f'public."{name}"', last or 1, last is not None))
    return sql.SQL(";\n").join(steps)
