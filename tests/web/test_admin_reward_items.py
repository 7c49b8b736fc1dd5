"""What games can hand out, as admins keep it."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.catalog.models import RewardItem
from app.kit.db import db
from tests import make
from tests.client import HTMX
from tests.counting import count_statements

NEW = "/admin/reward-items/new"


@pytest.fixture
def admin(client: FlaskClient, sign_in: Callable[[FlaskClient, User], None]) -> FlaskClient:
    sign_in(client, make.user(role="admin"))
    return client


def form(**fields: Any) -> dict[str, Any]:
    return {"name": "Gold", "item_id": "gold", **fields}


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_reward_item_is_made_with_an_id_that_stays(admin: FlaskClient) -> None:
    picture = (BytesIO(make.image_file()), "gold.png")
    assert admin.post(NEW, data=form(picture=picture)).location == "/admin/reward-items"
    item = db.session.scalars(select(RewardItem)).one()
    assert (item.item_id, item.name) == ("gold", "Gold")
    assert f"/media/{item.image}-thumb.webp" in admin.get("/admin/reward-items").text
    changed = form(name="More gold", item_id="silver", image=item.image, version="1")
    assert admin.post(f"/admin/reward-items/{item.id}", data=changed).status_code == 303
    assert (item.item_id, item.name, item.version) == ("gold", "More gold", 2)
    assert item.image is not None
    assert actions() == ["reward_item.created", "reward_item.changed"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Please fill this in."),
        ("item_id", "", "Please fill this in."),
        ("item_id", "has space", "Please use only letters"),
        ("item_id", "x" * 65, "at most 64 characters"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(admin: FlaskClient, field: str, value: str, sentence: str) -> None:
    answer = admin.post(NEW, data=form(**{field: value}))
    assert answer.status_code == 422
    assert sentence in answer.text.partition(f'id="{field}-error"')[2].partition("</p>")[0]


def test_an_id_that_another_item_has_is_told_at_the_field_and_the_picture_is_kept(admin: FlaskClient) -> None:
    make.reward_item(item_id="gold")
    answer = admin.post(NEW, data=form(picture=(BytesIO(make.image_file()), "gold.png")))
    assert answer.status_code == 409
    assert 'id="item_id-error"' in answer.text
    assert "-card.webp" in answer.text


def test_the_second_of_two_admins_is_told(admin: FlaskClient) -> None:
    item = make.reward_item(item_id="gold")
    path = f"/admin/reward-items/{item.id}"
    admin.post(path, data={"name": "Theirs", "version": "1"})
    answer = admin.post(path, data={"name": "Mine", "version": "1"})
    assert answer.status_code == 409
    assert 'name="version" type="hidden" value="2"' in answer.text
    assert 'value="Mine"' in answer.text
    assert item.name == "Theirs"


def test_an_item_can_be_deleted(admin: FlaskClient) -> None:
    item = make.reward_item()
    assert "Delete the reward item" in admin.get(f"/admin/reward-items/{item.id}").text
    assert admin.post(f"/admin/reward-items/{item.id}", data={"_method": "DELETE"}).status_code == 303
    assert db.session.scalars(select(RewardItem)).all() == []
    assert actions()[-1] == "reward_item.deleted"
    assert admin.get("/admin/audit").status_code == 200


def test_items_are_found_by_name_and_id(admin: FlaskClient) -> None:
    make.reward_item(item_id="gold", name="Coins")
    make.reward_item(item_id="box", name="Mystery")
    for words in ("oin", "GOL"):
        part = admin.get(f"/admin/reward-items?q={words}", headers=HTMX).text
        assert "Coins" in part
        assert "Mystery" not in part
    assert "No reward item fits" in admin.get("/admin/reward-items?q=unicorn").text


def test_the_list_costs_few_statements(admin: FlaskClient) -> None:
    assert "No reward items yet" in admin.get("/admin/reward-items").text
    for _ in range(25):
        make.reward_item()
    with count_statements() as sent:
        assert "20 of 25" in admin.get("/admin/reward-items").text
    assert len(sent) <= 4, sent
