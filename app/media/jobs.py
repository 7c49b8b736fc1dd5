"""The back door of the pictures: what time does to them."""

from datetime import datetime

import structlog

from app.kit.ticker import every
from app.media import service

log = structlog.get_logger(__name__)
A_DAY = 86_400


@every("media.sweep", seconds=A_DAY)
def sweep(now: datetime) -> None:
    """Clear away pictures that nothing shows any more."""
    if removed := service.sweep(now):
        log.info("pictures_swept", removed=removed)
