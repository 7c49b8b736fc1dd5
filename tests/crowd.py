"""A store that has been open for years: many products and invoices, made by the database itself in a second or two."""

from sqlalchemy import text

from app.kit.db import db, unit_of_work

COUNTED = "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :many)"
PRODUCTS = """
INSERT INTO products
(sku, name, slug, description, category_id, price_cents, is_active, position, version, created_at, updated_at)
{counted} SELECT 'CROWD-' || n, 'Thing ' || n, 'thing-' || n, '', :category, 500 + n % 9000, true, n % 100, 1,
{at}, {at}
FROM counted
"""
# each tenth is a gift, each third has a code, each twentieth was refunded, each fiftieth isn't paid yet
INVOICES = """
INSERT INTO invoices
(number, kind, status, checkout_key, shopper, person_key, visit, subtotal_cents, discount_cents, total_cents,
 refunded_cents, refunded_discount_cents, code, provider, provider_reference, created_at, pay_by, paid_at, closed_at)
{counted} SELECT '2026-' || {number}, CASE WHEN n % 10 = 1 THEN 'donation' ELSE 'order' END,
CASE WHEN n % 50 = 7 THEN 'pending' WHEN n % 20 = 0 THEN 'refunded' ELSE 'paid' END,
'crowd-checkout-' || n, 'shopper' || n % 997, 'name:shopper' || n % 997, 'crowd-visit-' || n % 997, 5000,
CASE WHEN n % 3 = 0 THEN 500 ELSE 0 END, CASE WHEN n % 3 = 0 THEN 4500 ELSE 5000 END,
CASE WHEN n % 20 <> 0 THEN 0 WHEN n % 3 = 0 THEN 4500 ELSE 5000 END,
CASE WHEN n % 60 = 0 THEN 500 ELSE 0 END, CASE WHEN n % 3 = 0 THEN 'CROWD' || n % 40 END,
'test', 'paid:' || n, {at}, {at}, CASE WHEN n % 50 <> 7 THEN {at} END, NULL
FROM counted ORDER BY n
"""
LINES = """
INSERT INTO invoice_lines
(invoice_id, position, name, unit_price_cents, quantity, total_cents, discount_cents, refunded_quantity, refunded_cents)
SELECT id, 1, 'Thing', 5000, 1, 5000, discount_cents, CASE WHEN refunded_cents > 0 THEN 1 ELSE 0 END, refunded_cents
FROM invoices WHERE checkout_key LIKE 'crowd-%'
"""
IN_WORDS = {
    "sqlite": {
        "at": "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-03-01 12:00:00', '-' || (n % 700) || ' days')",
        "number": "printf('%06d', n)",
    },
    "postgresql": {
        "at": "timestamptz '2026-03-01 12:00:00+00' - (n % 700) * interval '1 day'",
        "number": "lpad(n::text, 6, '0')",
    },
}


def products(many: int, *, category_id: int) -> None:
    """So many products in one category."""
    with unit_of_work():
        _run(PRODUCTS, many=many, category=category_id)
    analyse()


def invoices(many: int) -> None:
    """So many invoices of two years, paid by a thousand shoppers."""
    with unit_of_work():
        _run(INVOICES, many=many)
        _run(LINES)
        db.session.execute(text("INSERT INTO invoice_counters (year, last) VALUES (2026, :many)"), {"many": many})
    analyse()


def analyse() -> None:
    """As autovacuum does within a minute."""
    with unit_of_work():
        db.session.execute(text("ANALYZE"))


def _run(statement: str, **values: int) -> None:
    dialect = db.session.get_bind().dialect.name
    db.session.execute(text(statement.format(counted=COUNTED, **IN_WORDS[dialect])), values)
