"""A code that has paid for years: many conversions of many clients, made by the database itself, with books that hold.

Only for an empty database: rows are numbered from one.
"""

from collections.abc import Mapping

from sqlalchemy import insert, select, text

from app.accounts.models import User
from app.kit.db import db, unit_of_work
from app.offers.models import OfferCode
from tests import make
from tests.crowd import COUNTED, IN_WORDS, analyse
from tests.make_kit import NOW

BONUS = 200
CLIENTS, OFFERS = 1000, 50
WHO, WHICH = "(:client + n % :clients)", "(:offer + (n % 1009 * 7 + n / :clients) % :offers)"
CONVERSIONS = """
INSERT INTO conversions
(conversion_id, offer_id, user_id, payout_cents, completed_at, received_at, bonus_cents, code, passed_over)
{counted} SELECT 'crowd-' || n, {which}, {who}, 2000, {at}, {at}, :bonus, :code, '[]' FROM counted ORDER BY n
"""
USES = """
INSERT INTO promotion_uses
(promotion_id, code_id, person, purpose, value_cents, slot, ordinal, code_ordinal, taken_at)
{counted} SELECT :promotion, :code_id, 'user:' || {who}, 'conversion:' || n, :bonus, 1 + (n - 1) / :clients, n, n, {at}
FROM counted ORDER BY n
"""
APPLICATIONS = """
INSERT INTO offer_applications
(user_promo_code_id, promotion_id, user_id, offer_id, offer_name, applied_at, bonus_cents, conversion_id)
{counted} SELECT 1 + n % :clients, :promotion, {who}, {which}, 'Offer of the crowd', {at}, :bonus, n
FROM counted ORDER BY n
"""
ENTRIES = """
INSERT INTO wallet_entries
(user_id, balance, amount_cents, reason, reference, balance_after_cents, created_at)
{counted} SELECT {who}, 'cash', :bonus, 'conversion', 'conversion:' || n, :bonus * (1 + (n - 1) / :clients), {at}
FROM counted ORDER BY n
"""
ON_ACCOUNTS = """
INSERT INTO user_promo_codes (user_id, promotion_id, code_id, status, applied_at)
{counted} SELECT :client + n - 1, :promotion, :code_id, 'applied', {at} FROM counted ORDER BY n
"""
WALLETS = """
INSERT INTO wallets (user_id, cash_cents, bonus_cents)
{counted} SELECT :client + n - 1, :bonus * (:most / :clients), 0 FROM counted
"""


def applications(many: int) -> OfferCode:
    """A code that so many conversions have used, whole thousands of them, by a thousand clients for fifty offers."""
    code = make.offer_code(code="CROWD", bonus_type="fixed", bonus_value=BONUS / 100)
    offer = min(make.offer(name="Offer of the crowd").id for _each in range(OFFERS))
    single = code.promotion.single_code
    assert single is not None
    given: dict[str, object] = {
        "most": many,
        "promotion": code.id,
        "code_id": single.id,
        "code": single.code,
        "bonus": BONUS,
        "offer": offer,
        "offers": OFFERS,
        "client": clients(),
        "clients": CLIENTS,
    }
    with unit_of_work():
        for statement in (ON_ACCOUNTS, WALLETS):
            _run(statement, CLIENTS, given)
        for statement in (CONVERSIONS, USES, APPLICATIONS, ENTRIES):
            _run(statement, many, given)
        for counted in ("UPDATE promotions SET used_count = :many", "UPDATE promotion_codes SET used_count = :many"):
            db.session.execute(text(counted), {"many": many})
    analyse()
    return code


def clients() -> int:
    """A thousand of them; the id of the first."""
    each = {"password_hash": "-", "role": "client", "timezone": "UTC", "created_at": NOW, "updated_at": NOW}
    names = [f"crowd{number}" for number in range(CLIENTS)]
    with unit_of_work():
        db.session.execute(insert(User), [{"username": n, "email": n, "referral_code": n, **each} for n in names])
        return db.session.scalars(select(User.id).where(User.username == names[0])).one()


def _run(statement: str, many: int, given: Mapping[str, object]) -> None:
    words = IN_WORDS[db.session.get_bind().dialect.name]
    sql = statement.format(counted=COUNTED, who=WHO, which=WHICH, at=words["at"])
    db.session.execute(text(sql), {**given, "many": many})
