"""One wallet, many movements at once: none is lost, none comes twice, and nothing is taken that isn't there."""

import pytest
from flask import Flask

from app.accounts.models import User
from app.wallet import ledger
from app.wallet import service as wallets
from tests import make
from tests.offers.reading import cash, faults
from tests.races import converters
from tests.races.converters import REFUSED, crediter, taker
from tests.racing import before_statement, race, unguarded_race

FEW = 4
WRITING = before_statement(r"^UPDATE wallets", letting_go=True)


@pytest.fixture
def ada(app: Flask) -> User:  # noqa: ARG001
    return make.user()


def owed(user: User) -> int:
    return sum(each.amount_cents for each in wallets.debts(user.id))


def test_of_eight_who_open_a_wallet_at_once_each_pays_in(app: Flask, ada: User) -> None:
    outcomes = race(app, [crediter(ada, 100, f"thing:{each}") for each in range(8)])
    assert sorted(outcomes) == [100 * nth for nth in range(1, 9)]
    assert (cash(ada), faults()) == (800, [])


def test_with_a_balance_that_was_read_before_movements_are_lost(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    crediter(ada, 1, "thing:0")()
    monkeypatch.setattr(ledger, "credit", converters.credit_what_was_read)
    contestants = [crediter(ada, 100, f"thing:{each}") for each in range(1, FEW + 1)]
    assert unguarded_race(app, contestants, hold=WRITING) == [101] * FEW
    assert cash(ada) == 101
    assert faults() != []


def test_the_same_thing_is_paid_once_however_often_at_once(app: Flask, ada: User) -> None:
    outcomes = race(app, [crediter(ada, 100, "thing:1")] * 8)
    assert (outcomes.count(100), outcomes.count(REFUSED), cash(ada), faults()) == (1, 7, 100, [])


def test_what_is_there_is_taken_once_and_the_rest_is_owed(app: Flask, ada: User) -> None:
    crediter(ada, 250, "thing:0")()
    outcomes = race(app, [taker(ada, 100, f"thing:{each}") for each in range(8)])
    assert sorted(outcomes) == [0] * 5 + [50, 100, 100]
    assert (cash(ada), owed(ada), faults()) == (0, 550, [])


def test_without_the_lock_the_same_money_is_taken_again_and_again(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    crediter(ada, 250, "thing:0")()
    monkeypatch.setattr(ledger, "take_back", converters.take_what_was_read)
    contestants = [taker(ada, 100, f"thing:{each}") for each in range(FEW)]
    assert unguarded_race(app, contestants, hold=WRITING) == [100] * FEW
    assert (cash(ada), owed(ada)) == (150, 0)
    assert faults() != []


def test_paying_in_against_taking_back_adds_up(app: Flask, ada: User) -> None:
    crediters = [crediter(ada, 70, f"thing:{each}") for each in range(4)]
    takers = [taker(ada, 100, f"thing:{each}") for each in range(4)]
    outcomes = race(app, [*crediters, *takers])
    came = sum(each for each in outcomes[4:] if isinstance(each, int))
    assert (cash(ada), owed(ada)) == (280 - came, 400 - came)
    assert faults() == []
