"""What somebody should know before money leaves a wallet: what its owner owes, and turnover that went back later."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from app.bonuses import claims
from app.bonuses.models import MemberPromotion
from app.deposits.models import Withdrawal
from app.wallet import service as wallets
from app.web.filters import money


@dataclass(frozen=True, slots=True)
class Matters:
    """Of one client: open debts, the cash to collect them from, and claims whose turnover was refunded too late."""

    owed_cents: int = 0
    cash_cents: int = 0
    refunded: Sequence[MemberPromotion] = ()

    @property
    def turnover(self) -> list[str]:
        """A sentence for each bonus whose turnover went back after its release."""
        return [turnover_refunded(each) for each in self.refunded]

    def debt(self, withdrawal: Withdrawal, client: str) -> str:
        """What is owed, and what to do about it first; nothing where nothing is."""
        facts = {"client": client, "owed": money(self.owed_cents)}
        if not self.owed_cents:
            return ""
        if self.cash_cents >= self.owed_cents:
            return _("%(client)s owes %(owed)s, and the cash covers it: collect it before you pay.", **facts)
        if self.cash_cents + withdrawal.amount_cents >= self.owed_cents:
            return _("%(client)s owes %(owed)s, and too little cash is left: refuse it, then collect.", **facts)
        return _("%(client)s owes %(owed)s, more than this and the cash together. Settle that before you pay.", **facts)


NOTHING = Matters()


def matters(user_ids: Collection[int]) -> Mapping[int, Matters]:
    """By client, in two statements; none where there are no ids."""
    owing, refunded = wallets.owing(user_ids), claims.refunded_since(user_ids)
    return {each: Matters(*owing.get(each, (0, 0)), refunded.get(each, ())) for each in user_ids}


def turnover_refunded(claim: MemberPromotion) -> str:
    """It was earned by purchases that were sent back since."""
    facts = {"amount": money(claim.refunded_turnover_cents), "title": claim.title}
    return _("%(amount)s of turnover was refunded after “%(title)s” was released.", **facts)


def freed(debt_cents: int, cash_cents: int, held: Sequence[Withdrawal]) -> str:
    """That a debt could be collected if what is held for withdrawals came back; nothing where it couldn't."""
    held_cents = sum(each.amount_cents for each in held)
    if not cash_cents < debt_cents <= cash_cents + held_cents:
        return ""
    return ngettext(
        "%(amount)s is held for %(numbers)s: refuse that withdrawal, then collect.",
        "%(amount)s is held for %(numbers)s: refuse these withdrawals, then collect.",
        len(held),
        amount=money(held_cents),
        numbers=", ".join(each.reference for each in held),
    )
