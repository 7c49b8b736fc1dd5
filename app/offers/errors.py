"""Why a code can't be applied, a conversion not be taken, an offer not be changed."""

from typing import Any

from flask_babel import lazy_gettext as _l

from app.errors import Conflict, DomainError, NotFound
from app.offers.words import sentence
from app.promotions.rules import Verdict
from app.promotions.words import facts_for_json


class CodeRefused(DomainError):
    """The code doesn't apply. `code` is the reason code, `message` says what would help."""

    code, status = "not_found", 422

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(field="code", **facts_for_json(verdict, for_shoppers=True))
        self.code = verdict.rule  # type: ignore[misc]
        self.verdict = verdict

    @property
    def message(self) -> Any:
        return sentence(self.verdict)


class UnknownClient(NotFound):
    message = _l("There is no active client of this username. Please check its spelling.")


class UnknownOffer(NotFound):
    message = _l("We don't know this offer. Please check its id, or make it first.")


class DuplicateOffer(Conflict):
    message = _l("Another offer has this id already. Please choose another one.")


class DuplicateConversion(Conflict):
    message = _l("A conversion of this id is here already. Look it up, or choose another id.")


class OfferInUse(Conflict):
    message = _l("Conversions or codes refer to this offer, so it stays. Switch it off to hide it from clients.")
