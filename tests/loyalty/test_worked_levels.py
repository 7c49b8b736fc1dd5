"""Worked examples: where somebody stands whatever becomes of the levels, and what they are congratulated on."""

from dataclasses import asdict
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.errors import DomainError
from app.kit import outbox
from app.kit.db import db, unit_of_work
from app.loyalty import event_types, ladder
from app.loyalty import service as loyalty
from app.loyalty.event_types import EventTypeDetails
from app.loyalty.ladder import LevelDetails
from app.loyalty.models import EventType, Level, XpSummary
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


def number_of(client: User) -> int | None:
    """The number of the level that the client stands on."""
    level = db.session.get_one(XpSummary, client.id, populate_existing=True).level
    return level.level_number if level else None


def is_celebrated(client: User) -> bool:
    """Whether there is nothing (any more) that the dashboard would congratulate on."""
    summary = db.session.get_one(XpSummary, client.id, populate_existing=True)
    return summary.level is None or summary.level.xp_required <= summary.celebrated_xp


def celebrate(client: User) -> None:
    number = number_of(client)
    with unit_of_work():
        loyalty.mark_celebrated(client.id, number or 0)


def details(number: int, xp: int) -> LevelDetails:
    return LevelDetails(f"Level {number}", number, xp)


def add(number: int, xp: int) -> None:
    with unit_of_work():
        ladder.create(details(number, xp), actor=SYSTEM, now=NOW)


def change(number: int, **values: Any) -> None:
    """The level of this number."""
    level = db.session.scalars(select(Level).where(Level.level_number == number)).one()
    kept = LevelDetails(**{name: getattr(level, name) for name in asdict(details(1, 1))} | values)
    with unit_of_work():
        ladder.change(level.id, kept, actor=SYSTEM, now=NOW)


def delete(number: int) -> None:
    level_id = db.session.scalars(select(Level.id).where(Level.level_number == number)).one()
    with unit_of_work():
        ladder.delete(level_id, actor=SYSTEM, now=NOW)


def relevelled() -> None:
    outbox.drain(ladder.TOPIC)


@pytest.mark.parametrize(
    ("xp", "required", "stands_on"),
    [
        (0, (0, 10), 1),
        (1, (2, 10), None),
        (2, (2, 10), 1),
        (9, (2, 10), 1),
        (10, (2, 10), 2),
        (11, (2, 10), 2),
        (5000, (2, 10), 2),
        (5, (), None),
    ],
)
def test_the_highest_level_whose_xp_are_reached(xp: int, required: tuple[int, ...], stands_on: int | None) -> None:
    make.levels(*required)
    assert number_of(make.rich_client(xp)) == stands_on


# levels at 10, 100 and 1000; clients with 5, 50, 100 and 2000 XP; an edit; where they stand when the worker has been
EDITS: dict[str, tuple[Any, list[int | None]]] = {
    "nothing": (lambda: None, [None, 1, 2, 3]),
    "a lower first": (lambda: change(1, xp_required=5), [1, 1, 2, 3]),
    "a higher first": (lambda: change(1, xp_required=51), [None, None, 2, 3]),
    "a higher second": (lambda: change(2, xp_required=101), [None, 1, 1, 3]),
    "a lower second": (lambda: change(2, xp_required=50), [None, 2, 2, 3]),
    "one more": (lambda: add(4, 2000), [None, 1, 2, 4]),
    "one out of reach": (lambda: add(4, 2001), [None, 1, 2, 3]),
    "a new number": (lambda: change(3, level_number=9), [None, 1, 2, 9]),
    "no first": (lambda: delete(1), [None, None, 2, 3]),
    "no second": (lambda: delete(2), [None, 1, 1, 3]),
    "no third": (lambda: delete(3), [None, 1, 2, 2]),
    "only a name": (lambda: change(2, name="Silver"), [None, 1, 2, 3]),
}


