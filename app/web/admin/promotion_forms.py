"""Which form belongs to which kind of promotion: found by the kind's name, so the pages know none of them."""

from app.web.admin.bonus_form import BonusForm
from app.web.admin.deal_form import DealForm
from app.web.admin.discount_form import DiscountForm
from app.web.admin.offer_code_form import OfferCodeForm
from app.web.admin.promotion_fields import PromotionForm

FORMS: dict[str, type[PromotionForm]] = {
    "discount": DiscountForm,
    "deal": DealForm,
    "offer": OfferCodeForm,
    "bonus": BonusForm,
}


def new_form(kind: str) -> PromotionForm:
    """An empty form of this kind, as it is first shown."""
    form = FORMS[kind](formdata=None)
    form.begin()
    return form
