"""A deposit goes back, whatever has become of its bonus: what is there is taken, and what isn't is owed."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.bonuses import service as bonuses
from app.deposits import service as deposits
from app.deposits.errors import NotRefundable
from app.deposits.models import Deposit
from app.kit.db import db, unit_of_work
from app.orders import service as orders
from app.payments import service as payments
from app.promotions.models import Promotion
from app.wallet import adjusting
from app.wallet.errors import DebtSettled, NotEnough
from app.wallet.models import WalletDebt
from tests import make
from tests.bonuses.reading import balances, faults, fresh, owed
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")


def nothing(_client: User, _deposit: Deposit) -> None:
    """The bonus is active."""


def reached(client: User, _deposit: Deposit) -> None:
    make.played(client, 20_000)


def gave_up(client: User, deposit: Deposit) -> None:
    with unit_of_work():
        bonuses.cancel_own(client.id, make.claim_of(deposit).id, NOW)


def spent(client: User, _deposit: Deposit) -> None:
    """Two thirds of the deposit, for a thing that is turnover too."""
    invoice = make.invoice(person=client.person, price_cents=6000)
    with unit_of_work():
        orders.pay_from_wallet(invoice.id, NOW)


def reached_and_spent(client: User, deposit: Deposit) -> None:
    reached(client, deposit)
    spent(client, deposit)


def withdrew(client: User, deposit: Deposit) -> None:
    """All but 5.00 of what the released bonus has made of it."""
    reached(client, deposit)
    make.withdrawal(client, balances(client)[0] - 500)


def gave_up_and_withdrew(client: User, deposit: Deposit) -> None:
    gave_up(client, deposit)
    make.withdrawal(client, 9000)


@pytest.mark.parametrize(
    ("became", "cash", "debts", "claim"),
    [
        (nothing, 0, [], ("deposit_refunded", 0, 10_000)),
        (reached, 0, [], ("deposit_refunded", 7000, 3000)),
        (gave_up, 0, [], ("client", 0, 10_000)),
        (spent, 0, [6000], ("deposit_refunded", 0, 10_000)),
        (reached_and_spent, 0, [6000], ("deposit_refunded", 7000, 3000)),
        (withdrew, 0, [7000, 9500], ("deposit_refunded", 7000, 3000)),  # of the bonus all, of the deposit most of it
        (gave_up_and_withdrew, 0, [9000], ("client", 0, 10_000)),
    ],
)
def test_a_deposit_of_100_with_as_much_bonus_of_which_70_may_be_had(
    became: Callable[[User, Deposit], None], cash: int, debts: list[int], claim: tuple[str, int, int]
) -> None:
    client = make.user()
    bonus = make.bonus(turnover_requirement=1, max_withdraw=70)
    deposit = make.deposit(client, 10_000, bonus)
    became(client, deposit)
    for _twice in range(2):
        assert make.refunded_deposit(deposit).status == "refunded"
    kept = make.claim_of(deposit)
    assert (kept.status, kept.cancelled_because, kept.released_cents, kept.lapsed_cents) == ("cancelled", *claim)
    assert balances(client) == (cash, 0)
    assert sorted(each.amount_cents for each in db.session.scalars(select(WalletDebt))) == debts
    assert faults() == []


@pytest.mark.parametrize("releases", [True, False])
def test_the_use_is_given_back_where_the_promotion_says_so(releases: bool) -> None:
    client, bonus = make.user(), make.bonus(usage_limit=1)
    deposit = make.deposit(client, 10_000, bonus)
    with unit_of_work():
        db.session.execute(update(Promotion).where(Promotion.id == bonus.id).values(release_on_refund=releases))
    make.refunded_deposit(deposit)
    promotion = db.session.get_one(Promotion, bonus.id, populate_existing=True)
    assert (promotion.used_count, promotion.is_active) == (0 if releases else 1, releases)
    assert faults() == []
    again = make.deposit(client, 10_000, bonus)
    assert again.no_bonus == (None if releases else "usage_limit_reached")
    assert faults() == []


def test_a_bonus_that_was_given_up_keeps_its_use_also_when_the_deposit_goes_back() -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=1)
    deposit = make.deposit(client, 10_000, bonus)
    gave_up(client, deposit)
    make.refunded_deposit(deposit)
    assert make.deposit(client, 10_000, bonus).no_bonus == "user_limit_reached"
    assert faults() == []


def test_other_bonuses_and_other_deposits_stay_as_they_are() -> None:
    client = make.user()
    bonus = make.bonus(turnover_requirement=1, per_user_limit=None)
    first, second = make.deposit(client, 1000, bonus), make.deposit(client, 2000, bonus)
    credit = make.given(client, make.free_credit(turnover_requirement=1))
    make.refunded_deposit(first)
    assert [fresh(each).status for each in (make.claim_of(second), credit)] == ["active", "active"]
    assert balances(client) == (2000, 3000)
    make.played(client, 5000)
    assert balances(client) == (5000, 0)
    assert faults() == []


def test_a_refund_after_another_takes_what_the_first_has_left() -> None:
    client = make.user()
    first, second = make.deposit(client, 1000), make.deposit(client, 2000)
    make.withdrawal(client, 1500)
    make.refunded_deposit(second)
    make.refunded_deposit(first)
    assert (balances(client), owed(client)) == ((0, 0), 1500)
    assert faults() == []


def test_what_never_came_does_not_go_back() -> None:
    client = make.user()
    asked, refused = make.asked_deposit(client), make.asked_deposit(client)
    with unit_of_work():
        deposits.refuse(refused.id, "Nothing came", actor=SYSTEM, now=NOW)
    for each in (asked, refused):
        with pytest.raises(NotRefundable):
            make.refunded_deposit(each)
    assert balances(client) == (0, 0)
    assert faults() == []


def test_the_provider_is_asked_to_send_it_back_once() -> None:
    client = make.user()
    deposit = make.deposit(client, 1000)
    for _twice in range(2):
        make.refunded_deposit(deposit)
    sent = payments.returns_of(deposit.subject)
    assert [(each.key, each.amount_cents) for each in sent] == [(f"deposit_refund:{deposit.id}", 1000)]


def test_a_referral_that_came_of_it_is_taken_back_from_both_and_stays_decided() -> None:
    ada = make.user()
    bob = make.user(referred_by_id=ada.id)
    make.referral(friend_bonus=5, turnover_requirement=1)
    first = make.deposit(bob, 10_000)
    assert (balances(ada), balances(bob)) == ((0, 1000), (10_000, 500))
    make.played(ada, 1000)
    make.withdrawal(ada, 600)
    make.refunded_deposit(first)
    assert (balances(ada), owed(ada)) == ((0, 0), 600)
    assert (balances(bob), owed(bob)) == ((0, 0), 0)
    make.deposit(bob, 10_000)
    assert (balances(ada), balances(bob)) == ((0, 0), (10_000, 0))
    assert faults() == []


def indebted() -> tuple[User, WalletDebt]:
    """Somebody who owes 6.00, and has nothing."""
    client = make.user()
    deposit = make.deposit(client, 1000)
    make.withdrawal(client, 600)
    make.refunded_deposit(deposit)
    return client, db.session.scalars(select(WalletDebt)).one()


def test_a_debt_is_collected_once_there_is_enough() -> None:
    client, debt = indebted()
    make.deposit(client, 599)
    with pytest.raises(NotEnough) as short, unit_of_work():
        collected(debt)
    assert (short.value.facts["missing_cents"], balances(client), owed(client)) == (1, (599, 0), 600)
    make.deposit(client, 2)
    with unit_of_work():
        collected(debt)
    assert (balances(client), owed(client)) == ((1, 0), 0)
    for settle in (collected, forgiven):
        with pytest.raises(DebtSettled), unit_of_work():
            settle(debt)
    assert (balances(client), faults()) == ((1, 0), [])


def collected(debt: WalletDebt) -> WalletDebt:
    return adjusting.collect(debt.id, actor=SYSTEM, now=NOW)


def forgiven(debt: WalletDebt) -> WalletDebt:
    return adjusting.forgive(debt.id, "A kindness", actor=SYSTEM, now=NOW)


def test_a_debt_that_is_forgiven_takes_nothing() -> None:
    client, debt = indebted()
    make.deposit(client, 5000)
    with unit_of_work():
        kept = forgiven(debt)
    assert (kept.settled_how, kept.settled_why, owed(client), balances(client)) == (
        "forgiven",
        "A kindness",
        0,
        (5000, 0),
    )
    with pytest.raises(DebtSettled), unit_of_work():
        adjusting.collect(debt.id, actor=SYSTEM, now=NOW)
    assert (balances(client), faults()) == ((5000, 0), [])
