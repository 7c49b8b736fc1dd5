"""The form of Explain for member bonuses: for whom, on which deposit or spend, and what would come of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Optional

from app.accounts import service as accounts
from app.bonuses import editing
from app.bonuses.errors import UnknownClient
from app.bonuses.models import CASHBACK, DEPOSIT, FREE_CREDIT, REFERRAL
from app.bonuses.rules import BonusTerms, released_of, required_turnover
from app.promotions.rules import Benefit, Verdict
from app.web.admin.explain_form import LONGEST, ExplainForm, refuse
from app.web.admin.promotion_words import Words
from app.web.filters import money
from app.web.forms import strip

# what a bonus is reckoned on, and what there is to say of it
BASE: Mapping[str, tuple[Any, Any]] = {
    DEPOSIT: (_l("Deposit"), _l("How much is deposited.")),
    CASHBACK: (_l("Spent in the period"), _l("What was paid for orders, less refunds.")),
    REFERRAL: (_l("The friend's deposit"), _l("Their first one. The person is who brought them.")),
}

# what comes by itself, so that nobody who asks for it is refused
UNASKED = (CASHBACK, REFERRAL)


class ExplainBonusForm(ExplainForm):
    """A free credit asks for no amount."""

    person = StringField(
        _l("Person"),
        [Optional()],
        filters=[strip],
        description=_l("A client's username. Empty: nobody is signed in."),
        render_kw={"maxlength": LONGEST, "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )

    def __init__(self, promotion_id: int) -> None:
        super().__init__()
        self.of_type = editing.get(promotion_id).type

    @property
    def asks_for_amount(self) -> bool:
        return self.of_type != FREE_CREDIT

    def words(self, usual: Words) -> Words:
        """What the amount is, of a bonus of this type. Nobody asks for one that comes by itself, so nobody is told."""
        amount, hint = BASE.get(self.of_type, (usual.amount, ""))
        told = "%(sentence)s" if self.of_type in UNASKED else usual.told
        return replace(usual, amount=amount, amount_hint=hint, told=told)

    def _read_person(self) -> None:
        """Bonuses are for accounts: a name that nobody has is a slip."""
        super()._read_person()
        if self.person.data and not self.person.errors and accounts.find(self.person.data) is None:
            refuse(self.person, UnknownClient.message)


def why_not(terms: BonusTerms, failed: Verdict, usual: str) -> str:
    """Why it doesn't come, to the admin; `usual` is what a client would be told, where one would be."""
    if terms.type not in UNASKED:
        return usual
    if failed.rule == "account_required":
        return _("It is for clients with an account.")
    if failed.rule == "min_amount_not_met" and "missing_cents" in failed.facts:
        told = {"missing": money(failed.facts["missing_cents"]), "least": money(terms.min_amount_cents)}
        if terms.type == CASHBACK:
            return _("%(missing)s more must be spent in the period: this cashback begins at %(least)s.", **told)
        return _("The friend must deposit %(missing)s more: this bonus begins at %(least)s.", **told)
    return usual


def promised(terms: BonusTerms, benefit: Benefit, amount_cents: int) -> str:
    """`$100.00 bonus, after $600.00 of turnover`; what of it is paid out at most, and what a friend gets."""
    bonus = benefit.bonus_cents or 0
    turnover = required_turnover(terms.turnover_hundredths, amount_cents if terms.type == DEPOSIT else 0, bonus)
    told = [_("%(amount)s bonus", amount=money(bonus))]
    told.append(_("after %(amount)s of turnover", amount=money(turnover)) if turnover else _("theirs at once"))
    if released_of(bonus, terms.max_withdraw_cents) < bonus:
        told.append(_("%(amount)s of it paid out at most", amount=money(terms.max_withdraw_cents)))
    if terms.type == REFERRAL and terms.friend_bonus_cents:
        told.append(_("%(amount)s for the friend", amount=money(terms.friend_bonus_cents)))
    return ", ".join(told)
