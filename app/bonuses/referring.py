"""Referrals: when a friend's first deposit is confirmed, a bonus for who referred them. Callers own the transaction.

Never for oneself, for another address of the same mailbox, in a ring, or twice for one friend.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from app.accounts.models import User
from app.bonuses.claiming import FOUND, LOST, Deposited, Grant, grant, hold, judged, terms_at
from app.bonuses.models import REFERRAL, Bonus, MemberPromotion, Referral
from app.bonuses.rules import BonusTerms, best_first, bonus_on, mailbox_of
from app.bonuses.words import reason_of
from app.config import settings
from app.kit.db import db, take_turns
from app.kit.text import like
from app.promotions.models import Promotion
from app.promotions.rules import first_failure

THESE = (Bonus.type == REFERRAL, Promotion.archived_at.is_(None))
RUNNING = FOUND.where(*THESE)
LONGEST_CHAIN = 1000
NO_PROMOTION, SAME_MAIL, RING, KNOWN, NO_CLIENT = "no_promotion", "same_mail", "ring", "known_friend", "no_client"


def reward(told: Deposited, referrer: User, now: datetime) -> Referral:
    """Decide once what the friend's first deposit brings, and keep it. Users and wallets are held.

    The bonus goes to the referrer and, where there is one, the friend's bonus to the friend.
    """
    friend = told.user
    known = db.session.get(Referral, friend.id, populate_existing=True)
    if known is not None:
        return known
    take_turns(f"mailbox:{key_of(friend.email)}")
    made = Referral(
        friend_id=friend.id,
        referrer_id=referrer.id,
        friend_key=key_of(friend.email),
        cause=told.cause,
        promotion_id=None,
        reason=against(friend, referrer),
        created_at=now,
    )
    if made.reason is None:
        made.promotion_id, made.reason = _grant_best(referrer, told, now)
    db.session.add(made)
    db.session.flush()
    return made


def against(friend: User, referrer: User) -> str | None:
    """Why a referral doesn't count, before any bonus is looked at; None where nothing is against it."""
    if referrer.role != "client" or not referrer.is_active:
        return NO_CLIENT
    mailbox = mailbox_of(friend.email)
    if mailbox == mailbox_of(referrer.email):
        return SAME_MAIL
    if any(user_id == friend.id or mailbox_of(email) == mailbox for user_id, email in _chain_above(referrer)):
        return RING
    known = select(Referral.friend_id).where(Referral.friend_key == key_of(friend.email), Referral.reason.is_(None))
    return KNOWN if db.session.scalar(known) is not None or _had_an_account(friend) else None


def key_of(email: str) -> str:
    """A digest of the mailbox behind an address, which nobody outside can make."""
    secret = settings().secret_key.encode()
    return hmac.new(secret, b"referral:" + mailbox_of(email).encode(), hashlib.sha256).hexdigest()


def _had_an_account(friend: User) -> bool:
    """Whether somebody with this mailbox was here before: then they are no new friend."""
    local = mailbox_of(friend.email).rpartition("@")[0]
    alike = func.replace(func.lower(User.email), ".", "").like(like(local).removeprefix("%"), escape="\\")
    before = db.session.scalars(select(User.email).where(User.id < friend.id, alike))
    return any(mailbox_of(email) == mailbox_of(friend.email) for email in before)


def _chain_above(referrer: User) -> Sequence[tuple[int, str]]:
    """Who referred the referrer, who referred those, and so on: id and address."""
    chain: list[tuple[int, str]] = []
    seen, above = {referrer.id}, referrer.referred_by_id
    while above is not None and above not in seen and len(chain) < LONGEST_CHAIN:
        seen.add(above)
        user_id, email, above = db.session.execute(
            select(User.id, User.email, User.referred_by_id).where(User.id == above)
        ).one()
        chain.append((user_id, email))
    return chain


def _grant_best(referrer: User, told: Deposited, now: datetime) -> tuple[int | None, str | None]:
    """By which bonus both were rewarded, or why not: the last reason, since each that runs was tried."""
    hold(*THESE)
    found = {each.promotion_id: each for each in db.session.execute(RUNNING, {"person": referrer.person.key})}
    reason = NO_PROMOTION
    giving: list[tuple[BonusTerms, int]] = []
    for each in found.values():
        failed = first_failure(judged(each, now, told.amount_cents, {"occasion": REFERRAL}))
        if failed is None:
            giving.append((terms_at(each), bonus_on(terms_at(each), told.amount_cents)))
        elif failed.rule not in {"expired", "not_started", "inactive"}:
            reason = reason_of(failed)
    for terms, bonus in best_first(giving):
        try:
            _grant_both(found[terms.promotion_id], terms, bonus, referrer, told, now)
        except LOST as lost:
            reason = lost.code
        else:
            return terms.promotion_id, None
    return None, reason


def _grant_both(  # noqa: PLR0913, PLR0917
    found: Row[Any], terms: BonusTerms, bonus: int, referrer: User, told: Deposited, now: datetime
) -> MemberPromotion:
    """One use for both: the friend's bonus comes along with the referrer's."""
    with db.session.begin_nested():
        if terms.friend_bonus_cents:
            theirs = Grant(
                told.user.id, terms.friend_bonus_cents, f"friend:{told.user.id}", cause=told.cause, takes_use=False
            )
            grant(found, terms, theirs, now=now, as_of=now)
        mine = Grant(referrer.id, bonus, f"referral:{told.user.id}", cause=told.cause)
        return grant(found, terms, mine, now=now, as_of=now)
