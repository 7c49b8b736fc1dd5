"""What deals would have given: a replay equals claims counted by hand, and what the shop itself grants."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.accounts.persons import Person
from app.audit.service import SYSTEM
from app.deals.models import Grant, PromotionClaim
from app.deals.replaying import replay
from app.deals.rules import DealTerms
from app.kit.db import db, unit_of_work
from app.orders import replaying
from app.orders import service as orders
from app.orders.accounting import Period
from app.promotions import kinds
from app.promotions.backtest import Outcome, Past, Tally
from tests import make

ZONE = ZoneInfo("UTC")
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
MARCH = Period(FIRST, datetime(2026, 4, 1, tzinfo=UTC))
GOLD = ({"item_id": "gold", "name": "Gold", "amount": 100},)
PEOPLE = ("user:1", "user:2", "name:ada", "name:bo")


def terms_of(threshold: int = 5000, *, bonus_type: str = "single", **given: object) -> DealTerms:
    """As `editing.terms_of` reads them: a single deal is claimed once by each."""
    own = {"per_user_limit": 1} if bonus_type == "single" else {}
    base = {"promotion_id": 1, "kind": "deal", "title": "Gold", "reward_items": GOLD, "min_amount_cents": threshold}
    return DealTerms(**{**base, "bonus_type": bonus_type, **given, **own})  # type: ignore[arg-type]


def payment(person: str, cents: int, day: int = 1) -> Past:
    return Past(at(day), at(day).date(), person, person.startswith("user:"), cents)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[DealTerms, list[Past]]:
    limit = st.none() | st.integers(1, 6)
    terms = terms_of(
        draw(st.integers(1, 6000)),
        bonus_type=draw(st.sampled_from(["single", "recurrent"])),
        usage_limit=draw(limit),
        per_user_limit=draw(limit),
        requires_account=draw(st.booleans()),
        starts_at=datetime(2030, 1, 1, tzinfo=UTC),
        ends_at=datetime(2031, 1, 1, tzinfo=UTC),
    )
    cents = st.integers(1, 9000) | st.integers(1, 4).map(lambda times: times * terms.min_amount_cents)
    payments = st.builds(payment, st.sampled_from(PEOPLE), cents, st.integers(1, 5))
    return terms, sorted(draw(st.lists(payments, max_size=25)), key=lambda each: each.placed_at)


@given(worlds())
@settings(max_examples=300)
def test_a_replay_is_what_claims_come_to_when_they_are_counted_one_by_one(world: tuple[DealTerms, list[Past]]) -> None:
    terms, past = world
    assert told(replay(terms, past)) == told(one_by_one(terms, past))


def one_by_one(terms: DealTerms, past: Sequence[Past]) -> Outcome:
    """The specification written down literally, with plain counters, one claim after the other."""
    outcome, given_out = Outcome(reward_items=GOLD), 0
    purse, claims = Counter[str](), Counter[str]()
    for each in past:
        who, day = each.person, outcome.by_day[each.paid_on]
        day.orders, day.amount_cents = day.orders + 1, day.amount_cents + each.amount_cents
        purse[who] += each.amount_cents
        sets = 0
        while True:
            most = 1 if terms.bonus_type == "single" else terms.per_user_limit
            needed = terms.min_amount_cents * (claims[who] + 1 if terms.bonus_type == "recurrent" else 1)
            refusals = [
                ("usage_limit_reached", terms.usage_limit is not None and given_out >= terms.usage_limit),
                ("account_required", terms.requires_account and not who.startswith("user:")),
                ("user_limit_reached", most is not None and claims[who] >= most),
                ("min_amount_not_met", purse[who] < needed),
            ]
            refusal = next((reason for reason, fails in refusals if fails), None)
            if refusal:
                break
            claims[who], given_out, sets = claims[who] + 1, given_out + 1, sets + 1
        if sets:
            day.qualified, day.sets = day.qualified + 1, day.sets + sets
        else:
            outcome.refusals[refusal] += 1
    outcome.uses.update({who: count for who, count in claims.items() if count})
    return outcome


def at(day: int, hour: int = 10) -> datetime:
    return FIRST + timedelta(days=day - 1, hours=hour)


def told(outcome: Outcome) -> tuple[dict[date, Tally], dict[str, int], Counter[str], Tally, int]:
    return dict(outcome.by_day), outcome.uses, outcome.refusals, outcome.total, outcome.people


def test_a_week_worked_by_hand() -> None:
    past = [
        payment("name:ada", 4999, 1),
        payment("name:ada", 1, 2),  # reaches 50.00 to the cent
        payment("name:bo", 12_500, 2),  # twice at once, 25.00 on the way to the third
        payment("name:ada", 9999, 3),  # 149.99: her second
        payment("name:bo", 2500, 4),  # 150.00: his third, but he may have two
        payment("user:1", 20_000, 5),  # as often as anybody may, but one is left
        payment("user:2", 20_000, 5),
    ]
    outcome = replay(terms_of(5000, bonus_type="recurrent", per_user_limit=2, usage_limit=5), past)
    assert outcome.total == Tally(orders=7, amount_cents=69_999, qualified=4, sets=5)
    assert outcome.uses == {"name:ada": 2, "name:bo": 2, "user:1": 1}
    assert outcome.refusals == {"min_amount_not_met": 1, "user_limit_reached": 1, "usage_limit_reached": 1}
    assert outcome.by_day[date(2026, 3, 2)] == Tally(orders=2, amount_cents=12_501, qualified=2, sets=3)
    assert [(day.day, each.sets) for day, each in outcome.best_days(2)] == [(2, 3), (3, 1)]
    assert outcome.total.cents_a_set == 13_999
    once = replay(terms_of(5000), past)
    assert once.uses == {"name:ada": 1, "name:bo": 1, "user:1": 1, "user:2": 1}
    members = replay(terms_of(5000, requires_account=True), past)
    assert (members.uses, members.refusals) == ({"user:1": 1, "user:2": 1}, {"account_required": 5})


def test_an_enormous_payment_is_replayed_at_once() -> None:
    outcome = replay(terms_of(1, bonus_type="recurrent"), [payment("name:ada", 9_999_999_999)])
    assert outcome.total.sets == 9_999_999_999


def test_an_empty_past_gives_nothing() -> None:
    outcome = replay(terms_of(), [])
    assert (outcome.total, outcome.people, outcome.total.cents_a_set) == (Tally(), 0, 0)


def test_what_was_really_paid_and_kept_counts_in_the_order_of_payment(app: Flask) -> None:  # noqa: ARG001
    make.discount(code="TEN")
    make.paid_invoice(person=Person("ada"), price_cents=3000, now=at(1), paid_at=at(3))
    make.paid_invoice(person=Person("bo"), price_cents=4000, code="TEN", now=at(2))  # 36.00
    make.paid_invoice(person=Person("early"), price_cents=4000, now=FIRST - timedelta(seconds=1))
    make.paid_invoice(person=Person("late"), price_cents=4000, now=at(31), paid_at=MARCH.until)
    make.discount(code="FREE", discount_value=100)
    make.paid_invoice(person=Person("cy"), price_cents=4000, code="FREE", now=at(4))
    whole = make.paid_invoice(person=Person("di"), price_cents=4000, now=at(5))
    part = make.paid_invoice(person=make.user(username="edna").person, price_cents=2000, quantity=2, now=at(6))
    make.invoice(person=Person("unpaid"), now=at(6))
    with unit_of_work():
        gift = orders.donate(5000, "", person=Person("gil"), visit="v", key="k" * 20, now=at(7))
        orders.mark_paid(gift.id, "test", make.told(gift, happened_at=at(7, 23)), at(8))
        orders.refund(whole.number, None, key="whole", actor=SYSTEM, now=at(20))
        line = orders.by_number(part.number).lines[0].id
        orders.refund(part.number, {line: 1}, key="part", actor=SYSTEM, now=at(20))
    found = list(replaying.past(MARCH, ZoneInfo("Europe/Riga"), of="payments"))
    assert [(each.person, each.amount_cents, each.paid_on.day, each.has_account) for each in found] == [
        ("name:bo", 3600, 2, False),
        ("name:ada", 3000, 3, False),
        (part.person_key, 2000, 6, True),
        ("name:gil", 5000, 8, False),
    ]
    assert [each.placed_at for each in found] == sorted(each.placed_at for each in found)


def test_a_period_with_too_many_payments_is_found_out(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setattr(replaying, "MOST_ORDERS", 2)
    for _each in range(3):
        assert not replaying.are_too_many(MARCH, of="payments")
        make.paid_invoice()
    assert replaying.are_too_many(MARCH, of="payments")


@pytest.mark.parametrize(
    "terms",
    [
        {"bonus_type": "single", "usage_limit": 2},
        {"bonus_type": "recurrent", "per_user_limit": 2},
        {"bonus_type": "recurrent", "usage_limit": 4, "requires_account": True},
        {"bonus_type": "recurrent", "usage_limit": 5, "per_user_limit": 3},
    ],
)
def test_a_replay_equals_what_the_shop_gave(app: Flask, terms: dict[str, Any]) -> None:  # noqa: ARG001
    """Paid while a deal that claims by itself runs, then replayed."""
    deal = make.deal(**terms, auto_claim=True, starts_at=MARCH.since, ends_at=MARCH.until)
    people = [make.user().person, make.user().person, Person("ada"), Person("bo")]
    luck = Random(repr(terms))
    for minute in range(12):
        person, cents = luck.choice(people), luck.choice([1, 2500, 4999, 5000, 12_345])
        make.spend(person, cents, visit="v", now=FIRST + timedelta(minutes=minute))
    kind = kinds.named("deal")
    outcome = kind.replay(kind.terms_of(deal.id), replaying.past(MARCH, ZONE, of=kind.replays))
    granted = select(PromotionClaim.person, func.count()).join(Grant, Grant.claim_id == PromotionClaim.id)
    rows = db.session.execute(granted.group_by(PromotionClaim.person))
    assert dict(iter(rows)) == outcome.uses
    assert outcome.total.sets > 1
