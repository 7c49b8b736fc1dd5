"""Which codes a client has, or had, as admins see it on the client's page."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.kit.db import unit_of_work
from app.offers import on_account
from app.offers import service as offers
from tests import make
from tests.counting import count_statements
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="robin"))
    return client


def rows(page: str) -> list[str]:
    part = page.partition('id="user-codes"')[2].partition("</section>")[0]
    found = re.findall(r"<tr>.*?</tr>", part, re.DOTALL)[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()).replace("\u202f", " ") for each in found]


def test_the_page_of_a_client_lists_their_codes_with_what_each_has_earned(admin: FlaskClient) -> None:
    ada, offer = make.user(), make.offer(payout=20)
    ten = make.offer_code(code="TEN", title="Ten on top")
    gone = make.offer_code(
        code="GONE", bonus_value=5, ends_at=NOW + timedelta(minutes=1), starts_at=NOW - timedelta(days=2)
    )
    make.applied(ada, ten, now=NOW - timedelta(days=1))
    make.converted(ada, offer, now=NOW - timedelta(days=1))
    [first] = on_account.of_client(ada, NOW)
    with unit_of_work():
        offers.remove(ada, first.id, now=NOW - timedelta(hours=1))
    make.applied(ada, ten)
    make.applied(ada, gone, now=NOW - timedelta(days=1))
    make.converted(ada, offer)
    make.reversed_again(make.converted(ada, offer))
    page = admin.get(f"/admin/users/{ada.id}").text
    on, ending, removed = rows(page)
    assert on == "GONE Ten on top Mar 1, 2026 0 $0.00 Open now, until 12:01"
    assert ending == "TEN Ten on top Mar 2, 2026 1 $2.00 Open now"
    assert removed == "TEN Ten on top Mar 1, 2026 1 $2.00 Removed Mar 2, 2026"
    assert f'href="/admin/promotions/{ten.id}"' in page
    assert f'href="/admin/conversions?client={ada.id}"' in page


def test_without_codes_it_says_so_and_coaches_have_none(admin: FlaskClient) -> None:
    assert "No code was ever applied here." in admin.get(f"/admin/users/{make.user().id}").text
    assert "Codes on the account" not in admin.get(f"/admin/users/{make.user(role='coach').id}").text


def test_the_page_costs_the_same_however_many_codes_there_are(admin: FlaskClient) -> None:
    ada = make.user()
    make.applied(ada, make.offer_code())
    with count_statements() as of_one:
        admin.get(f"/admin/users/{ada.id}")
    for _each in range(9):
        make.applied(ada, make.offer_code())
    with count_statements() as of_many:
        assert len(rows(admin.get(f"/admin/users/{ada.id}").text)) == 10
    assert len(of_many) == len(of_one), of_many
