"""Limits that an admin lowers while shoppers take uses: what counts is the limit in force when a use is taken."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.persons import Person
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.kit.db import db, unit_of_work
from app.promotions import service as promotions
from app.promotions.books import faults
from app.promotions.models import Promotion, PromotionUse
from tests import make
from tests.races import guards
from tests.races.contestants import Books, givers, people, takers
from tests.racing import after_statement, race, unguarded_race

LOOKING = r"SELECT promotions\.usage_limit, promotions\.per_user_limit"
QUOTED_OR_LOOKED = after_statement(rf"^(SELECT promotion_codes\.id AS code_id|{LOOKING})")
UNTIL_ALL_ARE_THERE = 30  # nobody waits for a lock before the window
ADA = Person("Ada")


def lowering(discount: Discount, *, looks: str, **limits: int) -> Callable[[], str]:
    """An admin who looks at the limits `before` or `after` saving lower ones: that is when the window opens."""

    def look() -> None:
        db.session.execute(
            select(Promotion.usage_limit, Promotion.per_user_limit).where(Promotion.id == discount.id)
        ).one()
        db.session.rollback()

    def lower() -> str:
        if looks == "before":
            look()
        with unit_of_work():
            discounts.update(discount.id, limits, actor=make.SYSTEM, now=make.NOW)
        if looks == "after":
            look()
        return "lowered"

    return lower


def limits_kept(discount: Discount) -> list[tuple[int, int | None, int, int | None]]:
    """Of every use: its number in all and the limit then, its number with the person and the limit then."""
    uses = db.session.scalars(
        select(PromotionUse).where(PromotionUse.promotion_id == discount.id).order_by(PromotionUse.ordinal)
    )
    return [(use.ordinal, use.usage_limit, use.slot, use.per_user_limit) for use in uses]


def code_with_two_uses(**limits: int) -> Discount:
    made = make.discount(code="SOME", **limits)
    make.use("SOME")
    make.use("SOME")
    return made


def raise_limit(discount: Discount) -> Promotion:
    with unit_of_work():
        discounts.update(discount.id, {"usage_limit": 99}, actor=make.SYSTEM, now=make.NOW)
    return discounts.get(discount.id).promotion


# of four who were told "yes" while the limit was higher, one gets what is left of the lower one
LOWERED: list[tuple[dict[str, int], dict[str, int], list[Person], str]] = [
    ({"usage_limit": 9}, {"usage_limit": 3}, people(4), "usage_limit_reached"),
    ({"per_user_limit": 9}, {"per_user_limit": 1}, [ADA] * 4, "user_limit_reached"),
]


@pytest.mark.parametrize(("limits", "lower", "persons", "reason"), LOWERED)
def test_a_limit_lowered_between_the_quote_and_the_order_is_the_one_that_counts(
    app: Flask, limits: dict[str, int], lower: dict[str, int], persons: list[Person], reason: str
) -> None:
    made = code_with_two_uses(**limits)
    crowd = [*takers("SOME", persons), lowering(made, looks="after", **lower)]
    outcomes = race(app, crowd, hold=QUOTED_OR_LOOKED, seconds=UNTIL_ALL_ARE_THERE)
    assert Counter(outcomes) == {"taken": 1, reason: 3, "lowered": 1}
    books = Books(made)
    assert books.used_count == len(books.live) == 3
    assert limits_kept(made)[-1] == (3, lower.get("usage_limit"), 1, lower.get("per_user_limit"))
    assert faults() == []


@pytest.mark.parametrize(
    ("limits", "lower", "persons", "guard", "without"),
    [
        (*LOWERED[0][:3], "_count_up", guards.count_up_without_limit),
        (*LOWERED[1][:3], "_fill_next_slot", guards.fill_slot_without_limit),
    ],
)
def test_without_the_guard_a_lowered_limit_is_passed(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    limits: dict[str, int],
    lower: dict[str, int],
    persons: list[Person],
    guard: str,
    without: Any,
) -> None:
    monkeypatch.setattr(promotions, guard, without)
    made = code_with_two_uses(**limits)
    crowd = [*takers("SOME", persons), lowering(made, looks="after", **lower)]
    assert Counter(unguarded_race(app, crowd, hold=QUOTED_OR_LOOKED)) == {"taken": 4, "lowered": 1}
    assert len(Books(made).live) == 6


def test_without_the_guard_the_table_still_refuses_a_use_that_keeps_the_limit(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CHECKs compare what each use has kept: the last line, should the condition ever be forgotten."""
    monkeypatch.setattr(promotions, "_count_up", guards.count_up_knowing_the_limit)
    made = code_with_two_uses(usage_limit=9)

    def refused_by_the_table(take: Callable[[], str]) -> Callable[[], str]:
        def attempt() -> str:
            try:
                return take()
            except IntegrityError as error:
                return "checked" if "ck_promotion_uses_within_usage_limit" in str(error) else repr(error)

        return attempt

    crowd = [*map(refused_by_the_table, takers("SOME", people(4))), lowering(made, looks="after", usage_limit=3)]
    assert Counter(unguarded_race(app, crowd, hold=QUOTED_OR_LOOKED)) == {"taken": 1, "checked": 3, "lowered": 1}
    assert faults() == []


