"""A store that has been open for years: many products and invoices, made by the database itself in a second or two."""

from collections.abc import Iterator, Sequence
from itertools import cycle

from sqlalchemy import insert, select, text

from app.accounts.models import User
from app.kit.db import db, unit_of_work
from app.promotions.models import MOST_CODES, PromotionBatch
from tests.make_kit import NOW

MINUTES = 700 * 24 * 60
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
# orders of one to five lines from eight categories, spread over 700 days; a third by accounts, each twentieth refunded
WORTH = "((1 + n % 5) * (500 + n * 31 % 9000) + (1 + n % 5) * (2 + n % 5) / 2)"
ORDERS = """
INSERT INTO invoices
(number, kind, status, checkout_key, shopper, person_key, user_id, subtotal_cents, discount_cents, total_cents,
 refunded_cents, refunded_discount_cents, provider, provider_reference, created_at, pay_by, paid_at)
{counted} SELECT '2026-' || {number}, 'order', CASE WHEN n % 20 = 0 THEN 'refunded' ELSE 'paid' END,
'crowd-order-' || n, 'shopper',
CASE WHEN n % 3 = 0 THEN 'user:' || (:first + n * 7919 % :accounts) ELSE 'name:shopper' || (n * 7919 % 4999) END,
CASE WHEN n % 3 = 0 THEN :first + n * 7919 % :accounts END, {worth}, 0, {worth},
CASE WHEN n % 20 = 0 THEN {worth} ELSE 0 END, 0, 'test', n, {minute}, {minute}, {minute}
FROM counted ORDER BY n
"""
LINES_OF_ORDERS = """
INSERT INTO invoice_lines
(invoice_id, position, name, category, unit_price_cents, quantity, total_cents, discount_cents, refunded_quantity,
 refunded_cents)
{counted} SELECT sold.id, place.n, 'Thing', 'category-' || ((sold.n * 13 + place.n * 7) % 8),
500 + sold.n * 31 % 9000 + place.n, 1, 500 + sold.n * 31 % 9000 + place.n, 0, 0, 0
FROM counted AS place
JOIN (SELECT id, CAST(provider_reference AS integer) AS n FROM invoices WHERE checkout_key LIKE 'crowd-order-%') AS sold
ON place.n <= 1 + sold.n % 5
"""
FIRST_ORDERS = """
INSERT INTO discount_paid_orders (person, invoice_id, noted_at)
SELECT person_key, id, paid_at FROM
(SELECT person_key, id, paid_at, row_number() OVER (PARTITION BY person_key ORDER BY paid_at, id) AS place
 FROM invoices WHERE checkout_key LIKE 'crowd-order-%') AS ordered
WHERE place = 1
"""
IN_WORDS = {
    "sqlite": {
        "scattered": "printf('%012d', (n * 387420489) % 999999999989)",
        "at": "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-03-01 12:00:00', '-' || (n % 700) || ' days')",
        "minute": """strftime('%Y-%m-%d %H:%M:%S.000000', '2026-03-01 12:00:00',
        '-' || ((:many - n) * :step + n * 37 % :step) || ' minutes')""",
        "number": "printf('%06d', n)",
    },
    "postgresql": {
        "scattered": "lpad(((n * 387420489::bigint) % 999999999989)::text, 12, '0')",
        "at": "timestamptz '2026-03-01 12:00:00+00' - (n % 700) * interval '1 day'",
        "minute": """timestamptz '2026-03-01 12:00:00+00'
        - ((:many - n) * :step + n * 37 % :step) * interval '1 minute'""",
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


def orders(many: int, *, accounts: int = 1000) -> None:
    """So many paid orders of two years, of several lines each, a third of them by so many accounts."""
    each = {"password_hash": "-", "role": "client", "timezone": "UTC", "created_at": NOW, "updated_at": NOW}
    names = [f"crowd{number}" for number in range(accounts)]
    with unit_of_work():
        db.session.execute(insert(User), [{"username": n, "email": n, "referral_code": n, **each} for n in names])
        first = db.session.scalars(select(User.id).where(User.username == names[0])).one()
        _run(ORDERS, many=many, step=max(1, MINUTES // many), first=first, accounts=accounts)
        _run(LINES_OF_ORDERS, many=5)
        _run(FIRST_ORDERS)
    analyse()


def analyse() -> None:
    """As autovacuum does within a minute."""
    with unit_of_work():
        db.session.execute(text("ANALYZE"))


def _run(statement: str, **values: int) -> None:
    dialect = db.session.get_bind().dialect.name
    db.session.execute(text(statement.format(counted=COUNTED, worth=WORTH, **IN_WORDS[dialect])), values)
