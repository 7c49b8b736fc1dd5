"""The books of bonuses name every row that contradicts them, and so do the commands that prove them."""

from datetime import timedelta

import pytest
from flask import Flask

from app.audit.service import SYSTEM
from app.bonuses import service as bonuses
from app.kit.db import unit_of_work
from app.orders import jobs
from app.orders import service as orders
from tests import make
from tests.bonuses.reading import told
from tests.make import NOW
from tests.tampering import tamper, tampered

pytestmark = pytest.mark.usefixtures("app")
COMMANDS = (["wallet", "reconcile"], ["check-invariants"])
Named = list[tuple[int, str, int, str]]


def a_full_life() -> None:
    """Bonuses 1 to 4: for deposits, a free credit, for friends, a cashback. Users: Ada 1, Bob 2, whom she brought.

    Claims: 1 Ada's of 100.00, of which 60.00 were released; 2 Ada's, cancelled; 3 hers, undone with its deposit, of
    which 5.00 are owed; 4 Bob's, active, with 5.00 of 200.00; 5 Bob's as a friend, 6 Ada's for him; 7 Ada's cashback.
    """
    ada = make.user()
    bob = make.user(referred_by_id=ada.id)
    welcome = make.bonus(turnover_requirement=1, max_withdraw=60, per_user_limit=None)
    credit, _friends, _back = make.free_credit(turnover_requirement=1), make.referral(friend_bonus=5), make.cashback()
    make.deposit(ada, 10_000, welcome)
    make.played(ada, 20_500, event_id="round")
    claim = make.given(ada, credit)
    with unit_of_work():
        bonuses.cancel_own(ada.id, claim.id, NOW)
    undone = make.deposit(ada, 1000, make.bonus())
    make.withdrawal(ada, 17_500)
    make.refunded_deposit(undone)
    make.deposit(bob, 10_000, welcome)
    bought = make.paid_invoice(person=bob.person, price_cents=500, quantity=2)
    with unit_of_work():
        line = orders.get(bought.id)
        orders.refund(line.number, {1: 1}, key="refund-of-the-books", actor=SYSTEM, now=NOW)
    make.paid_invoice(person=ada.person, price_cents=5000)
    jobs.credit_cashback(NOW + timedelta(days=1))


def test_the_books_of_a_full_life_are_right(app: Flask) -> None:
    a_full_life()
    assert told() == []
    for command in COMMANDS:
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 0, answer.output


