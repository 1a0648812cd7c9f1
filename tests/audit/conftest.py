from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.audit import Audit

KEYS = (b"a key that is not in Redis".ljust(32),)
BEGAN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

Another = Callable[..., Audit]


class Clock:
    """A minute passes with every look at it."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> datetime:
        self.looks += 1
        return BEGAN + timedelta(minutes=self.looks - 1)


@pytest.fixture
def another(redis: Redis) -> Another:
    """Makes an audit as another process would have it: same Redis, same key, own memory."""

    def make(*, client: Redis = redis, keys: tuple[bytes, ...] = KEYS) -> Audit:
        return Audit(client, keys, Clock())

    return make


@pytest.fixture
def audit(another: Another) -> Audit:
    return another()
