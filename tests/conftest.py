"""What every part's tests may ask for."""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from sandbox.redis_server import NoRedis, empty_database, redis_server
from tests.support.world import World, open_world

settings.register_profile("project", deadline=None)  # how long an example takes is no property
settings.load_profile("project")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A database of a real Redis that held nothing before the tests; it is left empty."""
    try:
        with redis_server(allow_fake=False) as server:
            url = empty_database(server.url)
            yield url
            with BlockingRedis.from_url(url) as client:
                client.flushdb()
    except NoRedis as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """The tests' database, emptied."""
    async with Redis.from_url(redis_url) as client:
        await client.flushdb()
        yield client


@pytest.fixture
async def world(redis: Redis) -> AsyncIterator[World]:
    """A fresh world for a story: Redis is real, Quay is simulated, Slack is a small fake."""
    async with open_world(redis) as opened:
        yield opened
