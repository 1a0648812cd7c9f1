"""A user of Redis's ACL, and Sentinels: real servers, the bot's own connection and SAQ's queue over it."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from bot.config.addresses import read_sentinel_url
from bot.jobs.worker import EXECUTE, open_queue, wake
from bot.storage.breaker import Breaker
from bot.storage.connection import open_redis
from sandbox.redis_server import find_server

PASSWORD = "p@ss-word"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def running(*command: str) -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


async def listening(port: int) -> None:
    """Wait until a server can be connected to."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[tuple[int, int]]:
    """A Redis that lets one user in, with a Sentinel that watches it: the two ports."""
    server = find_server(os.environ["PATH"])
    assert server is not None
    port, sentinel = free_port(), free_port()
    acl = tmp_path / "users.acl"
    acl.write_text(f"user default off\nuser bot on >{PASSWORD} ~* &* +@all\n")
    watching = tmp_path / "sentinel.conf"
    watching.write_text(
        f"port {sentinel}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor mymaster 127.0.0.1 {port} 1\n"
        f"sentinel auth-user mymaster bot\nsentinel auth-pass mymaster {PASSWORD}\n"
    )
    own = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path), "--aclfile", str(acl)]
    with ExitStack() as stack:
        stack.enter_context(running(str(server), *own))
        await listening(port)
        stack.enter_context(running(str(server), str(watching), "--sentinel"))
        await listening(sentinel)
        yield port, sentinel


async def test_a_user_of_the_acl(guarded: tuple[int, int]) -> None:
    """The user and the password stand in the address, signs of their own percent-encoded."""
    port, _ = guarded
    async with open_redis(f"redis://bot:p%40ss-word@127.0.0.1:{port}/0", seconds=5) as redis:
        assert await redis.set("quaymaster:test", "1")
    async with open_redis(f"redis://bot:wrong@127.0.0.1:{port}/0", seconds=5) as redis:
        with pytest.raises(RedisError):
            await redis.get("quaymaster:test")


async def test_by_sentinels(guarded: tuple[int, int]) -> None:
    """The master that they name gets commands, scripts and the queue's jobs; a Sentinel that is gone is passed over."""
    _, sentinel = guarded
    url = f"redis+sentinel://bot:p%40ss-word@127.0.0.1:{free_port()},127.0.0.1:{sentinel}/mymaster/0"
    assert len(read_sentinel_url(url).sentinels) == 2
    async with open_redis(url, seconds=5) as redis:
        assert await redis.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, "quaymaster:test", "1")  # type: ignore[misc]
        queue = open_queue(redis)
        await queue.connect()
        await wake(queue, "change-1")
        async with asyncio.timeout(10):
            job = await queue.dequeue(timeout=5)
        assert job is not None
        assert (job.function, job.kwargs) == (EXECUTE, {"change": "change-1"})
        await queue.disconnect()


async def test_a_master_that_sentinels_do_not_know(guarded: tuple[int, int]) -> None:
    """An error of Redis, as if it were away; the bot says so and goes on trying."""
    _, sentinel = guarded
    async with open_redis(f"redis+sentinel://127.0.0.1:{sentinel}/another/0", seconds=5) as redis:
        with pytest.raises(RedisError):
            await redis.get("quaymaster:test")


async def test_a_master_that_dies_is_followed_by_another(tmp_path: Path) -> None:
    """The replica that the Sentinel makes the master has what was written, and takes what is written next."""
    server = str(find_server(os.environ["PATH"]))
    first, second, sentinel = free_port(), free_port(), free_port()
    watching = tmp_path / "sentinel.conf"
    watching.write_text(
        f"port {sentinel}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor mymaster 127.0.0.1 {first} 1\n"
        "sentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 2000\n"
    )
    own = ["--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path), "--repl-diskless-sync-delay", "0"]
    url = f"redis+sentinel://127.0.0.1:{sentinel}/mymaster/0"
    with ExitStack() as stack:
        master = stack.enter_context(running(server, "--port", str(first), *own))
        await listening(first)
        stack.enter_context(running(server, "--port", str(second), "--replicaof", "127.0.0.1", str(first), *own))
        await listening(second)
        async with open_redis(f"redis://127.0.0.1:{second}", seconds=5) as replica:
            await until(lambda: replica.info("replication"), lambda found: found["master_link_status"] == "up")
        stack.enter_context(running(server, str(watching), "--sentinel"))
        await listening(sentinel)
        async with open_redis(f"redis://127.0.0.1:{sentinel}", seconds=5) as guide:
            await until(guide.sentinel_masters, lambda found: found["mymaster"]["num-slaves"] == 1)
        async with open_redis(url, breaker=Breaker()) as redis:
            await redis.set("quaymaster:before", "1")
            assert await redis.wait(1, 2000) == 1
            master.kill()
            await until(lambda: redis.set("quaymaster:after", "1"), bool)
            assert await redis.mget("quaymaster:before", "quaymaster:after") == [b"1", b"1"]


async def until(look: Callable[[], Awaitable[Any]], is_it: Callable[[Any], bool]) -> None:
    """Look again and again until it is so; a Redis that does not answer is not yet so."""
    async with asyncio.timeout(30):
        while True:
            with suppress(RedisError, OSError):
                if is_it(await look()):
                    return
            await asyncio.sleep(0.1)
