"""What every request needs and hardly ever changes, kept in the process, dropped everywhere by one word in Redis."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from redis import Redis

from app.kit.broker import broker
from app.kit.db import after_commit

T = TypeVar("T")
SECONDS = 60.0
MOST = 4096


class Shelf:
    """Values kept for at most a minute, under one stamp in Redis that every process compares at each look.

    Without Redis nothing is kept, so nobody sees what another process has changed meanwhile.
    """

    def __init__(self, name: str) -> None:
        self._stamp_key = f"laurel:stamp:{name}"
        self._kept: OrderedDict[Hashable, tuple[str, float, Any]] = OrderedDict()

    def get(self, key: Hashable, load: Callable[[], T]) -> T:
        """The value, loaded anew when it is older than a minute or anything was dropped since."""
        stamp = broker().call(self._stamp, otherwise="")
        kept = self._kept.get(key)
        if kept and kept[0] == stamp and time.monotonic() < kept[1]:
            return cast("T", kept[2])
        value = load()
        if stamp:
            self._keep(key, stamp, value)
        return value

    def drop(self) -> None:
        """Once this unit of work is committed, everybody loads everything anew."""
        after_commit(self.drop_now)

    def drop_now(self) -> None:
        self._kept.clear()
        broker().call(lambda redis: redis.set(self._stamp_key, secrets.token_hex(8)), otherwise=None)

    def _stamp(self, redis: Redis) -> str:
        stamp = cast("bytes | None", redis.get(self._stamp_key))
        if stamp is None:
            redis.set(self._stamp_key, secrets.token_hex(8), nx=True)
            stamp = cast("bytes | None", redis.get(self._stamp_key))
        return (stamp or b"").decode()

    def _keep(self, key: Hashable, stamp: str, value: object) -> None:
        self._kept[key] = (stamp, time.monotonic() + SECONDS, value)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)


class Editions:
    """Values whose keys name their edition, so that none can be out of date: kept without asking anybody.

    At most as long as a minute, so that editions which nobody asks for any more go away.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def get(self, key: Hashable, load: Callable[[], T]) -> T:
        """The value of this edition."""
        kept = self._kept.get(key)
        if kept and time.monotonic() < kept[0]:
            return cast("T", kept[1])
        value = load()
        self._kept[key] = (time.monotonic() + SECONDS, value)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return value

    def clear(self) -> None:
        """Forget everything: for those who put an older database back under a running process."""
        self._kept.clear()
