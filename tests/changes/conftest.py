"""What the tests of changes share."""

from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis

from bot.quay.client import Quay
from sandbox.quay.app import create_app
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from tests.support.quotas import Way
from tests.support.world import Clock, World


@pytest.fixture
async def way(redis: Redis) -> AsyncIterator[tuple[World, Way]]:
    """A world over a way that can be broken."""
    clock, faults = Clock(), Faults()
    registry = seed(clock)
    way = Way(httpx.ASGITransport(create_app(registry, faults)))
    async with httpx.AsyncClient(transport=way, base_url="http://quay.test") as http:
        yield (
            World(registry, faults, redis, Quay(http, "sandbox-superuser", attempts=1), "http://quay.test", clock),
            way,
        )
