"""Why a code is refused, in the shopper's words."""

from typing import Any

from app.errors import DomainError
from app.promotions.rules import Verdict
from app.promotions.words import facts_for_json, sentence


class CodeRefused(DomainError):
    """The code doesn't apply. `code` is the reason code, `message` says what would help.

    `facts` are fit for JSON, and for whoever asks.
    """

    code, status = "not_found", 422

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(field="code", **facts_for_json(verdict, for_shoppers=True))
        self.code = verdict.rule  # type: ignore[misc]
        self.verdict = verdict

    @property
    def message(self) -> Any:
        return sentence(self.verdict)
