"""Discount codes: checked for anybody, kept by admins."""

from typing import Any

from flask import request
from flask_babel import gettext as _

from app.api import bp
from app.api.endpoint import Answer, Promise, endpoint
from app.api.promotion_schemas import (
    Codes,
    DiscountChanges,
    DiscountCode,
    DiscountCodes,
    NewDiscount,
    Promised,
    Question,
    Verdict,
    Which,
)
from app.api.readers import NOT_THEIRS, person_asked_for
from app.api.tokens import actor, public, requires
from app.discounts import service as discounts
from app.discounts.models import Discount
from app.kit import clock, limits
from app.kit.db import unit_of_work

TAG = "Discount codes"
NO_DISCOUNT = (
    "The code does not apply, and `error` is the reason: `not_found`, `expired`, `usage_limit_reached`, `inactive`, "
    "`not_started`, `outside_active_hours`, `account_required`, `user_limit_reached`, `items_required`, "
    "`category_mismatch`, `min_amount_not_met` or `not_eligible`."
)
DUPLICATE = "`duplicate_code`: another promotion has this code."
CONFLICT = "`conflict`: somebody else was faster; `data` says who changed what."


@bp.post("/promotions/validate")
@public
@endpoint(Promise(TAG, Verdict, body=Question, refuses={**NOT_THEIRS, 422: NO_DISCOUNT}))
def validate_code(body: Question) -> Answer:
    """Check a code against a cart.

    Nothing is taken or kept: the price is quoted as of now. A code that does not apply is a 422 whose `message` tells
    the shopper what would help, and whose `data` holds the facts behind it.
    """
    address = request.remote_addr or ""
    limits.check("codes_address", address)
    quote = discounts.quote(
        body.code,
        items=[item.as_item() for item in body.items or ()],
        subtotal_cents=body.subtotal,
        person=person_asked_for(body.username),
        now=clock.now(),
    )
    if quote.refusal is not None:
        limits.count("codes_address", address)
        discounts.note_refusal(quote)
        quote.refusal.field = None
        quote.refusal.facts = {"valid": False, "reason": quote.refusal.code, **quote.refusal.facts}
        raise quote.refusal
    return Answer(_verdict(quote), _("The code applies."))


@bp.get("/promotions")
@requires("admin")
@endpoint(Promise(TAG, DiscountCodes, query=Which))
def list_discounts(query: Which) -> Answer:
    """List discount codes."""
    found = discounts.listing(
        search=query.search,
        status=query.status or "",
        is_active=query.is_active,
        offset=query.first,
        size=query.limit,
        now=clock.now(),
    )
    shown = [_shown(each) for each in found.items]
    return Answer(DiscountCodes(promotions=shown, total=found.total), _("Discount codes."))


@bp.post("/promotions")
@requires("admin")
@endpoint(Promise(TAG, DiscountCode, 201, body=NewDiscount, refuses={409: DUPLICATE}, creates=True))
def create_discount(body: NewDiscount) -> Answer:
    """Make a discount code."""
    made = discounts.create(body.named(), actor(), clock.now())
    return Answer(_shown(made), _("The discount code is made."), 201)


@bp.get("/promotions/<int:promotion_id>")
@requires("admin")
@endpoint(Promise(TAG, DiscountCode))
def show_discount(promotion_id: int) -> Answer:
    """Show a discount code."""
    return Answer(_shown(discounts.get(promotion_id)), _("The discount code."))


@bp.put("/promotions/<int:promotion_id>")
@requires("admin")
@endpoint(Promise(TAG, DiscountCode, body=DiscountChanges, refuses={409: f"{DUPLICATE} {CONFLICT}"}))
def change_discount(promotion_id: int, body: DiscountChanges) -> Answer:
    """Change a discount code.

    What is named changes, the rest stays. Switching on a code that is past its end or used up is a conflict too, whose
    message says what to change.
    """
    changes = body.named()
    version = changes.pop("version", None)
    with unit_of_work():
        discounts.update(promotion_id, changes, version=version, actor=actor(), now=clock.now())
        shown = _shown(discounts.get(promotion_id))
    return Answer(shown, _("The discount code is changed."))


@bp.delete("/promotions/<int:promotion_id>")
@requires("admin")
@endpoint(Promise(TAG, None, refuses={409: CONFLICT}))
def remove_discount(promotion_id: int) -> Answer:
    """Delete a discount code.

    One that was used is archived instead, since invoices refer to it.
    """
    with unit_of_work():
        is_gone = discounts.remove(promotion_id, actor(), clock.now())
    return Answer(None, _("The discount code is deleted.") if is_gone else _("The discount code is archived."))


def _verdict(quote: discounts.Quote) -> Verdict:
    terms = quote.promotion
    assert terms is not None, "a code that applies has terms"
    return Verdict(
        code=quote.code,
        discount_amount=quote.discount_cents,
        eligible_amount=quote.eligible_cents,
        subtotal=quote.subtotal_cents,
        total=quote.total_cents,
        promotion=Promised(
            title=terms.title,
            discount_code=quote.code,
            discount_type=terms.discount_type,
            discount_value=terms.discount_value,
            min_purchase=terms.min_amount_cents,
            applicable_categories=list(terms.applicable_categories),
            start_date=terms.starts_at,
            end_date=terms.ends_at,
        ),
    )


def _shown(discount: Discount) -> DiscountCode:
    promotion = discount.promotion
    described: dict[str, Any] = discounts.fields_of(discount) | {"status": promotion.status(clock.now())}
    count = promotion.codes_made
    return DiscountCode(
        **described,
        codes=None if count is None else Codes(count=count, used=promotion.used_count),
        id=promotion.id,
        used_count=promotion.used_count,
        auto_deactivated_at=promotion.auto_deactivated_at,
        version=promotion.version,
    )
