"""The form with which an admin puts money into a wallet, or takes some out."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from app.wallet.models import LONGEST_REASON
from app.web.fields import AmountField, Filled
from app.web.forms import one_line
from app.web.once import OnceForm

MINUS, TYPED_MINUSES = "-", "\N{MINUS SIGN}\N{EN DASH}"
WHY_NEEDED = _l("Please say why, so that everybody can follow it later.")


class SignedAmountField(AmountField):
    """An amount that may be below zero; a plus is fine too. `data` is cents, never 0."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        if not valuelist:
            return
        typed = str(valuelist[0]).strip().replace(" ", "")
        plain = MINUS + typed[1:] if typed[:1] and typed[0] in TYPED_MINUSES else typed
        sign = -1 if plain.startswith(MINUS) else 1
        super().process_formdata([plain.removeprefix(MINUS) if sign < 0 else plain.removeprefix("+")])
        if self.data == 0:
            self.data = None
            raise ValueError(_("Please give an amount other than 0, such as 5.00 or -5.00."))
        if self.data is not None:
            self.data *= sign


class AdjustmentForm(OnceForm):
    """Whoever presses twice moves money once."""

    amount = SignedAmountField(
        _l("Amount"),
        [Filled(_l("Please enter an amount such as 5.00, or -5.00 to take it away."))],
        description=_l("Such as 5.00; -5.00 takes it away. It moves cash, never the bonus balance."),
        render_kw={"inputmode": "text", "autocomplete": "off", "maxlength": 20},
    )
    why = StringField(
        _l("Reason"),
        [Filled(WHY_NEEDED), Length(max=LONGEST_REASON)],
        filters=[one_line],
        description=_l("Kept with the entry and in the audit log."),
        render_kw={"autocomplete": "off", "maxlength": LONGEST_REASON},
    )
