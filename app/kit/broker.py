"""Redis, reached in a way that nobody has to wait for it: short timeouts, no retries, a circuit that opens."""

import time
from collections.abc import Callable
from typing import TypeVar, cast

import structlog
from flask import Flask, current_app
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

T = TypeVar("T")
log = structlog.get_logger(__name__)
TIMEOUT = 0.5
OPEN_FOR = 10.0


class Broker:
    """One process's line to Redis. After a failure it isn't tried again for `OPEN_FOR` seconds."""

    def __init__(self, url: str) -> None:
        self.redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        self._closed_from = 0.0

    def call(self, ask: Callable[[Redis], T], otherwise: T) -> T:
        """What Redis answers, or `otherwise` when it is away. Never raises for its sake."""
        if time.monotonic() < self._closed_from:
            return otherwise
        try:
            return ask(self.redis)
        except RedisError as error:
            self._closed_from = time.monotonic() + OPEN_FOR
            log.warning("redis_away", error=type(error).__name__)
            return otherwise

    def is_there(self) -> bool:
        """Ask anew, whatever the circuit says; an answer closes it again."""
        self._closed_from = 0.0
        return self.call(lambda redis: bool(redis.ping()), otherwise=False)


def init_broker(app: Flask, url: str) -> None:
    """Give the app its line; nothing is connected yet."""
    app.extensions["broker"] = Broker(url)


def broker() -> Broker:
    """The line of the app in hand."""
    return cast("Broker", current_app.extensions["broker"])
