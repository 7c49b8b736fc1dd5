"""A store with 10,000 products and 100,000 invoices: its pages ask the database no more often than a small one's."""

from collections.abc import Callable, Mapping

from flask.testing import FlaskClient

from tests import crowd, make
from tests.counting import count_statements
from tests.shopping import call, put_in_cart

ADMIN = {
    "/admin/accounting": 6,
    "/admin/accounting?from=2024-03-01&to=2026-03-31": 6,
    "/admin/accounting?q=shopper99&status=refunded": 6,
    "/admin/invoices": 6,
    "/admin/invoices?q=2026-0999": 6,
    "/admin/products": 6,
    "/admin": 12,
}
STORE = {"/store": 8, "/store?category=things&sort=price&page=7": 8, "/store?q=thing+99": 8, "/store/cart": 8}


def costs(client: FlaskClient, pages: Mapping[str, int]) -> dict[str, int]:
    """How many statements each page sends."""
    told = {}
    for address in pages:
        with count_statements() as sent:
            assert client.get(address).status_code == 200, address
        told[address] = len(sent)
    return told


def test_many_products_and_invoices_cost_no_more_statements(client: FlaskClient, sign_in: Callable[..., None]) -> None:
    category = make.category("things")
    admin = client.application.test_client()
    call(client, "ada")
    for _each in range(3):
        put_in_cart(client, make.product(category=category))
    sign_in(admin, make.user(role="admin"))
    small = costs(client, STORE) | costs(admin, ADMIN)
    crowd.products(10_000, category_id=category.id)
    crowd.invoices(100_000)
    large = costs(client, STORE) | costs(admin, ADMIN)
    limits = STORE | ADMIN
    assert {page: cost for page, cost in large.items() if cost > min(limits[page], small[page] + 1)} == {}
