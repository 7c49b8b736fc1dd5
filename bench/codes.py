"""How many single-use codes a second a worker makes, against the bare driver in the same run, and in how much memory.

    python -m bench.codes [--rounds 3] [--codes 100000] [--million 1000000] [--database sqlite postgresql]

Codes are made as in life: ordered, then worked off from the outbox. Each round is a process of its own, so that its
memory can be told. Exits 1 when a median falls below 20,000 a second, or ten times as many take a fifth more memory.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from statistics import median
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import delete, func, make_url, select, text

from app import create_app
from app.audit.service import SYSTEM
from app.config import Settings, settings
from app.discounts import service as discounts
from app.kit import clock, outbox
from app.kit.db import db, unit_of_work
from app.kit.processes import die_with_parent
from app.promotions import batches
from app.promotions.letters import drawn
from app.promotions.models import MOST_CODES, PromotionBatch, PromotionCode
from bench.stage import database, environment_for, table
from tests import services
from tests.databases import MIGRATIONS

TARGET, FLAT = 20_000, 1.2
ONE_BY_ONE = 300
LENGTH = 10
TERMS = {"title": "Flyer", "discount_type": "percentage", "discount_value": 10}
_forks = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Result:
    """What one round brought: codes a second, and the most memory that its process held, in MB."""

    per_second: float
    megabytes: float


def main() -> int:
    """Print a table for each database; the exit status says whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--codes", type=int, default=MOST_CODES)
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    print(f"One process, {options.codes:,} codes a round, medians of {options.rounds} rounds")  # noqa: T201
    verdicts = [measure(kind, options) for kind in options.database]
    return 0 if all(verdicts) else 1


def measure(kind: str, options: argparse.Namespace) -> bool:
    """Everything into an empty table, then into one with a million codes. Whether the targets are met."""
    with ExitStack() as stack:
        url, redis_url = stack.enter_context(database(kind)), stack.enter_context(services.valkey())
        app = create_app(Settings.from_env(environment_for(url, redis_url)))
        stack.enter_context(app.app_context())
        upgrade(MIGRATIONS)
        results: dict[str, list[Result]] = {}
        for filled in (0, options.million):
            fill(filled)
            for _round in range(options.rounds):
                for name, work, count in works(options.codes):
                    told = f"{name}, {'a million there' if filled else 'empty table'}"
                    results.setdefault(told, []).append(in_a_process(app, work, count))
                    clear(filled)
    return tell(kind, results)


def works(codes: int) -> Sequence[tuple[str, Callable[[int], None], int]]:
    """What takes turns: its name, what it does, and how many codes it makes."""
    return (
        ("ours", make_ours, codes),
        ("ours, a tenth as many", make_ours, codes // 10),
        ("bare driver, executemany", make_barely, codes),
        ("a transaction a code", make_one_by_one, ONE_BY_ONE),
    )


def order(count: int) -> PromotionBatch:
    """An order of a promotion of its own, of which nothing is made yet."""
    ordered = {"code_length": LENGTH, "code_count": count}
    with unit_of_work():
        made = discounts.create(TERMS | ordered, SYSTEM, clock.now())
    return db.session.scalars(select(PromotionBatch).where(PromotionBatch.promotion_id == made.id)).one()


def make_ours(count: int) -> None:
    order(count)
    outbox.drain(batches.TOPIC)


def make_barely(count: int) -> None:
    """The same rows by the driver alone, as many a transaction; without ON CONFLICT, which would cost it something."""
    batch = order(1)
    lots = [batches.AT_ONCE] * (count // batches.AT_ONCE) + [count % batches.AT_ONCE]
    url = make_url(settings().database_url)
    mark = "?" if url.get_backend_name() == "sqlite" else "%s"
    statement = (
        "INSERT INTO promotion_codes (promotion_id, batch_id, code, usage_limit, used_count) "  # noqa: S608 only a mark
        f"VALUES ({mark}, {mark}, {mark}, 1, 0)"
    )
    with closing(connected(url)) as connection:
        for lot in lots:
            rows = [(batch.promotion_id, batch.id, code) for code in sorted(drawn(lot, LENGTH))]
            connection.cursor().executemany(statement, rows)
            connection.commit()


def connected(url: Any) -> Any:
    """A connection of the driver's own, set up like ours."""
    if url.get_backend_name() == "sqlite":
        import sqlite3  # noqa: PLC0415 only one of the drivers is needed

        connection = sqlite3.connect(url.database)
        for pragma in ("foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        return connection
    import psycopg  # noqa: PLC0415

    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


def make_one_by_one(count: int) -> None:
    """As one would without much thought: a row, a commit."""
    batch = order(1)
    for code in drawn(count, LENGTH):
        with unit_of_work():
            row = PromotionCode(promotion_id=batch.promotion_id, batch_id=batch.id, code=code, usage_limit=1)
            db.session.add(row)


def fill(wanted: int) -> None:
    """So many codes in the table before the rounds begin."""
    while wanted > (db.session.scalar(select(func.count()).select_from(PromotionCode)) or 0):
        make_ours(MOST_CODES)
    db.session.rollback()


def clear(kept: int) -> None:
    """Take out what the round has made, and let the database tidy up."""
    with unit_of_work():
        last = db.session.scalars(select(PromotionCode.id).order_by(PromotionCode.id).offset(max(kept - 1, 0)).limit(1))
        first_to_go = (last.first() or 0) + 1 if kept else 0
        db.session.execute(text("UPDATE outbox_events SET settled_at = created_at WHERE settled_at IS NULL"))
        if db.engine.dialect.name == "postgresql":  # nothing refers to these codes
            db.session.execute(text("SET LOCAL session_replication_role = replica"))
        db.session.execute(delete(PromotionCode).where(PromotionCode.id >= first_to_go))
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE promotion_codes"))


def in_a_process(app: Flask, work: Callable[[int], None], count: int) -> Result:
    """Do it in a fork, whose memory is its own."""
    db.session.remove()
    db.engine.dispose()
    ours, theirs = _forks.Pipe(duplex=False)
    process = _forks.Process(target=_timed, args=(app, work, count, theirs))
    process.start()
    told: Result = ours.recv()
    process.join()
    return told


def _timed(app: Flask, work: Callable[[int], None], count: int, report: Any) -> None:
    die_with_parent()
    with app.app_context():
        began = time.perf_counter()
        work(count)
        seconds = time.perf_counter() - began
        report.send(Result(count / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
        db.session.remove()
        db.engine.dispose()


def tell(kind: str, results: dict[str, list[Result]]) -> bool:
    """Print the table of one database. Whether the targets are met."""
    speed = {name: median(each.per_second for each in rounds) for name, rounds in results.items()}
    memory = {name: median(each.megabytes for each in rounds) for name, rounds in results.items()}
    rows = []
    for name, per_second in speed.items():
        floor = next(value for other, value in speed.items() if other == _bare_like(name))
        rows.append([name, f"{per_second:,.0f}", f"{per_second / floor:.2f}", f"{memory[name]:.0f}"])
    print(f"\n{table((kind, 'codes a second', 'of the bare driver', 'most MB'), rows)}", flush=True)  # noqa: T201
    ours = [name for name in speed if name.startswith("ours, ") and "tenth" not in name]
    is_flat = all(memory[name] <= FLAT * memory[name.replace("ours,", "ours, a tenth as many,")] for name in ours)
    return is_flat and all(speed[name] >= TARGET for name in ours)


def _bare_like(name: str) -> str:
    return f"bare driver, executemany, {name.rpartition(', ')[2]}"


if __name__ == "__main__":
    sys.exit(main())
