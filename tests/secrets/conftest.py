"""A fresh world for each story."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.support.world import World, open_world


@pytest.fixture
async def world(redis: Redis) -> AsyncIterator[World]:
    """Redis is real, Quay is simulated, Slack is a small fake."""
    async with open_world(redis) as opened:
        yield opened
