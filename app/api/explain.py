"""Promotions of any kind: why one does or doesn't apply."""

from flask_babel import gettext as _

from app.accounts import service as accounts
from app.accounts.errors import NotAName
from app.accounts.persons import Person
from app.api import bp
from app.api.endpoint import Answer, Promise, endpoint
from app.api.explain_schemas import BenefitOut, ExplanationOut, Occasion, RewardOut, RuleOut
from app.api.tokens import requires
from app.errors import ValidationFailed
from app.kit import clock
from app.offers import catalogue
from app.offers.errors import UnknownOffer
from app.offers.models import Offer
from app.promotions import explaining
from app.promotions.rules import Benefit
from app.promotions.words import described

TAG = "Any promotion"
NO_SUCH_OFFER = "`not_found`: there is no such promotion, or, where `fields` says so, no offer of this `offerId`."


@bp.post("/v1/admin/promotions/<int:promotion_id>/explain")
@requires("admin")
@endpoint(Promise(TAG, ExplanationOut, body=Occasion, refuses={404: NO_SUCH_OFFER}))
def explain_promotion(promotion_id: int, body: Occasion) -> Answer:
    """Explain a promotion.

    Judges it for somebody, with something in the cart, at some moment, and tells every rule's verdict. Nothing is taken
    or kept. The moment moves only the clock: terms and counters are those of now.
    """
    offer = _offer(body.offer_id)
    usual = offer.payout_cents if offer else 0
    told = explaining.explain(
        promotion_id,
        person=_person(body.username),
        items=[item.as_item() for item in body.items or ()],
        amount_cents=usual if body.amount is None else body.amount,
        at=body.at or clock.now(),
        facts={"offer_id": offer.id} if offer else {},
    )
    shown = ExplanationOut(
        eligible=told.is_eligible,
        reason=told.reason,
        message=told.message,
        benefit=_benefit(told.benefit) if told.benefit else None,
        verdicts=[RuleOut(**described(verdict)) for verdict in told.verdicts],
    )
    return Answer(shown, _("The promotion, rule by rule."))


def _person(username: str | None) -> Person | None:
    try:
        return None if username is None else accounts.person_named(username)
    except NotAName as refusal:
        raise ValidationFailed(refusal.fields) from None


def _offer(external_id: str | None) -> Offer | None:
    """Raises UnknownOffer."""
    offer = None if external_id is None else catalogue.find(external_id)
    if external_id is not None and offer is None:
        raise UnknownOffer(field="offer_id")
    return offer


def _benefit(benefit: Benefit) -> BenefitOut:
    items = benefit.reward_items
    return BenefitOut(
        discount_amount=benefit.discount_cents,
        bonus_amount=benefit.bonus_cents,
        reward_items=None if items is None else [RewardOut(**item) for item in items],
    )
