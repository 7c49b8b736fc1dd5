"""The books of bonuses: what each claim was granted, what became of it, and what counted for it. Repairs nothing."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, or_, select, tuple_

from app.bonuses.claiming import GRANTED
from app.bonuses.models import (
    ACTIVE,
    CANCELLED,
    KIND,
    CashbackCredit,
    MemberPromotion,
    Referral,
    TurnoverEvent,
    TurnoverShare,
)
from app.bonuses.releasing import LAPSED, RELEASED, TAKEN_BACK
from app.kit.books import Fault
from app.kit.db import db
from app.promotions.models import Promotion, PromotionUse
from app.wallet.models import BONUS, CASH, Wallet, WalletDebt, WalletEntry

USES, BONUSES = 1, 5
PURPOSE = literal("member_promotion:") + cast(MemberPromotion.id, String)
IS_FRIENDS = MemberPromotion.source.like("friend:%")
IS_UNDONE = and_(MemberPromotion.status == CANCELLED, MemberPromotion.cancelled_because == "deposit_refunded")


def faults() -> list[Fault]:
    """Every row that contradicts book 5, and book 1 where it is about bonuses."""
    return [
        *_wrong_money(),
        *_wrong_balances(),
        *_wrong_turnover(),
        *_wrong_requirements(),
        *_wrong_events(),
        *_wrong_uses(),
        *_loose_uses(),
        *_loose_money(),
        *_wrong_cashback(),
        *_wrong_referrals(),
    ]


def _wrong_money() -> Iterator[Fault]:
    """Granted = released + lapsed + open, and every part of it was moved as it says."""
    mine = MemberPromotion
    undone = case((and_(mine.status == CANCELLED, mine.completed_at.is_not(None)), mine.released_cents), else_=0)
    owed = select(func.coalesce(func.sum(WalletDebt.amount_cents), 0)).where(
        WalletDebt.user_id == mine.user_id, WalletDebt.reference == PURPOSE, WalletDebt.reason == TAKEN_BACK
    )
    checks: tuple[tuple[str, Any, Any], ...] = (
        ("granted", mine.bonus_cents, _moved(BONUS, GRANTED)),
        ("released from the bonus balance", mine.released_cents, -_moved(BONUS, RELEASED)),
        ("released to cash", mine.released_cents, _moved(CASH, RELEASED)),
        ("lapsed", mine.lapsed_cents, -_moved(BONUS, LAPSED)),
        ("taken back or owed", undone, -_moved(CASH, TAKEN_BACK) + owed.correlate(mine).scalar_subquery()),
    )
    for what, says, moved in checks:
        wrong = select(mine.id, says.label("says"), moved.label("moved")).where(says != moved)
        for row in db.session.execute(wrong.order_by(mine.id)):
            yield Fault(BONUSES, "member_promotions", row.id, f"says {row.says} {what}, but it was {int(row.moved)}")


def _wrong_balances() -> Iterator[Fault]:
    """What is locked in a wallet is what is open of its claims."""
    is_open = MemberPromotion.bonus_cents - MemberPromotion.released_cents - MemberPromotion.lapsed_cents
    summed = select(func.coalesce(func.sum(is_open), 0)).where(MemberPromotion.user_id == Wallet.user_id)
    locked = summed.correlate(Wallet).scalar_subquery()
    wrong = select(Wallet.user_id, Wallet.bonus_cents, locked.label("locked")).where(Wallet.bonus_cents != locked)
    for row in db.session.execute(wrong.order_by(Wallet.user_id)):
        told = f"has {row.bonus_cents} in bonus, but {int(row.locked)} are open of its claims"
        yield Fault(BONUSES, "wallets", row.user_id, told)


def _wrong_turnover() -> Iterator[Fault]:
    """A claim's turnover is what counted for it, and it ends when that is enough, not before."""
    counted = select(func.coalesce(func.sum(TurnoverShare.amount_cents - TurnoverShare.taken_back_cents), 0))
    counted = counted.where(TurnoverShare.member_promotion_id == MemberPromotion.id).correlate(MemberPromotion)
    current, required = MemberPromotion.current_turnover_cents, MemberPromotion.required_turnover_cents
    is_met = current >= required
    wrong = or_(
        current != counted.scalar_subquery(),
        and_(MemberPromotion.completed_at.is_not(None), ~is_met),
        and_(MemberPromotion.status == ACTIVE, is_met),
        MemberPromotion.refunded_turnover_cents > current,
    )
    columns = (MemberPromotion.status, MemberPromotion.refunded_turnover_cents.label("later"))
    query = select(MemberPromotion.id, current, required, counted.scalar_subquery().label("counted"), *columns)
    for row in db.session.execute(query.where(wrong).order_by(MemberPromotion.id)):
        told = f"is {row.status} with {row[1]} of {row[2]} as its turnover: {int(row.counted)} counted for it"
        yield Fault(BONUSES, "member_promotions", row.id, f"{told}, {row.later} went back after its end")


