"""Deposits on their way: asked for, paid, confirmed, refused; each counts once, whoever says so and how often."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM, Actor
from app.deposits import service as deposits
from app.deposits.errors import (
    AmountNeeded,
    AskedMeanwhile,
    KeyNotUsable,
    NotConfirmable,
    NotPayable,
    NotRefusable,
    TooManyOpen,
    UnknownClient,
)
from app.deposits.models import Deposit
from app.deposits.service import Received
from app.errors import DomainError, NotFound
from app.kit.db import db, unit_of_work
from app.kit.money import MOST_CENTS
from app.payments import service as payments
from app.payments.providers import Back, Notification
from tests import make
from tests.bonuses.reading import balances, faults
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
KEY = "key-of-the-page-1"
Verb = Callable[[Deposit], Deposit]


def asked(user: User, cents: int = 1000, promotion_id: int | None = None, key: str = KEY) -> Deposit:
    with unit_of_work():
        return deposits.request(user, cents, promotion_id, key=key, now=NOW)


def confirm(deposit: Deposit, actor: Actor = SYSTEM) -> Deposit:
    with unit_of_work():
        return deposits.confirm(deposit.id, actor=actor, now=NOW)


def refuse(deposit: Deposit) -> Deposit:
    with unit_of_work():
        return deposits.refuse(deposit.id, " Nothing came ", actor=SYSTEM, now=NOW)


def cancel(deposit: Deposit) -> Deposit:
    with unit_of_work():
        return deposits.cancel(deposit.user_id, deposit.id, NOW)


def said(deposit: Deposit, event_id: str = "event-1", **more: Any) -> Notification:
    """What a provider tells of it: paid, unless told otherwise."""
    told = {"outcome": "paid", "happened_at": NOW, "amount_cents": deposit.amount_cents, "reference": "payment-1"}
    return Notification(**{"event_id": event_id, "subject": deposit.subject, **told, **more})


def heard(told: Notification) -> None:
    with unit_of_work():
        deposits.take_in("test", told, NOW)


def test_the_same_key_asks_once() -> None:
    client, bonus = make.user(), make.bonus()
    first = asked(client, 1000, bonus.id)
    assert (first.status, first.open_slot, balances(client)) == ("requested", 1, (0, 0))
    assert asked(client, 1000, bonus.id).id == first.id
    confirm(first)
    assert asked(client, 1000, bonus.id).status == "confirmed"
    for cents, promotion_id in ((1001, bonus.id), (1000, None)):
        with pytest.raises(AskedMeanwhile):
            asked(client, cents, promotion_id)
    with pytest.raises(KeyNotUsable):
        asked(make.user(), 1000, bonus.id)
    assert (balances(client), faults()) == ((2000, 0), [])


@pytest.mark.parametrize(
    ("cents", "key", "refusal"),
    [
        (0, KEY, AmountNeeded),
        (-5, KEY, AmountNeeded),
        (MOST_CENTS + 1, KEY, AmountNeeded),
        (1, "short", KeyNotUsable),
        (1, "a" * 65, KeyNotUsable),
        (1, "no spaces, please!", KeyNotUsable),
    ],
)
def test_what_cannot_be_deposited_is_refused(cents: int, key: str, refusal: type[DomainError]) -> None:
    client = make.user()
    with pytest.raises(refusal):
        asked(client, cents, key=key)
    assert db.session.scalar(select(func.count(Deposit.id))) == 0


@pytest.mark.parametrize("closed", [confirm, refuse, cancel])
def test_three_may_wait_and_one_that_is_closed_makes_room(closed: Verb) -> None:
    client = make.user()
    made = [make.asked_deposit(client) for _each in range(3)]
    with pytest.raises(TooManyOpen):
        make.asked_deposit(client)
    make.asked_deposit(make.user())
    closed(made[1])
    assert make.asked_deposit(client).open_slot == 2
    with pytest.raises(TooManyOpen):
        make.asked_deposit(client)


def test_an_admin_confirms_it_once_under_their_name() -> None:
    admin, client = make.user(role="admin"), make.user()
    deposit = asked(client)
    for _twice in range(2):
        kept = confirm(deposit, Actor(admin.id, admin.username))
        assert (kept.status, kept.provider, kept.decided_by_id, kept.confirmed_at) == (
            "confirmed",
            "manual",
            admin.id,
            NOW,
        )
    assert (balances(client), faults()) == ((1000, 0), [])
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "deposit.confirmed")).all()
    assert [each.actor_id for each in entries] == [admin.id]


@pytest.mark.parametrize("closed", [refuse, cancel])
def test_what_was_refused_is_neither_paid_nor_confirmed(closed: Verb) -> None:
    client = make.user()
    deposit = asked(client)
    for _twice in range(2):
        kept = closed(deposit)
        assert (kept.status, kept.note) == ("refused", "Nothing came" if closed is refuse else "")
    with pytest.raises(NotConfirmable):
        confirm(deposit)
    with pytest.raises(NotPayable):
        deposits.start_payment(deposits.get(deposit.id), back=Back(), now=NOW)
    assert (balances(client), faults()) == ((0, 0), [])


def test_what_was_confirmed_is_not_refused() -> None:
    client = make.user()
    deposit = make.deposit(client, 1000)
    for verb in (refuse, cancel):
        with pytest.raises(NotRefusable):
            verb(deposit)
    make.refunded_deposit(deposit)
    with pytest.raises(NotConfirmable):
        confirm(deposit)
    assert (balances(client), faults()) == ((0, 0), [])


def test_a_provider_says_it_is_paid_as_often_as_it_likes() -> None:
    client, bonus = make.user(), make.bonus(turnover_requirement=1)
    deposit = asked(client, 1000, bonus.id)
    for event_id in ("event-1", "event-1", "event-2"):  # again, and by another event of the same payment
        heard(said(deposit, event_id))
    kept = deposits.get(deposit.id)
    assert (kept.status, kept.provider, kept.provider_reference) == ("confirmed", "test", "payment-1")
    assert (balances(client), payments.returns_of(deposit.subject)) == ((1000, 1000), [])
    assert faults() == []


def test_a_second_payment_goes_back_and_so_does_one_for_a_closed_deposit() -> None:
    client = make.user()
    paid, closed = make.deposit(client, 1000), make.asked_deposit(client, 500)
    refuse(closed)
    for deposit in (paid, closed):
        heard(said(deposit, f"event-of-{deposit.id}", reference=f"payment-of-{deposit.id}"))
    sent = [payments.returns_of(each.subject)[0].amount_cents for each in (paid, closed)]
    assert (sent, balances(client)) == ([1000, 500], (1000, 0))
    assert faults() == []


@pytest.mark.parametrize("more", [{"amount_cents": 999}, {"amount_cents": 1001}, {"is_foreign": True}])
def test_another_amount_or_currency_pays_nothing_and_goes_back(more: dict[str, Any]) -> None:
    client = make.user()
    deposit = asked(client)
    heard(said(deposit, **more))
    assert (deposits.get(deposit.id).status, balances(client)) == ("requested", (0, 0))
    assert [each.amount_cents for each in payments.returns_of(deposit.subject)] == [more.get("amount_cents", 1000)]
    heard(said(deposit, "event-2", reference="payment-2"))
    assert (balances(client), faults()) == ((1000, 0), [])


def test_a_declined_payment_changes_nothing_and_a_strange_subject_is_not_ours() -> None:
    deposit = asked(make.user())
    heard(said(deposit, outcome="declined"))
    assert deposits.get(deposit.id).status == "requested"
    for subject in ("deposit:999999", "invoice:1", "deposit:x", "deposit:", "deposit:-1"):
        with pytest.raises(NotFound):
            heard(said(deposit, "event-3", subject=subject))


def told(deposit_id: str, user: User, cents: int = 1000, code: str | None = None) -> tuple[Deposit, bool]:
    with unit_of_work():
        return deposits.record(Received(deposit_id, user.username, cents, code), NOW)


def test_of_what_a_program_tells_the_first_word_counts() -> None:
    client, other, bonus = make.user(), make.user(), make.bonus()
    first, is_new = told("d-1", client, 1000, f" {make.bonus_code(bonus).lower()} ")
    assert (is_new, first.status, first.no_bonus, balances(client)) == (True, "confirmed", None, (2000, 0))
    for user, cents in ((client, 1000), (client, 7), (other, 1000)):
        again, is_new = told("d-1", user, cents)
        assert (again.id, again.amount_cents, is_new) == (first.id, 1000, False)
    assert (balances(client), balances(other)) == ((2000, 0), (0, 0))
    assert faults() == []


def test_a_program_tells_of_clients_only() -> None:
    for user in (make.user(role="coach"), make.user(role="admin"), make.user(is_active=False)):
        with pytest.raises(UnknownClient):
            told("d-1", user)
    assert db.session.scalar(select(func.count(Deposit.id))) == 0


def test_each_finds_their_own() -> None:
    deposit, other = asked(make.user()), make.user()
    with pytest.raises(NotFound):
        deposits.get_own(other.id, deposit.id)
    with pytest.raises(NotFound), unit_of_work():
        deposits.cancel(other.id, deposit.id, NOW)
    with pytest.raises(NotFound):
        deposits.get(999_999)
