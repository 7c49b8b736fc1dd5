"""What the doors may ask of deposits and withdrawals. Callers own the transaction."""

from app.deposits.confirming import Received, confirm, mark_paid, record, take_in
from app.deposits.depositing import cancel, payable, refuse, request, start_payment
from app.deposits.finding import awaiting_return, deposit_of, get, get_own
from app.deposits.refunding import outlook, refund

__all__ = [
    "Received",
    "awaiting_return",
    "cancel",
    "confirm",
    "deposit_of",
    "get",
    "get_own",
    "mark_paid",
    "outlook",
    "payable",
    "record",
    "refund",
    "refuse",
    "request",
    "start_payment",
    "take_in",
]
