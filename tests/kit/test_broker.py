import socket
import time
from collections.abc import Iterator

import pytest

from app.kit import broker as brokers
from app.kit.broker import Broker


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_nobody_waits_long_for_a_redis_that_never_answers(black_hole: str) -> None:
    line = Broker(black_hole)
    began = time.monotonic()
    answers = [line.call(lambda redis: redis.get("x"), otherwise=None) for _ in range(20)]
    assert answers == [None] * 20
    assert time.monotonic() - began < brokers.TIMEOUT + 1


def test_a_redis_that_came_back_is_used_again(redis_url: str, black_hole: str) -> None:
    line = Broker(black_hole)
    assert not line.is_there()
    line.redis = Broker(redis_url).redis
    assert line.call(lambda redis: redis.ping(), otherwise=False) is False
    assert line.is_there()
    assert line.call(lambda redis: redis.ping(), otherwise=False) is True
