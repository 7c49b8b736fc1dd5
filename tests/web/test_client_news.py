"""What the dashboard tells besides the level: achievements, notices, programmes, rewards, the check-in of one tap."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.activity import programs
from app.activity.models import DailyLog
from app.kit.db import db, unit_of_work
from app.loyalty import awarding, redeeming
from app.loyalty.achievement_models import Achievement
from app.loyalty.reward_models import RewardRedemption
from app.messages import notices
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
    user = make.user(coach_id=dana.id, display_name="Mia Chen")
    sign_in(client, user)
    return user


def award(coach: User, client: User, achievement: Achievement) -> None:
    with unit_of_work():
        awarding.award(coach, client.id, achievement.id, actor=make.SYSTEM, now=NOW)


def reject(coach: User, redemption: RewardRedemption, notes: str) -> None:
    with unit_of_work():
        redeeming.reject(redemption.id, coach, notes=notes, actor=make.SYSTEM, now=NOW)


def put_away(client: FlaskClient, user: User) -> TestResponse:
    """The client presses the button for all that waits for this user."""
    ids = [each.id for each in notices.unseen(user.id)]
    return client.post("/client/notices/seen", data={"id": ids}, headers=HTMX)


def dashboard(client: FlaskClient) -> str:
    return unescape(client.get("/client").text)


def part(page: str, name: str) -> str:
    """A card of the page, up to the next one."""
    return page.partition(f'id="{name}"')[2].partition("</section>")[0]


def test_an_achievement_is_celebrated_until_it_is_put_away(client: FlaskClient, mia: User, dana: User) -> None:
    award(dana, mia, make.achievement(name="Good soul", xp_reward=25, points_reward=5))
    page = dashboard(client)
    assert re.search(r"Achievement earned</span><strong>Good soul<", page)
    assert "+25 XP · +5 points" in page
    [notice] = notices.unseen(mia.id)
    answer = client.post("/client/notices/seen", data={"id": notice.id})
    assert (answer.status_code, answer.location) == (303, "/client")
    assert "Achievement earned" not in dashboard(client)
    assert "Good soul" in part(dashboard(client), "medals")


def test_a_rejection_tells_why_and_that_the_points_are_back(client: FlaskClient, dana: User, sign_in: SignIn) -> None:
    mia = make.rich_client(100, coach_id=dana.id)
    sign_in(client, mia)
    reject(dana, make.redemption(mia, make.reward(name="Coffee")), "The machine is <broken>.")
    page = client.get("/client").text
    assert "The machine is &lt;broken&gt;." in page
    assert "“Coffee” couldn't be given out" in unescape(page)
    assert "50 points are back with you." in page


def test_what_is_handed_out_is_told(client: FlaskClient, dana: User, sign_in: SignIn) -> None:
    mia = make.rich_client(100, coach_id=dana.id)
    sign_in(client, mia)
    redemption = make.redemption(mia, make.reward(name="Coffee"))
    with unit_of_work():
        redeeming.fulfil(redemption.id, dana, actor=make.SYSTEM, now=NOW)
    assert "“Coffee” is yours" in dashboard(client)


def test_what_came_after_the_page_was_read_stays(client: FlaskClient, mia: User, dana: User) -> None:
    award(dana, mia, make.achievement(name="Good soul"))
    [seen] = notices.unseen(mia.id)
    award(dana, mia, make.achievement(name="Kind heart"))
    page = client.post("/client/notices/seen", data={"id": seen.id}, headers=HTMX).text
    news = page.partition('id="hero-title"')[0]
    assert "Kind heart" in news
    assert "Good soul" not in news


@pytest.mark.parametrize("sent", ["", "x", "-1", "9" * 30])
def test_odd_input_puts_nothing_away(client: FlaskClient, mia: User, dana: User, sent: str) -> None:
    award(dana, mia, make.achievement())
    assert client.post("/client/notices/seen", data={"id": sent}).status_code == 303
    assert len(notices.unseen(mia.id)) == 1


def test_nobody_puts_away_anybody_elses(client: FlaskClient, mia: User, dana: User) -> None:  # noqa: ARG001
    other = make.user(coach_id=dana.id)
    award(dana, other, make.achievement())
    put_away(client, other)
    assert len(notices.unseen(other.id)) == 1


def test_the_last_three_achievements_shine(client: FlaskClient, mia: User, dana: User) -> None:
    assert "Your first one is waiting for you." in part(dashboard(client), "medals")
    for name in ("One", "Two", "Three", "Four"):
        award(dana, mia, make.achievement(name=f"No. {name}"))
    shown = re.findall(r"No\. (\w+)</strong>", part(dashboard(client), "medals"))
    assert shown == ["Four", "Three", "Two"]


def test_programmes_are_shown_while_they_are_followed(client: FlaskClient, mia: User, dana: User) -> None:
    assert "Your programmes" not in dashboard(client)
    longer = make.program(dana, name="To 10k", description="Slowly longer.")
    followed = make.followed(mia, dana, longer)
    shown = part(dashboard(client), "programs")
    assert all(said in shown for said in ("To 10k", "Slowly longer.", "Since Mar 2, 2026", "+100 XP"))
    with unit_of_work():
        programs.end(dana, followed.id, "completed", now=NOW)
    assert "Your programmes" not in dashboard(client)
    make.followed(mia, dana, longer)
    again = part(dashboard(client), "programs")
    assert "Completed before: earns nothing" in again
    assert "+100 XP" not in again


@pytest.mark.parametrize(
    ("status", "said", "button"),
    [
        ("completed", "You have done it from beginning to end.", "Lovely"),
        ("cancelled", "You no longer follow it.", "Got it"),
    ],
)
def test_the_end_of_a_programme_is_told_once(
    client: FlaskClient, mia: User, dana: User, status: str, said: str, button: str
) -> None:
    followed = make.followed(mia, dana, make.program(dana, name="To 10k"))
    with unit_of_work():
        programs.end(dana, followed.id, status, now=NOW)
    [notice] = notices.unseen(mia.id)
    told = (notice.kind, notice.key, notice.context)
    assert told == (f"program_{status}", f"program:{followed.id}:{status}", {"name": "To 10k"})
    news = dashboard(client).partition('id="hero-title"')[0]
    assert all(part in news for part in (f"Programme {status}", "To 10k", said, button))


def test_one_piece_of_news_is_shown_the_others_unfold_and_only_what_was_shown_is_put_away(
    client: FlaskClient, mia: User, dana: User
) -> None:
    for number in range(12):
        award(dana, mia, make.achievement(name=f"No. {number}"))
    shown, _summary, folded = dashboard(client).partition('id="hero-title"')[0].partition("and 11 more")
    assert re.findall(r"<strong>No\. (\d+)<", shown) == ["11"]
    assert re.findall(r"<strong>No\. (\d+)<", folded) == [str(number) for number in range(10, -1, -1)]
    with_all, alone = [re.findall(r'name="id" value="(\d+)"', form) for form in folded.split("</form>")[:2]]
    assert (len(with_all), alone) == (12, with_all[:1])
    client.post("/client/notices/seen", data={"id": alone})
    assert [str(each.id) for each in notices.unseen(mia.id)] == with_all[1:]
    client.post("/client/notices/seen", data={"id": with_all})
    assert not notices.unseen(mia.id)


def test_bad_news_comes_first_and_then_what_somebody_wrote(client: FlaskClient, mia: User, dana: User) -> None:
    facts = {"reward": "Tea", "points": 5, "notes": "", "link": ""}
    told = [
        ("redemption_rejected", facts | {"reward": "Poster", "notes": "Sold out.", "taken": 0}),
        ("redemption_fulfilled", facts | {"notes": "Come by at noon."}),
        ("redemption_fulfilled", facts | {"reward": "Mug"}),
    ]
    with unit_of_work():
        for kind, context in told:
            notices.tell(notices.Told(mia.id, kind, f"test:{context['reward']}", context), NOW)
    award(dana, mia, make.achievement(name="Good soul"))
    news = dashboard(client).partition('id="hero-title"')[0]
    order = [news.index(each) for each in ("“Poster” couldn't", "“Tea” is yours", "Good soul<", "“Mug” is yours")]
    assert order == sorted(order)
    assert "news-gold" not in news


def test_the_focus_goes_to_what_stays_when_a_button_is_gone(client: FlaskClient, mia: User, dana: User) -> None:
    award(dana, mia, make.achievement())
    answer = client.post("/client/check-in", data={"mood": "5"}, headers=HTMX).text
    assert re.findall(r'id="(\S+)" tabindex="-1" data-focus', answer) == ["streak-title"]
    answer = put_away(client, mia).text
    assert re.findall(r'id="(\S+)" tabindex="-1" data-focus', answer) == ["hero-title"]
    looked = client.get("/client", headers=HTMX).text
    assert "data-focus" not in looked
    assert re.findall(r'id="(\S+)" tabindex="-1"', looked) == ["streak-title", "hero-title"]  # it stays there


def test_one_tap_checks_in_and_keeps_the_streak_alive(client: FlaskClient, mia: User) -> None:
    make.checkins(mia, 3, until=NOW - timedelta(days=1))
    page = dashboard(client)
    assert "Check in today to keep it alive" in page
    assert "4 more days in a row give +50 XP" in page
    assert 'id="streak-bar" value="3" max="7"' in page
    answer = client.post("/client/check-in", data={"mood": "5"}, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Today is in. See you tomorrow!" in answer.text
    assert 'data-pulse="1000"' in answer.text
    assert "/client/check-in" not in answer.text
    today = db.session.scalars(select(DailyLog).where(DailyLog.checked_on == NOW.date())).one()
    assert (today.client_id, today.mood) == (mia.id, 5)


def test_it_checks_in_on_the_clients_date_without_javascript_too(client: FlaskClient, sign_in: SignIn) -> None:
    far_east = make.user(timezone="Pacific/Kiritimati")  # it is 3 March there
    sign_in(client, far_east)
    answer = client.post("/client/check-in", data={"mood": "nonsense"})
    assert (answer.status_code, answer.location) == (303, "/client")
    [checkin] = db.session.scalars(select(DailyLog))
    assert (checkin.checked_on.isoformat(), checkin.mood) == ("2026-03-03", None)


def test_a_double_tap_checks_in_once_and_says_so(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    client.post("/client/check-in", data={"mood": "4"}, headers=HTMX)
    answer = client.post("/client/check-in", data={"mood": "1"}, headers=HTMX)
    assert answer.status_code == 200
    assert "You have checked in today already." in answer.headers["HX-Trigger"]
    assert db.session.scalars(select(DailyLog.mood)).all() == [4]


def test_a_checkin_that_was_deleted_is_promised_nothing_again(client: FlaskClient, mia: User) -> None:  # noqa: ARG001
    first = client.post("/client/check-in", data={"mood": "4"}, headers=HTMX)
    assert "+10 XP on the way." in first.headers["HX-Trigger"]
    make.settled()
    client.delete(f"/client/log/checkin/{db.session.scalars(select(DailyLog.id)).one()}")
    again = client.post("/client/check-in", data={"mood": "4"}, headers=HTMX)
    assert "The same thing earns XP and points only once." in again.headers["HX-Trigger"]
    assert "on the way" not in again.headers["HX-Trigger"]


def test_the_points_lead_to_what_they_buy(client: FlaskClient, dana: User, sign_in: SignIn) -> None:
    mia = make.rich_client(100, coach_id=dana.id)
    sign_in(client, mia)
    make.reward(name="Gone", points_cost=5, stock=0)
    make.reward(name="Elsewhere", points_cost=5, coach=make.user(role="coach"))
    make.reward(name="Retreat", points_cost=1350)
    page = dashboard(client)
    assert "1,250 points to “Retreat”" in page
    assert 'href="/client/rewards"' in page
    make.reward(name="Coffee", points_cost=100, coach=dana)
    assert "Enough for “Coffee”" in dashboard(client)
    make.reward(name="Biscuit", points_cost=10)
    assert "Enough for “Coffee”" in dashboard(client)  # the dearest of them


def test_a_level_and_an_achievement_can_wear_a_picture(client: FlaskClient, mia: User, dana: User) -> None:
    first, second = make.stored_picture(), make.stored_picture()
    [level] = make.levels(0)
    with unit_of_work():
        level.image = first
    award(dana, mia, make.achievement(image=second))
    page = dashboard(client)
    assert first in part(page, "road")
    assert second in part(page, "medals")


@pytest.mark.parametrize("what", ["notice", "programme", "reward", "check-in", "name of an achievement"])
def test_whatever_is_new_is_shown_at_the_next_look(client: FlaskClient, mia: User, dana: User, what: str) -> None:
    achievement = make.achievement()
    award(dana, mia, achievement)
    put_away(client, mia)
    found = re.search(r'data-url="(/client\?seen=\w+)"', client.get("/client").text)
    assert found is not None
    assert client.get(found[1], headers=HTMX).status_code == 204
    match what:
        case "notice":
            with unit_of_work():
                facts = {"reward": "Tea", "points": 5, "notes": "", "link": ""}
                notices.tell(notices.Told(mia.id, "redemption_fulfilled", "test:1", facts), NOW)
        case "programme":
            make.followed(mia, dana)
        case "reward":
            make.reward()
        case "check-in":
            make.checkin(mia)
        case _:
            with unit_of_work():
                changed = db.session.get_one(Achievement, achievement.id)
                changed.name, changed.version = "Another name", 2
    assert client.get(found[1], headers=HTMX).status_code == 200


@pytest.mark.parametrize("many", [1, 15])
def test_the_page_takes_twelve_statements_whatever_there_is(
    client: FlaskClient, mia: User, dana: User, many: int
) -> None:
    make.levels(10, 50, 100)
    make.checkins(mia, many)
    for number in range(many):
        make.workout(mia, at=NOW - timedelta(minutes=number), now=NOW)
        make.achievement("workout_count", number + 1)
        make.followed(mia, dana)
        make.reward(points_cost=1)
    make.settled()
    reject(dana, make.redemption(mia, make.reward(points_cost=1)), "No.")
    with count_statements() as sent:
        client.get("/client")
    assert len(sent) <= 12, sent
