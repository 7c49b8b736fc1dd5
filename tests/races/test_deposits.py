"""Deposits at the same moment: one confirmation told many times, against a refusal, sent back while it is spent."""

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import service as accounts
from app.accounts.models import User
from app.bonuses import service as bonuses
from app.bonuses.models import MemberPromotion, Referral
from app.deposits import confirming, depositing, refunding
from app.deposits import service as deposits
from app.deposits.models import CONFIRMED, REFUNDED, REFUSED, Deposit
from app.kit.db import db
from app.payments.models import PaymentEvent, PaymentReturn
from app.promotions.models import PromotionUse
from app.wallet import ledger
from app.wallet.models import WalletEntry
from tests import make
from tests.bonuses.reading import balances, faults, owed
from tests.races import converters, members
from tests.races.converters import REFUSED as BY_THE_TABLE
from tests.races.members import (
    MOVING,
    canceller,
    confirmer,
    giver_up,
    payer,
    recorder,
    refunder,
    refuser,
    spender,
    withdrawer,
)
from tests.races.redeemers import once_told, signal, telling
from tests.racing import after_statement, before_statement, race, unguarded_race, until_somebody_waits

MANY, FEW = 32, 4
LOOKED_FOR = after_statement(r"^SELECT deposits\.")
KEEPING = before_statement(r"^INSERT INTO deposits", letting_go=True)
CONFIRMING = before_statement(r"^UPDATE deposits SET status", letting_go=True)
THEN = r"^SELECT promotions\.id \nFROM promotions JOIN bonuses"  # once nothing is against a referral


@pytest.fixture
def ada(app: Flask) -> User:  # noqa: ARG001
    return make.user()


def count(model: type[WalletEntry | PromotionUse | MemberPromotion | Deposit | PaymentEvent | PaymentReturn]) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def status_of(deposit: Deposit) -> str:
    db.session.rollback()
    return deposits.get(deposit.id).status


def test_what_the_provider_tells_32_times_at_once_is_credited_once(app: Flask, ada: User) -> None:
    asked = make.asked_deposit(ada, bonus=make.bonus(turnover_requirement=1))
    assert race(app, [payer(asked)] * MANY, hold=LOOKED_FOR) == ["claimed"] * MANY
    assert (balances(ada), status_of(asked)) == ((10_000, 10_000), CONFIRMED)
    assert [count(each) for each in (PaymentEvent, WalletEntry, MemberPromotion, PromotionUse)] == [1, 2, 1, 1]
    assert (count(PaymentReturn), faults()) == (0, [])


def test_several_events_of_one_payment_credit_it_once_and_none_of_it_goes_back(app: Flask, ada: User) -> None:
    asked = make.asked_deposit(ada)
    tellers = [payer(asked, f"event:{each}") for each in range(8)]
    assert race(app, tellers, hold=LOOKED_FOR) == [CONFIRMED] * 8
    assert (balances(ada), count(PaymentEvent)) == ((10_000, 0), 8)
    assert (count(WalletEntry), count(PaymentReturn), faults()) == (1, 0, [])


