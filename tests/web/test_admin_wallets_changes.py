"""What admins change in a wallet by hand: adjustments, and debts collected or forgiven."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.kit.db import db
from app.wallet import service as wallets
from app.wallet.models import WalletDebt
from tests import make, make_bonuses
from tests.client import HTMX, read_csv

SignIn = Callable[[FlaskClient, User], None]
LIST = "/admin/wallet"


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="robin"))
    return client


@pytest.fixture
def ada() -> User:
    return make.user(username="ada")


def cash(user: User) -> int:
    return wallets.balances(user.id).cash_cents


def key_on(page: str) -> str:
    """The name that the page gives its adjustment."""
    found = re.search(r'name="key"[^>]*value="([0-9a-f]{32})"', page)
    assert found is not None
    return found[1]


def adjust(admin: FlaskClient, user: User, amount: str, why: str = "Because", key: str = "") -> tuple[int, str]:
    data = {"amount": amount, "why": why, "key": key or key_on(admin.get(f"{LIST}/{user.id}").text), "step": "sure"}
    answer = admin.post(f"{LIST}/{user.id}/adjustments", data=data)
    return answer.status_code, answer.text


def owing(user: User) -> WalletDebt:
    """They have withdrawn what was refunded then."""
    deposit = make_bonuses.deposit(user, 5000)
    make_bonuses.withdrawal(user, 3000)
    make_bonuses.refunded_deposit(deposit)
    [debt] = wallets.debts(user.id)
    return debt


def test_cash_is_put_in_and_taken_out_with_a_reason(admin: FlaskClient, ada: User) -> None:
    assert adjust(admin, ada, "12.50", "Sorry for the parcel")[0] == 303
    assert "$12.50 went into the wallet of ada." in admin.get(LIST).text
    assert adjust(admin, ada, "\N{MINUS SIGN}2.5", "Too much")[0] == 303
    assert cash(ada) == 1000
    page = admin.get(f"{LIST}/{ada.id}").text
    assert "$2.50 was taken from the wallet of ada." in page
    assert "Sorry for the parcel" in page
    assert [row["note"] for row in read_csv(admin, f"{LIST}/{ada.id}.csv")] == ["Sorry for the parcel", "Too much"]
    audited = db.session.scalars(select(AuditEntry.after).where(AuditEntry.action == "wallet.adjusted"))
    assert [each["amount"] for each in audited if each] == [12.5, -2.5]


def test_an_amount_is_read_as_the_pages_print_it(admin: FlaskClient, ada: User) -> None:
    before = cash(ada)
    assert adjust(admin, ada, "1,000.50", "More")[0] == 303
    assert cash(ada) == before + 100_050
    assert adjust(admin, ada, "-1,000.50", "Less")[0] == 303
    assert cash(ada) == before
    status, page = adjust(admin, ada, "12,5", "Odd")
    assert (status, "A comma parts thousands here, and a point the cents: 1,000.50." in page) == (422, True)


@pytest.mark.parametrize(
    ("amount", "why", "field"),
    [
        ("", "Because", "amount"),
        ("0", "Because", "amount"),
        ("-0.00", "Because", "amount"),
        ("1.234", "Because", "amount"),
        ("--5", "Because", "amount"),
        ("+-5", "Because", "amount"),
        ("999999999999", "Because", "amount"),
        ("-5", "Because", "amount"),
        ("5", "   ", "why"),
        ("5", "x" * 201, "why"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_is_kept(
    admin: FlaskClient, ada: User, amount: str, why: str, field: str
) -> None:
    status, page = adjust(admin, ada, amount, why)
    assert status == 422
    assert f'id="{field}-error"' in page
    assert f'value="{amount}"' in page
    assert cash(ada) == 0


def test_what_is_wrong_is_told_in_place_and_where_one_goes_on(admin: FlaskClient, ada: User) -> None:
    path = f"{LIST}/{ada.id}/adjustments"
    for data, field in (({"amount": "-5", "why": "Because"}, "amount"), ({"amount": "5", "why": ""}, "why")):
        for headers in ({}, HTMX):
            answer = admin.post(path, data=data, headers=headers)
            assert (answer.status_code, "<html" in answer.text) == (422, not headers)
            focused = re.findall(r"<input[^>]*data-focus[^>]*>", answer.text)
            assert len(focused) == 1
            assert f'id="{field}"' in focused[0]
            assert 'id="adjust"' in answer.text


def test_adjusting_is_asked_about_first(admin: FlaskClient, ada: User) -> None:
    make_bonuses.deposit(ada, 2000)
    path = f"{LIST}/{ada.id}/adjustments"
    typed = {"amount": "-5.50", "why": "Sent twice"}
    for headers in ({}, HTMX):
        asked = admin.post(path, data=typed, headers=headers)
        assert asked.status_code == 200
        assert "Take $5.50 from the cash of ada? It goes from $20.00 to $14.50." in asked.text
        assert 'name="step" value="sure"' in asked.text
    assert cash(ada) == 2000
    changed = admin.post(path, data=typed | {"step": "change"}, headers=HTMX).text
    assert 'value="-5.50"' in changed
    assert 'value="Sent twice"' in changed
    assert cash(ada) == 2000
    sent = admin.post(path, data=typed | {"step": "sure", "key": key_on(asked.text)}, headers=HTMX)
    assert sent.headers["HX-Redirect"] == f"{LIST}/{ada.id}"
    assert cash(ada) == 1450
    assert (
        "Put $1.00 into the cash of ada? It goes from $14.50 to $15.50."
        in admin.post(path, data={"amount": "1", "why": "Found"}).text
    )


def test_one_form_moves_money_once(admin: FlaskClient, ada: User) -> None:
    key = "a" * 32
    assert [adjust(admin, ada, "5", key=key)[0] for _each in range(3)] == [303, 303, 303]
    assert cash(ada) == 500
    status, page = adjust(admin, ada, "7", key=key)
    assert status == 409
    assert "Something was moved from this page already." in page
    assert key_on(page) != key
    assert adjust(admin, ada, "7", key=key_on(page))[0] == 303
    assert cash(ada) == 1200


def test_only_clients_have_cash_to_adjust(admin: FlaskClient) -> None:
    coach = make.user(role="coach")
    assert admin.post(f"{LIST}/{coach.id}/adjustments", data={"amount": "5", "why": "Because"}).status_code == 404
    assert admin.post(f"{LIST}/999999/adjustments", data={"amount": "5", "why": "Because"}).status_code == 404


def test_a_debt_is_collected_once_there_is_enough(admin: FlaskClient, ada: User) -> None:
    debt = owing(ada)
    page = admin.get(f"{LIST}/{ada.id}").text
    assert "There is too little cash to collect it." in page
    assert f"{LIST}/debts/{debt.id}/collect" not in page
    early = admin.post(f"{LIST}/debts/{debt.id}/collect")
    assert (early.status_code, "$30.00 too little" in early.text) == (422, True)
    make_bonuses.deposit(ada, 10_000)
    assert f"{LIST}/debts/{debt.id}/collect" in admin.get(f"{LIST}/{ada.id}").text
    assert admin.post(f"{LIST}/debts/{debt.id}/collect").status_code == 303
    assert cash(ada) == 7000
    again = admin.post(f"{LIST}/debts/{debt.id}/collect")
    assert (again.status_code, "This debt is settled already." in again.text) == (409, True)
    assert cash(ada) == 7000
    page = admin.get(f"{LIST}/{ada.id}").text
    assert "Settled debts" in page
    assert "Could not be taken back" not in page


def test_cash_that_is_held_for_a_withdrawal_is_named_where_a_debt_lacks_it(admin: FlaskClient, ada: User) -> None:
    deposit = make_bonuses.deposit(ada, 5000)
    asked = make_bonuses.withdrawal(ada, 3000)
    make_bonuses.refunded_deposit(deposit)
    [debt] = wallets.debts(ada.id)
    told = f"$30.00 is held for {asked.reference}: refuse that withdrawal, then collect."
    page = admin.get(f"{LIST}/{ada.id}").text
    assert told in page
    assert f'href="{LIST}/withdrawals/{asked.id}">Look at {asked.reference}</a>' in page
    refused = admin.post(f"{LIST}/debts/{debt.id}/collect")
    assert f"There is $30.00 too little in the wallet. {told}" in refused.text
    assert admin.post(f"{LIST}/withdrawals/{asked.id}/refuse", data={"note": "You owe it"}).status_code == 303
    assert admin.post(f"{LIST}/debts/{debt.id}/collect").status_code == 303
    assert cash(ada) == 0


def test_a_debt_is_forgiven_with_a_reason(admin: FlaskClient, ada: User) -> None:
    debt = owing(ada)
    path = f"{LIST}/debts/{debt.id}/forgive"
    refused = admin.post(path, data={"note": " "})
    assert refused.status_code == 422
    assert f'id="note-forgive-debt-{debt.id}-error"' in refused.text
    assert admin.post(path, data={"note": "A good client"}).status_code == 303
    page = admin.get(f"{LIST}/{ada.id}").text
    assert "$30.00 is forgiven." in page
    assert "A good client" in page
    assert wallets.debts(ada.id) == []
    assert admin.post(path, data={"note": "Once more"}).status_code == 409
    assert admin.post(f"{LIST}/debts/999999/forgive", data={"note": "Why"}).status_code == 404
    assert admin.post(f"{LIST}/debts/999999/collect").status_code == 404


@pytest.mark.usefixtures("frozen")
def test_active_bonuses_come_before_the_entries_the_oldest_first_and_are_cancelled_here(
    admin: FlaskClient, ada: User
) -> None:
    first, second = (make_bonuses.bonus(title=title, turnover_requirement=1) for title in ("First", "Second"))
    claims = [make_bonuses.claim_of(make_bonuses.deposit(ada, 1000, bonus)) for bonus in (first, second)]
    page = admin.get(f"{LIST}/{ada.id}").text
    parts = (f"cancel-{claims[0].id}", f"cancel-{claims[1].id}", "adjust", "wallet-entries")
    assert "To spend; to be withdrawn once no bonus is active" in page
    places = [page.index(f'id="{part}"') for part in parts]
    assert places == sorted(places)
    answer = admin.post(f"/admin/claims/{claims[0].id}/cancel", data={"next": f"{LIST}/{ada.id}"})
    assert (answer.status_code, answer.location) == (303, f"{LIST}/{ada.id}")
    page = admin.get(answer.location).text
    assert "First was cancelled, and the bonus lapsed." in page
    assert f'id="cancel-{claims[0].id}"' not in page
    assert f'id="cancel-{claims[1].id}"' in page
    odd = admin.post(f"/admin/claims/{claims[1].id}/cancel", data={"next": "//elsewhere.example"})
    assert odd.location == f"/admin/promotions/{second.id}/claims"


@pytest.mark.usefixtures("frozen")
def test_every_entry_leads_to_what_it_was_for(admin: FlaskClient, ada: User) -> None:
    bonus = make_bonuses.bonus(title="Welcome", turnover_requirement=1)
    deposit = make_bonuses.deposit(ada, 10_000, bonus)
    page = admin.get(f"{LIST}/{ada.id}").text
    assert "$0.00 of $200.00" in page
    make_bonuses.played(ada, 20_000)
    asked = make_bonuses.withdrawal(ada, 1000)
    page = admin.get(f"{LIST}/{ada.id}").text
    assert f'href="{LIST}/deposits/{deposit.id}">{deposit.reference}</a>' in page
    assert f'href="{LIST}/withdrawals/{asked.id}">{asked.reference}</a>' in page
    assert re.search(rf'href="/admin/promotions/{bonus.id}[^"]*">Welcome</a>', page)
    rows = read_csv(admin, f"{LIST}/{ada.id}.csv")
    assert [(row["balance"], row["reason"], row["reference"]) for row in rows] == [
        ("cash", "deposit", deposit.reference),
        ("bonus", "bonus_granted", "Welcome"),
        ("bonus", "bonus_released", "Welcome"),
        ("cash", "bonus_released", "Welcome"),
        ("cash", "withdrawal", asked.reference),
    ]
