"""The bonuses that are open to the client, those that they have claimed, and claiming one by its code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.models import User
from app.bonuses import cashback, claims, shelf
from app.bonuses import service as bonuses
from app.bonuses.errors import BonusRefused
from app.bonuses.models import CASHBACK, DEPOSIT, FREE_CREDIT, REFERRAL, MemberPromotion
from app.bonuses.periods import Period
from app.bonuses.rules import bonus_on, cashback_base
from app.bonuses.shelf import OnShelf
from app.bonuses.words import OF_TYPE
from app.errors import DomainError, RateLimited
from app.kit import clock
from app.kit.db import db, unit_of_work
from app.kit.headers import allow_images_of
from app.kit.htmx import page, see_other, toast, wants_part
from app.kit.limits import TooOften
from app.kit.lists import paginate, paginate_rows
from app.kit.text import normalise_code
from app.orders import behind, spending
from app.promotions.rules import UNKNOWN
from app.web import guesses
from app.web.arguments import page_number
from app.web.client import bonus_words, bp
from app.web.client.pulse import stamp, unchanged
from app.web.filters import money
from app.web.visitor import access, me

BONUSES = ("client/promotions.html", "client/_promotions.html")
CLAIM = ("client/claim.html", "client/_claim.html")
LONGEST_TYPED = 64
MOST_FRIENDS = 20
PAST, COUNTED = 10, 20
LINE, OF_DEPOSIT = "line:", "deposit:"
HAD = "user_limit_reached"
BONUSES_HOME = ("client.show_promotions", "active")
HOMES = {"wallet": ("client.show_wallet", "bonuses-now"), "promotions": BONUSES_HOME}


class NotByCode(DomainError):
    """The code is known, and what it stands for comes in another way."""

    code = "not_by_code"


@dataclass(frozen=True, slots=True)
class SoFar:
    """What a cashback's period has come to until now, and what that would give at its end."""

    period: Period
    spent_cents: int
    carried_cents: int
    bonus_cents: int
    missing_cents: int


@bp.get("/promotions")
@access("client")
def show_promotions() -> ResponseReturnValue:
    """The page; for a part all that it shows, or 204 when that is as it was `seen`. A `code` stands in its field."""
    shown = _look(me(), clock.now())
    if not wants_part():  # parts are shown by what this page may
        allow_images_of(each.bonus.image_url for each in shown["offered"] if each.bonus.image_url)
    typed = request.args.get("code", "")[:LONGEST_TYPED]
    return unchanged(shown["stamp"]) or page(*BONUSES, **shown, typed=typed)


@bp.post("/promotions")
@access("client")
def claim_promotion() -> ResponseReturnValue:
    """Claim what a code stands for: a free credit at once, a deposit bonus by way of the deposit.

    Refused, it stays in its field with the reason, or how it comes instead, beside it.
    """
    typed = request.form.get("code", "")[:LONGEST_TYPED]
    try:
        guesses.check(typed)
        claim = _claim(me(), typed, clock.now())
    except DomainError as refusal:
        return _refused(typed, refusal)
    except TooOften as limit:
        answer = _refused(typed, RateLimited(limit.retry_after))
        answer.headers["Retry-After"] = str(limit.retry_after)
        return answer
    if claim is None:
        return see_other(url_for("client.show_wallet", code=normalise_code(typed), _anchor="deposit"))
    toast(_told(claim))
    return page(*BONUSES, **_look(me(), clock.now())) if wants_part() else see_other(url_for("client.show_promotions"))


@bp.get("/promotions/<int:claim_id>")
@access("client")
def show_claim(claim_id: int) -> ResponseReturnValue:
    """One claim by the terms as they were, and what has counted for it. Raises NotFound."""
    claim = claims.get_own(me().id, claim_id)
    counted = paginate_rows(claims.turnover_of(claim.id), number=page_number(), size=COUNTED)
    seen = stamp(claim.status, claim.current_turnover_cents, claim.promotion.ends_at, counted.total, counted.number)
    lines = [_line_of(event.key) for event, _part, _back in counted.items]
    sold = behind.sold_as([each for each in lines if each])
    return unchanged(seen) or page(
        *CLAIM,
        claim=claim,
        counted=counted,
        sold={f"{LINE}{line_id}": told for line_id, told in sold.items()},
        deposit_id=_deposit_of(claim),
        words=bonus_words,
        stamp=seen,
    )


