"""What the doors may ask of deposits and withdrawals. Callers own the transaction."""

from app.deposits.confirming import Received, confirm, mark_paid, record, take_in
from app.deposits.depositing import cancel, deposit_of, payable, refuse, request, start_payment
from app.deposits.finding import get, get_own
from app.deposits.refunding import refund

__all__ = [
    "Received",
    "cancel",
    "confirm",
    "deposit_of",
    "get",
    "get_own",
    "mark_paid",
    "payable",
    "record",
    "refund",
    "refuse",
    "request",
    "start_payment",
    "take_in",
]
