"""Explain: why a promotion applies or doesn't, rule by rule."""

from datetime import datetime
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import service as accounts
from app.bonuses.models import KIND as BONUS
from app.bonuses.rules import BonusTerms
from app.catalog import service as catalog
from app.config import settings
from app.kit import clock
from app.kit.htmx import page, wants_part
from app.offers.kind import promise
from app.offers.models import KIND as OFFER
from app.offers.rules import OfferTerms
from app.promotions import explaining, listing
from app.promotions.errors import UnknownCode
from app.promotions.explaining import Explanation
from app.promotions.rules import Benefit
from app.promotions.words import described, money
from app.web.admin import bp
from app.web.admin.explain_bonus_form import ExplainBonusForm, promised, why_not
from app.web.admin.explain_form import ExplainForm, Occasion
from app.web.admin.explain_offer_form import ExplainOfferForm
from app.web.admin.promotion_attempts import refused
from app.web.admin.promotion_pages import framed
from app.web.admin.promotion_words import words_for
from app.web.admin.verdicts import judged
from app.web.forms import explain
from app.web.languages import by_the_clock_of
from app.web.visitor import access


@bp.get("/promotions/<int:promotion_id>/explain")
@access("admin")
def explain_promotion(promotion_id: int) -> ResponseReturnValue:
    now = clock.now()
    around = {} if wants_part() else _around(promotion_id, now)
    kind = (around["frame"].listed if around else listing.one(promotion_id)).kind
    has_batch = bool(around) and around["frame"].listed.codes is not None
    form = _form(kind.name, promotion_id)
    occasion = form.occasion(now) if form.is_asked else None
    told = _explain(promotion_id, occasion, form) if occasion else None
    words = form.words(words_for(kind.name)) if isinstance(form, ExplainBonusForm) else words_for(kind.name)
    form.amount.label.text = words.amount
    return page(
        "admin/promotion_explain.html",
        "admin/_promotion_explain.html",
        422 if form.is_asked and told is None else 200,
        promotion_id=promotion_id,
        is_part=wants_part(),
        form=form,
        asks_for_code="code" in request.args or has_batch,
        categories=_categories(form),
        home_zone=settings().timezone,
        occasion=occasion,
        told=told,
        rules=judged(_verdicts(told, occasion), told.kind.name) if told and occasion else [],
        words=words,
        benefit=_benefit(told, occasion) if told and occasion else "",
        **(_told_to(told, occasion) if told and occasion else {}),
        **around,
    )


def _form(kind: str, promotion_id: int) -> ExplainForm:
    if kind == BONUS:
        return ExplainBonusForm(promotion_id)
    return ExplainOfferForm(promotion_id) if kind == OFFER else ExplainForm()


def _explain(promotion_id: int, occasion: Occasion, form: ExplainForm) -> Explanation | None:
    """None, with the reason at the field, where the promotion has no such code."""
    try:
        return explaining.explain(
            promotion_id,
            person=occasion.person,
            items=occasion.items,
            amount_cents=occasion.amount_cents,
            at=occasion.at,
            code=occasion.code,
            facts=occasion.facts,
        )
    except UnknownCode as refusal:
        explain(form, refusal)
        return None


def _verdicts(told: Explanation, occasion: Occasion) -> list[dict[str, Any]]:
    """As they are kept; a payout that is open is held against nothing."""
    verdicts = [dict(described(verdict)) for verdict in told.verdicts]
    hidden = {"amount"} if occasion.is_payout_open else set()
    return [
        each | {"facts": {name: fact for name, fact in each["facts"].items() if name not in hidden}}
        for each in verdicts
    ]


def _told_to(told: Explanation, occasion: Occasion) -> dict[str, str]:
    """What the person hears: with an account by their own clock, whose zone is told where that makes a difference."""
    message, zone = told.message, ""
    user = accounts.by_id(occasion.person.user_id) if occasion.person and occasion.person.user_id else None
    if user is not None and told.failed is not None:
        with by_the_clock_of(user.timezone):
            theirs = told.message
        message, zone = theirs, user.timezone if theirs != message else ""
    if isinstance(told.terms, BonusTerms) and told.failed is not None:
        message = why_not(told.terms, told.failed, message)
    return {"message": message, "zone": zone}


def _benefit(told: Explanation, occasion: Occasion) -> str:
    """What would be given, in words; nothing of what gives nothing."""
    if told.benefit is None:
        return ""
    if isinstance(told.terms, BonusTerms):
        return "" if told.gives_nothing else promised(told.terms, told.benefit, told.amount_cents)
    part = promise(told.terms) if occasion.is_payout_open and isinstance(told.terms, OfferTerms) else ""
    return part or ("" if told.gives_nothing else _in_words(told.benefit))


def _around(promotion_id: int, now: datetime) -> dict[str, Any]:
    frame = framed(promotion_id)
    return {"frame": frame, **refused(frame, now)}


def _categories(form: ExplainForm) -> dict[str, str]:
    """What can be chosen: every category, and what the address brought along."""
    known = catalog.category_names()
    return known | {row.category: row.category for row in form.rows if row.category and row.category not in known}


def _in_words(benefit: Benefit) -> str:
    """What would be given, whatever the kind."""
    told: list[Any] = []
    if benefit.discount_cents is not None:
        told.append(_("%(amount)s off", amount=money(benefit.discount_cents)))
    if benefit.bonus_cents is not None:
        told.append(_("%(amount)s bonus", amount=money(benefit.bonus_cents)))
    told += [f"{item['amount']} × {item['name']}" for item in benefit.reward_items or ()]  # noqa: RUF001
    return ", ".join(told)
