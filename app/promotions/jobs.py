"""The back door of the promotions: what time does to them."""

from datetime import datetime

from app.kit.db import unit_of_work
from app.kit.ticker import every
from app.promotions import service


@every("promotions.close_ended", seconds=300)
def close_ended(now: datetime) -> None:
    """Switch off what has ended, each in a transaction of its own. What is over is refused long before this runs."""
    for promotion_id in service.ended(now):
        with unit_of_work():
            service.close_ended(promotion_id, now)
