import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Integer, String, make_url, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from app.kit import db as kit_db
from app.kit.db import after_commit, db, given, insert, is_overload, retry_lost_transactions, unit_of_work, violated
from app.kit.limits import LimitCounter
from app.kit.outbox import OutboxEvent
from tests.make import NOW


def counter(bucket: str, count: int = 0) -> LimitCounter:
    return LimitCounter(bucket=bucket, count=count, expires_at=NOW)


@pytest.mark.usefixtures("app")
def test_a_unit_of_work_commits_and_then_calls_back() -> None:
    seen: list[int | None] = []
    with unit_of_work():
        db.session.add(counter("a", 7))
        after_commit(lambda: seen.append(db.session.scalar(select(LimitCounter.count))))
        assert seen == []
    assert seen == [7]


@pytest.mark.usefixtures("app")
def test_a_failed_unit_of_work_leaves_nothing_behind() -> None:
    seen: list[str] = []
    with pytest.raises(ZeroDivisionError), unit_of_work():
        db.session.add(counter("a"))
        after_commit(lambda: seen.append("called"))
        raise ZeroDivisionError
    with unit_of_work():
        pass
    assert db.session.scalar(select(LimitCounter)) is None
    assert seen == []


@pytest.mark.usefixtures("app")
def test_a_callback_that_fails_keeps_no_other_from_its_work() -> None:
    seen: list[str] = []
    with unit_of_work():
        after_commit(lambda: 1 // 0)
        after_commit(lambda: seen.append("called"))
    assert seen == ["called"]


@pytest.mark.usefixtures("app")
def test_units_of_work_do_not_nest() -> None:
    with unit_of_work(), pytest.raises(RuntimeError, match="nest"), unit_of_work():
        pass


@pytest.mark.usefixtures("app")
def test_what_was_changed_outside_a_unit_of_work_is_not_slipped_in() -> None:
    db.session.add(counter("a"))
    with pytest.raises(RuntimeError, match="outside"), unit_of_work():
        pass
    db.session.rollback()


@pytest.mark.usefixtures("app")
def test_instants_come_back_in_utc_and_need_a_zone() -> None:
    there = datetime(2026, 7, 1, 23, 30, tzinfo=timezone(timedelta(hours=-3)))
    with unit_of_work():
        db.session.add(LimitCounter(bucket="a", count=0, expires_at=there))
    db.session.expire_all()
    came = db.session.scalar(select(LimitCounter.expires_at))
    assert came == there
    assert came is not None
    assert came.utcoffset() == timedelta(0)
    db.session.add(LimitCounter(bucket="b", count=0, expires_at=datetime(2026, 7, 1)))  # noqa: DTZ001 on purpose
    with pytest.raises(Exception, match="zone"):
        db.session.flush()
    db.session.rollback()


@pytest.mark.usefixtures("app")
def test_a_violated_constraint_is_known_by_its_name() -> None:
    def put(key: str) -> None:
        with unit_of_work():
            db.session.add(OutboxEvent(topic="t", key=key, payload={}, created_at=NOW, due_at=NOW))

    put("twice")
    with pytest.raises(IntegrityError) as refusal:
        put("twice")
    assert violated(refusal.value, "uq_outbox_events_key")
    assert not violated(refusal.value, "pk_outbox_events")


@pytest.mark.usefixtures("app")
def test_an_insert_that_meets_its_twin_does_nothing() -> None:
    twin = insert(LimitCounter).values(bucket="a", count=1, expires_at=NOW).on_conflict_do_nothing()
    with unit_of_work():
        db.session.execute(twin)
        db.session.execute(twin)
    assert len(db.session.scalars(select(LimitCounter)).all()) == 1


def read_then_write_at_once(app: Flask, rivals: int) -> int:
    """Every rival reads the counter inside its unit of work, and writes what it read plus one."""
    start = threading.Barrier(rivals)

    def rival(_number: int) -> None:
        with app.app_context():
            db.session.scalar(select(LimitCounter.count))  # a read before it must not spoil the writing transaction
            start.wait()
            with unit_of_work():
                row = db.session.scalar(
                    select(LimitCounter).with_for_update().execution_options(populate_existing=True)
                )
                assert row is not None
                row.count += 1

    with ThreadPoolExecutor(rivals) as pool:
        list(pool.map(rival, range(rivals)))
    db.session.rollback()
    return db.session.scalar(select(LimitCounter.count)) or 0


@pytest.mark.usefixtures("app")
def test_rows_that_we_bring_along_can_be_joined() -> None:
    with unit_of_work():
        db.session.add_all([counter("a", 1), counter('it\'s "b"', 2), counter("c", 3)])
    brought = given("brought", [{"name": 'it\'s "b"', "by": 5}, {"name": "c", "by": -3}], name=String, by=Integer)
    joined = select(LimitCounter.bucket, brought.c.by).join(brought, brought.c.name == LimitCounter.bucket)
    assert sorted(db.session.execute(joined)) == [("c", -3), ('it\'s "b"', 5)]
    with unit_of_work():
        changed = update(LimitCounter).where(LimitCounter.bucket == brought.c.name)
        db.session.execute(changed.values(count=LimitCounter.count + brought.c.by))
    assert sorted(db.session.scalars(select(LimitCounter.count))) == [0, 1, 7]
    assert db.session.execute(select(given("none", [], by=Integer))).all() == []


def test_writers_at_once_lose_no_update(app: Flask) -> None:
    with unit_of_work():
        db.session.add(counter("a"))
    assert read_then_write_at_once(app, 8) == 8


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_deadlock_is_tried_again(app: Flask) -> None:
    with unit_of_work():
        db.session.add_all([counter("a"), counter("b")])
    first_locked, one_is_done = threading.Barrier(2), threading.Event()
    tries: list[str] = []

    def cross(first: str, second: str) -> None:
        def work() -> None:
            tries.append(first)
            if len(tries) > 2:  # who is quick enough to take its first lock again would meet the same deadlock again
                assert one_is_done.wait(30)
            with unit_of_work():
                db.session.execute(text("SET LOCAL lock_timeout = '30s'"))  # a busy machine finds deadlocks late
                add_one(first)
                if len(tries) <= 2:
                    first_locked.wait()
                add_one(second)

        with app.app_context():
            retry_lost_transactions(work)
        one_is_done.set()

    def add_one(bucket: str) -> None:
        db.session.execute(
            update(LimitCounter).where(LimitCounter.bucket == bucket).values(count=LimitCounter.count + 1)
        )

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(cross, ("a", "b"), ("b", "a")))
    assert len(tries) == 3
    db.session.rollback()
    assert list(db.session.scalars(select(LimitCounter.count))) == [2, 2]


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_lock_waited_for_too_long_counts_as_overload(app: Flask) -> None:
    with unit_of_work():
        db.session.add(counter("a"))
    with app.app_context(), db.engine.connect() as other, pytest.raises(OperationalError) as refusal:
        other.execute(text("SELECT * FROM limit_counters FOR UPDATE"))
        with unit_of_work():
            db.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            db.session.execute(update(LimitCounter).values(count=5))
    assert is_overload(refusal.value)


