"""Progress, claims and refunds as arithmetic: nothing is earned a cent early, and nothing handed out is taken."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deals.rules import (
    DealTerms,
    Held,
    Settlement,
    Standing,
    Tally,
    claimable,
    earned,
    needed_for,
    part_of,
    settle,
    stand,
)

ONE_CENT_BELOW = 4999
LIMITS = st.none() | st.integers(1, 5)
CENTS = st.integers(0, 100_000)


def terms_of(bonus_type: Any = "single", threshold: int = 5000, per_user_limit: int | None = None) -> DealTerms:
    return DealTerms(
        promotion_id=1,
        kind="deal",
        title="Gold",
        min_amount_cents=threshold,
        bonus_type=bonus_type,
        per_user_limit=per_user_limit,
    )


TERMS = st.builds(terms_of, st.sampled_from(["single", "recurrent"]), st.integers(1, 20_000), LIMITS)
HELD = st.lists(
    st.tuples(st.integers(1, 60), st.booleans(), st.booleans()).map(lambda each: (each[0], each[1], each[2])),
    max_size=8,
).map(
    lambda drawn: [
        Held(number, needs, is_pending, is_flagged and not is_pending)
        for number, (needs, is_pending, is_flagged) in enumerate(drawn)
    ]
)


@pytest.mark.parametrize(
    ("bonus_type", "limit", "left", "spent", "live", "claimable", "progress", "is_done"),
    [
        ("single", None, None, 0, 0, 0, 0.0, False),
        ("single", None, None, ONE_CENT_BELOW, 0, 0, 0.9998, False),
        ("single", None, None, 5000, 0, 1, 1.0, False),
        ("single", None, None, 5001, 0, 1, 1.0, False),
        ("single", None, None, 15000, 0, 1, 1.0, False),
        ("single", None, None, 15000, 1, 0, 1.0, True),
        ("single", 3, None, 15000, 1, 0, 1.0, True),  # one a person, whatever the limit says
        ("single", None, None, 2500, 1, 0, 1.0, True),  # handed out, then refunded
        ("single", None, 0, 2500, 0, 0, 1.0, True),
        ("single", None, 0, 5000, 0, 0, 1.0, True),
        ("recurrent", None, None, ONE_CENT_BELOW, 0, 0, 0.9998, False),
        ("recurrent", None, None, 5000, 0, 1, 1.0, False),
        ("recurrent", None, None, 5000, 1, 0, 0.0, False),
        ("recurrent", None, None, 9999, 1, 0, 0.9998, False),
        ("recurrent", None, None, 10000, 1, 1, 1.0, False),
        ("recurrent", None, None, 15001, 1, 2, 1.0, False),
        ("recurrent", None, 1, 15001, 1, 1, 1.0, False),
        ("recurrent", 2, None, 15000, 0, 2, 1.0, False),
        ("recurrent", 2, None, 15000, 2, 0, 1.0, True),
        ("recurrent", 1, None, 15000, 2, 0, 1.0, True),  # a limit below what is claimed
        ("recurrent", None, None, 4000, 2, 0, 0.0, False),  # claimed, then refunded
        ("recurrent", None, 0, 15000, 1, 0, 1.0, True),
    ],
)
def test_how_far_somebody_has_come(
    bonus_type: str,
    limit: int | None,
    left: int | None,
    spent: int,
    live: int,
    claimable: int,
    progress: float,
    is_done: bool,
) -> None:
    tally = Tally(spent, live)
    standing = stand(terms_of(bonus_type, per_user_limit=limit), tally, tally, left)
    assert (standing.claimable, standing.progress, standing.is_done) == (claimable, progress, is_done)


@given(terms=TERMS, toward=CENTS)
def test_progress_is_cut_and_never_one_a_cent_early(terms: DealTerms, toward: int) -> None:
    part = part_of(terms, toward)
    assert 0 <= part <= 1
    assert (part == 1) is (toward >= terms.min_amount_cents)
    assert round(part * 10_000) <= toward * 10_000 / terms.min_amount_cents


@given(terms=TERMS, spent=CENTS, live=st.integers(0, 9), left=st.none() | st.integers(0, 9))
def test_what_is_open_and_what_is_claimed_are_never_more_than_was_earned(
    terms: DealTerms, spent: int, live: int, left: int | None
) -> None:
    open_now, most = claimable(terms, spent, live, left), earned(terms, spent)
    assert open_now >= 0
    assert open_now + live <= max(most, live)
    assert open_now <= (9 if left is None else left) or left is None
    if open_now:
        assert needed_for(terms, live + open_now) <= spent


@given(terms=TERMS, mine=st.tuples(CENTS, st.integers(0, 9)), others=st.tuples(CENTS, st.integers(0, 9)), left=LIMITS)
def test_a_session_never_has_more_open_than_its_own_spend_or_the_name_carries(
    terms: DealTerms, mine: tuple[int, int], others: tuple[int, int], left: int | None
) -> None:
    own, name = Tally(*mine), Tally(mine[0] + others[0], mine[1] + others[1])
    standing = stand(terms, own, name, left)
    assert standing.claimable <= claimable(terms, *mine, left)
    assert standing.claimable <= claimable(terms, name.spent_cents, name.live, left)
    assert isinstance(standing, Standing)
    assert (standing.progress == 1) is bool(standing.claimable or standing.is_done)


def after(held: list[Held], settlement: Settlement) -> list[Held]:
    """What is left of these grants."""
    needs = dict(settlement.moved)
    return [
        Held(each.id, needs.get(each.id, each.needs_cents), each.is_pending, each.id in settlement.flagged)
        if not each.is_flagged
        else each
        for each in held
        if each.id not in settlement.revoked
    ]


@given(held=HELD, spent=st.integers(0, 60))
def test_a_refund_takes_exactly_what_is_no_longer_carried_and_nothing_that_was_handed_out(
    held: list[Held], spent: int
) -> None:
    settlement = settle(held, spent)
    by_id = {each.id: each for each in held}
    too_many = sum(not each.is_flagged and each.needs_cents > spent for each in held)
    assert len(settlement.revoked) + len(settlement.flagged) == too_many
    assert all(by_id[each].is_pending for each in settlement.revoked)
    assert not any(by_id[each].is_pending or by_id[each].is_flagged for each in settlement.flagged)
    left = after(held, settlement)
    assert all(each.is_flagged or each.needs_cents <= spent for each in left)
    assert not settlement.flagged or not any(each.is_pending for each in left)
    carried_before = sorted(each.needs_cents for each in held if not each.is_flagged)
    carried_now = sorted(each.needs_cents for each in left if not each.is_flagged)
    assert carried_now == carried_before[: len(carried_now)]


@given(held=HELD, spent=st.integers(0, 60), order=st.randoms(use_true_random=False))
def test_the_order_of_grants_does_not_matter_and_settling_again_changes_nothing(
    held: list[Held], spent: int, order: Any
) -> None:
    settlement, shuffled = settle(held, spent), list(held)
    order.shuffle(shuffled)
    again = settle(shuffled, spent)
    assert (again.revoked, again.flagged) == (settlement.revoked, settlement.flagged)
    assert sorted(again.moved) == sorted(settlement.moved)
    assert settle(after(held, settlement), spent) == Settlement()


@given(held=HELD, spends=st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_two_refunds_take_what_one_of_both_would(held: list[Held], spends: tuple[int, int]) -> None:
    high, low = max(spends), min(spends)
    in_two = after(after(held, settle(held, high)), settle(after(held, settle(held, high)), low))
    at_once = after(held, settle(held, low))
    assert sorted(each.id for each in in_two) == sorted(each.id for each in at_once)
    assert sum(each.is_flagged for each in in_two) == sum(each.is_flagged for each in at_once)


def test_after_a_refund_what_was_handed_out_is_to_be_spent_again_first() -> None:
    terms = terms_of("recurrent", 3000)
    standing = stand(terms, Tally(1900, 1), Tally(1900, 1), None)
    assert (standing.claimable, standing.progress, standing.toward_cents, standing.missing_cents) == (0, 0.0, 0, 4100)


@given(TERMS, CENTS, st.integers(0, 10), CENTS)
def test_what_is_missing_and_nothing_less_makes_the_next_claim(
    terms: DealTerms, spent: int, live: int, more: int
) -> None:
    missing = stand(terms, Tally(spent, live), Tally(spent, live), None).missing_cents
    assert (missing <= more) == (spent + more >= needed_for(terms, live + 1))
