"""The back door of the carts: what time does to them."""

from datetime import datetime, timedelta

from app.cart import service
from app.kit.db import unit_of_work
from app.kit.ticker import every

KEPT = timedelta(days=90)


@every("cart.forget_abandoned", seconds=3600)
def forget_abandoned(now: datetime) -> None:
    """Clear away what anonymous sessions left standing."""
    with unit_of_work():
        service.forget_abandoned(now - KEPT)
