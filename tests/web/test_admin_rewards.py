"""The rewards that every client can redeem, as admins keep them."""

from collections.abc import Callable
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.kit.db import db
from app.loyalty.reward_models import Reward, StockEntry
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.keeping import CARRIED, audited, beside, reward_form, row_of, statuses_of

SignIn = Callable[[FlaskClient, User], None]
LIST, NEW = "/admin/rewards", "/admin/rewards/create"
BOUNDS = "Please enter a whole number from 1 to 1,000,000."


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin")
    sign_in(client, admin)
    return admin


def stock_entries() -> list[int]:
    return list(db.session.scalars(select(StockEntry.change).order_by(StockEntry.id)))


def test_a_reward_is_made_with_a_picture_and_a_stock(client: FlaskClient, admin: User) -> None:
    picture = (BytesIO(make.image_file()), "massage.png")
    assert client.post(NEW, data=reward_form(stock="3", picture=picture)).location == LIST
    reward = db.session.scalars(select(Reward)).one()
    told = (reward.name, reward.description, reward.points_cost, reward.stock, reward.is_active, reward.coach_id)
    assert told == ("Massage", "An hour.", 120, 3, True, None)
    assert stock_entries() == [3]
    assert audited() == [("reward.created", admin.id)]
    page = client.get(LIST).text
    assert "Massage was created." in page
    assert f"/media/{reward.image}-thumb.webp" in page
    assert "120 points" in row_of(page, "Massage")
    assert "3 left" in row_of(page, "Massage")


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", " ", "Please fill this in."),
        ("name", "x" * 81, "at most 80 characters"),
        ("description", "x" * 1001, "at most 1000 characters"),
        ("points_cost", "", "Please fill this in."),
        *(("points_cost", odd, BOUNDS) for odd in ("0", "-1", "1.5", "1e3", "NaN", "٣", "1000001", str(2**63))),
        *(("stock", odd, "from 0 to 1,000,000.") for odd in ("-1", "1.5", "NaN", "٣", "1000001", str(2**63))),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_all_is_kept(
    client: FlaskClient, field: str, value: str, sentence: str
) -> None:
    typed = reward_form(stock="7", **{field: value}) if field != "stock" else reward_form(stock=value)
    answer = client.post(NEW, data=typed | {"picture": (BytesIO(make.image_file()), "a.png")})
    assert answer.status_code == 422
    assert sentence in beside(answer.text, field)
    assert f'value="{value.strip()}"' in answer.text or field == "description"
    assert CARRIED.findall(answer.text)[0]
    assert db.session.scalars(select(Reward)).all() == []


@pytest.mark.usefixtures("admin")
def test_a_picture_can_be_taken_out_and_a_reward_switched_off_in_its_form(client: FlaskClient) -> None:
    client.post(NEW, data=reward_form(picture=(BytesIO(make.image_file()), "a.png")))
    reward = db.session.scalars(select(Reward)).one()
    changed = reward_form(image=reward.image, no_picture="y", version="1", is_active=None, points_cost="1000000")
    assert client.post(f"{LIST}/{reward.id}/edit", data=changed).location == LIST
    assert (reward.image, reward.is_active, reward.points_cost, reward.version) == (None, False, 1_000_000, 2)


@pytest.mark.usefixtures("admin")
def test_what_is_redeemed_meanwhile_comes_off_the_new_stock(client: FlaskClient) -> None:
    reward = make.reward(name="Massage", stock=5)
    path = f"{LIST}/{reward.id}/edit"
    assert 'name="seen_stock" type="hidden" value="5"' in client.get(path).text
    make.redemption(make.rich_client(), reward)
    assert client.post(path, data=reward_form(stock="8", seen_stock="5", version="1")).status_code == 303
    assert (reward.stock, stock_entries()) == (7, [5, -1, 3])
    client.post(path, data=reward_form(stock="5", seen_stock="5", version=str(reward.version)))
    assert reward.stock == 7
    client.post(path, data=reward_form(stock="", seen_stock="7", version=str(reward.version)))
    assert reward.stock is None
    assert sum(stock_entries()) == 0


@pytest.mark.usefixtures("admin")
def test_no_stock_that_was_never_seen_makes_it_more_than_there_may_be(client: FlaskClient) -> None:
    reward = make.reward(stock=1_000_000)
    path = f"{LIST}/{reward.id}/edit"
    client.post(path, data=reward_form(stock="1000000", seen_stock="-999999999", version="1"))
    assert reward.stock == 1_000_000


def test_the_second_of_two_admins_is_told_who_changed_what_and_may_save_again(
    app: Flask, client: FlaskClient, sign_in: SignIn
) -> None:
    reward, other = make.reward(name="Massage", stock=5), app.test_client()
    path = f"{LIST}/{reward.id}/edit"
    sign_in(other, make.user(role="admin", username="robin", display_name="Robin Hale"))
    other.post(path, data=reward_form(name="Theirs", points_cost="60", stock="9", seen_stock="5", version="1"))
    sign_in(client, make.user(role="admin"))
    mine = reward_form(name="Mine", points_cost="70", stock="5", seen_stock="5")
    answer = client.post(path, data=mine | {"version": "1"})
    assert answer.status_code == 409
    assert "Robin Hale changed this while you had it open (Description, Name, Cost in points, Stock)" in answer.text
    assert 'value="Mine"' in answer.text
    assert (reward.name, reward.points_cost, reward.version) == ("Theirs", 60, 2)
    for field in ('name="version" type="hidden" value="2"', 'name="seen_stock" type="hidden" value="9"'):
        assert field in answer.text
    assert 'name="stock" type="text" value="9"' in answer.text
    assert client.post(path, data=mine | {"version": "2", "stock": "9", "seen_stock": "9"}).status_code == 303
    assert (reward.name, reward.points_cost, reward.stock) == ("Mine", 70, 9)


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("version", ["1000", "-1"])
def test_a_version_that_never_was_is_no_failure(client: FlaskClient, version: str) -> None:
    reward = make.reward()
    assert client.post(f"{LIST}/{reward.id}/edit", data=reward_form(version=version)).status_code == 409


