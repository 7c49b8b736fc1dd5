"""Claims of bonuses in words: what each was claimed with, and why one was cancelled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.accounts import desk
from app.audit.models import AuditEntry
from app.bonuses import claims
from app.bonuses.models import CashbackCredit, CashbackPeriod, MemberPromotion, Referral
from app.config import settings
from app.kit.db import db
from app.web.arguments import whole_number
from app.web.filters import day, money

STATE_WORDS: Mapping[str, Any] = {
    "": _l("All"),
    "active": _l("Active"),
    "completed": _l("Completed"),
    "cancelled": _l("Cancelled"),
}
WHY: Mapping[str, Any] = {
    "client": _l("given up by the client"),
    "admin": _l("taken away by an admin"),
    "lapsed": _l("lapsed 30 days after the end"),
    "deposit_refunded": _l("its deposit was refunded"),
}
CLAIM = "member_promotion"
DEPOSIT_PAGE, PERSON = "admin.show_deposit", "admin.show_user"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a claim came with, and where more of that is told, if anywhere."""

    words: str
    url: str = ""


def origins(found: Sequence[MemberPromotion]) -> Mapping[int, Origin]:
    """By claim; at most four statements."""
    friends = {each.id: _friend_of(each) for each in found}
    referrals = claims.referrals_of([each for each in friends.values() if each])
    credits_ = claims.credits_of([each.id for each in found if each.source.startswith("cashback:")])
    givers = {each.given_by_id for each in found if each.given_by_id}
    people = {each for referral in referrals.values() for each in (referral.friend_id, referral.referrer_id)}
    names = desk.names_of(people | givers) if people | givers else {}
    unsaid = [each.id for each in found if each.source.startswith("free:") and not each.given_by_id]
    told = {each.id: _origin(each, friends[each.id], referrals, credits_, names) for each in found}
    return told | {number: Origin(_("Given")) for number in _given(unsaid)}


def why_cancelled(claim: MemberPromotion) -> str:
    """`given up by the client`; nothing of one that wasn't cancelled."""
    return str(WHY.get(claim.cancelled_because or "", ""))


def day_here(instant: datetime) -> str:
    """The day of it on the calendar of this installation, by which periods are cut."""
    return day(instant.astimezone(ZoneInfo(settings().timezone)).date())


def _origin(
    claim: MemberPromotion,
    friend: int | None,
    referrals: Mapping[int, Referral],
    credits_: Mapping[int, tuple[CashbackCredit, CashbackPeriod | None]],
    names: Mapping[int, str],
) -> Origin:
    kind = claim.source.partition(":")[0]
    if kind == "deposit":
        return _deposit(claim)
    if kind == "referral" and friend:
        told = {"friend": names.get(friend, f"#{friend}"), "amount": money(claim.deposit_cents)}
        return Origin(_("First deposit of %(friend)s", **told), url_for(PERSON, user_id=friend))
    if kind == "friend" and friend and friend in referrals:
        referrer = referrals[friend].referrer_id
        told = {"referrer": names.get(referrer, f"#{referrer}")}
        return Origin(_("Brought by %(referrer)s", **told), url_for(PERSON, user_id=referrer))
    if claim.id in credits_:
        return Origin(_spent(*credits_[claim.id]))
    if claim.given_by_id:
        return Origin(_("Given by %(who)s", who=names.get(claim.given_by_id, f"#{claim.given_by_id}")))
    return Origin(_("Claimed with its code"))


def _deposit(claim: MemberPromotion) -> Origin:
    words = _("Deposit of %(amount)s", amount=money(claim.deposit_cents))
    deposit_id = whole_number(claim.source.partition(":")[2])
    has_page = deposit_id is not None and DEPOSIT_PAGE in current_app.view_functions
    return Origin(words, url_for(DEPOSIT_PAGE, deposit_id=deposit_id) if has_page else "")


def _given(claim_ids: Sequence[int]) -> Sequence[int]:
    """Those that nobody claimed, though no admin is named either: they were given by the system."""
    if not claim_ids:
        return ()
    query = select(AuditEntry.entity_id).where(
        AuditEntry.action == "bonus.given",
        AuditEntry.entity == CLAIM,
        AuditEntry.entity_id.in_([str(each) for each in claim_ids]),
    )
    return [int(each) for each in db.session.scalars(query)]


def _spent(credit: CashbackCredit, period: CashbackPeriod | None) -> str:
    spent = money(max(0, credit.spent_cents + credit.carried_cents))
    first = day_here(credit.starts_at)
    last = day_here(period.last_instant) if period else first
    days = first if first == last else f"{first} \u2013 {last}"
    return _("%(spent)s spent, %(days)s", spent=spent, days=days)


def _friend_of(claim: MemberPromotion) -> int | None:
    kind, _colon, number = claim.source.partition(":")
    return whole_number(number) if kind in {"referral", "friend"} else None
