"""Cash that clients want paid out: held once, decided once, and back where nothing comes of it."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM, Actor
from app.bonuses import service as bonuses
from app.deposits import withdrawing
from app.deposits.errors import (
    AmountNeeded,
    AskedMeanwhile,
    BonusesActive,
    DebtOpen,
    DebtUncovered,
    KeyNotUsable,
    NotDecidable,
    WhereToNeeded,
)
from app.deposits.models import Withdrawal
from app.errors import DomainError, NotFound
from app.kit.db import db, unit_of_work
from app.kit.money import MOST_CENTS
from app.wallet import adjusting
from app.wallet import service as wallets
from app.wallet.errors import NotEnough
from tests import make
from tests.bonuses.reading import balances, faults
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
KEY = "key-of-the-page-1"
Verb = Callable[[Withdrawal], Withdrawal]


def asked(user: User, cents: int = 600, pay_to: str = "An account", key: str = KEY) -> Withdrawal:
    with unit_of_work():
        return withdrawing.request(user, cents, pay_to, key=key, now=NOW)


def rich(cents: int = 1000) -> User:
    client = make.user()
    make.deposit(client, cents)
    return client


def approve(withdrawal: Withdrawal, actor: Actor = SYSTEM) -> Withdrawal:
    with unit_of_work():
        return withdrawing.approve(withdrawal.id, " Paid ", actor=actor, now=NOW)


def refuse(withdrawal: Withdrawal) -> Withdrawal:
    with unit_of_work():
        return withdrawing.refuse(withdrawal.id, "No", actor=SYSTEM, now=NOW)


def cancel(withdrawal: Withdrawal) -> Withdrawal:
    with unit_of_work():
        return withdrawing.cancel(withdrawal.user_id, withdrawal.id, NOW)


def test_it_is_held_at_once_and_the_same_key_holds_it_once() -> None:
    client = rich()
    first = asked(client, 600, " An account ")
    assert (first.status, first.pay_to, balances(client)) == ("requested", "An account", (400, 0))
    assert asked(client, 600).id == first.id
    assert balances(client) == (400, 0)
    approve(first)
    assert asked(client, 600).status == "approved"
    assert (balances(client), faults()) == ((400, 0), [])


@pytest.mark.parametrize(
    ("cents", "pay_to", "key", "refusal"),
    [
        (0, "An account", KEY, AmountNeeded),
        (-1, "An account", KEY, AmountNeeded),
        (MOST_CENTS + 1, "An account", KEY, AmountNeeded),
        (1001, "An account", KEY, NotEnough),
        (1, " ", KEY, WhereToNeeded),
        (1, "An account", "short", KeyNotUsable),
        (1, "An account", "a" * 65, KeyNotUsable),
        (1, "An account", "no spaces, please!", KeyNotUsable),
    ],
)
def test_what_cannot_be_paid_out_is_refused_and_nothing_is_held(
    cents: int, pay_to: str, key: str, refusal: type[DomainError]
) -> None:
    client = rich()
    with pytest.raises(refusal):
        asked(client, cents, pay_to, key)
    assert db.session.scalars(select(Withdrawal)).all() == []
    assert (balances(client), faults()) == ((1000, 0), [])


def test_all_there_is_can_be_paid_out_and_then_nothing_more() -> None:
    client = rich()
    asked(client, 1000)
    with pytest.raises(NotEnough) as short:
        asked(client, 1, key="key-of-the-page-2")
    assert (short.value.facts, short.value.field) == ({"missing_cents": 1}, "amount")
    with pytest.raises(NotEnough):
        asked(make.user(), 1, key="key-of-the-page-3")


@pytest.mark.parametrize(("cents", "pay_to"), [(601, "An account"), (600, "Another account")])
def test_a_page_that_has_asked_for_something_else_is_told_so(cents: int, pay_to: str) -> None:
    client = rich()
    asked(client)
    with pytest.raises(AskedMeanwhile):
        asked(client, cents, pay_to)
    assert balances(client) == (400, 0)


def test_a_key_is_no_way_to_somebody_elses() -> None:
    asked(rich())
    other = rich()
    with pytest.raises(KeyNotUsable):
        asked(other)
    assert balances(other) == (1000, 0)


def test_nothing_is_paid_out_while_a_bonus_is_active() -> None:
    client = rich()
    claim = make.given(client, make.free_credit(turnover_requirement=1))
    with pytest.raises(BonusesActive):
        asked(client)
    with unit_of_work():
        bonuses.cancel_own(client.id, claim.id, NOW)
    make.given(client, make.free_credit())  # one that is released at once holds nothing up
    assert asked(client, 2000).status == "requested"
    assert faults() == []


def test_what_was_asked_for_before_the_bonus_is_still_paid_out() -> None:
    client = rich()
    withdrawal = asked(client)
    make.given(client, make.free_credit(turnover_requirement=1))
    assert asked(client).id == withdrawal.id
    assert approve(withdrawal).status == "approved"
    assert faults() == []


@pytest.mark.parametrize(
    ("first", "status", "cash"), [(approve, "approved", 400), (refuse, "refused", 1000), (cancel, "cancelled", 1000)]
)
def test_who_decides_first_has_decided(first: Verb, status: str, cash: int) -> None:
    client = rich()
    withdrawal = asked(client)
    for _twice in range(2):
        assert first(withdrawal).status == status
        assert balances(client) == (cash, 0)
    for other in {approve, refuse, cancel} - {first}:
        with pytest.raises(NotDecidable):
            other(withdrawal)
    assert (balances(client), faults()) == ((cash, 0), [])


def test_an_admin_decides_under_their_name_with_a_note() -> None:
    admin = make.user(role="admin")
    withdrawal = asked(rich())
    kept = approve(withdrawal, Actor(admin.id, admin.username))
    assert (kept.note, kept.decided_by_id, kept.decided_at) == ("Paid", admin.id, NOW)
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.entity == "withdrawal"))
    assert (entry.action, entry.actor_id) == ("withdrawal.approved", admin.id)
    assert entry.after == {"status": "approved", "amount": 6, "note": "Paid"}


def test_nobody_gives_up_what_is_somebody_elses() -> None:
    withdrawal, other = asked(rich()), make.user()
    with pytest.raises(NotFound), unit_of_work():
        withdrawing.cancel(other.id, withdrawal.id, NOW)
    for verb in (withdrawing.approve, withdrawing.refuse):
        with pytest.raises(NotFound), unit_of_work():
            verb(999_999, "", actor=SYSTEM, now=NOW)
    assert db.session.get_one(Withdrawal, withdrawal.id, populate_existing=True).status == "requested"


def test_what_is_owed_stays_in_the_wallet_until_it_is_settled() -> None:
    client = rich()
    sent_back = make.deposit(client, 500)
    asked(client, 1300)
    make.refunded_deposit(sent_back)  # 200 are there, 300 are owed
    make.deposit(client, 1000)
    with pytest.raises(DebtOpen) as refused:
        asked(client, 701, key="key-of-the-page-2")
    assert (refused.value.facts, balances(client)) == ({"owed_cents": 300}, (1000, 0))
    asked(client, 700, key="key-of-the-page-3")
    [debt] = wallets.debts(client.id)
    with unit_of_work():
        adjusting.collect(debt.id, actor=SYSTEM, now=NOW)
    assert (balances(client), faults()) == ((0, 0), [])


def test_what_was_held_before_a_debt_is_paid_out_only_where_the_cash_left_covers_it() -> None:
    client = make.user()
    first, second = make.deposit(client, 700), make.deposit(client, 500)
    held = asked(client, 1200)
    make.refunded_deposit(first)  # nothing is there, 700 are owed
    make.deposit(client, 699)
    with pytest.raises(DebtUncovered) as refused:
        approve(held)
    assert (refused.value.facts, refused.value.status) == ({"owed_cents": 700}, 409)
    kept = db.session.get_one(Withdrawal, held.id, populate_existing=True)
    assert (kept.status, kept.decided_at, balances(client), faults()) == ("requested", None, (699, 0), [])
    make.deposit(client, 1)
    assert approve(held).status == "approved"
    make.refunded_deposit(second)  # of the 700, so less is left than is owed
    assert approve(held).status == "approved"
    assert (balances(client), faults()) == ((200, 0), [])


@pytest.mark.parametrize("verb", [refuse, cancel])
def test_what_cannot_be_approved_for_a_debt_comes_back_and_is_collected(verb: Verb) -> None:
    client = make.user()
    sent_back = make.deposit(client, 1000)
    held = asked(client, 1000)
    make.refunded_deposit(sent_back)
    with pytest.raises(DebtUncovered):
        approve(held)
    verb(held)
    [debt] = wallets.debts(client.id)
    with unit_of_work():
        adjusting.collect(debt.id, actor=SYSTEM, now=NOW)
    assert (wallets.debts(client.id), balances(client), faults()) == ([], (0, 0), [])
