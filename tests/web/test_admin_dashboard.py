"""The admins' dashboard adds up what is in the books."""

import re
from collections.abc import Callable
from datetime import timedelta

import time_machine
from flask.testing import FlaskClient

from app.audit.service import SYSTEM
from app.kit import clock
from app.kit.db import unit_of_work
from app.loyalty import awarding, redeeming
from tests import make, make_bonuses
from tests.counting import count_statements


def test_the_start_page_leads_everybody_home(client: FlaskClient, sign_in: Callable[..., None]) -> None:
    assert client.get("/").location == "/store"
    for role in ("client", "coach", "admin"):
        sign_in(client, make.user(role=role))
        assert client.get("/").location == f"/{role}"


def test_an_empty_business_has_a_dashboard_too(client: FlaskClient, sign_in: Callable[..., None]) -> None:
    sign_in(client, make.user(role="admin"))
    answer = client.get("/admin")
    assert answer.status_code == 200
    assert "No orders yet" in answer.text


def test_the_dashboard_takes_a_fixed_number_of_statements(client: FlaskClient, sign_in: Callable[..., None]) -> None:
    sign_in(client, make.user(role="admin"))
    with count_statements() as sent:
        client.get("/admin")
    assert len(sent) <= 12, sent


def test_the_loyalty_overview_adds_up_what_was_awarded_and_redeemed(
    frozen: time_machine.TimeMachineFixture, client: FlaskClient, sign_in: Callable[..., None]
) -> None:
    coach = make.user(role="coach")
    mia, ben = make.rich_client(120, coach_id=coach.id), make.rich_client(80)
    make.rich_client(70, is_active=False)
    frozen.shift(timedelta(days=31))
    make.workout(ben, at=clock.now())
    make.settled()
    medal = make.achievement()
    with unit_of_work():
        awarding.award(coach, mia.id, medal.id, actor=SYSTEM, now=clock.now())
    mug = make.reward(points_cost=50)
    make.redemption(mia, mug, now=clock.now())
    sign_in(client, make.user(role="admin"))
    rows = rows_of(client.get("/admin").text)
    assert rows["XP awarded in 30 days"] == "70"
    assert rows["XP awarded ever"] == "340"
    assert rows["Clients who earned in 30 days"] == "1"
    assert rows["Active users with XP"] == "2"
    assert rows["Achievements in 30 days"] == "1 1 ever"
    assert rows["Redemptions in 30 days"] == "1 for 50 points"
    assert rows["Pending now"].startswith("1 the oldest since Apr 2, 2026")


def test_what_was_rejected_or_is_long_past_is_no_redemption_of_the_month(
    frozen: time_machine.TimeMachineFixture, client: FlaskClient, sign_in: Callable[..., None]
) -> None:
    admin = make.user(role="admin")
    mia = make.rich_client(200)
    make.redemption(mia, now=clock.now())
    frozen.shift(timedelta(days=31))
    late = make.redemption(mia, now=clock.now())
    with unit_of_work():
        redeeming.reject(late.id, admin, notes="Sold out.", actor=SYSTEM, now=clock.now())
    sign_in(client, admin)
    rows = rows_of(client.get("/admin").text)
    assert rows["Redemptions in 30 days"] == "0"
    assert rows["Pending now"].startswith("1 the oldest since Mar 2, 2026")


def test_what_waits_for_admins_for_more_than_a_day_is_told(
    frozen: time_machine.TimeMachineFixture, client: FlaskClient, sign_in: Callable[..., None]
) -> None:
    coach, gone = make.user(role="coach"), make.user(role="coach", is_active=False)
    for of in (coach, gone, None):
        make.redemption(make.rich_client(100, coach_id=of.id if of else None), now=clock.now())
    admin = make.user(role="admin")
    sign_in(client, admin)
    assert "waiting for you" not in client.get("/admin").text
    frozen.shift(timedelta(days=1, seconds=1))
    sign_in(client, admin)
    assert "2 redemptions of clients without a coach have been waiting for you" in client.get("/admin").text


def rows_of(page: str) -> dict[str, str]:
    """What the loyalty overview says."""
    card = page.partition('id="loyalty-figures"')[2].partition("</section>")[0]
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", card)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", value).split()) for name, value in pairs}


def test_what_waits_for_a_decision_about_money_is_counted(client: FlaskClient, sign_in: Callable[..., None]) -> None:
    ada = make.user()
    sign_in(client, make.user(role="admin"))
    assert "to be confirmed" not in client.get("/admin").text
    make_bonuses.deposit(ada, 5000)
    make_bonuses.asked_deposit(ada)
    make_bonuses.asked_deposit(ada)
    make_bonuses.withdrawal(ada)
    page = client.get("/admin").text
    assert "2 deposits wait to be confirmed." in page
    assert "1 withdrawal waits for your decision." in page
    make_bonuses.refunded_deposit(make_bonuses.deposit(make.user()))
    assert "1 deposit waits for you to send money back." in client.get("/admin").text