def test_unless_it_is_seen_waiting_only_the_ledger_keeps_a_payment_to_one(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = make.asked_deposit(ada)
    monkeypatch.setattr(confirming, "leave_requested", members.trust_that_it_waits)
    tellers = [payer(asked, f"event:{each}") for each in range(FEW)]
    outcomes = unguarded_race(app, tellers, hold=CONFIRMING)
    assert outcomes.count(BY_THE_TABLE) == FEW - 1


def test_what_a_program_tells_32_times_at_once_is_credited_once_and_answered_the_same(app: Flask, ada: User) -> None:
    code = make.bonus_code(make.bonus(turnover_requirement=1))
    outcomes = race(app, [recorder(ada, "once", code)] * MANY, hold=LOOKED_FOR)
    [kept] = db.session.scalars(select(Deposit)).all()
    assert Counter(outcomes) == {(kept.id, "claimed", True): 1, (kept.id, "claimed", False): MANY - 1}
    assert [count(each) for each in (WalletEntry, MemberPromotion, PromotionUse)] == [2, 1, 1]
    assert (balances(ada), faults()) == ((10_000, 10_000), [])


def test_unless_they_look_what_is_there_only_the_table_keeps_it_to_one(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "_keep", members.keep_without_looking)
    outcomes = unguarded_race(app, [recorder(ada, "once")] * FEW, hold=KEEPING)
    assert outcomes.count(BY_THE_TABLE) == FEW - 1
    assert balances(ada) == (10_000, 0)


def test_a_deposit_is_confirmed_or_refused(app: Flask, ada: User) -> None:
    asked = make.asked_deposit(ada)
    outcomes = race(app, [confirmer(asked), confirmer(asked), refuser(asked), refuser(asked)], hold=LOOKED_FOR)
    is_confirmed = status_of(asked) == CONFIRMED
    told = [CONFIRMED] * 2 + ["not_refusable"] * 2 if is_confirmed else ["not_confirmable"] * 2 + [REFUSED] * 2
    assert outcomes == told
    assert (balances(ada), faults()) == ((10_000 * is_confirmed, 0), [])


def test_unless_it_is_seen_waiting_both_have_their_way(app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = make.asked_deposit(ada)
    for module in (confirming, depositing):
        monkeypatch.setattr(module, "leave_requested", members.trust_that_it_waits)
    outcomes = unguarded_race(app, [confirmer(asked), refuser(asked)], hold=CONFIRMING)
    assert outcomes == [CONFIRMED, REFUSED] or BY_THE_TABLE in outcomes


def test_what_is_paid_while_the_client_gives_it_up_is_credited_or_goes_back(app: Flask, ada: User) -> None:
    asked = make.asked_deposit(ada)
    outcomes = race(app, [payer(asked), giver_up(asked)], hold=LOOKED_FOR)
    is_confirmed = status_of(asked) == CONFIRMED
    assert outcomes == ([CONFIRMED, "not_refusable"] if is_confirmed else [REFUSED, REFUSED])
    assert (balances(ada), count(PaymentReturn)) == ((10_000 * is_confirmed, 0), int(not is_confirmed))
    assert faults() == []


def test_what_is_sent_back_while_it_is_withdrawn_is_taken_as_far_as_it_is_there(app: Flask, ada: User) -> None:
    sent = make.deposit(ada, 10_000, make.bonus())
    contestants = [refunder(sent), refunder(sent), withdrawer(ada, 15_000, "1")]
    *refunded, withdrawn = race(app, contestants, hold=LOOKED_FOR)
    assert refunded == [REFUNDED] * 2
    assert (withdrawn, owed(ada)) in {("requested", 15_000), ("insufficient_funds", 0)}
    assert (balances(ada), faults()) == ((0, 0), [])


def test_what_is_sent_back_while_it_is_spent_is_taken_as_far_as_it_is_there(app: Flask, ada: User) -> None:
    sent, invoice = make.deposit(ada), make.invoice(person=ada.person, price_cents=4000)
    refunded, spent = race(app, [refunder(sent), spender(invoice)])
    assert (refunded, spent, owed(ada)) in {(REFUNDED, "paid", 4000), (REFUNDED, "insufficient_funds", 0)}
    assert (balances(ada), faults()) == ((0, 0), [])


def test_with_a_balance_that_was_read_before_it_is_sent_back_and_spent(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, invoice = make.deposit(ada), make.invoice(person=ada.person, price_cents=4000)
    monkeypatch.setattr(ledger, "hold", members.hold_nothing)
    monkeypatch.setattr(ledger, "take_back", converters.take_what_was_read)
    monkeypatch.setattr(ledger, "debit", members.debit_what_was_read)
    assert unguarded_race(app, [refunder(sent), spender(invoice)], hold=MOVING) == [REFUNDED, "paid"]
    assert owed(ada) == 0
    assert faults() != []


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_refund_holds_the_wallet_of_a_referrer_whose_bonus_came_after_it_had_looked(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks while the confirmation is under way; then the referrer gives their bonus up, and must wait."""
    make.referral(turnover_requirement=1)
    asked = make.asked_deposit(make.user(referred_by_id=ada.id))
    looked, confirmed, held = signal(), signal(), signal()
    really = refunding._leave_confirmed  # noqa: SLF001

    def once_confirmed(*args: object) -> bool:
        looked.set()
        assert confirmed.wait(60)
        left = really(*args)  # type: ignore[arg-type]
        ledger.hold = telling(held, ledger.hold)
        return left

    def confirm_and_tell() -> str:
        outcome: str = confirmer(asked)()
        confirmed.set()
        return outcome

    def give_up() -> str:
        [claim] = db.session.scalars(select(MemberPromotion)).all()
        outcome: str = canceller(claim)()
        return outcome

    monkeypatch.setattr(refunding, "_leave_confirmed", once_confirmed)
    contestants = [refunder(asked), once_told(looked, confirm_and_tell), once_told(held, give_up)]
    outcomes = race(app, contestants, hold=until_somebody_waits(bonuses, "undo"))
    assert outcomes == [REFUNDED, CONFIRMED, "cancelled"]
    assert (balances(ada), faults()) == ((0, 0), [])


def friends() -> list[Deposit]:
    """First deposits of two accounts of one mailbox, which somebody else has referred each."""
    addresses = ("bob@example.org", "b.o.b+again@example.org")
    return [make.asked_deposit(make.user(email=each, referred_by_id=make.user().id)) for each in addresses]


def test_of_two_accounts_of_one_mailbox_one_is_rewarded(app: Flask) -> None:
    make.referral(friend_bonus=5)
    first = friends()
    assert race(app, [confirmer(each) for each in first], hold=before_statement(THEN)) == [CONFIRMED] * 2
    assert sorted(each or "" for each in db.session.scalars(select(Referral.reason))) == ["", "known_friend"]
    assert sorted(balances(accounts.get(each.user_id)) for each in first) == [(10_000, 0), (10_500, 0)]
    assert (count(MemberPromotion), count(PromotionUse), faults()) == (2, 1, [])


def test_unless_they_take_turns_only_the_table_keeps_it_to_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make.referral()
    first = friends()
    monkeypatch.setattr("app.bonuses.referring.take_turns", members.hold_nothing)
    monkeypatch.setattr("app.bonuses.referring._had_an_account", lambda _friend: False)  # as if an address had changed
    outcomes = unguarded_race(app, [confirmer(each) for each in first], hold=before_statement(THEN, letting_go=True))
    assert sorted(outcomes) == [CONFIRMED, BY_THE_TABLE]
