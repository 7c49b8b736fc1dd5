"""Why money isn't moved."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.config import settings
from app.errors import Conflict, DomainError
from app.kit.words import money


class NotEnough(DomainError):
    """There is less in the wallet than it takes; `facts` say how many cents are missing."""

    code = "insufficient_funds"

    def __init__(self, missing_cents: int, *, field: str | None = None) -> None:
        super().__init__(field=field, missing_cents=missing_cents)

    @property
    def message(self) -> str:
        missing = money(self.facts["missing_cents"], settings().currency)
        return _("There is %(missing)s too little in the wallet.", missing=missing)


class NothingToMove(DomainError):
    code, message = "nothing_to_move", _l("Please give an amount other than 0, such as 5.00 or -5.00.")


class TooMuch(DomainError):
    code, message = "too_much", _l("No wallet holds so much. Please choose a smaller amount.")


class AdjustmentMade(Conflict):
    """The page's key has moved something else: it was open in another tab, or sent again with other numbers."""

    code = "adjustment_made"
    message = _l("Something was moved from this page already. Look at the balance, then press the button again.")


class DebtSettled(Conflict):
    code, message = "debt_settled", _l("This debt is settled already.")