def _wrong_requirements() -> Iterator[Fault]:
    """What a claim requires is so many times deposit and bonus, half-up to the cent, by the terms of that day."""
    hundredths = MemberPromotion.terms["turnover_hundredths"].as_integer()
    wanted = ((MemberPromotion.deposit_cents + MemberPromotion.bonus_cents) * hundredths + 50) // 100
    required = MemberPromotion.required_turnover_cents
    wrong = select(MemberPromotion.id, required).where(required != wanted)
    for row in db.session.execute(wrong.order_by(MemberPromotion.id)):
        told = f"requires {row[1]} of turnover, which isn't what its terms say"
        yield Fault(BONUSES, "member_promotions", row.id, told)


def _wrong_events() -> Iterator[Fault]:
    """Each event counts once: its shares are no more than it, and all of them its own client's. So do refunds of it."""
    ours = TurnoverShare.event_id == TurnoverEvent.id
    shared, back = (
        select(func.coalesce(func.sum(each), 0)).where(ours).correlate(TurnoverEvent).scalar_subquery()
        for each in (TurnoverShare.amount_cents, TurnoverShare.taken_back_cents)
    )
    strange = select(TurnoverShare.id).join(MemberPromotion, MemberPromotion.id == TurnoverShare.member_promotion_id)
    strange = strange.where(ours, MemberPromotion.user_id != TurnoverEvent.user_id).correlate(TurnoverEvent)
    checks = (
        (
            or_(shared > TurnoverEvent.amount_cents, strange.exists()),
            "counted for more than it is, or for somebody else",
        ),
        (back > TurnoverEvent.refunded_cents, "counts for less than what went back of it"),
    )
    for wrong, what in checks:
        for row_id in db.session.scalars(select(TurnoverEvent.id).where(wrong).order_by(TurnoverEvent.id)):
            yield Fault(BONUSES, "turnover_events", row_id, what)


def _wrong_uses() -> Iterator[Fault]:
    """Each claim holds one use of its bonus, of its value; a friend's comes along, and a refund may give it back."""
    taken = (
        PromotionUse.promotion_id == MemberPromotion.promotion_id,
        PromotionUse.purpose == PURPOSE,
        PromotionUse.person == literal("user:") + cast(MemberPromotion.user_id, String),
        PromotionUse.value_cents == MemberPromotion.bonus_cents,
    )
    count = select(func.count()).where(*taken).correlate(MemberPromotion)
    live = count.where(PromotionUse.released_at.is_(None)).scalar_subquery()
    wanted = case((IS_FRIENDS, 0), else_=1)
    wrong = or_(count.scalar_subquery() != wanted, and_(live != wanted, ~IS_UNDONE))
    for row_id in db.session.scalars(select(MemberPromotion.id).where(wrong).order_by(MemberPromotion.id)):
        yield Fault(USES, "member_promotions", row_id, "doesn't hold the use of its bonus")


def _loose_uses() -> Iterator[Fault]:
    """No use of a bonus is held by anything but a claim."""
    of_bonuses = PromotionUse.promotion_id.in_(select(Promotion.id).where(Promotion.kind == KIND))
    loose = select(PromotionUse.id).where(of_bonuses, PromotionUse.purpose.not_in(select(PURPOSE).where(~IS_FRIENDS)))
    for use_id in db.session.scalars(loose.order_by(PromotionUse.id)):
        yield Fault(USES, "promotion_uses", use_id, "was taken, but nothing was claimed by it")


