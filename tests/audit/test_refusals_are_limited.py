"""Nobody can flood the record by asking for what they may not: 20 refusals an hour, then one entry with a number."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.audit import STREAM, Audit
from bot.audit.denials import DENIALS, LIMIT
from tests.support.world import World


class Clock:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **length: float) -> None:
        self.now += timedelta(**length)


class CountingRedis(Redis):
    sent = 0

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.sent += 1
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limited(redis: Redis, clock: Clock) -> Audit:
    return Audit(redis, (b"a" * 32,), clock)


async def deny(audit: Audit, times: int, actor: str = "T1/U1") -> None:
    for _ in range(times):
        await audit.denials.record("command_denied", actor=actor, command="keys approve")


async def recorded(audit: Audit) -> list[tuple[str, str | None, Any]]:
    entries = [entry async for entry in audit.entries(count=1000)]
    return [(entry.event, entry.actor, entry.details.get("count")) for entry in reversed(entries)]


async def test_up_to_the_limit_each_has_its_entry(limited: Audit, clock: Clock) -> None:
    """And there is nothing to sum up."""
    await deny(limited, LIMIT)
    clock.forward(hours=2)
    await limited.denials.sum_up()
    assert await recorded(limited) == [("command_denied", "T1/U1", None)] * LIMIT


async def test_beyond_it_one_entry_says_how_many(limited: Audit, clock: Clock) -> None:
    """When the hour is over, once; it says from when to when."""
    await deny(limited, LIMIT + 30)
    await limited.denials.sum_up()
    assert len(await recorded(limited)) == LIMIT
    clock.forward(hours=1)
    for _ in range(2):
        await limited.denials.sum_up()
    assert (await recorded(limited))[LIMIT:] == [("denials_counted", "T1/U1", 30)]
    (last,) = [entry async for entry in limited.entries(count=1)]
    assert (last.details["since"], last.details["until"]) == ("2026-11-24T12:00:00+00:00", "2026-11-24T13:00:00+00:00")
    assert (await limited.verify()).problems == ()


async def test_the_next_hour_begins_anew(limited: Audit, clock: Clock) -> None:
    """Also where no worker came by to sum up: then the next refusal does it first."""
    await deny(limited, LIMIT + 1)
    clock.forward(minutes=61)
    await deny(limited, 2)
    assert (await recorded(limited))[LIMIT:] == [
        ("denials_counted", "T1/U1", 1),
        ("command_denied", "T1/U1", None),
        ("command_denied", "T1/U1", None),
    ]


async def test_each_actor_has_their_own_limit(limited: Audit) -> None:
    """One who floods hides nobody else."""
    await deny(limited, LIMIT + 5)
    await deny(limited, 1, actor="T1/U2")
    assert (await recorded(limited))[-1] == ("command_denied", "T1/U2", None)


async def test_it_costs_one_round_trip_and_nothing_grows(redis: Redis, clock: Clock) -> None:
    """In Redis one small field for each actor of the last hour."""
    counting = CountingRedis(connection_pool=redis.connection_pool)
    audit = Audit(counting, (b"a" * 32,), clock)
    await deny(audit, 2)
    before = counting.sent
    await deny(audit, 100)
    assert counting.sent - before == 100
    assert await redis.xlen(STREAM) == LIMIT
    assert await redis.hlen(DENIALS) == 1  # type: ignore[misc]
    clock.forward(hours=1)
    await audit.denials.sum_up()
    assert await redis.exists(DENIALS) == 0


@pytest.mark.parametrize("value", ["nonsense", "99999999999999 5", "-1 -1", "0 999999999"])
async def test_what_somebody_wrote_there_stops_nothing(redis: Redis, limited: Audit, value: str) -> None:
    """The counts are not sealed: whoever can write to Redis can hide refusals, nothing else."""
    await redis.hset(DENIALS, "T1/U1", value)  # type: ignore[misc]
    await deny(limited, 1)
    await limited.denials.sum_up()
    assert (await limited.verify()).problems == ()


async def test_refused_commands_and_clicks_count_together(world: World) -> None:
    """Whatever way somebody tries."""
    record = await world.propose("U0DAVE", "quota set", namespace="team-alpha", limit=90 * 1024**3)
    for _ in range(LIMIT):
        await world.type("U0MALLORY", "quota set team-alpha 90GiB")
        await world.click("U0MALLORY", "change_approve", record.id)
    assert (await world.events()).count("command_denied") == LIMIT
