"""What the loyalty programme held before achievements and rewards came is there after them, and works on."""

from collections.abc import Callable

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.loyalty import awarding, books, rewards
from app.loyalty.keeping import ADMINS
from tests import make
from tests.databases import MIGRATIONS
from tests.make import NOW
from tests.test_migrations import _load, _rows, scratch  # noqa: F401  (a fixture)

pytestmark = pytest.mark.usefixtures("scratch")
TABLES = (
    "users",
    "levels",
    "xp_event_types",
    "workout_logs",
    "daily_logs",
    "meal_logs",
    "xp_transactions",
    "xp_refusals",
    "user_xp_summaries",
    "outbox_events",
)
NEW = ("programs", "client_programs", "external_logs", "achievements", "user_achievements", "rewards", "notices")
SUMS = "SELECT user_id, sum(xp), sum(points) FROM xp_transactions GROUP BY user_id ORDER BY user_id"
SUMMARIES = "SELECT user_id, total_xp, available_points, current_level_id FROM user_xp_summaries ORDER BY user_id"
BEFORE = [(903, 35, 30), (904, 50, 27)]


def contents(older: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    """Every row of these tables in the columns that they had."""
    return {
        table: _rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}")  # noqa: S608
        for table, columns in older.items()
    }


def loaded() -> dict[str, list[str]]:
    """The columns of a programme from before, with rows in it."""
    upgrade(MIGRATIONS, "0011")
    _load("0011_loyalty")
    return {table: [column["name"] for column in inspect(db.engine).get_columns(table)] for table in TABLES}


def test_a_programme_from_before_goes_up_and_down_and_up_again_with_every_row() -> None:
    older = loaded()
    before = contents(older)
    assert [len(rows) for rows in before.values()] == [5, 3, 6, 3, 2, 1, 6, 1, 3, 4]
    for _twice in range(2):
        upgrade(MIGRATIONS, "0012")
        assert contents(older) == before
        assert [(row[0], int(str(row[1])), int(str(row[2]))) for row in _rows(SUMS)] == BEFORE
        assert _rows("SELECT version, image FROM levels") == [(1, None)] * 3
        assert _rows("SELECT version FROM xp_event_types") == [(1,)] * 6
        assert [_rows(f"SELECT count(*) FROM {table}") for table in NEW] == [[(0,)]] * len(NEW)  # noqa: S608
        assert books.differences() == []
        db.session.remove()
        downgrade(MIGRATIONS, "0011")
        assert contents(older) == before
        assert not {*NEW, "reward_redemptions", "stock_entries"} & set(inspect(db.engine).get_table_names())
        for change in ("UPDATE xp_transactions SET xp = 1", "DELETE FROM xp_transactions"):
            with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
                connection.execute(text(change))
    upgrade(MIGRATIONS)
    assert books.faults() == []


def test_events_that_waited_through_the_upgrade_earn_once_and_with_achievements() -> None:
    loaded()
    upgrade(MIGRATIONS)
    first = make.achievement("workout_count", 2, xp_reward=10)
    assert make.settled() == 3
    assert _rows(SUMMARIES) == [(903, 45, 20, 903), (904, 85, 47, 903), (905, 0, 0, 901)]
    assert _rows("SELECT user_id, achievement_id FROM user_achievements") == [(904, first.id)]
    assert (make.settled(), make.evaluated() > 0) == (0, True)
    assert _rows("SELECT count(*) FROM user_achievements") == [(1,)]
    assert books.faults() == []


def user(user_id: int) -> User:
    return accounts.get(user_id)


def redeemed() -> None:
    make.redemption(user(904), make.reward(points_cost=20))


def earned() -> None:
    made = make.achievement(coach=user(902))
    with unit_of_work():
        awarding.award(user(902), 903, made.id, actor=SYSTEM, now=NOW)


def followed() -> None:
    make.followed(user(903), user(902))


