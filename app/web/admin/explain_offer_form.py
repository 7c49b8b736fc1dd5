"""The form of Explain for offer codes: for whom, for which completed offer, and what it paid."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Optional

from app.offers import catalogue, editing
from app.offers.errors import UnknownOffer
from app.offers.models import Offer
from app.web.admin.explain_form import LONGEST, ExplainForm, refuse
from app.web.forms import choices, strip


class ExplainOfferForm(ExplainForm):
    """Without an offer it is the one that the code is for, if that is just one; without a payout, what that pays."""

    person = StringField(
        _l("Person"),
        [Optional()],
        filters=[strip],
        description=_l("A client's username. Empty: nobody is signed in."),
        render_kw={"maxlength": LONGEST, "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    offer = SelectField(_l("Offer"), [Optional()], filters=[strip], validate_choice=False)

    def __init__(self, promotion_id: int) -> None:
        super().__init__()
        self.promotion_id = promotion_id
        self.offers = catalogue.every()
        self.offer.choices = choices([("", _("Any that the code is for")), *map(_option, self.offers)])

    def _more(self) -> dict[str, Any]:
        """Which offer, and whether its payout is left open."""
        return {"offer": self.which, "is_payout_open": self.which is None and not self.amount.data}

    def _read_amount(self) -> None:
        self.which = self._offer()
        super()._read_amount()
        if self.which is not None and not self.amount.data:
            self.cents = self.which.payout_cents

    def _offer(self) -> Offer | None:
        if not self.offer.data:
            return self._only()
        found = next((each for each in self.offers if each.external_id == self.offer.data), None)
        if found is None:
            refuse(self.offer, UnknownOffer.message)
        return found

    def _only(self) -> Offer | None:
        ids = editing.get(self.promotion_id).applicable_offers
        return next((each for each in self.offers if [each.id] == ids), None)


def _option(offer: Offer) -> tuple[str, str]:
    return offer.external_id, offer.name if offer.is_active else f"{offer.name} · {_('switched off')}"
