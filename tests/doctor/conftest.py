"""A bench over a Redis of the tests' own, which keeps an append-only file as it should."""

from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.redis_server import own_server
from tests.support.bench import Bench, open_bench


@pytest.fixture(scope="session")
def kept_redis() -> Iterator[str]:
    with own_server("--appendonly", "yes") as url:
        yield url


@pytest.fixture
async def bench(kept_redis: str) -> AsyncIterator[Bench]:
    async with open_bench(kept_redis) as opened:
        yield opened