@pytest.mark.parametrize(
    ("happened", "table"),
    [(redeemed, "reward_redemptions"), (earned, "user_achievements"), (followed, "client_programs")],
)
def test_going_down_is_refused_once_something_would_be_lost(happened: Callable[[], None], table: str) -> None:
    loaded()
    upgrade(MIGRATIONS)
    happened()
    kept, sums = _rows(f"SELECT * FROM {table}"), _rows(SUMMARIES)  # noqa: S608
    assert kept
    db.session.remove()
    with pytest.raises((RuntimeError, SystemExit)):
        downgrade(MIGRATIONS, "0011")
    assert (_rows(f"SELECT * FROM {table}"), _rows(SUMMARIES)) == (kept, sums)  # noqa: S608
    db.session.remove()
    upgrade(MIGRATIONS)
    assert books.faults() == []


def test_what_nobody_has_redeemed_earned_or_followed_goes_down() -> None:
    older = loaded()
    before = contents(older)
    upgrade(MIGRATIONS)
    make.reward(stock=3)
    make.achievement()
    make.program(user(902))
    db.session.remove()
    downgrade(MIGRATIONS, "0011")
    assert contents(older) == before


def test_entries_of_stock_stay_as_they_were_written() -> None:
    loaded()
    upgrade(MIGRATIONS)
    reward, unredeemed = make.reward(points_cost=20, stock=3), make.reward(stock=2)
    make.redemption(user(904), reward)
    for change in (
        "UPDATE stock_entries SET change = 0",
        "UPDATE stock_entries SET redemption_id = NULL, kind = 'set' WHERE kind = 'taken'",
        "DELETE FROM stock_entries WHERE kind = 'taken'",
    ):
        with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
            connection.execute(text(change))
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text("DELETE FROM reward_redemptions"))
    with unit_of_work():
        assert rewards.delete(unredeemed.id, ADMINS, actor=SYSTEM, now=NOW)
        assert not rewards.delete(reward.id, ADMINS, actor=SYSTEM, now=NOW)
    assert _rows("SELECT reward_id, kind, change FROM stock_entries ORDER BY id") == [
        (reward.id, "set", 3),
        (reward.id, "taken", -1),
    ]
    assert books.faults() == []


CELEBRATED = "SELECT user_id, {} FROM user_xp_summaries ORDER BY user_id"


def test_level_ups_that_were_celebrated_before_stay_so_whatever_became_of_the_ladder() -> None:
    upgrade(MIGRATIONS, "0011")
    _load("0011_loyalty")
    with (
        db.engine.begin() as connection
    ):  # 903 was congratulated on more levels than there are any more; 905 is on none
        connection.execute(text("UPDATE user_xp_summaries SET celebrated_level = 9 WHERE user_id = 903"))
        connection.execute(text("UPDATE user_xp_summaries SET current_level_id = NULL WHERE user_id = 905"))
    upgrade(MIGRATIONS)
    assert _rows(CELEBRATED.format("celebrated_xp")) == [(903, 35), (904, 25), (905, 0)]
    assert _rows(CELEBRATED.format("current_level_id")) == [(903, 902), (904, 903), (905, 901)]
    assert books.faults() == []
    db.session.remove()
    downgrade(MIGRATIONS, "0015")
    assert _rows(CELEBRATED.format("celebrated_level")) == [(903, 2), (904, 2), (905, 1)]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_levels_and_types_are_rebuilt_with_all_they_hold_and_no_id_comes_again() -> None:
    older = loaded()
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_entries (at, actor_label, action, entity, entity_id, request_id) "
                "VALUES ('2026-01-05 09:00:00.000000', 'root', 'level.deleted', 'level', '950', '')"
            )
        )
    before = contents({table: older[table] for table in ("levels", "xp_event_types")})
    upgrade(MIGRATIONS)
    for _twice in range(2):
        assert contents({table: older[table] for table in before}) == before
        assert _rows(
            "SELECT name, seq FROM sqlite_sequence WHERE name IN ('levels', 'xp_event_types') ORDER BY name"
        ) == [
            ("levels", 950),
            ("xp_event_types", 6),
        ]
        for wrong in (
            "levels SET level_number = 0",
            "levels SET xp_required = 25",
            "xp_event_types SET xp_amount = -1",
        ):
            with pytest.raises(IntegrityError), db.engine.begin() as connection:  # the CHECKs and keys came along
                connection.execute(text(f"UPDATE {wrong} WHERE id IN (1, 901)"))
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.execute(text("DELETE FROM levels WHERE id = 902"))
        downgrade(MIGRATIONS, "0015")
        upgrade(MIGRATIONS)