CLAIMS = "member_promotions"
ENTRIES = "wallet_entries"
USES = "promotion_uses"
EVENTS = "turnover_events"
DEPOSITS = "deposits"
WALLETS = "wallets"
CREDITS = "cashback_credits"
REFERRALS = "referrals"
NO_USE = "doesn't hold the use of its bonus"
NO_CLAIM = "is for a claim that isn't there"
OTHER_LINE = "isn't what was paid and refunded of its line"
TOO_MUCH = "counted for more than it is, or for somebody else"
OTHER_BONUS = "names a bonus that didn't come with it"
NO_DEPOSIT = "was claimed with a deposit that doesn't name it"
LOOSE = "was taken, but nothing was claimed by it"
TOO_LITTLE = "counts for less than what went back of it"
NOT_GIVEN = "isn't what the referrer was given"
NO_REFERRAL = "was claimed with a referral that isn't there"
NO_FRIEND = "was claimed with a friend that isn't there"
NO_CASHBACK = "was claimed with a cashback that isn't there"
WRONG: list[tuple[str, Named]] = [
    (
        "UPDATE member_promotions SET bonus_cents = 10001, lapsed_cents = 4001 WHERE id = 1",
        [
            (5, CLAIMS, 1, "says 10001 granted, but it was 10000"),
            (5, CLAIMS, 1, "says 4001 lapsed, but it was 4000"),
            (5, CLAIMS, 1, "requires 20000 of turnover, which isn't what its terms say"),
            (1, CLAIMS, 1, NO_USE),
        ],
    ),
    (
        "UPDATE member_promotions SET released_cents = 5000, lapsed_cents = 5000 WHERE id = 1",
        [
            (5, CLAIMS, 1, "says 5000 released from the bonus balance, but it was 6000"),
            (5, CLAIMS, 1, "says 5000 released to cash, but it was 6000"),
            (5, CLAIMS, 1, "says 5000 lapsed, but it was 4000"),
        ],
    ),
    (
        "UPDATE member_promotions SET released_cents = 0, lapsed_cents = 1000 WHERE id = 3",
        [
            (5, CLAIMS, 3, "says 0 released from the bonus balance, but it was 1000"),
            (5, CLAIMS, 3, "says 0 released to cash, but it was 1000"),
            (5, CLAIMS, 3, "says 1000 lapsed, but it was 0"),
            (5, CLAIMS, 3, "says 0 taken back or owed, but it was 1000"),
        ],
    ),
    (
        (
            "UPDATE member_promotions SET status = 'cancelled', cancelled_at = claimed_at,"
            " cancelled_because = 'deposit_refunded' WHERE id = 6"
        ),
        [(5, CLAIMS, 6, "says 1000 taken back or owed, but it was 0")],
    ),
    (
        (
            "UPDATE member_promotions SET status = 'active', released_cents = 0, lapsed_cents = 0,"
            " completed_at = NULL WHERE id = 1"
        ),
        [
            (5, CLAIMS, 1, "says 0 released from the bonus balance, but it was 6000"),
            (5, CLAIMS, 1, "says 0 released to cash, but it was 6000"),
            (5, CLAIMS, 1, "says 0 lapsed, but it was 4000"),
            (5, WALLETS, 1, "has 0 in bonus, but 10000 are open of its claims"),
            (
                5,
                CLAIMS,
                1,
                "is active with 20000 of 20000 as its turnover: 20000 counted for it, 0 went back after its end",
            ),
        ],
    ),
    (
        (
            "UPDATE member_promotions SET status = 'completed', completed_at = claimed_at,"
            " released_cents = 10000 WHERE id = 4"
        ),
        [
            (5, CLAIMS, 4, "says 10000 released from the bonus balance, but it was 0"),
            (5, CLAIMS, 4, "says 10000 released to cash, but it was 0"),
            (5, WALLETS, 2, "has 10000 in bonus, but 0 are open of its claims"),
            (
                5,
                CLAIMS,
                4,
                "is completed with 500 of 20000 as its turnover: 500 counted for it, 0 went back after its end",
            ),
        ],
    ),
    (
        (
            "UPDATE member_promotions SET status = 'cancelled', cancelled_at = claimed_at,"
            " cancelled_because = 'client', lapsed_cents = 10000 WHERE id = 4"
        ),
        [
            (5, CLAIMS, 4, "says 10000 lapsed, but it was 0"),
            (5, WALLETS, 2, "has 10000 in bonus, but 0 are open of its claims"),
        ],
    ),
    (
        (
            "UPDATE member_promotions SET status = 'completed', completed_at = cancelled_at,"
            " cancelled_at = NULL, cancelled_because = NULL WHERE id = 3"
        ),
        [
            (5, CLAIMS, 3, "says 0 taken back or owed, but it was 1000"),
            (1, CLAIMS, 3, NO_USE),
            (5, DEPOSITS, 2, "was refunded, but a bonus that came from it goes on"),
        ],
    ),
    (
        "UPDATE member_promotions SET current_turnover_cents = 501 WHERE id = 4",
        [(5, CLAIMS, 4, "is active with 501 of 20000 as its turnover: 500 counted for it, 0 went back after its end")],
    ),
    (
        "UPDATE member_promotions SET required_turnover_cents = 500 WHERE id = 4",
        [
            (5, CLAIMS, 4, "is active with 500 of 500 as its turnover: 500 counted for it, 0 went back after its end"),
            (5, CLAIMS, 4, "requires 500 of turnover, which isn't what its terms say"),
        ],
    ),
    (
        "UPDATE member_promotions SET required_turnover_cents = 20001 WHERE id = 1",
        [
            (
                5,
                CLAIMS,
                1,
                "is completed with 20000 of 20001 as its turnover: 20000 counted for it, 0 went back after its end",
            ),
            (5, CLAIMS, 1, "requires 20001 of turnover, which isn't what its terms say"),
        ],
    ),
    (
        "UPDATE member_promotions SET refunded_turnover_cents = 20001 WHERE id = 1",
        [
            (
                5,
                CLAIMS,
                1,
                "is completed with 20000 of 20000 as its turnover: 20000 counted for it, 20001 went back after its end",
            )
        ],
    ),
    (
        "UPDATE member_promotions SET user_id = 2 WHERE id = 2",
        [
            (5, CLAIMS, 2, "says 1000 granted, but it was 0"),
            (5, CLAIMS, 2, "says 1000 lapsed, but it was 0"),
            (1, CLAIMS, 2, NO_USE),
            (5, ENTRIES, 6, NO_CLAIM),
            (5, ENTRIES, 7, NO_CLAIM),
        ],
    ),
    ("UPDATE member_promotions SET promotion_id = 1 WHERE id = 2", [(1, CLAIMS, 2, NO_USE)]),
    (
        "UPDATE member_promotions SET deposit_cents = 9999 WHERE id = 1",
        [(5, CLAIMS, 1, "requires 20000 of turnover, which isn't what its terms say"), (5, DEPOSITS, 1, OTHER_BONUS)],
    ),
    (
        "UPDATE member_promotions SET source = 'deposit:9' WHERE id = 1",
        [(5, DEPOSITS, 1, OTHER_BONUS), (5, CLAIMS, 1, NO_DEPOSIT)],
    ),
    (
        "UPDATE member_promotions SET source = 'friend:9' WHERE id = 2",
        [(1, CLAIMS, 2, NO_USE), (1, USES, 2, LOOSE), (5, CLAIMS, 2, NO_FRIEND)],
    ),
    (
        "UPDATE member_promotions SET source = 'referral:9' WHERE id = 6",
        [(5, REFERRALS, 2, NOT_GIVEN), (5, CLAIMS, 6, NO_REFERRAL)],
    ),
    ("UPDATE member_promotions SET source = 'cashback:9' WHERE id = 2", [(5, CLAIMS, 2, NO_CASHBACK)]),
    (
        "DELETE FROM member_promotions WHERE id = 2",
        [(1, USES, 2, LOOSE), (5, ENTRIES, 6, NO_CLAIM), (5, ENTRIES, 7, NO_CLAIM)],
    ),
    ("UPDATE turnover_events SET amount_cents = 19999 WHERE id = 1", [(5, EVENTS, 1, TOO_MUCH)]),
    ("UPDATE turnover_events SET user_id = 2 WHERE id = 1", [(5, EVENTS, 1, TOO_MUCH)]),
    ("UPDATE turnover_events SET amount_cents = 1001 WHERE id = 2", [(5, EVENTS, 2, OTHER_LINE)]),
    (
        "UPDATE turnover_events SET refunded_cents = 499 WHERE id = 2",
        [(5, EVENTS, 2, OTHER_LINE), (5, EVENTS, 2, TOO_LITTLE)],
    ),
    ("UPDATE turnover_events SET refunded_cents = 501 WHERE id = 2", [(5, EVENTS, 2, OTHER_LINE)]),
    ("UPDATE turnover_events SET user_id = 1 WHERE id = 2", [(5, EVENTS, 2, OTHER_LINE), (5, EVENTS, 2, TOO_MUCH)]),
    ("UPDATE turnover_events SET key = 'line:9' WHERE id = 2", [(5, EVENTS, 2, OTHER_LINE)]),
    (
        "UPDATE turnover_shares SET amount_cents = 20501 WHERE id = 1",
        [
            (
                5,
                CLAIMS,
                1,
                "is completed with 20000 of 20000 as its turnover: 20501 counted for it, 0 went back after its end",
            ),
            (5, EVENTS, 1, TOO_MUCH),
        ],
    ),
    (
        "UPDATE turnover_shares SET taken_back_cents = 501 WHERE id = 2",
        [
            (
                5,
                CLAIMS,
                4,
                "is active with 500 of 20000 as its turnover: 499 counted for it, 0 went back after its end",
            ),
            (5, EVENTS, 2, TOO_LITTLE),
        ],
    ),
    (
        "UPDATE turnover_shares SET member_promotion_id = 1 WHERE id = 2",
        [
            (
                5,
                CLAIMS,
                1,
                "is completed with 20000 of 20000 as its turnover: 20500 counted for it, 0 went back after its end",
            ),
            (5, CLAIMS, 4, "is active with 500 of 20000 as its turnover: 0 counted for it, 0 went back after its end"),
            (5, EVENTS, 2, TOO_MUCH),
        ],
    ),
    (
        "DELETE FROM turnover_shares WHERE id = 1",
        [
            (
                5,
                CLAIMS,
                1,
                "is completed with 20000 of 20000 as its turnover: 0 counted for it, 0 went back after its end",
            )
        ],
    ),
    ("UPDATE promotion_uses SET value_cents = 999 WHERE id = 2", [(1, CLAIMS, 2, NO_USE)]),
    (
        "UPDATE promotion_uses SET purpose = 'member_promotion:9' WHERE id = 2",
        [(1, CLAIMS, 2, NO_USE), (1, USES, 2, LOOSE)],
    ),
    (
        "UPDATE promotion_uses SET purpose = 'member_promotion:5' WHERE id = 5",
        [(1, CLAIMS, 6, NO_USE), (1, USES, 5, LOOSE)],
    ),
    ("UPDATE promotion_uses SET person = 'user:2' WHERE id = 2", [(1, CLAIMS, 2, NO_USE)]),
    (
        (
            "UPDATE promotion_uses SET released_at = taken_at WHERE id = 2;"
            "UPDATE promotions SET used_count = 0 WHERE id = 2;UPDATE promotion_codes SET used_count = 0 WHERE id = 2"
        ),
        [(1, CLAIMS, 2, NO_USE)],
    ),
    (
        "UPDATE wallet_entries SET reason = 'else' WHERE id = 2",
        [(5, CLAIMS, 1, "says 10000 granted, but it was 0"), (5, ENTRIES, 2, NO_CLAIM)],
    ),
    (
        "UPDATE wallet_entries SET reason = 'bonus_taken_back' WHERE id = 4",
        [
            (5, CLAIMS, 1, "says 6000 released to cash, but it was 0"),
            (5, CLAIMS, 1, "says 0 taken back or owed, but it was -6000"),
        ],
    ),
    ("UPDATE wallet_entries SET reference = 'member_promotion:9' WHERE id = 4", [(5, ENTRIES, 4, NO_CLAIM)]),
    (
        "UPDATE wallet_entries SET member_promotion_id = 2 WHERE id = 3",
        [
            (5, CLAIMS, 1, "says 6000 released from the bonus balance, but it was 0"),
            (5, CLAIMS, 2, "says 0 released from the bonus balance, but it was 6000"),
            (5, ENTRIES, 3, NO_CLAIM),
        ],
    ),
    (
        "UPDATE wallet_entries SET member_promotion_id = NULL WHERE id = 4",
        [(5, CLAIMS, 1, "says 6000 released to cash, but it was 0"), (5, ENTRIES, 4, NO_CLAIM)],
    ),
    ("DELETE FROM wallet_debts WHERE id = 2", [(5, CLAIMS, 3, "says 1000 taken back or owed, but it was 0")]),
    (
        "UPDATE wallet_debts SET amount_cents = 999 WHERE id = 2",
        [(5, CLAIMS, 3, "says 1000 taken back or owed, but it was 999")],
    ),
    (
        "UPDATE cashback_credits SET member_promotion_id = 6 WHERE user_id = 1",
        [(5, CREDITS, 1, "names a claim that isn't theirs"), (5, CLAIMS, 7, NO_CASHBACK)],
    ),
    (
        "UPDATE cashback_credits SET member_promotion_id = NULL, reason = 'else' WHERE user_id = 1",
        [(5, CLAIMS, 7, NO_CASHBACK)],
    ),
    ("DELETE FROM cashback_credits WHERE user_id = 2", [(5, CLAIMS, 8, NO_CASHBACK)]),
    (
        "UPDATE referrals SET promotion_id = 2",
        [(5, REFERRALS, 2, NOT_GIVEN), (5, CLAIMS, 6, NO_REFERRAL), (5, CLAIMS, 5, NO_FRIEND)],
    ),
    (
        "UPDATE referrals SET reason = 'ring'",
        [(5, REFERRALS, 2, NOT_GIVEN), (5, CLAIMS, 6, NO_REFERRAL), (5, CLAIMS, 5, NO_FRIEND)],
    ),
    ("UPDATE referrals SET cause = 'deposit:1'", [(5, REFERRALS, 2, NOT_GIVEN)]),
    ("DELETE FROM referrals", [(5, CLAIMS, 6, NO_REFERRAL), (5, CLAIMS, 5, NO_FRIEND)]),
    ("UPDATE deposits SET member_promotion_id = NULL WHERE id = 1", [(5, CLAIMS, 1, NO_DEPOSIT)]),
    (
        "UPDATE deposits SET member_promotion_id = 2 WHERE id = 1",
        [(5, DEPOSITS, 1, OTHER_BONUS), (5, CLAIMS, 1, NO_DEPOSIT)],
    ),
    (
        "UPDATE wallets SET bonus_cents = 9999 WHERE user_id = 2",
        [
            (5, WALLETS, 2, "has 9999 in bonus, but 10000 are open of its claims"),
            (3, WALLETS, 2, "has 9999 in bonus, its entries add up to 10000"),
        ],
    ),
]


def test_what_does_not_agree_is_named() -> None:
    a_full_life()
    for statements, expected in WRONG:
        with tampered(*statements.split(";")):
            assert told() == expected, statements
    assert told() == []


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "UPDATE member_promotions SET released_cents = 5999, lapsed_cents = 4001 WHERE id = 1",
            "book 5: member_promotions 1 says 5999 released to cash, but it was 6000",
        ),
        (
            "UPDATE turnover_events SET refunded_cents = 501 WHERE id = 2",
            "book 5: turnover_events 2 isn't what was paid and refunded of its line",
        ),
    ],
)
def test_the_commands_name_it_too_and_fail(app: Flask, statement: str, named: str) -> None:
    a_full_life()
    tamper(statement)
    for command in COMMANDS:
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 1
        assert f"{named}\n" in answer.output
