"""The desk speaks of promotions of every kind in the same way: what is wrong, what a code is, what happened to it."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import unit_of_work
from app.offers import editing
from app.promotions import service as promotions
from tests import make
from tests.counting import count_statements

SignIn = Callable[[FlaskClient, User], None]
OFFER = {"title": "Bonus", "bonus_type": "percentage", "bonus_value": "10", "display_order": "0"}
DISCOUNT = {"title": "Off", "discount_type": "percentage", "discount_value": "10", "display_order": "0"}


@pytest.fixture(autouse=True)
def _admin(frozen: object, client: FlaskClient, sign_in: SignIn) -> None:  # noqa: ARG001 a session of then
    sign_in(client, make.user(role="admin", username="root"))


def words(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def summed_up(answer: TestResponse) -> list[str]:
    """The fields that the summary of errors leads to."""
    summary = answer.text.partition('class="error-summary"')[2].partition("</ul>")[0]
    return re.findall(r'href="#([a-z_]+)"', summary)


@pytest.mark.parametrize(("kind", "typed"), [("offer", OFFER), ("discount", DISCOUNT)])
def test_that_a_code_is_taken_is_told_with_all_else_that_is_wrong(
    client: FlaskClient, kind: str, typed: dict[str, Any]
) -> None:
    make.discount(code="TAKEN")
    wrong = {"code": "taken", "usage_limit": "0"}
    answer = client.post(f"/admin/promotions/new?kind={kind}", data=typed | wrong)
    assert answer.status_code == 400
    assert summed_up(answer) == ["code", "usage_limit"]
    mine = make.offer_code(code="MINE") if kind == "offer" else make.discount(code="MINE")
    answer = client.post(f"/admin/promotions/{mine.id}", data=typed | wrong | {"version": "1"})
    assert answer.status_code == 400
    assert summed_up(answer) == ["code", "usage_limit"]


def test_what_is_wrong_is_told_in_the_order_of_the_page(client: FlaskClient) -> None:
    wrong = {"title": "", "code": "-", "bonus_value": "0", "max_bonus": "x", "min_amount": "y", "starts_time": "12:00"}
    answer = client.post("/admin/promotions/new?kind=offer", data=OFFER | wrong | {"usage_limit": "0"})
    told = summed_up(answer)
    assert told == ["title", "code", "bonus_value", "min_amount", "max_bonus", "starts_on", "usage_limit"]
    places = [answer.text.index(f'id="{name}"') for name in told]
    assert places == sorted(places)


@pytest.mark.parametrize("below", ["", "/statistics", "/people", "/share", "/explain"])
def test_the_pages_of_a_code_show_it(client: FlaskClient, below: str) -> None:
    made = make.discount(code="SHOWN")
    answer = client.get(f"/admin/promotions/{made.id}{below}")
    head = answer.text.partition('class="page-header"')[2].partition("</header>")[0]
    assert "SHOWN</code>" in head
    assert 'data-copy="SHOWN"' in head


def test_the_history_tells_on_which_days_it_was_open(client: FlaskClient) -> None:
    hours = {"enabled": True, "start_time": "17:00", "end_time": "20:59", "timezone": "Europe/Riga"}
    made = make.offer_code(active_hours=hours | {"weekdays": [1, 2]})
    with unit_of_work():
        editing.update(made.id, {"active_hours": {"weekdays": [5, 6]}}, actor=SYSTEM, now=make.NOW)
    with unit_of_work():
        editing.update(made.id, {"active_hours": {"weekdays": []}}, actor=SYSTEM, now=make.NOW)
    told = words(client.get(f"/admin/promotions/{made.id}"))
    assert "17:00-20:59 (Europe/Riga), Mon, Tue → 17:00-20:59 (Europe/Riga), Fri, Sat" in told
    assert "Fri, Sat → 17:00-20:59 (Europe/Riga) " in told


def removal(client: FlaskClient, promotion_id: int) -> str:
    """What is asked before it is removed, with the button under it."""
    asked = client.get("/admin/promotions").text.partition(f'id="delete-{promotion_id}"')[2].partition("</dialog>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", asked.partition("confirm-question")[2]))).strip('"> ')


def test_what_would_be_archived_is_not_asked_about_as_if_it_went(client: FlaskClient) -> None:
    ada, ben = make.user(username="ada"), make.user(username="ben")
    unused, used, applied = make.offer_code(title="Unused"), make.offer_code(title="Used"), make.offer_code()
    for user in (ada, ben):
        make.applied(user, used)
    make.converted(ada, make.offer())
    make.applied(ben, applied)
    assert (
        removal(client, unused.id) == "Delete “Unused”? Nothing refers to it yet. This can't be undone. Cancel Delete"
    )
    assert removal(client, used.id).startswith("Archive “Used”? It earns nothing any more")
    assert removal(client, used.id).endswith("duplicate it. So far: 1 use, on 2 accounts. Cancel Archive")
    assert removal(client, applied.id).endswith("So far: 0 uses, on 1 account. Cancel Archive")


def test_a_discount_that_was_given_back_or_is_in_a_cart_is_asked_about_as_archived(client: FlaskClient) -> None:
    used, again, batch = make.discount(code="USED"), make.discount(code="AGAIN"), make.batch(5)
    make.use("USED")
    given_back = make.use("AGAIN")
    with unit_of_work():
        promotions.give_back(f"invoice:{given_back}", make.NOW)
    assert removal(client, used.id).endswith("So far: 1 use. Cancel Archive")
    assert removal(client, again.id).endswith("So far: 0 uses. Cancel Archive")
    assert "with its codes? If one was ever used, it is archived instead. Cancel Delete" in removal(client, batch.id)


def test_figures_are_called_the_same_wherever_they_stand(client: FlaskClient) -> None:
    ada, code = make.user(), make.offer_code()
    make.applied(ada, code)
    make.converted(ada, make.offer(payout=20))
    for below in ("", "/statistics", "/offers"):
        told = words(client.get(f"/admin/promotions/{code.id}{below}"))
        assert "Bonus earned $2.00 $2.00 on average Clients 1 each counted once" in told, below


def test_the_card_of_a_code_names_its_limits(client: FlaskClient) -> None:
    offers = [make.offer().id, make.offer().id]
    make.offer_code(max_bonus=20, per_user_limit=3, applicable_offers=offers)
    make.offer_code(applicable_offers=offers[:1])
    told = words(client.get("/admin/promotions?group=members"))
    assert "at most $20.00, for 2 offers" in told
    assert "Uses per client at most 3" in told
    assert "for 1 offer " in told


def test_offers_of_codes_are_counted_by_one_statement_for_the_list(client: FlaskClient) -> None:
    sent = []
    for _round in range(2):
        for _code in range(3):
            make.offer_code(applicable_offers=[make.offer().id])
        client.get("/admin/promotions")
        with count_statements() as sending:
            client.get("/admin/promotions")
        sent.append(len(sending))
    assert sent[0] == sent[1]
