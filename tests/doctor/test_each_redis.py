"""The checks of Redis, each against a real server that has what it is about."""

from collections.abc import Mapping
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.doctor.check import Setup
from bot.doctor.redis_answers import RedisAnswers
from bot.doctor.redis_server import COMMANDS, KEYS, REDIS
from bot.doctor.unchecked import Unchecked
from bot.model.checkup import Result, Status
from sandbox.redis_server import own_server
from tests.support.bench import Bench


async def change(url: str, **settings: str) -> None:
    async with Redis.from_url(url) as redis:
        for name, value in settings.items():
            await redis.config_set(name.replace("_", "-"), value)


@pytest.mark.parametrize(
    ("name", "settings", "status", "found", "todo"),
    [
        ("eviction", {"maxmemory_policy": "allkeys-lru"}, "failed", "maxmemory-policy is allkeys-lru", "noeviction"),
        ("memory", {"maxmemory": "1000mb"}, "ok", "of 1,000 MiB used", ""),
        ("persistence", {"appendonly": "no"}, "warning", "append-only file is off", "appendonly yes"),
    ],
)
async def test_a_setting_that_loses_data_is_named(
    bench: Bench, name: str, settings: dict[str, str], status: Status, found: str, todo: str
) -> None:
    """With the setting that doesn't."""
    with own_server("--appendonly", "yes") as url:
        await change(url, **settings)
        bench.set(redis_url=url)
        result = await bench.look("Redis", name)
    assert result.status == status, result
    assert found in result.found
    assert todo in result.todo


@pytest.mark.parametrize(("part", "status"), [(1.02, "failed"), (1.2, "warning"), (2.0, "ok")])
async def test_memory_that_runs_short_is_named(bench: Bench, part: float, status: Status) -> None:
    """From three quarters on; a full Redis takes nothing."""
    with own_server() as url:
        async with Redis.from_url(url) as redis:
            used = (await redis.info("memory"))["used_memory"]
        await change(url, maxmemory=str(int(used * part)))
        bench.set(redis_url=url)
        assert (await bench.look("Redis", "memory")).status == status


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--cluster-enabled", "yes"), "Redis Cluster"),
        (("--replicaof", "127.0.0.1", "1"), "This is a read-only replica."),
    ],
)
async def test_a_server_that_takes_no_writes_is_named(bench: Bench, options: tuple[str, ...], found: str) -> None:
    """A cluster in the words of `serve`, and a replica."""
    with own_server(*options) as url:
        bench.set(redis_url=url)
        result = await bench.look("Redis", "role")
    assert (result.status, found in result.found) == ("failed", True), result


async def test_a_redis_that_is_away_is_named_once(bench: Bench) -> None:
    """The other checks say only that they weren't made."""
    bench.set(redis_url="redis://127.0.0.1:1/0")
    for check in REDIS:
        result = await bench.look("Redis", check.name)
        if check.name == "connection":
            assert (result.status, "it can't be reached" in result.found) == ("failed", True), result
        elif check.name != "TLS":
            assert (result.status, result.found) == ("warning", "Not checked: Redis can't be used."), check.name


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("redis://redis.example.com/0", "warning"),
        ("redis://localhost:6379/0", "ok"),
        ("rediss://redis.example.com/0", "ok"),
        ("redis+sentinel://redis.example.com/mymaster", "warning"),
    ],
)
async def test_a_connection_that_can_be_read_is_named(bench: Bench, url: str, status: Status) -> None:
    """Unless it stays on the host."""
    bench.set(redis_url=url)
    assert (await bench.look("Redis", "TLS")).status == status


async def with_user(url: str, *rules: str) -> str:
    """The address of a server for a user with these rules."""
    async with Redis.from_url(url) as redis:
        await redis.execute_command(  # type: ignore[no-untyped-call]  # as redis-py has it
            "ACL", "SETUSER", "quaymaster", "on", ">secret-word", *rules
        )
    return url.replace("unix://", "unix://quaymaster:secret-word@")


async def test_commands_that_are_not_allowed_are_named(bench: Bench) -> None:
    """And nothing is written to find out."""
    with own_server() as url:
        bench.set(redis_url=await with_user(url, "allkeys", "allchannels", "+@all", "-zadd", "-eval"))
        result = await bench.look("Redis", "commands")
        assert (result.status, result.found) == ("failed", "The Redis user can't run EVAL, ZADD.")
        async with Redis.from_url(url) as redis:
            assert await redis.dbsize() == 0


async def test_the_documented_rule_is_enough(bench: Bench) -> None:
    """The commands of the table, the keys and channels of the bot, and nothing else."""
    allowed = [f"+{name.replace(' ', '|').lower()}" for name in COMMANDS]
    with own_server() as url:
        bench.set(redis_url=await with_user(url, *KEYS.split(), "+multi", "+exec", "+discard", *allowed))
        assert (await bench.look("Redis", "commands")).status == "ok"
        bench.set(redis_url=await with_user(url, "resetkeys", "~other:*"))
        assert (await bench.look("Redis", "commands")).status == "failed"


async def test_a_user_without_info_can_not_be_examined(bench: Bench) -> None:
    """Which is said."""
    with own_server() as url:
        bench.set(redis_url=await with_user(url, "allkeys", "+@all", "-info"))
        assert (await bench.look("Redis", "version")).found == "Not checked: the Redis user can't run INFO."


class Told(RedisAnswers):
    """A server that says this of itself."""

    def __init__(self, **said: Any) -> None:
        self.said = said

    async def info(self) -> Mapping[str, Any]:
        if not self.said:
            raise Unchecked("nothing is said.")
        return self.said

    async def ping(self) -> float:
        return float(self.said["ping"])


@pytest.mark.parametrize(
    ("name", "said", "status", "found"),
    [
        ("version", {"redis_version": "6.0.16"}, "failed", "Redis 6.0.16 is too old."),
        ("version", {"redis_version": "7.2.4", "valkey_version": "8.0.1"}, "ok", "Valkey 8.0.1."),
        ("connection", {"ping": 30}, "warning", "A round trip takes 30.0 ms."),
        ("connection", {"ping": 300}, "failed", "A round trip takes 300.0 ms."),
        (
            "persistence",
            {"aof_enabled": 1, "aof_last_write_status": "err"},
            "failed",
            "append-only file",
        ),
        ("persistence", {"aof_enabled": 1, "rdb_last_bgsave_status": "err"}, "failed", "can't save its data"),
    ],
)
async def test_what_no_server_here_says_of_itself(
    bench: Bench, name: str, said: dict[str, Any], status: Status, found: str
) -> None:
    """An old version, a slow network, a full disk."""
    (check,) = [each for each in REDIS if each.name == name]
    setup = Setup(bench.settings, None, None, None, None, Told(**said), bench.now)  # type: ignore[arg-type]  # not used
    result: Result = await check.run(setup)
    assert (result.status, found in result.found) == (status, True), result
