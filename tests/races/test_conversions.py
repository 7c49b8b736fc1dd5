"""Conversions, raced for: the last use of a code, one conversion told many times, reversals."""

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.kit.db import db
from app.offers import converting
from app.offers import service as offers
from app.offers.models import Conversion, Offer, OfferCode
from app.promotions import service as promotions
from app.promotions.models import PromotionUse
from app.wallet import ledger
from app.wallet import service as wallets
from app.wallet.models import WalletEntry
from tests import make
from tests.make_kit import NOW
from tests.offers.reading import cash, faults, promotion_of, used
from tests.races import converters, guards
from tests.races.converters import (
    JUDGED,
    PAYING,
    REFUSED,
    Contestant,
    converter,
    reverser,
    teller,
    told,
)
from tests.racing import (
    after_call,
    after_statement,
    before_statement,
    race,
    unguarded_race,
    without_unique,
)

CLIENTS = 64
FEW = 4  # enough to go wrong
KEY = ("conversions", "uq_conversions_conversion_id")
LOOKED_FOR = after_statement(r"^SELECT conversions\.")
KEEPING = before_statement(r"^INSERT INTO conversions", letting_go=True)
REVERSING = before_statement(r"^UPDATE conversions", letting_go=True)


def holders(count: int, code: OfferCode) -> list[User]:
    """So many clients with the code on their accounts."""
    clients = [make.user() for _each in range(count)]
    for each in clients:
        make.applied(each, code)
    return clients


def crowd(clients: list[User]) -> list[Contestant]:
    """Each has completed an offer."""
    offer = make.offer()
    return [converter(each, offer) for each in clients]


def count_of(model: type[Conversion | WalletEntry | PromotionUse]) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize("limit", [1, 10])
def test_of_64_conversions_as_many_earn_as_there_are_uses(app: Flask, limit: int) -> None:
    code = make.offer_code(usage_limit=limit)
    clients = holders(CLIENTS, code)
    outcomes = race(app, crowd(clients), hold=JUDGED)
    assert Counter(outcomes) == {200: limit, 0: CLIENTS - limit}
    assert [cash(each) for each in clients] == outcomes
    promotion = promotion_of(code)
    assert (promotion.used_count, promotion.is_active, promotion.auto_deactivated_at) == (limit, False, NOW)
    assert (count_of(Conversion), count_of(PromotionUse), count_of(WalletEntry)) == (CLIENTS, limit, limit)
    closed = select(func.count(AuditEntry.id)).where(AuditEntry.action == "promotion.used_up")
    assert db.session.scalar(closed) == 1
    without = [each.passed_over for each in db.session.scalars(select(Conversion)) if not each.bonus_cents]
    assert without == [[{"code": make.code_of(code), "reason": "usage_limit_reached"}]] * (CLIENTS - limit)
    assert faults() == []


def test_with_a_count_that_was_read_before_all_of_them_earn(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotions, "_count_up", guards.count_up_without_limit)
    code = make.offer_code(usage_limit=1)
    assert unguarded_race(app, crowd(holders(FEW, code)), hold=PAYING) == [200] * FEW
    assert used(code) == FEW


def a_conversion() -> tuple[User, Offer]:
    client, code = make.user(), make.offer_code()
    make.applied(client, code)
    return client, make.offer()


def test_what_is_told_32_times_at_once_is_paid_once_and_answered_the_same_each_time(app: Flask) -> None:
    client, offer = a_conversion()
    tellers = [teller(told(client, offer, "once", payout)) for payout in (2000, 3000) * 16]
    outcomes = race(app, tellers, hold=LOOKED_FOR)
    [kept] = db.session.scalars(select(Conversion)).all()
    assert kept.bonus_cents == kept.payout_cents // 10
    answer = (kept.id, kept.payout_cents, kept.bonus_cents, kept.code)
    assert Counter(outcomes) == {(answer, True): 1, (answer, False): 31}
    assert (cash(client), count_of(WalletEntry), count_of(PromotionUse)) == (kept.bonus_cents, 1, 1)
    assert faults() == []


def test_unless_they_look_what_is_there_only_the_table_keeps_it_to_one(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converting, "_keep", converters.keep_without_looking)
    client, offer = a_conversion()
    outcomes = unguarded_race(app, [teller(told(client, offer, "once"))] * FEW, hold=KEEPING)
    assert outcomes.count(REFUSED) == FEW - 1
    assert cash(client) == 200