@bp.delete("/promotions/<int:claim_id>")
@access("client")
def cancel_claim(claim_id: int) -> ResponseReturnValue:
    """Give it up; back on the page where that was (`home`), it is gone. Raises NotFound, NotActive."""
    with unit_of_work():
        claim = bonuses.cancel_own(me().id, claim_id, clock.now())
    toast(
        _(
            "“%(title)s” is cancelled: its bonus of %(amount)s lapsed.",
            title=claim.title,
            amount=money(claim.bonus_cents),
        )
    )
    home, anchor = HOMES.get(request.form.get("home", ""), BONUSES_HOME)
    return see_other(url_for(home, _anchor=anchor))


def _claim(user: User, typed: str, now: datetime) -> MemberPromotion | None:
    """None for the code of a deposit bonus that is open to them: it is claimed with a deposit."""
    found = shelf.by_code(user, now, typed)
    if found is None:
        guesses.count()
        raise BonusRefused(UNKNOWN[0])
    if found.terms.type == FREE_CREDIT:
        with unit_of_work():
            return bonuses.claim_free_credit(user, typed, now=now)
    if not found.is_open:
        raise NotByCode(found.why_not, field="code", reason=found.failed.rule if found.failed else "")
    if found.terms.type != DEPOSIT:
        raise NotByCode(OF_TYPE[found.terms.type], field="code")
    return None


def _told(claim: MemberPromotion) -> str:
    if not claim.required_turnover_cents:
        return _("“%(title)s” is yours: %(amount)s is cash.", title=claim.title, amount=money(claim.released_cents))
    told = {"amount": money(claim.bonus_cents), "needed": money(claim.required_turnover_cents)}
    return _(
        "“%(title)s” is yours: %(amount)s, locked until you have turned over %(needed)s.", title=claim.title, **told
    )


def _refused(typed: str, refusal: DomainError) -> Response:
    """What is active already isn't refused as had: its bar is on the same page."""
    shown = _look(me(), clock.now())
    had = refusal.facts.get("reason", refusal.code) == HAD
    running = shown["running"].get(bonuses.find_by_code(typed)) if had else None
    return page(*BONUSES, refusal.status, **shown, typed=typed, refusal=refusal, running_claim=running)


def _look(user: User, now: datetime) -> dict[str, Any]:
    offered, active = shelf.shown_to(user, now), claims.active_of(user.id, now)
    past = paginate(claims.past_of(user.id), number=page_number(), size=PAST)
    so_far = {each.bonus.id: _so_far(each, user.id, now) for each in offered if each.terms.type == CASHBACK}
    friends = _friends(user, is_offered=any(each.terms.type == REFERRAL for each in offered))
    return {
        "offered": offered,
        "active": active,
        "running": {each.promotion_id: each for each in reversed(active)},
        "had": HAD,
        "past": past,
        "so_far": so_far,
        "friends": friends,
        "referral_code": user.referral_code,
        "referral_link": url_for("auth.show_registration", referral_code=user.referral_code, _external=True),
        "words": bonus_words,
        "stamp": stamp(
            [(each.bonus.id, each.terms.version, each.why_not) for each in offered],
            [(each.id, each.current_turnover_cents, each.promotion.ends_at) for each in active],
            [(each.id, each.status) for each in past.items],
            (past.number, past.total, so_far, friends),
        ),
    }


def _so_far(each: OnShelf, user_id: int, now: datetime) -> SoFar | None:
    """Of the period that runs now; None before the first and after the last."""
    terms = each.terms
    period = cashback.running(each.bonus.id, terms, now)
    if period is None:
        return None
    spent = spending.net_spend_of(user_id, period.starts_at, period.ends_at)
    carried = cashback.carried_into(each.bonus.id, period, user_id)
    base, _carries_on = cashback_base(spent, carried)
    missing = max(0, terms.min_amount_cents - base)
    return SoFar(period, spent, carried, 0 if missing or not base else bonus_on(terms, base), missing)


def _friends(user: User, *, is_offered: bool) -> dict[str, Any] | None:
    """Whom the client has brought, and what that came to; None where there is nothing to tell of."""
    joined = claims.friends_of(user.id)
    if not is_offered and not joined:
        return None
    brought: Sequence[Any] = db.session.execute(claims.brought(user.id).limit(MOST_FRIENDS)).all() if joined else ()
    return {"joined": joined, "brought": [tuple(each) for each in brought]}


def _line_of(key: str) -> int | None:
    number = key.removeprefix(LINE)
    return int(number) if key.startswith(LINE) and number.isdecimal() else None


def _deposit_of(claim: MemberPromotion) -> int | None:
    """The client's own deposit that it came with."""
    number = claim.source.removeprefix(OF_DEPOSIT)
    return int(number) if claim.source.startswith(OF_DEPOSIT) and number.isdecimal() else None
