"""Money is moved with the entry that says why: once for each reason, never below zero, and never rewritten."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from app.accounts.models import User
from app.kit.db import db, unit_of_work
from app.wallet import books, ledger
from app.wallet import service as wallets
from app.wallet.models import Wallet, WalletDebt, WalletEntry
from app.wallet.service import Balances
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
Move = Callable[..., int]
COLUMNS = "user_id, balance, amount_cents, balance_after_cents, reason, reference, created_at"
ENTER = f"INSERT INTO wallet_entries ({COLUMNS})"


def moved(move: Move, user: User, cents: int, reference: str = "thing:1", reason: str = "test") -> int:
    with unit_of_work():
        return move(user.id, cents, reason=reason, reference=reference, now=NOW)


def credited(user: User, cents: int, reference: str = "thing:1") -> int:
    return moved(ledger.credit, user, cents, reference)


def taken(user: User, cents: int, reference: str = "thing:1") -> int:
    return moved(ledger.take_back, user, cents, reference, "back")


def entries(user: User) -> list[tuple[int, int]]:
    """What was moved and what there was then, in order."""
    db.session.rollback()
    return [(each.amount_cents, each.balance_after_cents) for each in db.session.scalars(wallets.entries(user.id))][
        ::-1
    ]


def owed(user: User) -> list[int]:
    return [each.amount_cents for each in wallets.debts(user.id)]


def test_the_first_movement_opens_the_wallet_and_each_says_what_there_is_then() -> None:
    ada, bob = make.user(), make.user()
    assert wallets.balances(ada.id) == Balances()
    assert [credited(ada, cents, f"thing:{cents}") for cents in (500, 1, 9_999_999_999)] == [500, 501, 10_000_000_500]
    assert credited(bob, 7) == 7
    assert taken(ada, 10_000_000_000) == 10_000_000_000
    assert (wallets.balances(ada.id), wallets.balances(bob.id)) == (Balances(500), Balances(7))
    assert entries(ada) == [(500, 500), (1, 501), (9_999_999_999, 10_000_000_500), (-10_000_000_000, 500)]
    assert books.faults() == []


@pytest.mark.parametrize(
    ("there", "asked", "comes", "debts"),
    [(200, 200, 200, []), (200, 199, 199, []), (200, 201, 200, [1]), (1, 500, 1, [499])],
)
def test_what_is_taken_back_comes_as_far_as_it_is_there(there: int, asked: int, comes: int, debts: list[int]) -> None:
    ada = make.user()
    credited(ada, there)
    assert taken(ada, asked) == comes
    assert entries(ada) == [(there, there), (-comes, there - comes)]
    assert (wallets.balances(ada.id), owed(ada), books.faults()) == (Balances(there - comes), debts, [])


def test_from_a_wallet_that_is_empty_or_not_there_nothing_comes_and_all_is_owed() -> None:
    ada, bob = make.user(username="ada"), make.user(username="bob")
    credited(ada, 200)
    taken(ada, 200)
    assert (taken(ada, 300, "thing:2"), taken(bob, 400)) == (0, 0)
    assert (owed(ada), owed(bob)) == ([300], [400])
    assert (entries(ada), entries(bob), db.session.get(Wallet, bob.id)) == ([(200, 200), (-200, 0)], [], None)
    assert [(user.id, *figures) for user, *figures in db.session.execute(wallets.wallets())] == [
        (ada.id, 0, 0, 300),
        (bob.id, 0, 0, 400),
    ]
    assert books.faults() == []


@pytest.mark.parametrize("move", [credited, taken])
def test_nothing_is_moved_twice_for_one_reason(move: Move) -> None:
    ada = make.user()
    credited(ada, 1000, "thing:0")
    move(ada, 200)
    kept, left = entries(ada), wallets.balances(ada.id)
    with pytest.raises(IntegrityError):
        move(ada, 200)
    assert (entries(ada), wallets.balances(ada.id)) == (kept, left)
    move(ada, 200, "thing:2")
    assert len(entries(ada)) == len(kept) + 1


def test_nothing_is_owed_twice_for_one_reason() -> None:
    ada = make.user()
    taken(ada, 200)
    with pytest.raises(IntegrityError):
        taken(ada, 200)
    assert owed(ada) == [200]


def test_a_transaction_that_fails_has_moved_nothing() -> None:
    ada = make.user()
    with pytest.raises(ZeroDivisionError), unit_of_work():
        ledger.credit(ada.id, 200, reason="test", reference="thing:1", now=NOW)
        _never = 1 // 0
    assert (entries(ada), wallets.balances(ada.id), books.faults()) == ([], Balances(), [])


CHANGES = (
    "UPDATE wallet_entries SET amount_cents = 1",
    "UPDATE wallet_entries SET reason = reason",
    "UPDATE wallet_entries SET created_at = '2020-01-01 00:00:00.000000'",
    "DELETE FROM wallet_entries",
    "DELETE FROM wallet_entries WHERE amount_cents < 0",
)
WRONG = (
    "UPDATE wallets SET cash_cents = -1",
    "UPDATE wallets SET bonus_cents = -1",
    "UPDATE wallet_debts SET amount_cents = 0",
    "DELETE FROM wallets",  # its entries refer to it
    "DELETE FROM users WHERE id IN (SELECT user_id FROM wallets)",
    f"{ENTER} SELECT user_id, 'gold', 1, 1, 'x', 'x', '2026-01-01 00:00:00.000000' FROM wallets",  # noqa: S608
    f"{ENTER} SELECT user_id, 'cash', 0, 1, 'x', 'x', '2026-01-01 00:00:00.000000' FROM wallets",  # noqa: S608
    f"{ENTER} SELECT user_id, 'cash', -1, -1, 'x', 'x', '2026-01-01 00:00:00.000000' FROM wallets",  # noqa: S608
)


def refused(statement: str, error: type[DatabaseError], match: str | None = None) -> None:
    with pytest.raises(error, match=match), db.engine.begin() as connection:
        connection.execute(text(statement))


def test_the_database_itself_refuses_to_change_or_delete_an_entry_and_wallets_that_cannot_be() -> None:
    ada = make.user()
    credited(ada, 200)
    taken(ada, 300)
    db.session.rollback()
    for statement in CHANGES:
        refused(statement, DatabaseError, "append-only")
    for statement in WRONG:
        refused(statement, IntegrityError)
    assert (entries(ada), owed(ada)) == ([(200, 200), (-200, 0)], [100])


def test_the_list_of_wallets_finds_by_name_and_mail_and_leaves_out_who_never_had_anything() -> None:
    ada, bob = make.user(username="ada", email="a@one.example"), make.user(username="bob", email="b@two.example")
    make.user(username="adam")
    credited(ada, 5)
    taken(bob, 9)
    for search, found in (("", ["ada", "bob"]), ("AD", ["ada"]), ("two.ex", ["bob"]), ("%", []), ("zoe", [])):
        rows = db.session.execute(wallets.wallets(search)).all()
        assert [row[0].username for row in rows] == found
    assert db.session.scalars(select(WalletDebt.user_id)).all() == [bob.id]
    assert db.session.scalars(select(WalletEntry.user_id)).all() == [ada.id]
