"""Explain: why a promotion applies or doesn't, rule by rule."""

from datetime import datetime
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.catalog import service as catalog
from app.config import settings
from app.kit import clock
from app.kit.htmx import page, wants_part
from app.promotions import explaining, listing
from app.promotions.errors import UnknownCode
from app.promotions.explaining import Explanation
from app.promotions.rules import Benefit
from app.promotions.words import described, money
from app.web.admin import bp
from app.web.admin.explain_form import ExplainForm, Occasion
from app.web.admin.promotion_attempts import refused
from app.web.admin.promotion_pages import framed
from app.web.admin.promotion_words import words_for
from app.web.admin.verdicts import judged
from app.web.forms import explain
from app.web.visitor import access


@bp.get("/promotions/<int:promotion_id>/explain")
@access("admin")
def explain_promotion(promotion_id: int) -> ResponseReturnValue:
    form, now = ExplainForm(), clock.now()
    occasion = form.occasion(now) if form.is_asked else None
    told = _explain(promotion_id, occasion, form) if occasion else None
    around = {} if wants_part() else _around(promotion_id, now)
    kind = told.kind if told else (around["frame"].listed if around else listing.one(promotion_id)).kind
    words = words_for(kind.name)
    form.amount.label.text = words.amount
    return page(
        "admin/promotion_explain.html",
        "admin/_promotion_explain.html",
        422 if form.is_asked and told is None else 200,
        promotion_id=promotion_id,
        is_part=wants_part(),
        form=form,
        asks_for_code="code" in request.args or (bool(around) and around["frame"].listed.codes is not None),
        categories=_categories(form),
        home_zone=settings().timezone,
        occasion=occasion,
        told=told,
        rules=judged([described(verdict) for verdict in told.verdicts], told.kind.name) if told else [],
        words=words,
        benefit=_in_words(told.benefit) if told and told.benefit else "",
        **around,
    )


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
