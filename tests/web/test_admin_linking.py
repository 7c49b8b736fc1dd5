"""An order made under a name can be linked to an account, by an admin and by nobody else."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.persons import Person
from app.audit.models import AuditEntry
from app.discounts.models import PaidOrder
from app.kit.db import db
from app.orders.models import Invoice
from tests import make
from tests.client import HTMX


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[..., None]) -> FlaskClient:
    sign_in(client, make.user(role="admin"))
    return client


def test_a_linked_order_is_among_the_invoices_of_the_account(admin: FlaskClient, sign_in: Callable[..., None]) -> None:
    ada, user = Person("ada"), make.user(role="client")
    first, second = (make.paid_invoice(person=ada, visit="one browser") for _ in range(2))
    others = make.paid_invoice(person=ada, visit="a stranger's browser")
    answer = admin.post(f"/admin/invoices/{first.number}/account", data={"username": user.username})
    assert answer.status_code == 303
    sign_in(admin, user)
    shown = admin.get("/store/invoices").text
    assert first.number in shown
    assert second.number in shown
    assert others.number not in shown
    assert db.session.get(PaidOrder, user.person.key) is not None
    told = db.session.scalars(select(AuditEntry.entity_id).where(AuditEntry.action == "invoice.linked"))
    assert sorted(told) == sorted([str(first.id), str(second.id)])


def test_an_unpaid_order_stays_with_its_session(admin: FlaskClient) -> None:
    unpaid, user = make.invoice(), make.user()
    assert "Link to this account" not in admin.get(f"/admin/invoices/{unpaid.number}").text
    answer = admin.post(f"/admin/invoices/{unpaid.number}/account", data={"username": user.username})
    assert answer.status_code == 409
    assert db.session.scalars(select(Invoice.user_id)).all() == [None]


def test_an_unknown_account_is_told_beside_the_field(admin: FlaskClient) -> None:
    invoice = make.paid_invoice()
    answer = admin.post(f"/admin/invoices/{invoice.number}/account", data={"username": "nobody"}, headers=HTMX)
    assert answer.status_code == 422
    assert "There is no active account of that name." in answer.text
    assert 'value="nobody"' in answer.text
    assert "<html" not in answer.text


def test_an_order_is_linked_once(admin: FlaskClient) -> None:
    invoice, first, second = make.paid_invoice(), make.user(), make.user()
    admin.post(f"/admin/invoices/{invoice.number}/account", data={"username": first.username})
    answer = admin.post(f"/admin/invoices/{invoice.number}/account", data={"username": second.username})
    assert answer.status_code == 409
    assert db.session.scalars(select(Invoice.user_id)).one() == first.id
