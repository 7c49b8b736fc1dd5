"""What the rows say about bonuses and wallets, read anew."""

from app.accounts.models import User
from app.bonuses import books
from app.bonuses.models import MemberPromotion
from app.deposits import books as deposit_books
from app.kit.books import Fault
from app.kit.db import db
from app.offers import books as offer_books
from app.orders import books as order_books
from app.promotions import books as promotion_books
from app.wallet import books as wallet_books
from app.wallet import service as wallets

ALL_BOOKS = (promotion_books, order_books, offer_books, books, deposit_books, wallet_books)


def faults() -> list[Fault]:
    """Of all books that bonuses and deposits are in."""
    db.session.rollback()
    return [fault for each in ALL_BOOKS for fault in each.faults()]


def told() -> list[tuple[int, str, int, str]]:
    """The same as plain rows, of what the transaction at hand sees."""
    found = [fault for each in ALL_BOOKS for fault in each.faults()]
    return [(each.book, each.table, each.row_id, each.what) for each in found]


def balances(user: User) -> tuple[int, int]:
    """Cash and bonus."""
    db.session.rollback()
    kept = wallets.balances(user.id)
    return kept.cash_cents, kept.bonus_cents


def owed(user: User) -> int:
    db.session.rollback()
    return sum(each.amount_cents for each in wallets.debts(user.id))


def fresh(claim: MemberPromotion) -> MemberPromotion:
    """The claim as it is now."""
    db.session.rollback()
    return db.session.get_one(MemberPromotion, claim.id, populate_existing=True)
