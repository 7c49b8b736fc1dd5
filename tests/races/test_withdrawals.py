"""Cash at the same moment: withdrawn against spent, and one withdrawal that several people decide, or that is owed."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import User
from app.bonuses import service as bonuses
from app.deposits import withdrawing
from app.deposits.finding import get_withdrawal
from app.kit.db import db
from app.wallet import ledger
from tests import make
from tests.bonuses.reading import balances, faults, owed
from tests.races import members
from tests.races.members import MOVING, approver, deciders, recorder, refunder, spender, withdrawer
from tests.races.redeemers import once_told, signal, telling
from tests.racing import after_statement, before_statement, race, unguarded_race, until_somebody_waits

LOOKED_FOR = after_statement(r"^SELECT withdrawals\.")
DECIDING = before_statement(r"^UPDATE withdrawals", letting_go=True)


@pytest.fixture
def ada(app: Flask) -> User:  # noqa: ARG001
    """A client with 100.00."""
    client = make.user()
    make.deposit(client)
    return client


def test_the_same_cash_is_withdrawn_or_spent(app: Flask, ada: User) -> None:
    invoices = [make.invoice(person=ada.person, price_cents=7000) for _each in range(2)]
    contestants = [*map(spender, invoices), *(withdrawer(ada, 7000, each) for each in "12")]
    outcomes = Counter(race(app, contestants, hold=after_statement(r"^UPDATE invoices")))
    assert outcomes["insufficient_funds"] == 3
    assert outcomes["paid"] + outcomes["requested"] == 1
    assert (balances(ada), faults()) == ((3000, 0), [])


def test_with_a_balance_that_was_read_before_it_is_withdrawn_and_spent(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    contestants = [spender(make.invoice(person=ada.person, price_cents=7000)), withdrawer(ada, 7000, "1")]
    monkeypatch.setattr(ledger, "hold", members.hold_nothing)
    monkeypatch.setattr(ledger, "debit", members.debit_what_was_read)
    assert unguarded_race(app, contestants, hold=MOVING) == ["paid", "requested"]
    assert balances(ada) == (3000, 0)
    assert faults() != []


def test_one_page_sent_eight_times_holds_the_money_once(app: Flask, ada: User) -> None:
    assert race(app, [withdrawer(ada, 4000, "1")] * 8) == ["requested"] * 8
    assert (balances(ada), faults()) == ((6000, 0), [])


def test_nothing_is_withdrawn_while_a_deposit_brings_a_bonus(app: Flask, ada: User) -> None:
    """Before it or not at all: who has an active bonus can't withdraw."""
    code = make.bonus_code(make.bonus(turnover_requirement=1))
    deposited, withdrawn = race(app, [recorder(ada, "theirs", code), withdrawer(ada, 4000, "1")])
    assert (deposited[1], withdrawn) in {("claimed", "requested"), ("claimed", "bonus_active")}
    assert balances(ada) == (20_000 - 4000 * (withdrawn == "requested"), 10_000)
    assert faults() == []


def test_what_several_people_decide_at_once_is_decided_by_the_first(app: Flask, ada: User) -> None:
    asked = make.withdrawal(ada, 4000)
    outcomes = race(app, deciders(asked) * 2, hold=LOOKED_FOR)
    db.session.rollback()
    decided = get_withdrawal(asked.id)
    assert Counter(outcomes) == {decided.status: 2, "not_decidable": 4}
    assert outcomes[:3] == outcomes[3:]
    assert (balances(ada), faults()) == ((6000 if decided.status == "approved" else 10_000, 0), [])


def test_unless_it_is_seen_waiting_all_of_them_decide(app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    contestants = deciders(make.withdrawal(ada, 4000))
    monkeypatch.setattr(withdrawing, "_decide", members.decide_unseen)
    assert unguarded_race(app, contestants, hold=DECIDING) == ["approved", "refused", "cancelled"]


def test_what_is_owed_while_it_is_approved_was_approved_before_or_is_not(app: Flask) -> None:
    client = make.user()
    sent_back = make.deposit(client)
    held = make.withdrawal(client, 10_000)
    refunded, decided = race(app, [refunder(sent_back), approver(held)], hold=LOOKED_FOR)
    db.session.rollback()
    kept = get_withdrawal(held.id).status
    assert (refunded, decided, kept) in {
        ("refunded", "approved", "approved"),
        ("refunded", "debt_open", "requested"),
    }
    assert (owed(client), balances(client), faults()) == (10_000, (0, 0), [])


def test_who_approves_while_a_deposit_is_being_sent_back_waits_and_is_told_of_the_debt(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make.user()
    sent_back = make.deposit(client)
    held = make.withdrawal(client, 10_000)
    is_taken = signal()
    monkeypatch.setattr(ledger, "take_back", telling(is_taken, ledger.take_back))
    contestants = [refunder(sent_back), once_told(is_taken, approver(held))]
    assert race(app, contestants, hold=until_somebody_waits(bonuses, "undo")) == ["refunded", "debt_open"]
    assert (get_withdrawal(held.id).status, owed(client), faults()) == ("requested", 10_000, [])


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_unless_they_wait_it_is_approved_though_its_cash_is_being_taken_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make.user()
    sent_back = make.deposit(client)
    held = make.withdrawal(client, 10_000)
    is_taken, is_decided = signal(), signal()
    really = ledger.take_back

    def take_back(*args: Any, **kwargs: Any) -> int:
        taken = really(*args, **kwargs)
        is_taken.set()
        assert is_decided.wait(60)
        return taken

    monkeypatch.setattr(ledger, "hold", members.hold_nothing)
    monkeypatch.setattr(ledger, "take_back", take_back)
    contestants = [refunder(sent_back), once_told(is_taken, telling(is_decided, approver(held)))]
    assert race(app, contestants) == ["refunded", "approved"]
