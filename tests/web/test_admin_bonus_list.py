"""Member bonuses among all promotions: their cards, the filters, the figures above, and pictures from elsewhere."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]
TITLES = ("On top", "A tenth back", "On us", "Bring a friend", "A tenth off")


@pytest.fixture(autouse=True)
def _admin(frozen: object, client: FlaskClient, sign_in: SignIn) -> None:  # noqa: ARG001 a session of then
    sign_in(client, make.user(role="admin", username="root"))


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def card_of(client: FlaskClient, title: str) -> str:
    cards = client.get("/admin/promotions").text.split('<li class="card promo"')[1:]
    return next(each for each in cards if f">{title}</a>" in each)


def policy(client: FlaskClient, path: str) -> str:
    return client.get(path).headers["Content-Security-Policy"]


def test_the_list_is_filtered_by_kind_type_status_and_search(client: FlaskClient) -> None:
    make.bonus(title="On top", code="ONTOP1")
    make.cashback(title="A tenth back", is_active=False)
    make.free_credit(title="On us")
    make.referral(title="Bring a friend")
    make.discount(title="A tenth off")
    for query, shown in (
        ("kind=bonus", {"On top", "A tenth back", "On us", "Bring a friend"}),
        ("kind=bonus&type=cashback", {"A tenth back"}),
        ("type=referral", {"Bring a friend"}),
        ("kind=bonus&status=inactive", {"A tenth back"}),
        ("q=ontop", {"On top"}),
        ("group=store", {"A tenth off"}),
    ):
        page = words(client.get(f"/admin/promotions?{query}").text)
        assert {title for title in TITLES if title in page} == shown, query


def test_the_figures_above_tell_of_claims_where_only_bonuses_are_shown(client: FlaskClient) -> None:
    ada, bonus = make.user(), make.bonus(turnover_requirement=1, per_user_limit=None)
    make.deposit(ada, 10_000, bonus)
    make.deposit(ada, 2_000, bonus)
    make.played(ada, 20_000)
    page = words(client.get("/admin/promotions?kind=bonus").text)
    assert "Claims 2 Active claims 1 Value given $120.00" in page
    assert "Uses 2 Value given $120.00" in words(client.get("/admin/promotions").text)


def test_a_card_tells_the_type_what_it_gives_and_what_was_claimed(client: FlaskClient) -> None:
    bonus = make.bonus(title="On top", turnover_requirement=3, max_bonus=500, usage_limit=9)
    make.deposit(make.user(), 10_000, bonus)
    card = card_of(client, "On top")
    assert "Deposit bonus 100% Active" in words(card)
    assert "at most $500.00, 3× turnover" in words(card)  # noqa: RUF001
    assert "Claims 1 of 9" in words(card)
    assert "Active claims 1" in words(card)
    assert f"/admin/promotions/{bonus.id}/claims?status=active" in card


@pytest.mark.parametrize(
    ("made", "hue"),
    [(make.bonus, "info"), (make.cashback, "violet"), (make.free_credit, "warning"), (make.referral, "pink")],
)
def test_each_type_has_its_colour(client: FlaskClient, made: Callable[..., object], hue: str) -> None:
    made(title="This one")
    assert f'class="badge badge-{hue}"' in card_of(client, "This one")


def test_a_picture_from_elsewhere_is_shown_by_its_origin_alone(client: FlaskClient) -> None:
    make.bonus(title="On top", image_url="https://pics.example.com:8443/a.png?b=1")
    card = card_of(client, "On top")
    picture = re.search(r"<img[^>]*>", card)
    assert picture is not None
    for part in ('src="https://pics.example.com:8443/a.png?b=1"', 'loading="lazy"', 'width="768" height="432"'):
        assert part in picture[0]
    assert "img-src 'self' data: blob: https://pics.example.com:8443;" in policy(client, "/admin/promotions?q=none")
    assert "pics.example.com" not in policy(client, "/admin")


def test_a_search_says_nothing_of_what_the_page_was_allowed(client: FlaskClient) -> None:
    make.bonus(title="On top", image_url="https://pics.example.com/a.png")
    answer = client.get("/admin/promotions", headers=HTMX)
    assert "https://pics.example.com/a.png" in answer.text
    assert "pics.example.com" not in answer.headers["Content-Security-Policy"]
