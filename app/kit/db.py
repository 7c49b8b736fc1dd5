"""The database: base model, column vocabulary, and the one place that commits."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated, Any, TypeVar
from weakref import WeakKeyDictionary

import structlog
from flask import Flask, current_app, g, has_app_context
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    FromClause,
    Index,
    MetaData,
    Row,
    Select,
    String,
    UniqueConstraint,
    any_,
    bindparam,
    cast,
    column,
    event,
    func,
    literal,
    make_url,
    select,
    update,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, mapped_column, registry
from sqlalchemy.types import TypeDecorator, TypeEngine

T = TypeVar("T")
log = structlog.get_logger(__name__)

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
ATTEMPTS = 4
REST = 1.0
LOST_TO_ANOTHER = {"40001", "40P01"}
POSTGRES_SETTINGS = {
    "lock_timeout": "3s",
    "statement_timeout": "15s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
}

_writing: ContextVar[bool] = ContextVar("writing", default=False)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Goes in with any zone, never without one, and comes out in UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
pk = Annotated[int, mapped_column(primary_key=True)]
cents = Annotated[int, mapped_column(BigInteger)]


class Base(DeclarativeBase):
    """Every model's parent."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={datetime: UtcDateTime()},
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def init_db(app: Flask) -> None:
    """Connect the app to its database, with the settings that our promises rest on."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    options = _engine_options(url.get_backend_name())
    options["hide_parameters"] = not app.testing  # errors are logged, and what people typed must not be
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _teach_sqlite(db.engine)
            app.extensions["reader"] = db.engine
        else:
            _ping_after_rest(db.engine)
            app.extensions["reader"] = db.engine.execution_options(isolation_level="AUTOCOMMIT")


def _engine_options(backend: str) -> dict[str, Any]:
    if backend == "sqlite":
        return {"connect_args": {"timeout": 15}}
    settings = " ".join(f"-c {name}={value}" for name, value in POSTGRES_SETTINGS.items())
    return {
        "connect_args": {"options": settings, "connect_timeout": 3},
        "pool_pre_ping": True,
        "pool_timeout": 3,
        "pool_size": 5,
        "max_overflow": 5,
    }


def _ping_after_rest(engine: Engine) -> None:
    """Let `pool_pre_ping` ask only connections that have rested: each question is a trip to the server.

    One that dies between two requests of the same second is found out by its first statement: a 503, and a new pool.
    """
    ask: Callable[[Any], bool] = engine.dialect.do_ping
    last_taken: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def is_alive(connection: Any) -> bool:
        now = monotonic()
        has_rested = now - last_taken.get(connection, 0.0) > REST
        last_taken[connection] = now
        return ask(connection) if has_rested else True

    engine.dialect.do_ping = is_alive  # type: ignore[assignment,method-assign]


def _teach_sqlite(engine: Engine) -> None:
    """Let us, not the driver, begin transactions: with IMMEDIATE where they will write."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "busy_timeout=15000", "foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Commit the block, or roll it back. What it asked for with `after_commit` happens only then.

    Rows read before it may be stale inside it. Not nestable.
    """
    if _writing.get():
        raise RuntimeError("units of work don't nest: let the outermost caller own the transaction")
    _finish_reading()
    token = _writing.set(True)
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        _callbacks().clear()
        raise
    finally:
        _writing.reset(token)
    g.has_committed = True
    _call_back()


def _finish_reading() -> None:
    """End the transaction that earlier reads began, since on SQLite it could not become a writing one."""
    if db.session.new or db.session.dirty or db.session.deleted:
        raise RuntimeError("something was changed outside a unit of work")
    if db.session.get_bind().dialect.name == "sqlite" and db.session().in_transaction():
        db.session.commit()


def let_go() -> None:
    """End the transaction that reads began, so that slow work and waiting hold no connection. Rows in hand stay."""
    if _writing.get():
        raise RuntimeError("slow work doesn't belong in a unit of work")
    if db.session.new or db.session.dirty or db.session.deleted:
        raise RuntimeError("something was changed outside a unit of work")
    if db.session().in_transaction():
        db.session.commit()


def after_commit(call: Callable[[], object]) -> None:
    """Call this once the unit of work at hand is safely committed; forget it when it isn't."""
    _callbacks().append(call)


def _callbacks() -> list[Callable[[], object]]:
    callbacks: list[Callable[[], object]] = g.setdefault("after_commit", [])
    return callbacks


def _call_back() -> None:
    callbacks = _callbacks()[:]
    _callbacks().clear()
    for call in callbacks:
        try:
            call()
        except Exception:
            log.exception("after_commit_failed", call=repr(call))


def retry_lost_transactions(work: Callable[[], T]) -> T:
    """Do the work again, up to three times, when its transaction lost to another one and nothing is committed yet."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except DBAPIError as error:
            if _sqlstate(error) not in LOST_TO_ANOTHER or (has_app_context() and g.get("has_committed")):
                raise
            db.session.rollback()
            log.info("transaction_lost", sqlstate=_sqlstate(error))
    return work()


def is_overload(error: BaseException) -> bool:
    """Whether the database was too busy or away, so that trying again soon may help."""
    if not isinstance(error, DBAPIError):
        return type(error).__name__ == "TimeoutError" and type(error).__module__ == "sqlalchemy.exc"
    state = _sqlstate(error)
    if state is not None:
        return state in {"55P03", "57014", "57P01", "57P02", "57P03", "53300", *LOST_TO_ANOTHER} or state.startswith(
            "08"
        )
    return error.connection_invalidated or any(
        sign in str(error.orig) for sign in ("database is locked", "connection", "database or disk is full")
    )


def row(query: Select[*tuple[Any, ...]], parameters: Mapping[str, Any]) -> Row[*tuple[Any, ...]] | None:
    """The one row of a query, if there is one: in the transaction at hand, else without any, at half the price.

    For the hottest paths, where one statement is all that is read.
    """
    session = db.session()
    if _writing.get() or session.in_transaction():
        session.flush()
        return session.connection().execute(query, parameters).one_or_none()
    with _reader().connect() as connection:
        return connection.execute(query, parameters).one_or_none()


def _reader() -> Engine:
    """The same pool. On PostgreSQL its statements go without BEGIN and ROLLBACK, each of them a trip to the server."""
    reader: Engine = current_app.extensions["reader"]
    return reader


def violated(error: IntegrityError, name: str) -> bool:
    """Whether it was this constraint or unique index. SQLite names a unique one by its columns."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return bool(diagnosis.constraint_name == name)
    told = str(error.orig)
    return name in told or ((columns := _columns_of(name)) is not None and told.endswith(columns))


