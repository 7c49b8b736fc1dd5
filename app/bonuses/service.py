"""What other rooms and the doors may ask of member bonuses. Callers own the transaction."""

from app.bonuses.claiming import Deposited, Outcome, claim_free_credit, claim_on_deposit, find_by_code, give_free_credit
from app.bonuses.referring import reward
from app.bonuses.releasing import cancel, cancel_own, undo, users_of
from app.bonuses.turnover import Bought, awaits_turnover, count_order, record, running, take_back

__all__ = [
    "Bought",
    "Deposited",
    "Outcome",
    "awaits_turnover",
    "cancel",
    "cancel_own",
    "claim_free_credit",
    "claim_on_deposit",
    "count_order",
    "find_by_code",
    "give_free_credit",
    "record",
    "reward",
    "running",
    "take_back",
    "undo",
    "users_of",
]