def _loose_money() -> Iterator[Fault]:
    """Every entry of a bonus names its claim, and is its client's."""
    ours = or_(WalletEntry.balance == BONUS, WalletEntry.reason.in_([GRANTED, RELEASED, LAPSED, TAKEN_BACK]))
    theirs = and_(
        MemberPromotion.id == WalletEntry.member_promotion_id,
        MemberPromotion.user_id == WalletEntry.user_id,
        WalletEntry.reference == PURPOSE,
        WalletEntry.reason.in_([GRANTED, RELEASED, LAPSED, TAKEN_BACK]),
    )
    loose = select(WalletEntry.id).where(ours, ~select(MemberPromotion.id).where(theirs).exists())
    for entry_id in db.session.scalars(loose.order_by(WalletEntry.id)):
        yield Fault(BONUSES, "wallet_entries", entry_id, "is for a claim that isn't there")


def _wrong_cashback() -> Iterator[Fault]:
    """What was credited for a period is a claim of that client by that cashback, and no other claim is."""
    theirs = and_(
        MemberPromotion.id == CashbackCredit.member_promotion_id,
        MemberPromotion.user_id == CashbackCredit.user_id,
        MemberPromotion.promotion_id == CashbackCredit.promotion_id,
    )
    claimed = CashbackCredit.member_promotion_id.is_not(None)
    wrong = select(CashbackCredit.user_id).where(claimed, ~select(MemberPromotion.id).where(theirs).exists())
    for user_id in db.session.scalars(wrong.order_by(CashbackCredit.user_id)):
        yield Fault(BONUSES, "cashback_credits", user_id, "names a claim that isn't theirs")
    yield from _unfounded("cashback", ~select(CashbackCredit.user_id).where(theirs).exists())


def _wrong_referrals() -> Iterator[Fault]:
    """A friend who counted has brought their referrer a bonus, and nobody else has."""
    theirs = and_(
        MemberPromotion.source == literal("referral:") + cast(Referral.friend_id, String),
        MemberPromotion.user_id == Referral.referrer_id,
        MemberPromotion.promotion_id == Referral.promotion_id,
        MemberPromotion.cause == Referral.cause,
    )
    counted = and_(Referral.reason.is_(None), Referral.promotion_id.is_not(None))
    wrong = select(Referral.friend_id).where(counted != select(MemberPromotion.id).where(theirs).exists())
    for friend_id in db.session.scalars(wrong.order_by(Referral.friend_id)):
        yield Fault(BONUSES, "referrals", friend_id, "isn't what the referrer was given")
    claimed = tuple_(MemberPromotion.source, MemberPromotion.user_id, MemberPromotion.promotion_id)
    for source, whose in (("referral", Referral.referrer_id), ("friend", Referral.friend_id)):
        name = literal(f"{source}:") + cast(Referral.friend_id, String)
        yield from _unfounded(source, claimed.not_in(select(name, whose, Referral.promotion_id).where(counted)))


def _unfounded(source: str, nothing: ColumnElement[bool]) -> Iterator[Fault]:
    """Claims from this source behind which there is nothing."""
    loose = select(MemberPromotion.id).where(MemberPromotion.source.like(f"{source}:%"), nothing)
    for row_id in db.session.scalars(loose.order_by(MemberPromotion.id)):
        yield Fault(BONUSES, "member_promotions", row_id, f"was claimed with a {source} that isn't there")


def _moved(balance: str, reason: str) -> ColumnElement[int]:
    mine = (
        WalletEntry.user_id == MemberPromotion.user_id,
        WalletEntry.member_promotion_id == MemberPromotion.id,
        WalletEntry.balance == balance,
        WalletEntry.reason == reason,
    )
    summed = select(func.coalesce(func.sum(WalletEntry.amount_cents), 0)).where(*mine)
    return summed.correlate(MemberPromotion).scalar_subquery()