def _columns_of(name: str) -> str | None:
    for table in Base.metadata.tables.values():
        for each in (*table.constraints, *table.indexes):
            if isinstance(each, UniqueConstraint | Index) and each.name == name:
                return ", ".join(f"{table.name}.{column.name}" for column in each.columns)
    return None


def given(name: str, rows: Sequence[Mapping[str, Any]], /, **columns: type[TypeEngine[Any]]) -> FromClause:
    """Rows that we bring along, to select from or join with: one parameter and one plan, however many they are."""
    carried = literal(json.dumps(list(rows)), String)
    if db.session.get_bind().dialect.name == "sqlite":
        each = func.json_each(carried).table_valued("value")
        parts = [func.json_extract(each.c.value, f"$.{key}", type_=of).label(key) for key, of in columns.items()]
        return select(*parts).subquery(name)
    typed = [column(key, of) for key, of in columns.items()]
    return func.jsonb_to_recordset(cast(carried, JSONB)).table_valued(*typed).render_derived(name, with_types=True)


def insert_rows(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows that name the same columns, at half the price of objects: the session learns nothing of them."""
    table: Any = model.__table__
    db.session.execute(plain_insert(table), rows)


def insert_numbered(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """The same; their ids, in their order."""
    table: Any = model.__table__
    if db.session.get_bind().dialect.name == "sqlite":
        # they are numbered in the order in which they come, but their numbers needn't be told in it
        return sorted(db.session.scalars(plain_insert(table).returning(table.c.id), rows))
    # numbers first: telling them for each row makes statements so long that to read them takes longer than all else
    number = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
    numbers = db.session.scalars(select(number).select_from(func.generate_series(1, len(rows)).alias())).all()
    insert_rows(model, [{**row, "id": each} for row, each in zip(rows, numbers, strict=True)])
    return numbers


def insert_new(
    model: type[Base], rows: Sequence[Mapping[str, Any]], unique: Sequence[str], *returning: Any
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Insert those of the rows that aren't there yet by this unique key; what is to be returned of each of those.

    All name the same attributes. One statement; on PostgreSQL with one parameter, since to read a statement with
    thousands takes longer than to carry it out.
    """
    if not rows:
        return []
    if db.session.get_bind().dialect.name == "sqlite":
        new = sqlite_insert(model).on_conflict_do_nothing(index_elements=unique).returning(*returning)
        return db.session.execute(new, list(rows)).all()
    columns = [model.__mapper__.columns[name] for name in rows[0]]
    named = [{column.name: row[name] for column, name in zip(columns, row, strict=True)} for row in rows]
    carried = cast(literal(json.dumps(named, default=str), String), JSONB)
    typed = [column(each.name, each.type) for each in columns]
    brought = func.jsonb_to_recordset(carried).table_valued(*typed).render_derived("brought", with_types=True)
    names = [each.name for each in columns]
    filled = postgres_insert(model).from_select(names, select(*(brought.c[name] for name in names)))
    return db.session.execute(filled.on_conflict_do_nothing(index_elements=unique).returning(*returning)).all()


def among(attribute: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether it is one of these; on PostgreSQL one parameter, however many they are."""
    if db.session.get_bind().dialect.name == "sqlite":
        listed: ColumnElement[bool] = attribute.in_(values)
        return listed
    found: ColumnElement[bool] = attribute == any_(literal(list(values), ARRAY(attribute.type)))
    return found


def rewrite(model: type[Base], key: str, rows: Sequence[Mapping[str, Any]], **also: Any) -> None:
    """Give every row, found by its `key`, the values of its mapping, and `also` these: one statement, run for each.

    All mappings name the same columns. What the session holds is read anew.
    """
    if not rows:
        return
    columns = model.__table__.c
    values = {name: bindparam(f"new_{name}", type_=columns[name].type) for name in rows[0] if name != key}
    statement = update(model).where(columns[key] == bindparam("its_key")).values(**values, **also)
    given_rows = [{"its_key": row[key], **{f"new_{name}": row[name] for name in values}} for row in rows]
    db.session.connection().execute(statement, given_rows)
    db.session.expire_all()


def take_turns(name: str) -> None:
    """Wait until nobody else is at what has this name, until the end of the transaction, where no row can be locked.

    SQLite has one writer anyway; PostgreSQL has a lock by name.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))


def insert(model: type[Base]) -> PostgresInsert:
    """An INSERT with `on_conflict_do_nothing`, `on_conflict_do_update` and `returning`, on both databases."""
    if db.session.get_bind().dialect.name == "sqlite":
        return sqlite_insert(model)  # type: ignore[return-value]
    return postgres_insert(model)


def _sqlstate(error: DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state