def test_a_stock_that_both_have_set_is_set_to_what_is_typed_last(client: FlaskClient, admin: User) -> None:
    reward = make.reward(name="Massage", stock=5)
    path = f"{LIST}/{reward.id}/edit"
    client.post(path, data=reward_form(stock="9", seen_stock="5", version="1"))
    answer = client.post(path, data=reward_form(stock="6", seen_stock="5", version="1"))
    assert 'name="stock" type="text" value="6"' in answer.text
    assert 'name="seen_stock" type="hidden" value="9"' in answer.text
    client.post(path, data=reward_form(stock="6", seen_stock="9", version="2"))
    assert reward.stock == 6
    assert audited()[1:] == [("reward.changed", admin.id)] * 2


def test_a_reward_that_nobody_redeemed_is_deleted(client: FlaskClient, admin: User) -> None:
    reward = make.reward(name="Massage", stock=5)
    assert "Delete Massage?" in client.get(f"{LIST}/{reward.id}/edit").text
    answer = client.post(f"{LIST}/{reward.id}", data={"_method": "DELETE"}, follow_redirects=True)
    assert "Massage was deleted." in answer.text
    assert db.session.scalars(select(Reward)).all() == []
    assert audited()[-1] == ("reward.deleted", admin.id)


def test_one_that_was_redeemed_is_switched_off_instead_and_the_page_says_so(client: FlaskClient, admin: User) -> None:
    reward = make.reward(name="Massage")
    make.redemption(make.rich_client(), reward)
    answer = client.post(f"{LIST}/{reward.id}", data={"_method": "DELETE"}, follow_redirects=True)
    assert "Massage has been redeemed, so it was switched off instead of deleted." in answer.text
    assert db.session.get_one(Reward, reward.id).is_active is False
    assert audited()[-1] == ("reward.changed", admin.id)


@pytest.mark.usefixtures("admin")
def test_a_reward_is_switched_in_the_list_as_it_is_looked_at(client: FlaskClient) -> None:
    reward = make.reward(name="Massage", stock=2)
    path = f"{LIST}/{reward.id}?status=active"
    sent = client.post(path, data={"_method": "PATCH", "is_active": "0", "anchor": "reward-2"})
    assert sent.location == f"{LIST}?status=active#reward-2"
    assert (reward.is_active, reward.stock, reward.version) == (False, 2, 2)
    part = client.patch(path, data={"is_active": "1"}, headers=HTMX)
    assert part.text.lstrip().startswith('<div id="rewards"')
    assert "Massage is switched on." in part.headers["HX-Trigger"]
    assert (reward.is_active, reward.version) == (True, 3)


@pytest.mark.usefixtures("admin")
def test_rewards_are_found_by_their_words_and_their_state(client: FlaskClient) -> None:
    make.reward(name="Massage", description="100% bliss")
    make.reward(name="Smoothie", stock=0)
    make.reward(name="Gone", is_active=False)
    for asked, found in {
        "q=100%25": {"Massage"},
        "status=active": {"Massage", "Smoothie"},
        "status=sold_out": {"Smoothie"},
        "status=inactive": {"Gone"},
        "status=odd": {"Massage", "Smoothie", "Gone"},
    }.items():
        part = client.get(f"{LIST}?{asked}", headers=HTMX).text
        assert "<html" not in part
        assert {name for name in ("Massage", "Smoothie", "Gone") if row_of(part, name)} == found, asked
    assert "Sold out" in row_of(client.get(LIST).text, "Smoothie")
    assert "Nothing fits" in client.get(f"{LIST}?q=unicorn").text


@pytest.mark.usefixtures("admin")
def test_what_coaches_keep_is_not_the_admins(client: FlaskClient) -> None:
    theirs = make.reward(coach=make.user(role="coach"), name="Lunch")
    assert "Lunch" not in client.get(LIST).text
    answers = statuses_of(client, "admin", "rewards", theirs.id, reward_form(version="1"))
    assert set(answers.values()) == {404}
    assert (db.session.get_one(Reward, theirs.id).name, theirs.version) == ("Lunch", 1)


@pytest.mark.usefixtures("admin")
def test_the_pages_cost_few_statements_however_many_rewards(client: FlaskClient) -> None:
    assert "No rewards yet" in client.get(LIST).text
    made = [make.reward(stock=9) for _each in range(25)]
    make.redemption(make.rich_client(), made[0])
    with count_statements() as sent:
        page = client.get(LIST).text
    assert "20 of 25" in page
    assert len(sent) <= 3, sent
    with count_statements() as sent:
        assert "History" in client.get(f"{LIST}/{made[0].id}/edit").text
    assert len(sent) <= 5, sent


@pytest.mark.usefixtures("admin")
def test_how_often_a_reward_was_redeemed_stands_in_the_list(client: FlaskClient) -> None:
    reward = make.reward(name="Massage", stock=4)
    make.redemption(make.rich_client(), reward)
    assert 'data-label="Redeemed">1<' in row_of(client.get(LIST).text, "Massage")
    assert "3 left" in row_of(client.get(LIST).text, "Massage")
