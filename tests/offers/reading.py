"""What the rows say about offers and wallets, read anew."""

from app.accounts.models import User
from app.kit.books import Fault
from app.kit.db import db
from app.offers import books
from app.offers.models import OfferCode
from app.promotions import books as promotion_books
from app.promotions.models import Promotion
from app.wallet import books as wallet_books
from app.wallet import service as wallets


def faults() -> list[Fault]:
    """Of all books that conversions are in."""
    db.session.rollback()
    return [*promotion_books.faults(), *books.faults(), *wallet_books.faults()]


def cash(user: User) -> int:
    db.session.rollback()
    return wallets.balances(user.id).cash_cents


def promotion_of(code: OfferCode) -> Promotion:
    db.session.rollback()
    return db.session.get_one(Promotion, code.id, populate_existing=True)


def used(code: OfferCode) -> int:
    return promotion_of(code).used_count
