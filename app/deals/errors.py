"""Why a deal can't be claimed, or a grant not be handed out."""

from typing import Any

from flask_babel import lazy_gettext as _l

from app.deals.words import sentence
from app.errors import Conflict, DomainError
from app.promotions.rules import Verdict
from app.promotions.words import facts_for_json


class DealRefused(DomainError):
    """The deal can't be claimed. `code` is the reason code, `message` says what would help."""

    code, status = "not_found", 422

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(**facts_for_json(verdict, for_shoppers=True))
        self.code = verdict.rule  # type: ignore[misc]
        self.verdict = verdict

    @property
    def message(self) -> Any:
        return sentence(self.verdict)


class GrantRevoked(Conflict):
    message = _l("What this grant rests on was refunded, so it was taken back. Please don't hand it out.")
