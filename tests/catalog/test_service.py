"""The catalogue by itself."""

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.audit.service import SYSTEM
from app.catalog import service as catalog
from app.catalog.errors import ItemIdTaken, SkuTaken, SlugTaken
from app.kit.db import db, unit_of_work
from tests import make

pytestmark = pytest.mark.usefixtures("app")


def test_shelves_stand_in_their_order_and_hidden_ones_do_not() -> None:
    make.category("second", position=2)
    make.category("first", position=1)
    make.category("hidden", is_active=False)
    assert [each.slug for each in catalog.shelves()] == ["first", "second"]


def test_what_is_taken_is_refused_with_its_field() -> None:
    make.product(sku="A", slug="a")
    with pytest.raises(SkuTaken) as sku:
        make.product(sku="A")
    with pytest.raises(SlugTaken) as slug:
        make.product(slug="a")
    assert (sku.value.field, slug.value.field) == ("sku", "slug")
    make.reward_item(item_id="gold")
    with pytest.raises(ItemIdTaken) as item_id:
        make.reward_item(item_id="gold")
    assert item_id.value.field == "item_id"


def test_related_products_are_others_for_sale_from_the_same_shelf() -> None:
    shelf = make.category()
    product, sibling = make.product(category=shelf), make.product(category=shelf)
    make.product(category=shelf, is_active=False)
    make.product()
    assert [each.id for each in catalog.related(product)] == [sibling.id]


def test_a_switch_that_changes_nothing_writes_nothing() -> None:
    product = make.product()
    with unit_of_work():
        catalog.switch_product(product.id, is_active=True, actor=SYSTEM, now=make.NOW)
    assert db.session.scalars(select(AuditEntry).where(AuditEntry.action.like("product.%activated"))).all() == []
