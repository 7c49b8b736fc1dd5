"""The desk: products, categories, invoices."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.catalog.models import Category, Product
from app.kit.db import db
from app.orders.models import Invoice
from app.promotions.models import PromotionUse
from tests import make
from tests.client import HTMX
from tests.counting import count_statements
from tests.shopping import put_in_cart

SignIn = Callable[[FlaskClient, User], None]


@pytest.fixture
def admin(client: FlaskClient, sign_in: SignIn) -> FlaskClient:
    sign_in(client, make.user(role="admin", username="boss"))
    return client


def form(**fields: Any) -> dict[str, Any]:
    values = {"name": "Logo design", "sku": "des-1", "slug": "", "price": "480.50", "description": "", "position": "0"}
    return {**values, "is_active": "y", "category_id": _category_id(), **fields}


def _category_id() -> int:
    found = db.session.scalar(select(Category.id).limit(1))
    return found if found is not None else make.category("design").id


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize("path", ["products", "products/new", "categories", "categories/new", "invoices"])
def test_the_desk_is_for_admins_only(client: FlaskClient, sign_in: SignIn, path: str) -> None:
    assert client.get(f"/admin/{path}").status_code == 303
    for role in ("client", "coach"):
        sign_in(client, make.user(role=role))
        assert client.get(f"/admin/{path}").status_code == 403


def test_a_new_product_is_in_the_store_at_once(admin: FlaskClient) -> None:
    answer = admin.post("/admin/products/new", data=form(description="<p>Fine.</p><script>x()</script>"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/products")
    product = db.session.scalars(select(Product)).one()
    assert (product.sku, product.slug, product.price_cents) == ("DES-1", "logo-design", 48_050)
    assert product.description == "<p>Fine.</p>"
    page = admin.get("/store/products/logo-design").text
    assert "$480.50" in page
    assert "product.created" in actions()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Please fill this in."),
        ("sku", "has space", "Please use only letters"),
        ("slug", "Not A Slug", "small letters, digits and hyphens"),
        ("price", "12,50", "A comma parts thousands here, and a point the cents: 1,000.50."),
        ("price", "-1", "Please enter 0 or more."),
        ("price", "1.005", "Please use at most two decimals."),
        ("price", "100000000", "Please enter at most 99,999,999.99."),
        ("price", "NaN", "Please enter an amount such as 12.50."),
        ("position", "-1", "Please enter a whole number from 0 to 9999."),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_kept(admin: FlaskClient, field: str, value: str, sentence: str) -> None:
    answer = admin.post("/admin/products/new", data=form(**{field: value}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert sentence in answer.text
    assert f'value="{value}"' in answer.text
    assert db.session.scalar(select(func.count()).select_from(Product)) == 0


@pytest.mark.parametrize("field", ["sku", "slug"])
def test_what_another_product_has_is_told_at_the_field(admin: FlaskClient, field: str) -> None:
    make.product(sku="DES-1", slug="logo-design")
    fresh = {"sku": "NEW-1", "slug": "new"}
    answer = admin.post(
        "/admin/products/new", data=form(**{**fresh, field: {"sku": "des-1", "slug": "logo-design"}[field]})
    )
    assert answer.status_code == 409
    assert f'id="{field}-error"' in answer.text
    assert "already" in answer.text or "Another product" in answer.text


def test_a_product_is_changed_and_the_log_says_what(admin: FlaskClient) -> None:
    product = make.product(price_cents=1000, name="Old")
    page = admin.get(f"/admin/products/{product.id}").text
    assert 'value="10.00"' in page
    changed = form(
        name="New", sku=product.sku, slug=product.slug, price="12", category_id=product.category_id, version=1
    )
    assert admin.post(f"/admin/products/{product.id}", data=changed).status_code == 303
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "product.changed")).one()
    assert entry.before == {"name": "Old", "price_cents": 1000}
    assert entry.after == {"name": "New", "price_cents": 1200}


def test_the_second_of_two_admins_is_told_and_loses_nothing(admin: FlaskClient) -> None:
    product = make.product(name="Old")
    mine = form(name="Mine", sku=product.sku, slug=product.slug, category_id=product.category_id, version=1)
    admin.post(f"/admin/products/{product.id}", data={**mine, "name": "Theirs"})
    answer = admin.post(f"/admin/products/{product.id}", data=mine)
    assert answer.status_code == 409
    assert "changed by somebody else" in answer.text
    assert 'value="Mine"' in answer.text
    db.session.expire_all()
    assert db.session.get_one(Product, product.id).name == "Theirs"
    assert 'name="version" type="hidden" value="2"' in answer.text
    assert admin.post(f"/admin/products/{product.id}", data={**mine, "version": 2}).status_code == 303


def test_a_product_is_taken_off_the_shelf_and_put_back(admin: FlaskClient) -> None:
    product = make.product(name="Logo")
    admin.post(f"/admin/products/{product.id}/switch", data={"is_active": "0"})
    admin.get("/admin/products")
    assert "Logo" not in admin.get("/store").text
    admin.post(f"/admin/products/{product.id}/switch", data={"is_active": "1"})
    admin.post(f"/admin/products/{product.id}/switch", data={"is_active": "1"})
    assert "Logo" in admin.get("/store").text
    assert actions()[-2:] == ["product.deactivated", "product.activated"]


def test_a_product_that_was_never_sold_can_be_deleted_and_leaves_the_carts(admin: FlaskClient) -> None:
    product = make.product()
    put_in_cart(admin, product)
    assert admin.post(f"/admin/products/{product.id}", data={"_method": "DELETE"}).status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Product)) == 0
    assert "Your cart is empty" in admin.get("/store/cart").text
    assert "product.deleted" in actions()


def test_a_product_that_was_sold_can_not_be_deleted(admin: FlaskClient) -> None:
    make.invoice()
    product = db.session.scalars(select(Product)).one()
    assert "Was sold" in admin.get(f"/admin/products/{product.id}").text
    assert admin.delete(f"/admin/products/{product.id}").status_code == 409
    assert db.session.scalar(select(func.count()).select_from(Product)) == 1
    assert "product.deleted" not in actions()


def test_products_are_found_by_words_category_and_state(admin: FlaskClient) -> None:
    design = make.category("design")
    make.product(name="Logo", category=design)
    make.product(name="Server", is_active=False)
    assert "Server" not in admin.get("/admin/products?q=logo", headers=HTMX).text
    assert "Server" not in admin.get(f"/admin/products?category={design.id}").text
    assert "Logo" not in admin.get("/admin/products?status=inactive").text
    assert "No product fits" in admin.get("/admin/products?q=unicorn").text
    assert admin.get("/admin/products?category=x&status=y&page=z").status_code == 200


def test_a_category_is_made_with_a_slug_that_stays(admin: FlaskClient) -> None:
    admin.post("/admin/categories/new", data={"name": "Web Design", "slug": "", "position": "1", "is_active": "y"})
    category = db.session.scalars(select(Category)).one()
    assert (category.slug, category.name) == ("web-design", "Web Design")
    changed = {"name": "Design", "slug": "other", "position": "0", "version": "1"}
    assert admin.post(f"/admin/categories/{category.id}", data=changed).status_code == 303
    db.session.expire_all()
    assert (category.slug, category.name, category.is_active) == ("web-design", "Design", False)
    assert actions() == ["category.created", "category.changed"]


def test_a_slug_that_another_category_has_is_told_at_the_field(admin: FlaskClient) -> None:
    make.category("design")
    answer = admin.post("/admin/categories/new", data={"name": "Design", "slug": "design", "position": "0"})
    assert answer.status_code == 409
    assert 'id="slug-error"' in answer.text


def test_a_name_without_latin_letters_needs_a_slug_of_its_own(admin: FlaskClient) -> None:
    answer = admin.post("/admin/categories/new", data={"name": "\u0e2d\u0e2d\u0e01", "slug": "", "position": "0"})
    assert answer.status_code == 422
    assert 'id="slug-error"' in answer.text


def test_only_an_empty_category_can_be_deleted(admin: FlaskClient) -> None:
    empty, full = make.category(), make.category()
    make.product(category=full)
    assert admin.delete(f"/admin/categories/{full.id}").status_code == 409
    assert admin.delete(f"/admin/categories/{empty.id}").status_code == 303
    assert db.session.scalars(select(Category.id)).all() == [full.id]


def test_a_hidden_category_hides_its_products(admin: FlaskClient) -> None:
    category = make.category("design")
    product = make.product(name="Logo", category=category)
    admin.post(f"/admin/categories/{category.id}/switch", data={"is_active": "0"})
    assert "Logo" not in admin.get("/store").text
    assert admin.post("/store/cart/lines", data={"product_id": product.id, "quantity": 1}).status_code == 422


def test_invoices_are_found_by_number_shopper_code_and_status(admin: FlaskClient) -> None:
    make.discount(code="SAVE20")
    first = make.paid_invoice(code="SAVE20")
    second = make.invoice()
    for words in (first.number, first.shopper, "save2"):
        part = admin.get(f"/admin/invoices?q={words}", headers=HTMX).text
        assert first.number in part
        assert second.number not in part
    assert first.number not in admin.get("/admin/invoices?status=pending").text


def test_an_admin_marks_a_manual_payment_as_paid_once(admin: FlaskClient) -> None:
    invoice = make.invoice()
    for _ in range(2):
        assert admin.post(f"/admin/invoices/{invoice.number}/paid").status_code == 303
    db.session.expire_all()
    assert (invoice.status, invoice.provider) == ("paid", "manual")
    assert actions().count("invoice.paid") == 1
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "invoice.paid")).one()
    assert entry.actor_id == db.session.scalars(select(User.id).where(User.username == "boss")).one()


def test_an_admin_voids_an_unpaid_order_and_its_code_is_free_again(admin: FlaskClient) -> None:
    make.discount(code="LAST", usage_limit=1)
    invoice = make.invoice(code="LAST")
    assert admin.post(f"/admin/invoices/{invoice.number}/void").status_code == 303
    db.session.expire_all()
    assert invoice.status == "void"
    assert db.session.scalars(select(PromotionUse.released_at)).one() is not None
    assert admin.post(f"/admin/invoices/{invoice.number}/paid").status_code == 409
    make.invoice(code="LAST")


def test_a_paid_invoice_can_not_be_voided(admin: FlaskClient) -> None:
    invoice = make.paid_invoice()
    assert admin.post(f"/admin/invoices/{invoice.number}/void").status_code == 409
    db.session.expire_all()
    assert db.session.get_one(Invoice, invoice.id).status == "paid"


@pytest.mark.parametrize("path", ["products", "categories", "invoices"])
def test_lists_cost_few_statements_however_long_they_are(admin: FlaskClient, path: str) -> None:
    for _ in range(5):
        make.paid_invoice()
    with count_statements() as sent:
        admin.get(f"/admin/{path}")
    assert len(sent) <= 6, sent


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("page", ["products", "categories", "reward-items"])
def test_a_name_of_spaces_is_no_name(client: FlaskClient, sign_in: Callable[..., None], page: str) -> None:
    sign_in(client, make.user(role="admin"))
    category = make.category()
    typed = {"name": "   ", "sku": "S-1", "price": "5", "category_id": category.id, "item_id": "gold", "position": "0"}
    answer = client.post(f"/admin/{page}/new", data=typed)
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_file_where_a_name_belongs_is_ignored(client: FlaskClient, sign_in: Callable[..., None]) -> None:
    sign_in(client, make.user(role="admin"))
    made = make.product()
    typed = {"name": "A", "sku": "S-1", "price": "5", "category_id": made.category_id, "position": "0"}
    answer = client.post(f"/admin/products/{made.id}", data={**typed, "image": (BytesIO(b"x"), "a.png")})
    assert answer.status_code == 303
