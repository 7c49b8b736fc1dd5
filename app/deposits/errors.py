"""Why a deposit or a withdrawal isn't taken, or not decided."""

from typing import Any

from flask_babel import lazy_gettext as _l

from app.config import settings
from app.errors import Conflict, DomainError, NotFound
from app.kit.words import money


class AmountNeeded(DomainError):
    code, message = "invalid_amount", _l("Please give an amount of more than 0, such as 50.00.")


class TooManyOpen(Conflict):
    code = "too_many_open"
    message = _l("You have three unpaid deposits. Pay or cancel one of them first.")


class KeyNotUsable(DomainError):
    code = "invalid_key"
    message = _l("This page is out of date. Please load it again, then press the button once more.")


class AskedMeanwhile(Conflict):
    """The page's key has asked for something else: the person went back and changed the amount."""

    code = "asked_already"
    message = _l("From this page something was asked for already. Look below; for one more press the button again.")


class NotPayable(Conflict):
    code, message = "not_payable", _l("This deposit is closed, so there is nothing to pay.")


class NotConfirmable(Conflict):
    code, message = "not_confirmable", _l("This deposit was refused or refunded already, so it can't be confirmed.")


class NotRefusable(Conflict):
    code, message = "not_refusable", _l("Only a deposit that isn't paid yet can be refused.")


class NotRefundable(Conflict):
    code, message = "not_refundable", _l("Only a confirmed deposit can be refunded.")


class BonusesActive(Conflict):
    code = "bonus_active"
    message = _l("While a bonus is active, nothing can be withdrawn. Reach its turnover first, or cancel the bonus.")


class DebtOpen(Conflict):
    """What somebody owes stays in the wallet until it is settled; `facts` say how much that is."""

    code = "debt_open"
    sentence = _l("You owe %(owed)s, which must stay in the wallet. Choose a smaller amount, or ask us to settle it.")

    def __init__(self, owed_cents: int, *, field: str | None = None) -> None:
        super().__init__(field=field, owed_cents=owed_cents)

    @property
    def message(self) -> Any:  # type: ignore[override]  # a sentence about its facts
        return str(self.sentence) % {"owed": money(self.facts["owed_cents"], settings().currency)}


class DebtUncovered(DebtOpen):
    """It was asked for before its client came to owe more than the cash that is left; said to admins."""

    sentence = _l(
        "It can't be approved: %(owed)s is owed, and too little cash is left. Refuse it, then collect the debt."
    )


class NotDecidable(Conflict):
    code, message = "not_decidable", _l("This withdrawal was decided already. Look at it again.")


class WhereToNeeded(DomainError):
    code, message = "pay_to_needed", _l("Please say where we shall send the money, such as an account number.")


class UnknownClient(NotFound):
    message = _l("There is no active client of this username. Please check its spelling.")
