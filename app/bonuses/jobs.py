"""The back door of the bonuses: what time does to claims."""

from datetime import datetime

from app.bonuses import releasing
from app.kit.db import unit_of_work
from app.kit.ticker import every


@every("bonuses.lapse", seconds=60)
def lapse_overdue(now: datetime) -> None:
    """Let go what was claimed by promotions that ended more than 30 days ago, each in a transaction of its own."""
    for claim_id in releasing.overdue(now):
        with unit_of_work():
            releasing.lapse(claim_id, now)
