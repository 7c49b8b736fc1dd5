"""What other rooms and the doors may ask of offers, codes on accounts, and conversions. Callers own the transaction."""

from app.offers.applying import Applied, apply, remove
from app.offers.converting import Completed, find, is_ahead, is_client, record, reverse

__all__ = ["Applied", "Completed", "apply", "find", "is_ahead", "is_client", "record", "remove", "reverse"]
