"""Tables of cases that take turns: one case on SQLite, the next on PostgreSQL, so that each test still meets both.

`./test` runs this way, because a worked table says more about the rule than about the database; `./test --every-case`
runs every case on both. What has threads or processes of its own always meets both with every case: there, the
database decides what happens.
"""

from collections import defaultdict
from types import FunctionType, ModuleType

import pytest

DATABASES = ("sqlite", "postgresql")
OF_RACES = {"tests.racing", "tests.processes", "threading", "concurrent.futures.thread", "multiprocessing"}
ALWAYS_BOTH = ("test_migrations", "test_conftest")


def taking_turns(items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The tests to run, and those that are left out because another database has the case."""
    tables: dict[tuple[str, str], dict[str, dict[str, pytest.Item]]] = defaultdict(lambda: defaultdict(dict))
    for item in items:
        if (found := _case_of(item)) is not None:
            test, case, database = found
            tables[test][case][database] = item
    left_out: set[pytest.Item] = set()
    for table in tables.values():
        on_both = [case for case in table.values() if len(case) == len(DATABASES)]
        if len(on_both) > 1:
            left_out |= {case[DATABASES[_turn(number)]] for number, case in enumerate(on_both)}
    return [item for item in items if item not in left_out], [item for item in items if item in left_out]


def _turn(number: int) -> int:
    """0, 1, 1, 0, 1, 0, 0, 1 … (Thue-Morse): it repeats nothing, so no column of a table falls in step with it."""
    return number.bit_count() % 2


def _case_of(item: pytest.Item) -> tuple[tuple[str, str], str, str] | None:
    """The test, which of its cases this is, and on which database; none where it isn't one of a table."""
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec") or _races(item.module):
        return None
    database = item.callspec.params.get("app")
    if database not in DATABASES or item.path.stem.startswith(ALWAYS_BOTH):
        return None
    case = "-".join(part for part in item.callspec.id.split("-") if part != database)
    return (str(item.path), item.originalname), case, str(database)


def _races(module: ModuleType) -> bool:
    imported = [value for value in vars(module).values() if issubclass(type(value), FunctionType | ModuleType | type)]
    return any({each.__name__, getattr(each, "__module__", None)} & OF_RACES for each in imported)
