"""Cash at the same moment: withdrawn against spent, and one withdrawal that several people decide."""

from collections import Counter

import pytest
from flask import Flask

from app.accounts.models import User
from app.deposits import withdrawing
from app.deposits.finding import get_withdrawal
from app.kit.db import db
from app.wallet import ledger
from tests import make
from tests.bonuses.reading import balances, faults
from tests.races import members
from tests.races.members import MOVING, deciders, recorder, spender, withdrawer
from tests.racing import after_statement, before_statement, race, unguarded_race

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
