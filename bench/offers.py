"""What a code's analytics cost when it has paid for 1,000 conversions, and for 1,000,000.

    python -m bench.offers [--rounds 9] [--sizes 1000 1000000] [--database sqlite postgresql]

One process, no network: the answers are asked for one after the other, in turns, and compared with the sums alone,
taken through the bare driver in the same run. Exits 1 when a size takes other statements, or when the analytics take
more than 1.5 times what the sums alone do at the largest.
"""

import sys

from app.accounts.models import User
from app.offers import books as offer_books
from app.wallet import books as wallet_books
from bench.crowded import Subject, run
from tests import crowd_offers, make

SUMS = """
SELECT offer_id, count(*), sum(bonus_cents), count(DISTINCT user_id) FROM offer_applications
WHERE promotion_id = {promotion} AND reversed_at IS NULL GROUP BY offer_id
"""
API = "/api/admin/promo-codes/{id}"
DESK = "/admin/promotions/{id}"
ANALYTICS = "API: analytics by offer"
ASKED = {
    ANALYTICS: API + "/offer-analytics",
    "API: applications, first page": API + "/user-applications",
    "API: applications, page 100": API + "/user-applications?page=100&limit=100",
    "API: applications, search": API + "/user-applications?search=crowd77",
    "desk: offers, with chart": DESK + "/offers",
    "desk: applications": DESK + "/applications",
    "desk: statistics": DESK + "/statistics",
    "desk: conversions": "/admin/conversions",
    "desk: offers": "/admin/offers",
    "desk: wallets": "/admin/wallet",
    "client: codes": "/client/codes",
    "client: offers": "/client/offers",
    "client: wallet": "/client/wallet",
}


def made(many: int, client: User) -> int:
    """A code with so many conversions, which is on this client's account too."""
    code = crowd_offers.applications(many)
    make.applied(client, code)
    return code.id


def main() -> None:
    """Print a table for each database."""
    books = lambda: [*offer_books.faults(), *wallet_books.faults()]  # noqa: E731
    subject = Subject(made, books, ASKED, SUMS, ANALYTICS, sizes=(1000, 1_000_000))
    sys.exit(0 if run(subject, __doc__) else 1)


if __name__ == "__main__":
    main()
