"""The shop as it must not be: a checkout, or a claim, trusts what was read before its transaction began.

Whoever has read that nothing is used yet waits until the other of two web processes has read so too.
"""

import os
from typing import Any

import redis
from flask import g, request
from sqlalchemy import select

from app import create_app
from app.kit.db import db
from app.promotions import service as promotions
from app.promotions.models import Promotion
from tests.processes import wait_until
from tests.races.guards import count_up_without_limit

PROCESSES = 2
fresh_context = promotions.context_of


def stale_context(found: Any, **given: Any) -> Any:
    remembered = g.get("used_counts")
    if remembered is not None:
        found = _Row(found, remembered[found.promotion_id])
    return fresh_context(found, **given)


class _Row:
    def __init__(self, found: Any, used_count: int) -> None:
        self._found, self.used_count, self.is_active = found, used_count, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)


promotions.context_of = stale_context
promotions._count_up = count_up_without_limit  # noqa: SLF001
app = create_app()


@app.before_request
def read_then_wait() -> None:
    """The check, far from the write that trusts it."""
    if request.path.endswith(("/checkout", "/claim")):
        rows = db.session.execute(select(Promotion.id, Promotion.used_count)).all()
        g.used_counts = {row.id: row.used_count for row in rows}
        db.session.rollback()
        if 0 in g.used_counts.values():
            wait_for_the_other()


def wait_for_the_other() -> None:
    looked = f"who looked: {os.getppid()}"
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as board:
        board.sadd(looked, os.getpid())
        wait_until(lambda: board.scard(looked) == PROCESSES)
