"""The reward shop on /client/rewards: what is offered, and redeeming in place."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.accounts.models import User
from app.audit.service import SYSTEM
from app.kit.db import db, unit_of_work
from app.loyalty import redeeming
from app.loyalty.models import XpSummary
from app.loyalty.reward_models import Reward, RewardRedemption
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def dana() -> User:
    return make.user(role="coach", display_name="Dana Reyes")


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn, dana: User) -> User:
    """Signed in, with 100 points."""
    user = make.rich_client(100, coach_id=dana.id)
    sign_in(client, user)
    return user


def card(page: str, reward: Reward) -> str:
    """What the page shows of one reward, as it is read."""
    found = re.search(rf'<li class="card reward-card[^>]*id="reward-{reward.id}".*?</li>', page, re.DOTALL)
    assert found is not None, f"{reward.name} isn't on the page"
    return unescape(found[0])


def button(page: str, reward: Reward) -> dict[str, str]:
    """What the redeem button of a reward sends."""
    return dict(re.findall(r'name="(idempotency_key|cost)" value="([^"]*)"', card(page, reward)))


def pulse(page: str) -> str:
    found = re.search(r'data-url="(/client/rewards\?[^"]*seen=\w+)"', page)
    assert found is not None
    return unescape(found[1])


def points_of(user: User) -> int:
    return db.session.get_one(XpSummary, user.id).available_points


def redemptions() -> int:
    return db.session.scalar(select(func.count()).select_from(RewardRedemption)) or 0


def test_the_shop_shows_what_there_is_and_what_is_missing(client: FlaskClient, mia: User, dana: User) -> None:  # noqa: ARG001
    make.levels(10, 500)
    cheap = make.reward(name="Coffee", description="Any size.", points_cost=60, stock=3)
    own = make.reward(coach=dana, name="Plan", points_cost=1350)
    gone = make.reward(name="Towel", points_cost=20, stock=0)
    make.reward(name="Old one", is_active=False)
    make.reward(coach=make.user(role="coach"), name="Somebody else's")
    page = client.get("/client/rewards").text
    assert 'id="balance">100<' in page
    assert "Level 1" in page
    assert all(
        text in card(page, cheap) for text in ("Coffee", "Any size.", "60", "3 left", "Redeem “Coffee” for 60 points?")
    )
    assert "1,250 more points" in card(page, own)
    assert "disabled" in card(page, own)
    assert "From your coach" in card(page, own)
    assert "From your coach" not in card(page, cheap)
    assert "left" not in card(page, own)
    assert "Sold out" in card(page, gone)
    assert "<form" not in card(page, gone) + card(page, own)
    assert "Old one" not in page
    assert "Somebody else" not in page


def test_a_picture_is_shown_and_a_sign_where_there_is_none(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    name = make.stored_picture()
    with_picture, without = make.reward(image=name), make.reward()
    page = client.get("/client/rewards").text
    assert name in card(page, with_picture)
    assert 'class="photo"' in card(page, with_picture)
    assert "#gift" in card(page, without)


def test_an_empty_shop_says_so(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    assert "The shelves are still empty" in client.get("/client/rewards").text


def test_redeeming_answers_with_points_stock_and_every_button_as_they_are_now(client: FlaskClient, mia: User) -> None:
    coffee, towel = make.reward(points_cost=60, stock=3), make.reward(points_cost=70)
    sent = button(client.get("/client/rewards").text, coffee)
    answer = client.post(f"/client/rewards/{coffee.id}/redeem", data=sent, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="balance">40<' in answer.text
    assert "2 left" in card(answer.text, coffee)
    assert "20 more points" in card(answer.text, coffee)
    assert "Redeemed. You have 40 points left." in card(answer.text, coffee)
    assert "/client/redemptions" in card(answer.text, coffee)
    assert "30 more points" in card(answer.text, towel)
    assert "HX-Trigger" not in answer.headers  # it is said once
    [redemption] = db.session.scalars(select(RewardRedemption))
    assert (redemption.user_id, redemption.reward_id, redemption.points_spent) == (mia.id, coffee.id, 60)
    assert (points_of(mia), db.session.get_one(Reward, coffee.id).stock) == (40, 2)


def test_without_javascript_one_comes_back_to_the_shop(client: FlaskClient, mia: User) -> None:
    coffee = make.reward(points_cost=60)
    sent = button(client.get("/client/rewards").text, coffee)
    answer = client.post(f"/client/rewards/{coffee.id}/redeem", data=sent)
    assert (answer.status_code, answer.location) == (303, f"/client/rewards#reward-{coffee.id}")
    assert "Redeemed. You have 40 points left." in card(client.get("/client/rewards").text, coffee)
    assert "Redeemed." not in client.get("/client/rewards").text
    assert points_of(mia) == 40


def test_a_double_click_redeems_once(client: FlaskClient, mia: User) -> None:
    coffee = make.reward(points_cost=30)
    sent = button(client.get("/client/rewards").text, coffee)
    answers = [client.post(f"/client/rewards/{coffee.id}/redeem", data=sent, headers=HTMX) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (redemptions(), points_of(mia)) == (1, 70)
    again = button(answers[1].text, coffee)
    assert again["idempotency_key"] != sent["idempotency_key"]
    client.post(f"/client/rewards/{coffee.id}/redeem", data=again, headers=HTMX)
    assert (redemptions(), points_of(mia)) == (2, 40)


@pytest.mark.parametrize(
    ("meanwhile", "status", "said"),
    [
        ({"stock": 0}, 422, "This reward has just run out. Your points are untouched."),
        ({"is_active": False}, 422, "This reward isn't offered any more. Your points are untouched."),
        ({"points_cost": 7000}, 409, "Its cost was changed to 7,000 points."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_refusal_says_what_happened_and_shows_the_truth(
    client: FlaskClient, mia: User, meanwhile: dict[str, int], status: int, said: str, headers: dict[str, str]
) -> None:
    coffee = make.reward(points_cost=60, stock=3)
    sent = button(client.get("/client/rewards").text, coffee)
    with unit_of_work():
        db.session.execute(update(Reward).values(meanwhile))
    answer = client.post(f"/client/rewards/{coffee.id}/redeem", data=sent, headers=headers)
    assert answer.status_code == status
    assert ("<html" in answer.text) == (not headers)
    assert said in unescape(answer.text)
    if "is_active" not in meanwhile:
        assert said in card(answer.text, coffee)
    assert (redemptions(), points_of(mia)) == (0, 100)


def test_points_spent_elsewhere_are_told_as_missing(client: FlaskClient, mia: User) -> None:
    coffee = make.reward(points_cost=60)
    sent = button(client.get("/client/rewards").text, coffee)
    make.redemption(mia, make.reward(points_cost=75))
    answer = client.post(f"/client/rewards/{coffee.id}/redeem", data=sent, headers=HTMX)
    assert answer.status_code == 422
    assert "You need 35 more points for this." in card(answer.text, coffee)
    assert 'id="balance">25<' in answer.text
    assert points_of(mia) == 25


@pytest.mark.parametrize("key", ["", "x" * 65])
def test_a_button_without_its_key_redeems_nothing(client: FlaskClient, mia: User, key: str) -> None:
    coffee = make.reward()
    answer = client.post(f"/client/rewards/{coffee.id}/redeem", data={"idempotency_key": key}, headers=HTMX)
    assert answer.status_code == 422
    assert "This button is out of date." in card(answer.text, coffee)
    assert (redemptions(), points_of(mia)) == (0, 100)


@pytest.mark.parametrize("cost", ["", " ", "x"])
def test_a_button_whose_cost_cannot_be_read_redeems_nothing(client: FlaskClient, mia: User, cost: str) -> None:
    coffee = make.reward()
    sent = button(client.get("/client/rewards").text, coffee) | {"cost": cost}
    answer = client.post(f"/client/rewards/{coffee.id}/redeem", data=sent, headers=HTMX)
    assert answer.status_code == 422
    assert "This button is out of date." in card(answer.text, coffee)
    assert (redemptions(), points_of(mia)) == (0, 100)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_button_whose_redemption_was_rejected_says_so(
    client: FlaskClient, mia: User, dana: User, headers: dict[str, str]
) -> None:
    coffee = make.reward(points_cost=60)
    sent = button(client.get("/client/rewards").text, coffee)
    client.post(f"/client/rewards/{coffee.id}/redeem", data=sent, headers=HTMX)
    asked_for = db.session.scalars(select(RewardRedemption.id)).one()
    with unit_of_work():
        redeeming.reject(asked_for, dana, notes="Sold", actor=SYSTEM, now=make.NOW)
    answer = client.post(f"/client/rewards/{coffee.id}/redeem", data=sent, headers=headers)
    assert answer.status_code == 409
    assert "rejected in the meantime" in card(answer.text, coffee)
    assert "You have 100 points left" not in answer.text
    assert (redemptions(), points_of(mia)) == (1, 100)
    anew = button(answer.text, coffee)
    assert client.post(f"/client/rewards/{coffee.id}/redeem", data=anew, headers=HTMX).status_code == 200
    assert (redemptions(), points_of(mia)) == (2, 40)


def test_nobody_redeems_what_is_not_offered_to_them(client: FlaskClient, mia: User) -> None:
    other = make.reward(coach=make.user(role="coach"))
    for reward_id in (other.id, 999_999):
        answer = client.post(f"/client/rewards/{reward_id}/redeem", data={"idempotency_key": "k"}, headers=HTMX)
        assert answer.status_code == 404
    assert (redemptions(), points_of(mia)) == (0, 100)


def test_the_address_of_a_refusal_leads_back_to_the_shop(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    answer = client.get("/client/rewards/7/redeem?page=2")
    assert (answer.status_code, answer.location) == (303, "/client/rewards?page=2")


def test_the_part_follows_what_happens_elsewhere(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    coffee = make.reward(points_cost=60, stock=3)
    look = pulse(client.get("/client/rewards").text)
    assert client.get(look, headers=HTMX).status_code == 204
    make.redemption(make.rich_client(100), coffee)
    answer = client.get(look, headers=HTMX)
    assert answer.status_code == 200
    assert "2 left" in card(answer.text, coffee)


def test_many_rewards_have_pages_and_redeeming_stays_on_its_own(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    shelf = [make.reward(points_cost=cost) for cost in range(1, 31)]
    first, second = client.get("/client/rewards").text, client.get("/client/rewards?page=2").text
    assert card(first, shelf[23])
    assert card(second, shelf[24])
    assert f'id="reward-{shelf[24].id}"' not in first
    sent = button(second, shelf[29])
    answer = client.post(f"/client/rewards/{shelf[29].id}/redeem?page=2", data=sent)
    assert answer.location == f"/client/rewards?page=2#reward-{shelf[29].id}"


@pytest.mark.parametrize("many", [1, 30])
def test_the_page_takes_as_many_statements_whatever_is_offered(client: FlaskClient, mia: User, many: int) -> None:  # noqa: ARG001
    make.levels(10, 50)
    for _ in range(many):
        make.reward()
    with count_statements() as sent:
        client.get("/client/rewards")
    assert len(sent) <= 6, sent


@pytest.mark.parametrize("role", ["coach", "admin"])
def test_only_clients_have_a_shop(app: Flask, sign_in: SignIn, role: str) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role=role))
    assert visitor.get("/client/rewards").status_code == 403
    assert visitor.post(f"/client/rewards/{make.reward().id}/redeem").status_code == 403
    assert app.test_client().get("/client/rewards").location.startswith("/login")
