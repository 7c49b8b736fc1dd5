"""What admins do to wallets by hand: each with a reason, once for each page, and never below zero."""

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.audit.service import SYSTEM, Actor
from app.errors import NotFound, ValidationFailed
from app.kit.db import db, unit_of_work
from app.kit.money import MOST_CENTS
from app.wallet import adjusting, books, ledger
from app.wallet import service as wallets
from app.wallet.errors import AdjustmentMade, NotEnough, TooMuch
from app.wallet.models import WalletAdjustment, WalletDebt, WalletEntry
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("app")
KEY = "key-of-the-page-1"


def adjusted(
    user_id: int, cents: int, why: str = "A mistake", key: str = KEY, actor: Actor = SYSTEM
) -> WalletAdjustment:
    with unit_of_work():
        return adjusting.adjust(user_id, cents, why, key=key, actor=actor, now=NOW)


def cash(user: User) -> int:
    db.session.rollback()
    return wallets.balances(user.id).cash_cents


def test_cash_comes_and_goes_with_the_reason_and_who_did_it() -> None:
    admin, client = make.user(role="admin"), make.user()
    actor = Actor(admin.id, admin.username)
    given = adjusted(client.id, 1000, " A gift ", actor=actor)
    taken = adjusted(client.id, -400, "Too much", "key-of-the-page-2", actor)
    assert [(each.why, each.made_by_id) for each in (given, taken)] == [("A gift", admin.id), ("Too much", admin.id)]
    moved = db.session.execute(select(WalletEntry.amount_cents, WalletEntry.reason, WalletEntry.reference)).all()
    assert [tuple(each) for each in moved] == [
        (1000, "adjustment", f"adjustment:{given.id}"),
        (-400, "adjustment", f"adjustment:{taken.id}"),
    ]
    logged = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "wallet.adjusted")).all()
    assert [(each.actor_id, each.after) for each in logged] == [
        (admin.id, {"amount": 10, "why": "A gift"}),
        (admin.id, {"amount": -4, "why": "Too much"}),
    ]
    assert (cash(client), books.faults()) == (600, [])


def test_one_page_moves_once_and_nothing_else() -> None:
    client, other = make.user(), make.user()
    first = adjusted(client.id, 1000)
    assert adjusted(client.id, 1000, " A mistake ").id == first.id
    for user, cents, why in ((client, 999, "A mistake"), (client, 1000, "Other"), (other, 1000, "A mistake")):
        with pytest.raises(AdjustmentMade):
            adjusted(user.id, cents, why)
    assert (cash(client), cash(other), books.faults()) == (1000, 0, [])


@pytest.mark.parametrize("cents", [-1, -MOST_CENTS])
def test_no_more_is_taken_than_there_is(cents: int) -> None:
    client = make.user()
    with pytest.raises(NotEnough) as short:
        adjusted(client.id, cents)
    assert short.value.facts == {"missing_cents": -cents}
    adjusted(client.id, 1)  # the same page, since nothing was moved from it
    assert (cash(client), books.faults()) == (1, [])


def test_without_a_reason_or_of_too_much_or_for_who_is_no_client_nothing_moves() -> None:
    client, coach = make.user(), make.user(role="coach")
    for why in ("", "  ", "\u200b"):
        with pytest.raises(ValidationFailed) as refused:
            adjusted(client.id, 5, why)
        assert list(refused.value.fields) == ["why"]
    for cents in (MOST_CENTS + 1, -MOST_CENTS - 1):
        with pytest.raises(TooMuch):
            adjusted(client.id, cents)
    for user_id in (coach.id, 999_999):
        with pytest.raises(NotFound):
            adjusted(user_id, 5)
    assert db.session.scalars(select(WalletAdjustment)).all() == []
    adjusted(client.id, MOST_CENTS)
    assert (cash(client), books.faults()) == (MOST_CENTS, [])


def test_whose_account_is_closed_can_still_be_put_right() -> None:
    client = make.user(is_active=False)
    adjusted(client.id, 500)
    assert cash(client) == 500


def owing(cents: int) -> WalletDebt:
    client = make.user()
    with unit_of_work():
        ledger.take_back(client.id, cents, reason="test", reference="thing:1", now=NOW)
    return db.session.scalars(select(WalletDebt)).one()


def test_a_debt_is_settled_under_a_name_and_forgiven_with_a_reason() -> None:
    admin, debt = make.user(role="admin"), owing(300)
    actor = Actor(admin.id, admin.username)
    with pytest.raises(ValidationFailed), unit_of_work():
        adjusting.forgive(debt.id, " ", actor=actor, now=NOW)
    adjusted(debt.user_id, 300)
    with unit_of_work():
        kept = adjusting.collect(debt.id, actor=actor, now=NOW)
    assert (kept.settled_how, kept.settled_at, kept.settled_by_id) == ("collected", NOW, admin.id)
    assert (wallets.balances(debt.user_id).cash_cents, books.faults()) == (0, [])
    assert [each.id for each in wallets.settled_debts(debt.user_id)] == [debt.id]
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "wallet.debt_settled"))
    assert (entry.actor_id, entry.after) == (
        admin.id,
        {"debt": debt.id, "amount": 3, "how": "collected", "why": None},
    )


def test_there_is_no_debt_of_that_number() -> None:
    for verb in (adjusting.collect, lambda number, **more: adjusting.forgive(number, "Let go", **more)):
        with pytest.raises(NotFound), unit_of_work():
            verb(999_999, actor=SYSTEM, now=NOW)
