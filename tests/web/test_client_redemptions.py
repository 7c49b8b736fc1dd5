"""What a client redeemed and what became of it, on /client/redemptions."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import desk
from app.accounts.models import User
from app.activity import service as activity
from app.activity.models import WorkoutLog
from app.kit.db import db, unit_of_work
from app.loyalty import redeeming
from app.loyalty import service as loyalty
from app.loyalty.reward_models import RewardRedemption
from app.messages import post
from app.messages.models import Mail
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("frozen")
SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def dana() -> User:
    return make.user(role="coach")


@pytest.fixture
def mia(client: FlaskClient, sign_in: SignIn, dana: User) -> User:
    """Signed in, with 1000 points."""
    user = make.rich_client(1000, coach_id=dana.id)
    sign_in(client, user)
    return user


def line(page: str, redemption: RewardRedemption) -> str:
    found = re.search(rf'<li id="redemption-{redemption.id}".*?</li>', page, re.DOTALL)
    assert found is not None
    return unescape(found[0])


def test_each_shows_its_state_and_what_the_coach_wrote(client: FlaskClient, mia: User, dana: User) -> None:
    kept, handed, refused = (make.redemption(mia, make.reward(name=name)) for name in ("Coffee", "Towel", "Bar"))
    with unit_of_work():
        redeeming.fulfil(handed.id, dana, notes="Enjoy <it>!", actor=make.SYSTEM, now=NOW)
        redeeming.reject(refused.id, dana, notes="None left.", actor=make.SYSTEM, now=NOW)
    page = client.get("/client/redemptions").text
    assert all(said in line(page, kept) for said in ("Coffee", "50 points", "Pending", "Waiting for your coach"))
    assert all(
        said in line(page, handed) for said in ("Towel", "Fulfilled", "Handed out on Mar 2, 2026", "Enjoy <it>!")
    )
    assert all(said in line(page, refused) for said in ("Bar", "Rejected", "Points given back", "None left."))
    assert "<it>" not in page
    assert page.index("Bar") < page.index("Towel") < page.index("Coffee")


@pytest.mark.parametrize(("cost", "left"), [(1000, 0), (1400, 400)])
def test_whose_points_went_for_what_was_deleted_is_told_so_everywhere(
    app: Flask, client: FlaskClient, mia: User, dana: User, sign_in: SignIn, cost: int, left: int
) -> None:
    make.event_type(points_amount=500)
    make.workout(mia, at=NOW - timedelta(hours=1))
    make.settled()
    asked_for = make.redemption(mia, make.reward(name="Coffee", points_cost=cost))
    spare = make.redemption(mia, make.reward(points_cost=1500 - cost))
    first = db.session.scalars(select(WorkoutLog).order_by(WorkoutLog.id)).first()
    assert first is not None
    with unit_of_work():
        activity.remove(mia, "workout", first.id, now=NOW)
    make.settled()
    coach = app.test_client()
    sign_in(coach, dana)
    data = {"_method": "PATCH", "status": "rejected", "coach_notes": "None left."}
    coach.post(f"/coach/redemptions/{asked_for.id}", data=data)
    toasts = unescape(coach.get("/coach/redemptions").text)
    assert ("1,000 of the 1,400 points went for what" if left else "all 1,000 points went for what") in toasts
    assert "has the points back" not in toasts
    shown = client.get("/client/redemptions").text
    assert "1,000 of them went at once for what you had deleted since." in line(shown, asked_for)
    assert "had deleted" not in line(shown, spare)
    for whose in (client.get("/client/points"), coach.get(f"/coach/clients/{mia.id}/points")):
        assert "Taken from the points back for Coffee: what had paid them was deleted" in unescape(whose.text)
    news, mail = unescape(client.get("/client").text), db.session.scalars(select(Mail).order_by(Mail.id.desc())).first()
    assert mail is not None
    message = post.write(mail)
    for told in (news, *(each.get_content() for each in message.walk() if not each.is_multipart())):
        assert ("points are back" in told) == (left > 0)
        assert ("All 1,000 points of it went for" in told) == (left == 0)
    assert ("points are back" in str(message["Subject"])) is False
    assert loyalty.summary_of(mia.id).available_points == left


def test_without_a_coach_nobody_speaks_of_one(client: FlaskClient, sign_in: SignIn) -> None:
    sign_in(client, make.rich_client(1000, coach_id=None))
    coffee, towel = make.reward(name="Coffee"), make.reward(name="Towel")
    shop = client.get("/client/rewards").text
    assert "Whatever you redeem, we hand out to you." in shop
    plain = client.post(f"/client/rewards/{coffee.id}/redeem", data={"idempotency_key": "a"}, follow_redirects=True)
    assert "Redeemed. You have 950 points left." in plain.text
    part = client.post(f"/client/rewards/{towel.id}/redeem", data={"idempotency_key": "b"}, headers=HTMX)
    assert "Redeemed. You have 900 points left." in part.text
    waiting = client.get("/client/redemptions").text
    assert waiting.count("Waiting for the team") == 2
    handed, root = db.session.scalars(select(RewardRedemption)).first(), make.user(role="admin")
    assert handed is not None
    with unit_of_work():
        redeeming.fulfil(handed.id, root, actor=make.SYSTEM, now=NOW)
    told = client.get("/client").text
    assert "We have handed it out. Enjoy!" in told
    assert not any("your coach" in page.casefold() for page in (shop, plain.text, part.text, waiting, told))


def test_whom_one_waits_for_follows_the_coach_who_leaves(client: FlaskClient, mia: User, dana: User) -> None:
    redemption = make.redemption(mia)
    page = client.get("/client/redemptions").text
    found = re.search(r'data-url="(/client/redemptions\?seen=\w+)"', page)
    assert found is not None
    assert "Waiting for your coach" in line(page, redemption)
    with unit_of_work():
        desk.set_active(dana.id, is_active=False, actor=make.SYSTEM, now=NOW)
    assert "Waiting for the team" in line(client.get(found[1], headers=HTMX).text, redemption)


def test_an_empty_list_leads_to_the_shop(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    page = client.get("/client/redemptions").text
    assert "Nothing redeemed yet" in page
    assert "You have 1,000 points to spend." in page
    assert re.search(r'<a class="btn btn-primary" href="/client/rewards">', page)


def test_the_part_follows_what_the_coach_decides(client: FlaskClient, mia: User, dana: User) -> None:
    redemption = make.redemption(mia)
    found = re.search(r'data-url="(/client/redemptions\?seen=\w+)"', client.get("/client/redemptions").text)
    assert found is not None
    assert client.get(found[1], headers=HTMX).status_code == 204
    with unit_of_work():
        redeeming.reject(redemption.id, dana, notes="Sorry.", actor=make.SYSTEM, now=NOW)
    answer = client.get(found[1], headers=HTMX)
    assert (answer.status_code, "<html" in answer.text) == (200, False)
    assert "Sorry." in line(answer.text, redemption)


def test_nobody_sees_anybody_elses(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    make.redemption(make.rich_client(100), make.reward(name="Somebody else's"))
    assert "Somebody else" not in client.get("/client/redemptions").text


@pytest.mark.parametrize("many", [1, 21])
def test_the_list_has_pages_and_takes_as_many_statements_whatever_it_holds(
    client: FlaskClient, mia: User, many: int
) -> None:
    reward = make.reward(points_cost=1)
    oldest, *_newer = [make.redemption(mia, reward) for _ in range(many)]
    with count_statements() as sent:
        page = client.get("/client/redemptions").text
    assert len(sent) <= 4, sent
    assert (f'id="redemption-{oldest.id}"' in page) == (many == 1)
    assert line(client.get("/client/redemptions?page=2", headers=HTMX).text, oldest)


def test_only_clients_have_it(app: Flask, sign_in: SignIn) -> None:
    visitor = app.test_client()
    sign_in(visitor, make.user(role="admin"))
    assert visitor.get("/client/redemptions").status_code == 403
