"""A Redis that hangs, takes no writes or is a cluster: said at once, in words, and never called ready."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.storage.breaker import Breaker
from bot.storage.connection import ClusterRefused, open_redis, refuse_cluster
from bot.storage.probe import FRESH_SECONDS, StorageProbe
from sandbox.redis_server import own_server


class Hands:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def own() -> Iterator[str]:
    """A server whose settings tests may change."""
    with own_server() as url:
        yield url


def setting(url: str, **settings: str) -> None:
    with BlockingRedis.from_url(url) as client:
        for name, value in settings.items():
            client.config_set(name.replace("_", "-"), value)


@asynccontextmanager
async def probing(url: str, hands: Hands) -> AsyncIterator[StorageProbe]:
    async with Redis.from_url(url) as redis:
        yield StorageProbe(redis, hands)


async def test_a_probe_is_ready_only_by_a_write_of_the_last_seconds(own: str) -> None:
    """Nothing is known before the first, and an old one proves nothing."""
    hands = Hands()
    async with probing(own, hands) as probe:
        assert probe.trouble
        await probe.write()
        assert probe.trouble is None
        hands.seconds += FRESH_SECONDS + 1
        assert probe.trouble == "it doesn't answer"


async def test_out_of_memory_is_not_ready(own: str) -> None:
    """Reads are still answered."""
    hands = Hands()
    async with probing(own, hands) as probe:
        await probe.write()
        setting(own, maxmemory="1")
        await probe.write()
        assert str(probe.trouble).startswith("it is out of memory (")
        setting(own, maxmemory="0")
        await probe.write()
        assert probe.trouble is None


async def test_a_read_only_replica_is_not_ready(own: str) -> None:
    """As after a failover, behind an address that stayed."""
    async with probing(own, Hands()) as probe:
        with BlockingRedis.from_url(own) as client:
            client.replicaof("127.0.0.1", "1")
            await probe.write()
            client.replicaof("NO", "ONE")
        assert str(probe.trouble).startswith("it is a read-only replica")


async def test_a_cluster_is_refused_in_words() -> None:
    """At start; a single server isn't."""
    with own_server("--cluster-enabled", "yes", "--port", str(free_port())) as url:
        async with Redis.from_url(url.partition("?")[0]) as redis:
            with pytest.raises(ClusterRefused, match="Redis Cluster"):
                await refuse_cluster(redis)


async def test_a_single_server_is_taken(redis: Redis) -> None:
    """And one that can't be reached stops no process: it may come back."""
    await refuse_cluster(redis)
    async with open_redis("redis://127.0.0.1:1") as nowhere:
        await refuse_cluster(nowhere)


def free_port() -> int:
    """A port that leaves room for the cluster's own, which is 10,000 above."""
    for port in range(20_000, 30_000):
        with socket.socket() as found:
            if found.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no port is free")


@asynccontextmanager
async def silence() -> AsyncIterator[str]:
    """A server that takes connections and never says a word."""
    over = asyncio.Event()

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        over.set()


async def test_everyone_hears_within_three_seconds_that_redis_hangs() -> None:
    """Also those who wait for each other, as for the audit's next place."""
    async with silence() as url, open_redis(url, breaker=Breaker()) as redis:
        turn = asyncio.Lock()

        async def ask() -> None:
            async with turn:
                with pytest.raises((RedisTimeoutError, RedisConnectionError)):
                    await redis.get("key")

        began = time.monotonic()
        await asyncio.gather(*(ask() for _ in range(50)))
        assert time.monotonic() - began < 3


async def test_pipelines_and_scripts_obey_the_breaker_too() -> None:
    """Whatever way a command goes."""
    async with silence() as url, open_redis(url, breaker=Breaker()) as redis:
        with pytest.raises(RedisError):
            await redis.get("key")
        began = time.monotonic()
        async with redis.pipeline(transaction=False) as pipeline:
            pipeline.get("key")
            with pytest.raises(RedisConnectionError, match="a moment ago"):
                await pipeline.execute()
        with pytest.raises(RedisConnectionError, match="a moment ago"):
            await redis.eval("return 1", 0)  # type: ignore[misc]
        assert time.monotonic() - began < 0.5


def test_one_command_a_second_tries_whether_redis_is_back() -> None:
    """The others fail at once meanwhile, and its answer lets all through."""
    hands = Hands()
    breaker = Breaker(hands)
    breaker.check()
    breaker.trip()
    with pytest.raises(RedisConnectionError):
        breaker.check()
    hands.seconds += 1
    breaker.check()
    with pytest.raises(RedisConnectionError):
        breaker.check()
    breaker.close()
    breaker.check()


async def test_a_redis_that_answers_with_an_error_is_there(own: str) -> None:
    """A refusal is an answer."""
    async with open_redis(own, breaker=Breaker()) as redis:
        for _ in range(3):
            with pytest.raises(RedisError):
                await redis.execute_command("NOSUCHCOMMAND")  # type: ignore[no-untyped-call]
        await redis.set("key", "1")
