"""The wallet of a client who shops: whether it covers what they are about to pay."""

from dataclasses import dataclass

from app.accounts.models import User
from app.orders.models import Invoice
from app.wallet import service as wallets
from app.web.visitor import signed_in


@dataclass(frozen=True, slots=True)
class Purse:
    """A client's cash, and how much of it is missing for what is to be paid."""

    cash_cents: int
    missing_cents: int

    @property
    def covers(self) -> bool:
        return not self.missing_cents


def owner() -> User | None:
    """The client in front of the page: nobody else pays with a wallet."""
    user = signed_in()
    return user if user is not None and user.role == "client" else None


def purse_for(total_cents: int) -> Purse | None:
    """Theirs, where something is to be paid."""
    user = owner()
    if user is None or not total_cents:
        return None
    cash = wallets.balances(user.id).cash_cents
    return Purse(cash, max(0, total_cents - cash))


def purse_of(invoice: Invoice) -> Purse | None:
    """The same for an unpaid order of theirs."""
    user = owner()
    is_theirs = user is not None and user.id == invoice.user_id
    return purse_for(invoice.total_cents) if is_theirs and is_payable(invoice) else None


def is_payable(invoice: Invoice) -> bool:
    """Whether it may be paid from a wallet: what is given is paid as it always was."""
    return invoice.status == "pending" and invoice.kind == "order"
