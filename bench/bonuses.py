"""What a bonus's statistics cost when it was claimed 4,000 times, and 1,000,000 times.

    python -m bench.bonuses [--rounds 9] [--sizes 4000 1000000] [--database sqlite postgresql]

One process, no network: the answers are asked for one after the other, in turns, and compared with the sums alone,
taken through the bare driver in the same run. Exits 1 when a size takes other statements, or when the statistics take
more than 1.5 times what the sums alone do at the largest.
"""

import sys

from app.accounts.models import User
from app.bonuses import books as bonus_books
from app.wallet import books as wallet_books
from bench.crowded import Subject, run
from tests import crowd_bonuses, make

SUMS = """
SELECT count(*), count(CASE WHEN status = 'active' THEN 1 END), count(CASE WHEN status = 'completed' THEN 1 END),
       count(CASE WHEN status = 'cancelled' THEN 1 END), sum(deposit_cents), sum(bonus_cents),
       sum(current_turnover_cents)
FROM member_promotions WHERE promotion_id = {promotion}
"""
STATS = "API: statistics of one, by the view"
ASKED = {
    STATS: "/api/v1/admin/promotions/{id}/stats",
    "API: bonuses": "/api/v1/admin/promotions",
    "desk: claims": "/admin/promotions/{id}/claims",
    "desk: claims, search": "/admin/promotions/{id}/claims?q=crowd77",
    "desk: statistics": "/admin/promotions/{id}/statistics",
    "desk: wallets": "/admin/wallet",
    "desk: deposits": "/admin/wallet/deposits",
    "client: bonuses": "/client/promotions",
    "client: wallet": "/client/wallet",
}


def made(many: int, client: User) -> int:
    """A free credit with so many claims, and one more by this client."""
    bonus = crowd_bonuses.claims(many)
    make.given(client, bonus)
    return bonus.id


def main() -> None:
    """Print a table for each database."""
    books = lambda: [*bonus_books.faults(), *wallet_books.faults()]  # noqa: E731
    subject = Subject(made, books, ASKED, SUMS, STATS, sizes=(4000, 1_000_000))
    sys.exit(0 if run(subject, __doc__) else 1)


if __name__ == "__main__":
    main()
