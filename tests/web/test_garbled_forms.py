"""Forms whose hidden fields came back garbled: nothing is taken for what it doesn't say."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from app.accounts.models import User
from app.activity.program_models import Program
from app.catalog.models import Category, Product, RewardItem
from app.kit.db import db, unit_of_work
from app.loyalty.achievement_models import Achievement
from app.loyalty.models import EventType, Level, XpSummary
from app.loyalty.reward_models import Reward
from tests import make
from tests.client import HTMX
from tests.keeping import achievement_form, reward_form

SignIn = Callable[[FlaskClient, User], None]
Kept = Achievement | Category | EventType | Level | Product | Program | Reward | RewardItem
GARBLED = ("abc", "\u0661", "9" * 30, "1.0", " ")


@pytest.fixture
def sam(client: FlaskClient, sign_in: SignIn) -> User:
    sam = make.user(role="coach")
    sign_in(client, sam)
    return sam


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> User:
    admin = make.user(role="admin")
    sign_in(client, admin)
    return admin


def switches_nothing(client: FlaskClient, path: str, *, field: str = "is_active", method: str = "POST") -> None:
    """What says neither on nor off is refused with a sentence, as a page and as a part."""
    for garbled in ("", "2", "on", "true", "\u0661", None):
        for headers in ({}, HTMX):
            typed = {} if garbled is None else {field: garbled}
            answer = client.open(path, method=method, data=typed, headers=headers)
            assert answer.status_code == 422, (path, garbled)
            assert "This button is out of date." in answer.text


def product_form(product: Product) -> dict[str, Any]:
    same = {"sku": product.sku, "slug": product.slug, "price": "12", "category_id": product.category_id}
    return {**same, "is_active": "y"}


def overwrites(client: FlaskClient, kept: Kept, path: str, fields: dict[str, Any]) -> None:
    """Somebody has changed it: a garbled version is refused, and one that isn't told is no check."""
    with unit_of_work():
        db.session.execute(update(type(kept)).values(name="Theirs", version=2))
    for garbled in GARBLED:
        answer = client.post(path, data=fields | {"name": "Mine", "version": garbled})
        assert answer.status_code == 409, garbled
        assert 'value="Mine"' in answer.text
        assert 'name="version" type="hidden" value="2"' in answer.text
        assert (kept.name, kept.version) == ("Theirs", 2)
    for untold in ({"version": ""}, {}):
        before = kept.version
        assert client.post(path, data=fields | {"name": f"Mine after {before}"} | untold).status_code == 303
        db.session.expire_all()
        assert (kept.name, kept.version) == (f"Mine after {before}", before + 1)


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("garbled", ["\u0662", "2.0", "9" * 30, "-2"])
def test_a_page_that_cannot_be_read_is_the_first(client: FlaskClient, garbled: str) -> None:
    people = [make.user(display_name=f"Person {number:02}") for number in range(25)]
    seen = [client.get("/admin/users", query_string={"page": page}).text for page in ("1", garbled, "2")]
    shown = [[each.id for each in people if f'"/admin/users/{each.id}"' in page] for page in seen]
    assert shown[0] == shown[1] != shown[2]
    assert all(shown)


@pytest.mark.usefixtures("admin")
def test_no_garbled_version_overwrites_what_admins_keep(client: FlaskClient) -> None:
    [level], event_type = make.levels(10), make.event_type("meal_logged")
    reward, achievement = make.reward(), make.achievement()
    amounts = {"xp_amount": "5", "points_amount": "5"}
    rung = {"level_number": "1", "xp_required": "10", "icon": "crown"}
    overwrites(client, reward, f"/admin/rewards/{reward.id}/edit", reward_form())
    overwrites(client, achievement, f"/admin/achievements/{achievement.id}/edit", achievement_form())
    overwrites(client, level, f"/admin/levels/{level.id}/edit", rung)
    overwrites(client, event_type, f"/admin/xp-event-types/{event_type.id}/edit", amounts)


@pytest.mark.usefixtures("admin")
def test_no_garbled_version_overwrites_what_the_store_sells(client: FlaskClient) -> None:
    product, category, item = make.product(), make.category(), make.reward_item()
    overwrites(client, product, f"/admin/products/{product.id}", product_form(product))
    overwrites(client, category, f"/admin/categories/{category.id}", {"position": "0"})
    overwrites(client, item, f"/admin/reward-items/{item.id}", {})


