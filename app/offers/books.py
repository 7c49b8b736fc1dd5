"""The books of conversions: each paid once what it says, took one use, and gave both back when it was reversed.

Repairs nothing.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, String, and_, case, cast, exists, func, literal, or_, select

from app.kit.books import Fault
from app.kit.db import db
from app.offers.converting import EARNED, TAKEN_BACK
from app.offers.models import KIND, Conversion, OfferApplication, UserPromoCode
from app.promotions.models import Promotion, PromotionUse
from app.wallet.models import CASH, WalletDebt, WalletEntry

USES, MONEY = 1, 3
PURPOSE = literal("conversion:") + cast(Conversion.id, String)
IS_LIVE = and_(Conversion.reversed_at.is_(None), Conversion.bonus_cents > 0)


def faults() -> list[Fault]:
    """Every row that contradicts books 1 and 3 where they are about conversions."""
    return [*_unlisted(), *_wrong_money(), *_wrong_uses(), *_loose_uses(), *_loose_money()]


def _unlisted() -> Iterator[Fault]:
    """What earned something stands in the list of its code, with the same amount and state; nothing else does."""
    theirs = and_(
        UserPromoCode.id == OfferApplication.user_promo_code_id,
        UserPromoCode.user_id == OfferApplication.user_id,
        UserPromoCode.promotion_id == OfferApplication.promotion_id,
    )
    same = and_(
        exists().where(theirs),
        OfferApplication.bonus_cents == Conversion.bonus_cents,
        OfferApplication.user_id == Conversion.user_id,
        OfferApplication.offer_id == Conversion.offer_id,
        OfferApplication.reversed_at.is_(None) == Conversion.reversed_at.is_(None),
    )
    of_it = select(func.count()).where(OfferApplication.conversion_id == Conversion.id).correlate(Conversion)
    wanted = case((Conversion.bonus_cents > 0, 1), else_=0)
    wrong = or_(of_it.scalar_subquery() != wanted, of_it.where(same).scalar_subquery() != wanted)
    for row_id in db.session.scalars(select(Conversion.id).where(wrong).order_by(Conversion.id)):
        yield Fault(USES, "conversions", row_id, "isn't in the list of its code as it is")


def _wrong_money() -> Iterator[Fault]:
    """The wallet was given the bonus; after a reversal it was taken back, or is owed."""
    paid = _moved(WalletEntry.reason == EARNED)
    taken = -_moved(WalletEntry.reason == TAKEN_BACK)
    owed = _sum(WalletDebt.amount_cents, WalletDebt.user_id, WalletDebt.reference, WalletDebt.reason == TAKEN_BACK)
    undone = case((Conversion.reversed_at.is_not(None), Conversion.bonus_cents), else_=0)
    wrong = or_(paid != Conversion.bonus_cents, taken + owed != undone)
    query = select(Conversion.id, Conversion.bonus_cents, paid.label("paid"), (taken + owed).label("undone"))
    for row in db.session.execute(query.where(wrong).order_by(Conversion.id)):
        told = f"earned {row.bonus_cents}, but {row.paid} were paid and {row.undone} taken back or owed"
        yield Fault(MONEY, "conversions", row.id, told)


def _wrong_uses() -> Iterator[Fault]:
    """Each live one holds one use of the code in whose list it is, of its value, and no other holds any."""
    held = (
        select(func.count())
        .where(
            OfferApplication.conversion_id == Conversion.id,
            OfferApplication.promotion_id == PromotionUse.promotion_id,
            PromotionUse.purpose == PURPOSE,
            PromotionUse.person == literal("user:") + cast(Conversion.user_id, String),
            PromotionUse.value_cents == Conversion.bonus_cents,
            PromotionUse.released_at.is_(None),
        )
        .correlate(Conversion)
        .scalar_subquery()
    )
    query = select(Conversion.id, held.label("held")).where(held != case((IS_LIVE, 1), else_=0))
    for row in db.session.execute(query.order_by(Conversion.id)):
        yield Fault(USES, "conversions", row.id, f"holds {row.held} uses of its code")


def _loose_uses() -> Iterator[Fault]:
    """No use of an offer code is held by anything but a live conversion."""
    of_offers = PromotionUse.promotion_id.in_(select(Promotion.id).where(Promotion.kind == KIND))
    loose = select(PromotionUse.id).where(of_offers, PromotionUse.released_at.is_(None))
    loose = loose.where(PromotionUse.purpose.not_in(select(PURPOSE).where(IS_LIVE)))
    for use_id in db.session.scalars(loose.order_by(PromotionUse.id)):
        yield Fault(USES, "promotion_uses", use_id, "is live, but no conversion has earned by it")


def _loose_money() -> Iterator[Fault]:
    """No entry speaks of a conversion that isn't there."""
    ours = WalletEntry.reason.in_([EARNED, TAKEN_BACK])
    loose = select(WalletEntry.id).where(ours, WalletEntry.reference.not_in(select(PURPOSE)))
    for entry_id in db.session.scalars(loose.order_by(WalletEntry.id)):
        yield Fault(MONEY, "wallet_entries", entry_id, "is for a conversion that isn't there")


def _moved(which: ColumnElement[bool]) -> ColumnElement[int]:
    in_cash = and_(which, WalletEntry.balance == CASH)
    return _sum(WalletEntry.amount_cents, WalletEntry.user_id, WalletEntry.reference, in_cash)


def _sum(
    amount: ColumnElement[int] | object, user_id: object, reference: object, which: ColumnElement[bool]
) -> ColumnElement[int]:
    mine = and_(user_id == Conversion.user_id, reference == PURPOSE, which)
    return select(func.coalesce(func.sum(amount), 0)).where(mine).correlate(Conversion).scalar_subquery()