def test_whatever_the_order_no_use_passes_its_limit_and_a_higher_one_opens_what_the_system_closed(app: Flask) -> None:
    made = code_with_two_uses(usage_limit=5)
    crowd = [*takers("SOME", people(4)), *[lowering(made, looks="before", usage_limit=3)] * 2]
    outcomes = Counter(race(app, crowd, hold=QUOTED_OR_LOOKED))
    assert outcomes["lowered"] == 2
    assert outcomes["taken"] + outcomes["usage_limit_reached"] == 4
    assert 1 <= outcomes["taken"] <= 3
    books, kept = Books(made), limits_kept(made)
    assert books.used_count == len(books.live) == 2 + outcomes["taken"]
    limits = [limit for _ordinal, limit, *_person in kept]
    assert limits == sorted(limits, key=lambda limit: -(limit or 0))  # 5 until it was lowered, 3 from then on
    assert all(ordinal <= (limit or 0) for ordinal, limit, *_person in kept)
    promotion = discounts.get(made.id).promotion
    took_the_last = kept[-1][0] == kept[-1][1]  # else it was lowered to what was used, or below
    assert promotion.status(make.NOW) == ("expired" if took_the_last else "exhausted")
    assert (promotion.is_active, promotion.deactivated_by) == ((False, "system") if took_the_last else (True, None))
    raised = raise_limit(made)
    assert (raised.status(make.NOW), raised.auto_deactivated_at, raised.deactivated_by) == ("active", None, None)
    assert faults() == []


def test_giving_back_against_taking_against_lowering_leaves_the_books_right(app: Flask) -> None:
    made = make.discount(code="SOME", usage_limit=3)
    held = [make.use("SOME", person=ADA) for _each in range(3)]  # the last use has closed it
    crowd = [
        *takers("SOME", people(2)),
        *givers(held[0], 1),
        *givers(held[1], 1),
        lowering(made, looks="before", usage_limit=2),
    ]
    hold = after_statement(rf"^(SELECT (promotion_codes\.id AS code_id|promotion_uses)|{LOOKING})")
    outcomes = Counter(race(app, crowd, hold=hold))
    books, promotion = Books(made), discounts.get(made.id).promotion
    assert books.used_count == len(books.live) == 1 + outcomes["taken"]
    assert promotion.usage_limit == 2
    assert promotion.is_used_up or promotion.status(make.NOW) == "active"
    assert (promotion.auto_deactivated_at is not None) is (promotion.deactivated_by == "system")
    assert raise_limit(made).status(make.NOW) == "active"
    assert faults() == []
