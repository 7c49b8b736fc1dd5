"""A bonus that was claimed for years: many claims of many clients, made by the database itself, with books that hold.

Of each client's claims two in four are completed, one is active, one was cancelled. Only for an empty database: rows
are numbered from one.
"""

import json
from collections.abc import Mapping

from sqlalchemy import text

from app.bonuses.models import Bonus
from app.kit.db import db, unit_of_work
from tests import make
from tests.crowd import COUNTED, IN_WORDS, analyse
from tests.crowd_offers import CLIENTS, clients

VALUE = 200
WHO, PLACE = "(:client + (n - 1) % :clients)", "((n - 1) / :clients)"
WORDS = {
    "who": WHO,
    "place": PLACE,
    "state": f"CASE {PLACE} % 4 WHEN 2 THEN 'active' WHEN 3 THEN 'cancelled' ELSE 'completed' END",
    "is_done": f"{PLACE} % 4 < 2",
    "is_open": f"{PLACE} % 4 = 2",
    "is_gone": f"{PLACE} % 4 = 3",
    "open_before": f"(({PLACE} + 1) / 4)",
    "done_by_now": f"(2 * ({PLACE} / 4) + {PLACE} % 4 + 1)",
}
CLAIMS = """
INSERT INTO member_promotions
(promotion_id, user_id, code, terms, source, status, deposit_cents, bonus_cents, required_turnover_cents,
 current_turnover_cents, refunded_turnover_cents, released_cents, lapsed_cents, claimed_at, completed_at, cancelled_at,
 cancelled_because)
{counted} SELECT :promotion, {who}, 'CROWD', {terms}, 'free:crowd:' || n, {state}, 0, :value, :value,
CASE WHEN {is_done} THEN :value ELSE 0 END, 0, CASE WHEN {is_done} THEN :value ELSE 0 END,
CASE WHEN {is_gone} THEN :value ELSE 0 END, {at}, CASE WHEN {is_done} THEN {at} END,
CASE WHEN {is_gone} THEN {at} END, CASE WHEN {is_gone} THEN 'client' END
FROM counted ORDER BY n
"""
USES = """
INSERT INTO promotion_uses (promotion_id, code_id, person, purpose, value_cents, slot, ordinal, code_ordinal, taken_at)
{counted} SELECT :promotion, :code_id, 'user:' || {who}, 'member_promotion:' || n, :value, 1 + {place}, n, n, {at}
FROM counted ORDER BY n
"""
ENTRIES = """
INSERT INTO wallet_entries
(user_id, balance, amount_cents, reason, reference, balance_after_cents, created_at, member_promotion_id)
{counted}
SELECT {who},
       CASE step WHEN 3 THEN 'cash' ELSE 'bonus' END,
       CASE step WHEN 2 THEN -:value ELSE :value END,
       CASE WHEN step = 1 THEN 'bonus_granted' WHEN {is_gone} THEN 'bonus_lapsed' ELSE 'bonus_released' END,
       'member_promotion:' || n,
       CASE step WHEN 1 THEN :value * ({open_before} + 1) WHEN 2 THEN :value * {open_before}
                 ELSE :value * {done_by_now} END,
       {at}, n
FROM counted JOIN (SELECT 1 AS step UNION ALL SELECT 2 UNION ALL SELECT 3) AS steps
     ON step = 1 OR (step = 2 AND NOT ({is_open})) OR (step = 3 AND {is_done})
ORDER BY n, step
"""
EVENTS = """
INSERT INTO turnover_events (id, key, user_id, amount_cents, refunded_cents, created_at)
{counted} SELECT n, 'event:crowd-' || n, {who}, :value, 0, {at} FROM counted WHERE {is_done} ORDER BY n
"""
SHARES = """
INSERT INTO turnover_shares (event_id, member_promotion_id, amount_cents, taken_back_cents)
{counted} SELECT n, n, :value, 0 FROM counted WHERE {is_done} ORDER BY n
"""
WALLETS = """
INSERT INTO wallets (user_id, cash_cents, bonus_cents)
{counted} SELECT :client + n - 1, :value * (:most / :clients / 2), :value * (:most / :clients / 4) FROM counted
"""
TERMS = {
    "title": "Crowd",
    "version": 1,
    "type": "freecredit",
    "bonus_type": "fixed",
    "bonus_value": VALUE,
    "max_bonus_cents": None,
    "min_amount_cents": 0,
    "turnover_hundredths": 100,
    "max_withdraw_cents": None,
    "applicable_games": [],
    "friend_bonus_cents": None,
}


def claims(many: int) -> Bonus:
    """A free credit that was claimed so often, whole four thousands of them, by a thousand clients."""
    bonus = make.free_credit(code="CROWD", bonus_value=VALUE / 100, turnover_requirement=1, per_user_limit=None)
    single = bonus.promotion.single_code
    assert single is not None
    given: dict[str, object] = {
        "most": many,
        "promotion": bonus.id,
        "code_id": single.id,
        "value": VALUE,
        "client": clients(),
        "clients": CLIENTS,
        "terms": json.dumps(TERMS),
    }
    with unit_of_work():
        _run(WALLETS, CLIENTS, given)
        for statement in (CLAIMS, USES, ENTRIES, EVENTS, SHARES):
            _run(statement, many, given)
        for counted in ("UPDATE promotions SET used_count = :many", "UPDATE promotion_codes SET used_count = :many"):
            db.session.execute(text(counted), {"many": many})
    analyse()
    return bonus


def _run(statement: str, many: int, given: Mapping[str, object]) -> None:
    dialect = db.session.get_bind().dialect.name
    terms = "CAST(:terms AS jsonb)" if dialect == "postgresql" else ":terms"
    sql = statement.format(**WORDS, counted=COUNTED, at=IN_WORDS[dialect]["at"], terms=terms)
    db.session.execute(text(sql), {**given, "many": many})