def test_without_the_unique_id_it_is_paid_again_and_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "_keep", converters.keep_without_looking)
    client, offer = a_conversion()
    with without_unique(*KEY):
        outcomes = unguarded_race(app, [teller(told(client, offer, "once"))] * FEW, hold=KEEPING)
        assert [each[1] for each in outcomes] == [True] * FEW
        assert (cash(client), count_of(Conversion)) == (200 * FEW, FEW)


def test_eight_conversions_of_one_client_all_earn_and_add_up(app: Flask) -> None:
    client, offer = a_conversion()
    contestants = [converter(client, offer, f"conversion {each}") for each in range(8)]
    assert race(app, contestants, hold=JUDGED) == [200] * 8
    assert (cash(client), count_of(WalletEntry), faults()) == (1600, 8, [])


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)  # of the other's one writer see test_wallets.py
def test_with_a_balance_that_was_read_before_a_bonus_is_lost(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, offer = a_conversion()
    make.converted(client, offer)
    monkeypatch.setattr(ledger, "credit", converters.credit_what_was_read)
    contestants = [converter(client, offer, f"conversion {each}") for each in range(FEW)]
    assert unguarded_race(app, contestants, hold=before_statement(r"^UPDATE wallets")) == [200] * FEW
    assert cash(client) == 400
    assert faults() != []


def test_of_two_codes_with_one_use_each_two_conversions_of_one_client_get_one_each(app: Flask) -> None:
    client, offer = make.user(), make.offer()
    best, next_best = (make.offer_code(bonus_value=each, usage_limit=1) for each in (50, 20))
    for each in (best, next_best):
        make.applied(client, each)
    contestants = [converter(client, offer, f"conversion {each}") for each in range(3)]
    assert Counter(race(app, contestants, hold=JUDGED)) == {1000: 1, 400: 1, 0: 1}
    assert (used(best), used(next_best), cash(client), faults()) == (1, 1, 1400, [])


def test_a_limit_per_person_holds_for_one_client_in_eight_windows(app: Flask) -> None:
    code = make.offer_code(per_user_limit=2)
    [client], offer = holders(1, code), make.offer()
    contestants = [converter(client, offer, f"conversion {each}") for each in range(8)]
    assert Counter(race(app, contestants, hold=JUDGED)) == {200: 2, 0: 6}
    assert (used(code), cash(client), faults()) == (2, 400, [])


def test_what_is_reversed_four_times_at_once_is_taken_back_once(app: Flask) -> None:
    code = make.offer_code(usage_limit=1)
    [client] = holders(1, code)
    conversion = make.converted(client, make.offer())
    assert race(app, [reverser(conversion)] * 4, hold=after_statement(r"^SELECT conversions\.")) == ["reversed"] * 4
    assert [each.amount_cents for each in db.session.scalars(wallets.entries(client.id))] == [-200, 200]
    assert (cash(client), used(code), promotion_of(code).is_active, faults()) == (0, 0, True, [])


def test_without_the_lock_only_the_ledger_keeps_it_from_being_taken_back_twice(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers, "reverse", converters.reverse_unlocked)
    [client] = holders(1, make.offer_code())
    conversion = make.converted(client, make.offer())
    make.converted(client, make.offer())  # there is enough to take twice
    outcomes = unguarded_race(app, [reverser(conversion)] * 2, hold=REVERSING)
    assert sorted(outcomes) == ["reversed", REFUSED]


def test_the_last_use_that_comes_back_is_earned_by_one_or_by_nobody(app: Flask) -> None:
    code = make.offer_code(usage_limit=1)
    first, *others = holders(5, code)
    conversion = make.converted(first, make.offer())
    outcomes = race(app, [reverser(conversion), *crowd(others)], hold=JUDGED)
    earned = outcomes.count(200)
    assert (outcomes[0], Counter(outcomes[1:])) == ("reversed", Counter({0: 4 - earned, 200: earned}))
    assert earned <= 1
    promotion = promotion_of(code)
    assert (promotion.used_count, promotion.is_active) == (earned, not earned)
    assert ([cash(each) for each in others], cash(first)) == (outcomes[1:], 0)
    assert faults() == []


def test_told_again_while_it_is_reversed_it_is_still_the_same(app: Flask) -> None:
    client, offer = a_conversion()
    conversion = make.converted(client, offer, conversion_id="once")
    again = teller(told(client, offer, "once"))
    outcomes = race(app, [reverser(conversion), again, again], hold=after_call(offers, "find"))
    assert outcomes[0] == "reversed"
    assert {each[0][0] for each in outcomes[1:]} == {conversion.id}
    assert (cash(client), count_of(Conversion), faults()) == (0, 1, [])
