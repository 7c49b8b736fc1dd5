"""Member bonuses among all promotions: their cards, the filters, the figures above, and pictures from elsewhere."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.bonuses.models import Bonus
from app.kit.db import db
from tests import make
from tests.client import HTMX

SignIn = Callable[[FlaskClient, User], None]
FIRST = "from $20.00 · for a first deposit only · applies by itself"
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
    make.refunded_deposit(make.deposit(ada, 7_000, bonus))
    make.given(ada, make.free_credit(bonus_value=3, turnover_requirement=1))
    for query, uses, active, given in (
        ("kind=bonus", 3, 2, "$123.00"),
        ("kind=bonus&type=deposit", 2, 1, "$120.00"),
        ("kind=bonus&type=freecredit", 1, 1, "$3.00"),
        ("kind=bonus&type=cashback", 0, 0, "$0.00"),
        ("group=members", 3, None, "$123.00"),
        ("type=deposit", 2, None, "$120.00"),
    ):
        told = words(client.get(f"/admin/promotions?{query}").text).replace(" Without what was given back.", "")
        claims = "" if active is None else f"Active claims {active} "
        assert f"Uses {uses} {claims}Value given {given}" in told, query


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
    ("made", "badge", "terms"),
    [
        (lambda: make.bonus(first_deposit_only=True, auto_apply=True, min_amount=20), "100%", FIRST),
        (lambda: make.cashback(cashback_period="day", min_amount=5), "10% of each day's spend", "from $5.00"),
        (lambda: make.cashback(bonus_type="fixed", cashback_period="week"), "$10.00", "credited each week"),
        (lambda: make.referral(friend_bonus=5), "10% of a friend's first deposit", "$5.00 for the friend"),
        (lambda: make.free_credit(title="Welcome", min_amount=20), "$10.00", ""),
    ],
)
def test_a_card_tells_the_terms_of_its_type(
    client: FlaskClient, made: Callable[[], Bonus], badge: str, terms: str
) -> None:
    bonus = made()
    card = card_of(client, bonus.promotion.title)
    assert f" {badge} Active " in words(card)
    shown = re.findall(r'<p class="promo-terms[^>]*>(.*?)</p>', card)
    assert (terms in unescape(shown[0])) if terms else not shown


def test_only_a_deposit_bonus_is_for_a_first_deposit(client: FlaskClient) -> None:
    bonus = make.referral(friend_bonus=5)
    bonus.first_deposit_only = True  # kept from before it was held against others
    db.session.commit()
    assert "first deposit only" not in card_of(client, bonus.promotion.title)


def test_a_bonus_with_active_claims_offers_no_archive_but_the_way_to_them(client: FlaskClient) -> None:
    bonus = make.bonus(title="On top", turnover_requirement=3)
    for _each in range(2):
        make.deposit(make.user(), 10_000, bonus)
    card = card_of(client, "On top")
    assert "Archive “On top”?" not in unescape(card)
    for place in ('aria-label="Archive On top: Wait until 2 claims are over"', 'class="drop-item promo-waits"'):
        assert place in card
    assert card.count(f'href="/admin/promotions/{bonus.id}/claims?status=active"') == 3


def test_the_card_and_the_question_under_it_count_the_same_claims(client: FlaskClient) -> None:
    make.referral(title="Bring a friend", friend_bonus=5, usage_limit=9)
    make.deposit(make.user(referred_by_id=make.user().id), 10_000)
    card = words(card_of(client, "Bring a friend"))
    assert "Claims 2 Toward its limit 1 of 9" in card
    assert "So far: 2 claims." in card


def test_new_ones_are_offered_by_one_button_and_a_menu(client: FlaskClient) -> None:
    page = client.get("/admin/promotions").text
    for kind in ("discount", "deal", "offer", "bonus"):
        assert f'class="drop-item" href="/admin/promotions/new?kind={kind}' in page
    page = client.get("/admin/promotions?kind=bonus").text
    assert 'class="btn btn-primary" href="/admin/promotions/new?kind=bonus' in page
    assert 'class="drop-item" href="/admin/promotions/new?kind=deal' in page
    assert "Export codes" not in page


@pytest.mark.parametrize(
    ("made", "promise"),
    [
        (make.bonus, "claiming leads to the deposit that it comes with."),
        (make.cashback, "It comes by itself: nobody claims it."),
        (make.referral, "It comes by itself: nobody claims it."),
        (make.free_credit, "with this code filled in and a button to claim it."),
    ],
)
def test_a_shared_link_promises_what_its_type_can(
    client: FlaskClient, made: Callable[..., Bonus], promise: str
) -> None:
    assert promise in words(client.get(f"/admin/promotions/{made().id}/share").text)


def test_people_of_a_bonus_are_told_by_its_claims(client: FlaskClient) -> None:
    answer = client.get(f"/admin/promotions/{make.bonus().id}/people")
    assert (answer.status_code, answer.location) == (302, "/admin/promotions/1/claims")


@pytest.mark.parametrize(
    ("made", "is_told"),
    [(make.bonus, True), (make.cashback, False), (make.free_credit, False), (make.referral, True)],
)
def test_figures_fit_the_type_and_stand_on_one_page(
    client: FlaskClient, made: Callable[..., Bonus], *, is_told: bool
) -> None:
    path = f"/admin/promotions/{made().id}"
    page = words(client.get(f"{path}/statistics").text)
    assert "Active claims 0" in page
    assert "Bonus granted $0.00" in page
    for label in ("Deposits $0.00", "Given back 0"):
        assert (label in page) is is_told
    assert "Bonus granted" not in words(client.get(path).text)


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