@pytest.mark.parametrize("name", EDITS)
def test_editing_the_levels_moves_everybody(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "AT_ONCE", 3)
    edit, expected = EDITS[name]
    make.levels(10, 100, 1000)
    clients = [make.rich_client(xp) for xp in (5, 50, 100, 2000)]
    edit()
    relevelled()
    assert [number_of(client) for client in clients] == expected


def test_who_stood_on_a_deleted_level_stands_on_the_one_below_at_once() -> None:
    make.levels(10, 100, 1000)
    clients = [make.rich_client(xp) for xp in (50, 100, 2000)]
    delete(2)
    assert [number_of(client) for client in clients] == [1, 1, 3]
    delete(1)
    assert [number_of(client) for client in clients] == [None, None, 3]


def test_what_is_earned_between_an_edit_and_its_worker_counts_on_the_new_levels() -> None:
    make.levels(10, 100)
    client = make.rich_client(60)
    change(2, xp_required=80)
    make.event_type("meal_logged", xp_amount=20)
    make.event_type(xp_amount=20)
    make.workout(client, at=NOW.replace(hour=1), now=NOW)
    make.settled()
    assert number_of(client) == 2
    relevelled()
    assert number_of(client) == 2


# the levels stand at 10, 100, 1000
REFUSED = {
    "a taken number": ((2, 500), "duplicate_level_number"),
    "taken XP": ((4, 100), "duplicate_xp_required"),
    "too few XP at the top": ((4, 999), "levels_out_of_order"),
    "too many XP": ((4, 1_000), "duplicate_xp_required"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_level_that_does_not_fit_is_refused(name: str) -> None:
    (number, xp), code = REFUSED[name]
    make.levels(10, 100, 1000)
    with pytest.raises(DomainError) as refused:
        add(number, xp)
    assert refused.value.code == code
    assert [each.xp_required for each in ladder.listed()] == [10, 100, 1000]


@pytest.mark.parametrize(
    ("changes", "least", "most"),
    [
        ({"xp_required": 5}, 11, 999),
        ({"xp_required": 2000}, 11, 999),
        ({"level_number": 4, "xp_required": 1000}, None, None),
        ({"level_number": 4}, 1001, None),
    ],
)
def test_a_change_that_breaks_the_order_says_what_would_fit(
    changes: dict[str, int], least: int | None, most: int | None
) -> None:
    make.levels(10, 100, 1000)
    with pytest.raises(DomainError) as refused:
        change(2, **changes)
    facts = (refused.value.facts.get("least"), refused.value.facts.get("most"))
    assert facts == (least, most)
    assert [(each.level_number, each.xp_required) for each in ladder.listed()] == [(1, 10), (2, 100), (3, 1000)]


# a client with 150 XP on level 2 of 10, 100, 1000, which was celebrated; is there anything to celebrate afterwards?
CELEBRATED: dict[str, tuple[list[Any], int, bool]] = {
    "nothing": ([], 2, True),
    "deleted and made again": ([lambda: delete(2), lambda: add(2, 100)], 2, True),
    "moved out of reach and back": ([lambda: change(2, xp_required=200), lambda: change(2, xp_required=100)], 2, True),
    "made cheaper": ([lambda: change(2, xp_required=50)], 2, True),
    "room for one below": (
        [lambda: change(3, level_number=4), lambda: change(2, level_number=3), lambda: add(2, 50)],
        3,
        True,
    ),
    "another number": ([lambda: change(3, level_number=9), lambda: change(2, level_number=8)], 8, True),
    "a lower number": ([lambda: delete(1), lambda: change(2, level_number=1)], 1, True),
    "a number there and back": (
        [lambda: change(3, level_number=9), lambda: change(2, level_number=8), lambda: change(8, level_number=2)],
        2,
        True,
    ),
    "made dearer": ([lambda: change(2, xp_required=120)], 2, True),
    "deleted and made dearer": ([lambda: delete(2), lambda: add(2, 120)], 2, True),
    "made anew, all of them": (
        [partial(delete, 3), partial(delete, 2), partial(delete, 1), *(partial(add, n, 30 * n) for n in (1, 2, 3))],
        3,
        True,
    ),
    "a higher one within reach": ([lambda: change(3, xp_required=150)], 3, False),
    "closing up": (
        [lambda: delete(1), lambda: change(2, level_number=1), lambda: change(3, level_number=2, xp_required=150)],
        2,
        False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CELEBRATED)
def test_a_level_is_celebrated_once_whatever_becomes_of_the_ladder(name: str) -> None:
    edits, stands_on, nothing_new = CELEBRATED[name]
    make.levels(10, 100, 1000)
    client = make.rich_client(150)
    assert not is_celebrated(client)
    celebrate(client)
    for edit in edits:
        edit()
        relevelled()
    assert (number_of(client), is_celebrated(client)) == (stands_on, nothing_new)


# levels at 10, 100, 1000 become these; the client with 150 XP, who was congratulated on 2, gets 100 more; what is new?
REBUILT: dict[str, tuple[tuple[int, ...], int, bool]] = {
    "fewer, and one more reached": ((50, 200), 2, False),
    "fewer, and nothing reached": ((50, 300), 1, True),
    "more": ((20, 40, 60, 80, 240), 5, False),
    "the same": ((10, 100, 1000), 2, True),
    "all beyond": ((200, 300), 1, False),
    "all within": ((1, 2, 3), 3, True),
}


@pytest.mark.parametrize("name", REBUILT)
def test_levels_that_are_made_anew_are_news_only_to_who_climbs_on_them(name: str) -> None:
    required, stands_on, nothing_new = REBUILT[name]
    make.levels(10, 100, 1000)
    client = make.rich_client(150)
    celebrate(client)
    for number in (1, 2, 3):
        delete(number)
    relevelled()
    for number, xp in enumerate(required, 1):
        add(number, xp)
    relevelled()
    assert is_celebrated(client)
    make.event_type(xp_amount=100)
    make.workout(client, at=NOW.replace(hour=1), now=NOW)
    make.settled()
    assert (number_of(client), is_celebrated(client)) == (stands_on, nothing_new)
    celebrate(client)
    assert is_celebrated(client)


def test_the_number_of_a_deleted_level_or_type_does_not_come_again() -> None:
    make.levels(10, 100)
    gone = db.session.scalars(select(Level.id).order_by(Level.id.desc())).first()
    delete(2)
    add(2, 100)
    assert ladder.listed()[-1].id == (gone or 0) + 1
    kept = db.session.scalars(select(EventType).order_by(EventType.id.desc())).all()[0]
    last_id, key = kept.id, kept.key
    with unit_of_work():
        event_types.delete(last_id, actor=SYSTEM)
    with unit_of_work():
        made = event_types.create(key, EventTypeDetails("Again", 1, 1), actor=SYSTEM)
    assert made.id > last_id


def test_a_level_is_celebrated_while_everybody_is_still_being_put_on_theirs() -> None:
    client = make.rich_client(100)
    add(1, 50)
    add(2, 101)
    with unit_of_work():
        loyalty.mark_celebrated(client.id, 2)
    summary = db.session.get_one(XpSummary, client.id, populate_existing=True)
    assert (summary.level, summary.celebrated_xp) == (None, 50)
    relevelled()
    assert (number_of(client), is_celebrated(client)) == (1, True)


def test_only_a_level_that_is_reached_can_be_celebrated() -> None:
    make.levels(10, 100, 1000)
    client = make.rich_client(150)
    with unit_of_work():
        loyalty.mark_celebrated(client.id, 3)
    make.event_type(xp_amount=1000)
    make.workout(client, at=NOW.replace(hour=1), now=NOW)
    make.settled()
    assert (number_of(client), is_celebrated(client)) == (3, False)
