"""What bonuses give, who may have them, and what counts for whom: worked tables, and what holds for any numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bonuses.rules import (
    OWN_RULES,
    BonusTerms,
    Running,
    Share,
    allot,
    benefit_of,
    best_first,
    bonus_on,
    cashback_base,
    mailbox_of,
    measured,
    released_of,
    required_turnover,
    take_from,
)
from app.kit.money import MOST_CENTS
from app.promotions.hours import ActiveHours
from app.promotions.rules import Context, first_failure, judge

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TINY = timedelta(microseconds=1)
SHUT = ActiveHours.parse({"enabled": True, "start_time": "13:00", "end_time": "14:00"})
CENTS = st.integers(0, 5000)


def terms(**own: Any) -> BonusTerms:
    usual: dict[str, Any] = {"promotion_id": 1, "kind": "bonus", "title": "Welcome", "type": "deposit"}
    return BonusTerms(**usual | {"bonus_type": "percentage", "bonus_value": 100_00} | own)


@pytest.mark.parametrize(
    ("value", "base", "cap", "bonus"),
    [
        (100_00, 50_00, None, 50_00),
        (100_00, 50_00, 49_99, 49_99),
        (100_00, 50_00, 50_00, 50_00),
        (100_00, 50_00, 0, 0),
        (10_00, 19_94, None, 1_99),  # 199.4
        (10_00, 19_95, None, 2_00),  # 199.5: half is up
        (12_50, 1_00, None, 13),  # 12.5
        (33_33, 10_00, None, 3_33),
        (1, 49_99, None, 0),  # 0.01 %: less than half a cent
        (1, 50_00, None, 1),
        (1000_00, 12_34, None, 123_40),
        (1000_00, MOST_CENTS, None, MOST_CENTS),
        (50_00, 0, None, 0),
        (50_00, -100, None, 0),  # a cashback's base may be below zero
    ],
)
def test_a_percentage_of_the_base_is_half_up_and_at_most_the_maximum(
    value: int, base: int, cap: int | None, bonus: int
) -> None:
    own = terms(bonus_value=value, max_bonus_cents=cap)
    assert bonus_on(own, base) == bonus
    assert benefit_of(own, (), base).bonus_cents == bonus


@pytest.mark.parametrize(
    ("value", "base", "cap", "bonus"),
    [(5_00, 1, None, 5_00), (5_00, 0, None, 5_00), (5_00, 100_00, 4_99, 4_99), (5_00, 100_00, 0, 0)],
)
def test_a_fixed_bonus_is_the_same_on_any_base(value: int, base: int, cap: int | None, bonus: int) -> None:
    assert bonus_on(terms(bonus_type="fixed", bonus_value=value, max_bonus_cents=cap), base) == bonus


@pytest.mark.parametrize(
    ("times", "deposit", "bonus", "required"),
    [
        (0, 100_00, 50_00, 0),
        (3_00, 100_00, 50_00, 450_00),
        (1_00, 0, 10_00, 10_00),
        (2_50, 33_33, 33_33, 166_65),
        (1_50, 0, 1, 2),  # 1.5
        (1_49, 0, 1, 1),
        (50, 0, 1, 1),  # half a cent
        (49, 0, 1, 0),
        (1, 0, 49, 0),  # 0.01 times
        (100_00, MOST_CENTS, MOST_CENTS, 200 * MOST_CENTS),
    ],
)
def test_the_turnover_is_so_many_times_deposit_and_bonus(times: int, deposit: int, bonus: int, required: int) -> None:
    assert required_turnover(times, deposit, bonus) == required


def test_nothing_at_most_and_all_of_a_bonus_is_released() -> None:
    told = [(most, released_of(100, most)) for most in (None, 0, 1, 99, 100, 101)]
    assert told == [(None, 100), (0, 0), (1, 1), (99, 99), (100, 100), (101, 100)]


def test_the_highest_bonus_comes_first_and_of_the_same_the_older_one() -> None:
    found = best_first([(terms(promotion_id=each), bonus) for each, bonus in ((9, 5), (7, 8), (3, 5), (4, 0), (8, 8))])
    assert [(own.promotion_id, bonus) for own, bonus in found] == [(7, 8), (8, 8), (3, 5), (9, 5)]


@pytest.mark.parametrize(
    ("own", "context", "reason", "which"),
    [
        ({}, {}, None, None),
        ({}, {"is_archived": True}, "not_found", None),
        ({"ends_at": NOW}, {}, "expired", None),
        ({"ends_at": NOW + TINY}, {}, None, None),
        ({"starts_at": NOW}, {}, None, None),
        ({"starts_at": NOW + TINY}, {}, "not_started", None),
        ({"usage_limit": 2}, {"used_count": 2}, "usage_limit_reached", None),
        ({}, {"is_active": False}, "inactive", None),
        ({"active_hours": SHUT}, {}, "outside_active_hours", None),
        ({"type": "cashback", "active_hours": SHUT}, {}, None, None),  # it comes by itself, whatever the hour
        ({"per_user_limit": 1}, {"person_uses": 1}, "user_limit_reached", None),
        ({"min_amount_cents": 100_00}, {"amount_cents": 99_99}, "min_amount_not_met", None),
        ({"min_amount_cents": 100_00}, {"amount_cents": 100_00}, None, None),
        ({"min_amount_cents": 100_00, "type": "freecredit"}, {}, None, None),
        ({}, {"facts": {"is_client": False}}, "not_eligible", "clients_only"),
        ({}, {"facts": {"occasion": "cashback"}}, "not_eligible", "other_type"),
        ({"type": "cashback"}, {"facts": {"occasion": "cashback"}}, None, None),
        ({"first_deposit_only": True}, {"facts": {"is_first_deposit": False}}, "not_eligible", "first_deposit_only"),
        ({"first_deposit_only": True}, {"facts": {"is_first_deposit": True}}, None, None),
        ({}, {"facts": {"is_first_deposit": False}}, None, None),
        ({"type": "referral"}, {"facts": {"referral": "ring"}}, "not_eligible", "referral:ring"),
        ({"type": "referral"}, {"facts": {"referral": None}}, None, None),
        (  # the first that fails is told
            {"ends_at": NOW, "usage_limit": 1, "first_deposit_only": True},
            {"used_count": 1, "facts": {"is_first_deposit": False}},
            "expired",
            None,
        ),
        (
            {"min_amount_cents": 1, "first_deposit_only": True},
            {"facts": {"is_first_deposit": False}},
            "min_amount_not_met",
            None,
        ),
    ],
)
def test_who_may_have_it_and_when(
    own: dict[str, Any], context: dict[str, Any], reason: str | None, which: str | None
) -> None:
    held, amount = measured(terms(**own), context.pop("amount_cents", 0), context.get("facts", {}))
    found = Context(**{"now": NOW, "has_account": True, "amount_cents": amount, **context})
    failed = first_failure(judge(held, found, OWN_RULES))
    assert (failed.rule if failed else None) == reason
    assert (failed.facts.get("which") if failed else None) == which


@pytest.mark.parametrize(
    ("amount", "category", "shares"),
    [
        (50, "games", [(1, 50)]),
        (100, "games", [(1, 100)]),
        (150, "games", [(1, 100), (2, 50)]),  # what is left over goes to the next
        (1000, "games", [(1, 100), (2, 200), (4, 400)]),  # and what is left then counts for nothing
        (1000, "GAMES", [(1, 100), (2, 200), (4, 400)]),
        (1000, "music", [(2, 200), (3, 300), (4, 400)]),
        (1000, "else", [(2, 200), (4, 400)]),
        (1000, None, [(2, 200), (4, 400)]),
        (1000, "", [(2, 200), (4, 400)]),
        (0, "games", []),
    ],
)
def test_an_amount_goes_to_the_oldest_claim_that_its_category_counts_for(
    amount: int, category: str | None, shares: list[tuple[int, int]]
) -> None:
    running = (Running(1, ("games",), 100), Running(2, (), 200), Running(3, ("Music",), 300), Running(4, (), 400))
    assert allot(amount, category, running) == shares


@pytest.mark.parametrize(
    ("refunded", "taken"),
    [
        (0, []),
        (10, []),  # what counted for nothing goes first
        (11, [(2, 1)]),
        (40, [(2, 30)]),
        (41, [(2, 30), (1, 1)]),
        (100, [(2, 30), (1, 60)]),
        (999, [(2, 30), (1, 60)]),
    ],
)
def test_a_refund_takes_what_counted_last_first(refunded: int, taken: list[tuple[int, int]]) -> None:
    assert take_from([Share(1, 60), Share(2, 30)], 10, refunded) == taken


CLAIMS = st.lists(st.tuples(st.sampled_from([(), ("a",), ("b",)]), CENTS), max_size=5).map(
    lambda drawn: [Running(number, *each) for number, each in enumerate(drawn)]
)


@given(CENTS, st.sampled_from(["a", "b", None]), CLAIMS)
def test_no_more_is_given_out_than_there_is_nor_than_is_missing(
    amount: int, category: str | None, running: list[Running]
) -> None:
    shares = allot(amount, category, running)
    fitting = [each for each in running if each.counts(category)]
    assert [claim for claim, _part in shares] == [each.id for each in fitting if each.missing_cents][: len(shares)]
    missing = {each.id: each.missing_cents for each in fitting}
    assert all(0 < part <= missing[claim] for claim, part in shares)
    assert all(part == missing[claim] for claim, part in shares[:-1])
    assert sum(part for _claim, part in shares) == min(amount, sum(missing.values()))


@given(CENTS, st.lists(st.integers(1, 5000), max_size=5), st.integers(0, 20_000))
def test_a_refund_leaves_what_a_smaller_event_would_have_counted(uncounted: int, parts: list[int], back: int) -> None:
    shares = [Share(number, part) for number, part in enumerate(parts)]
    taken = dict(take_from(shares, uncounted, back))
    left = [each.cents - taken.get(each.id, 0) for each in shares]
    smaller = max(0, uncounted + sum(parts) - back)
    would = dict(allot(smaller, None, [Running(each.id, (), each.cents) for each in shares]))
    assert left == [would.get(each.id, 0) for each in shares]


@given(st.lists(st.integers(-5000, 5000), max_size=8))
def test_what_refunds_took_below_zero_is_made_good_before_anything_is_credited(spent: list[int]) -> None:
    carried, bases = 0, []
    for each in spent:
        base, carried = cashback_base(each, carried)
        assert base >= 0 >= carried
        assert not (base and carried)
        bases.append(base)
    assert sum(bases) + carried == sum(spent)


@given(st.integers(1, MOST_CENTS), st.none() | st.integers(0, MOST_CENTS))
def test_what_is_released_and_what_lapses_is_the_bonus(bonus: int, most: int | None) -> None:
    released = released_of(bonus, most)
    assert 0 <= released <= bonus
    assert released <= (bonus if most is None else most)


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada.Love@Example.COM ", "adalove@example.com"),
        ("ada+one@example.com", "ada@example.com"),
        ("a.d.a+x+y.z@example.com", "ada@example.com"),
        ("ada@googlemail.com", "ada@gmail.com"),
        ("ada@sub.example.com", "ada@sub.example.com"),
        ('"a@b"@example.com', '"a@b"@example.com'),
    ],
)
def test_one_mailbox_has_one_name(email: str, mailbox: str) -> None:
    assert mailbox_of(email) == mailbox


@given(st.text("abAB.", min_size=1), st.text("xy+.", max_size=5))
def test_a_mailbox_is_the_same_however_it_is_written(local: str, more: str) -> None:
    plain = mailbox_of(f"{local}@example.com")
    assert mailbox_of(f"{local.upper()}+{more}@EXAMPLE.com") == plain == mailbox_of(plain)
