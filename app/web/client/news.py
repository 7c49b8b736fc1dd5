"""In which order a client is told what happened."""

from collections.abc import Iterable

from app.messages.models import Notice

SAD = {
    *("redemption_rejected", "program_cancelled", "bonus_taken_back", "bonus_cancelled", "bonus_lapsed"),
    *("deposit_refused", "deposit_refunded", "withdrawal_refused"),
}


def in_order(notices: Iterable[Notice]) -> list[Notice]:
    """Bad news first, then what somebody wrote a word to, then the rest; among each other as they came."""
    return sorted(notices, key=lambda each: (each.kind not in SAD, not each.context.get("notes")))