def test_no_garbled_version_overwrites_what_coaches_keep(client: FlaskClient, sam: User) -> None:
    program, reward = make.program(sam), make.reward(coach=sam)
    overwrites(client, program, f"/coach/programs/{program.id}/edit", {"description": "Run."})
    overwrites(client, reward, f"/coach/rewards/{reward.id}/edit", reward_form())


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("garbled", GARBLED)
def test_a_stock_is_not_set_by_a_form_that_garbles_what_it_has_shown(client: FlaskClient, garbled: str) -> None:
    reward = make.reward(name="Massage", stock=9)
    path = f"/admin/rewards/{reward.id}/edit"
    answer = client.post(path, data=reward_form(name="Mine", stock="5", seen_stock=garbled, version="1"))
    assert answer.status_code == 422
    assert "We can&#39;t read which stock this page showed. Please load it again." in answer.text
    assert 'value="Mine"' in answer.text
    assert (reward.name, reward.stock, reward.version) == ("Massage", 9, 1)


@pytest.mark.parametrize("garbled", [*GARBLED, "60.0", "\u0666\u0660"])
def test_no_reward_is_redeemed_at_a_cost_that_cannot_be_read(
    client: FlaskClient, sign_in: SignIn, garbled: str
) -> None:
    mia, coffee = make.rich_client(100), make.reward(points_cost=60)
    sign_in(client, mia)
    url, key = f"/client/rewards/{coffee.id}/redeem", {"idempotency_key": "one"}
    answer = client.post(url, data=key | {"cost": garbled}, headers=HTMX)
    assert answer.status_code == 422
    assert "This button is out of date." in answer.text
    assert db.session.get_one(XpSummary, mia.id).available_points == 100
    assert client.post(url, data=key, headers=HTMX).status_code == 200  # a program may leave it out
    assert db.session.get_one(XpSummary, mia.id).available_points == 40


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("garbled", [*GARBLED, "", "9" * 5000])
def test_an_account_is_not_overwritten_either(client: FlaskClient, garbled: str) -> None:
    ada = make.user(display_name="Theirs")
    same = {name: getattr(ada, name) for name in ("email", "role", "timezone", "locale")}
    typed = same | {"display_name": "Mine", "coach_id": "", "version": garbled}
    assert client.post(f"/admin/users/{ada.id}", data=typed).status_code == 409
    assert db.session.get_one(User, ada.id, populate_existing=True).display_name == "Theirs"


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("is_active", [True, False])
def test_no_garbled_switch_of_an_admin_switches_anything(client: FlaskClient, is_active: bool) -> None:
    ada, reward = make.user(is_active=is_active), make.reward(is_active=is_active)
    achievement, event_type = make.achievement(is_active=is_active), make.event_type(is_active=is_active)
    product, category = make.product(is_active=is_active), make.category(is_active=is_active)
    promotion = make.discount(is_active=is_active).promotion
    switches_nothing(client, f"/admin/users/{ada.id}/active", field="active")
    switches_nothing(client, f"/admin/rewards/{reward.id}", method="PATCH")
    switches_nothing(client, f"/admin/achievements/{achievement.id}", method="PATCH")
    switches_nothing(client, f"/admin/xp-event-types/{event_type.id}/switch")
    switches_nothing(client, f"/admin/products/{product.id}/switch")
    switches_nothing(client, f"/admin/categories/{category.id}/switch")
    switches_nothing(client, f"/admin/promotions/{promotion.id}/active")
    db.session.expire_all()
    switched = (ada, reward, achievement, event_type, product, category, promotion)
    assert [each.is_active for each in switched] == [is_active] * 7


@pytest.mark.parametrize("is_active", [True, False])
def test_no_garbled_switch_of_a_coach_switches_anything(client: FlaskClient, sam: User, is_active: bool) -> None:
    reward, program = make.reward(coach=sam, is_active=is_active), make.program(sam, is_active=is_active)
    switches_nothing(client, f"/coach/rewards/{reward.id}", method="PATCH")
    switches_nothing(client, f"/coach/programs/{program.id}/active")
    db.session.expire_all()
    assert (reward.is_active, program.is_active) == (is_active, is_active)
