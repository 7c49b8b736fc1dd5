"""A store that has been open for years: many products and invoices, made by the database itself in a second or two."""

from collections.abc import Iterator, Sequence
from itertools import cycle

from sqlalchemy import text

from app.kit.db import db, unit_of_work
from app.promotions.models import MOST_CODES, PromotionBatch
from tests.make_kit import NOW

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
# each hundredth code is the only one of a promotion, the others are in batches
SINGLE_PROMOTIONS = """
INSERT INTO promotions
(kind, title, description, is_active, used_count, auto_deactivate_on_max_uses, min_amount_cents, requires_account,
 release_on_refund, is_public, display_order, terms_and_conditions, version, created_at, updated_at)
{counted} SELECT 'discount', 'Crowd ' || n, '', true, 0, true, 0, false, true, false, 0, '', 1, {at}, {at} FROM counted
"""
SINGLE_DISCOUNTS = """
INSERT INTO discounts
(promotion_id, discount_type, discount_value, applicable_categories, excluded_categories, first_order_only)
SELECT id, 'percentage', 1000, '[]', '[]', false FROM promotions WHERE title LIKE 'Crowd %'
"""
SINGLE_CODES = """
INSERT INTO promotion_codes (promotion_id, code, used_count)
SELECT id, 'CROWD-' || id, 0 FROM promotions WHERE title LIKE 'Crowd %'
"""
# a walk through all numbers of twelve digits that meets none twice: neighbours in the table are strangers in the index
BATCH_CODES = """
INSERT INTO promotion_codes (promotion_id, code, batch_id, usage_limit, used_count)
{counted} SELECT :promotion, 'B' || :batch || '-' || {scattered}, :batch, 1, 0 FROM counted
"""
IN_WORDS = {
    "sqlite": {
        "scattered": "printf('%012d', (n * 387420489) % 999999999989)",
        "at": "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-03-01 12:00:00', '-' || (n % 700) || ' days')",
        "number": "printf('%06d', n)",
    },
    "postgresql": {
        "scattered": "lpad(((n * 387420489::bigint) % 999999999989)::text, 12, '0')",
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


def codes(many: int, *, promotion_ids: Sequence[int]) -> None:
    """So many codes: batches of these promotions, of at most 100,000 each, and single ones of others."""
    singles = many // 100
    if singles:
        with unit_of_work():
            _run(SINGLE_PROMOTIONS, many=singles)
            _run(SINGLE_DISCOUNTS)
            _run(SINGLE_CODES)
    for promotion_id, size in zip(cycle(promotion_ids), _parts(many - singles), strict=False):
        with unit_of_work():
            batch = PromotionBatch(promotion_id=promotion_id, length=12, wanted=size, made=size, created_at=NOW)
            batch.finished_at = NOW
            db.session.add(batch)
            db.session.flush()
            _run(BATCH_CODES, many=size, promotion=promotion_id, batch=batch.id)
    analyse()


def _parts(many: int) -> Iterator[int]:
    while many > 0:
        yield min(many, MOST_CODES)
        many -= MOST_CODES


def analyse() -> None:
    """As autovacuum does within a minute."""
    with unit_of_work():
        db.session.execute(text("ANALYZE"))


def _run(statement: str, **values: int) -> None:
    dialect = db.session.get_bind().dialect.name
    db.session.execute(text(statement.format(counted=COUNTED, **IN_WORDS[dialect])), values)