def lose_the_connection(app: Flask) -> None:
    """The server ends the one connection in the pool, as it does when it restarts."""
    db.session.remove()
    db.engine.dispose()
    for _use in range(2):
        process = db.session.scalar(text("SELECT pg_backend_pid()"))
        db.session.remove()
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [process]).fetchone() == (True,)


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_connection_that_died_while_it_rested_is_replaced(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_db, "REST", 0)
    lose_the_connection(app)
    assert db.session.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_one_that_died_between_two_quick_requests_counts_as_overload_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_db, "REST", 60)
    lose_the_connection(app)
    with pytest.raises(OperationalError) as lost:
        db.session.scalar(text("SELECT 1"))
    assert is_overload(lost.value)
    db.session.rollback()
    assert db.session.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_database_that_stays_locked_counts_as_overload(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as other, pytest.raises(OperationalError) as refusal:
        other.exec_driver_sql("INSERT INTO ticks (name, period) VALUES ('x', 1)")
        db.session.execute(text("PRAGMA busy_timeout=50"))
        db.session.rollback()
        with unit_of_work():
            db.session.add(counter("a"))
    assert is_overload(refusal.value)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("app")
def test_sqlite_runs_as_our_promises_need_it() -> None:
    told = {
        name: db.session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "busy_timeout", "foreign_keys")
    }
    assert told == {"journal_mode": "wal", "busy_timeout": 15_000, "foreign_keys": 1}


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("app")
def test_postgresql_runs_as_our_promises_need_it() -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_isolation")
    told = {name: db.session.scalar(text(f"SHOW {name}")) for name in names}
    assert list(told.values()) == ["3s", "15s", "30s", "read committed"]


def test_now_is_in_utc() -> None:
    from app.kit import clock  # noqa: PLC0415

    assert clock.now().tzinfo is UTC
