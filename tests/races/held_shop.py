"""The shop with its guards, the window between the check of a code and the taking of its use held open on purpose."""

import time
from datetime import datetime
from typing import Any

from app import create_app
from app.promotions import service as promotions

HELD_SECONDS = 0.05
guarded = promotions._count_up  # noqa: SLF001


def held(promotion_id: int, now: datetime, as_of: datetime) -> Any:
    time.sleep(HELD_SECONDS)
    return guarded(promotion_id, now, as_of)


promotions._count_up = held  # noqa: SLF001
app = create_app()
