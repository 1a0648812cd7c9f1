"""One reader can't flood the record: five alike in a minute have their entries, and one entry counts the others."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.audit import JSON, STREAM, Audit, Entry, Event
from bot.audit.reads import LIMIT, Reads
from bot.commands import Call
from bot.storage.dedupe import DedupeKey, SeenBefore
from handlers.menu import only_reads
from tests.support.answers import asked, buttons
from tests.support.world import World, grammar_of

DETAILS: dict[str, Any] = {"channel": "C1", "command": "keys list", "rule": "staff may look"}


class Clock:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **length: float) -> None:
        self.now += timedelta(**length)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def record(redis: Redis, clock: Clock) -> Audit:
    return Audit(redis, (b"a" * 32,), clock)


async def read(record: Audit, times: int, actor: str = "T1/U1", **details: Any) -> None:
    for _ in range(times):
        await record.reads.record(actor=actor, **{**DETAILS, **details})


async def recorded(record: Audit) -> list[tuple[str, Any, Any]]:
    entries = [entry async for entry in record.entries(count=1000)]
    return [(entry.event, entry.details["command"], entry.details.get("count")) for entry in reversed(entries)]


async def test_the_first_in_a_minute_have_their_entries_and_the_sum_has_the_rest(record: Audit, clock: Clock) -> None:
    """It says all that the others would have said, how many they were, and within which minute."""
    await read(record, LIMIT + 40)
    await record.reads.sum_up()
    assert await recorded(record) == [("command_allowed", "keys list", None)] * LIMIT
    clock.forward(minutes=1)
    for _ in range(2):
        await record.reads.sum_up()
    assert (await recorded(record))[LIMIT:] == [("reads_counted", "keys list", 40)]
    (last,) = [entry async for entry in record.entries(count=1)]
    period = {"since": "2026-11-24T12:00:00+00:00", "until": "2026-11-24T12:01:00+00:00"}
    assert (last.actor, last.details) == ("T1/U1", {**DETAILS, **period, "count": 40})
    assert (await record.verify()).problems == ()


@pytest.mark.parametrize(
    "other",
    [{"actor": "T1/U2"}, {"command": "orgs list"}, {"channel": "C2"}, {"rule": "admins may everything"}],
    ids=lambda other: next(iter(other)),
)
async def test_what_is_not_alike_is_counted_apart(record: Audit, other: dict[str, Any]) -> None:
    """Nobody hides what they read, or that another person reads, behind many reads of something else."""
    await read(record, LIMIT + 5)
    await read(record, 1, **other)
    (last,) = [entry async for entry in record.entries(count=1)]
    assert {"actor": last.actor, **last.details}.items() >= other.items()
    before = await recorded(record)
    await read(record, 1)
    assert await recorded(record) == before


async def test_a_minute_later_it_begins_again(record: Audit, clock: Clock) -> None:
    """The next read has its own entry; the sum follows."""
    await read(record, LIMIT + 1)
    clock.forward(seconds=61)
    await read(record, 1)
    await record.reads.sum_up()
    assert (await recorded(record))[LIMIT:] == [
        ("command_allowed", "keys list", None),
        ("reads_counted", "keys list", 1),
    ]


async def test_an_hour_of_reading_costs_the_record_little(redis: Redis, record: Audit, clock: Clock) -> None:
    """However much is read: six entries a minute, each below a kilobyte; what is counted costs no round trip."""
    for _ in range(60):
        await read(record, 1500)
        clock.forward(minutes=1)
        await record.reads.sum_up()
    assert await redis.xlen(STREAM) == 60 * (LIMIT + 1)
    assert await redis.memory_usage(STREAM) < 60 * (LIMIT + 1) * 1000


async def test_a_process_that_ends_records_what_it_counted(record: Audit, clock: Clock) -> None:
    """Before the minute is over; the entry says until when it counted."""
    await read(record, LIMIT + 2)
    clock.forward(seconds=20)
    await record.reads.sum_up(at_once=True)
    (last,) = [entry async for entry in record.entries(count=1)]
    assert (last.details["count"], last.details["until"]) == (2, "2026-11-24T12:00:20+00:00")


async def test_nothing_is_read_that_cannot_be_recorded(clock: Clock) -> None:
    """And it is not counted either; a sum that could not be recorded is recorded later."""
    async with Redis.from_url("redis://127.0.0.1:1") as gone:
        unreachable = Audit(gone, (b"a" * 32,), clock)
        with pytest.raises(RedisError):
            await read(unreachable, 1)
    entries: list[Any] = []

    async def append(event: Event, once: DedupeKey | None = None, /, *, actor: str | None, **details: JSON) -> Entry:
        if len(entries) == LIMIT and clock.now.minute == 1:
            raise RedisError
        entries.append(event)
        return Entry(1, clock(), event, actor, details, "", "", "")

    reads = Reads(append, clock)
    for _ in range(LIMIT + 3):
        await reads.record(actor="T1/U1", **DETAILS)
    clock.forward(minutes=1)
    with pytest.raises(RedisError):
        await reads.sum_up()
    clock.forward(minutes=1)
    await reads.sum_up()
    await reads.sum_up()
    assert entries == [*["command_allowed"] * LIMIT, "reads_counted"]


async def test_a_read_that_is_only_counted_is_done_once_too(record: Audit, clock: Clock, redis: Redis) -> None:
    """The same delivery again is noticed before anything is read."""
    await read(record, LIMIT)
    await record.reads.record(DedupeKey(redis, "a signature"), actor="T1/U1", **DETAILS)
    with pytest.raises(SeenBefore):
        await record.reads.record(DedupeKey(redis, "a signature"), actor="T1/U1", **DETAILS)


async def test_reads_at_the_same_moment_are_counted_right(record: Audit, clock: Clock) -> None:
    """Of fifty at once, five have their entries."""
    await asyncio.gather(*(record.reads.record(actor="T1/U1", **DETAILS) for _ in range(50)))
    await record.reads.sum_up(at_once=True)
    assert await recorded(record) == [
        *[("command_allowed", "keys list", None)] * LIMIT,
        ("reads_counted", "keys list", 45),
    ]


async def test_pages_of_a_list_are_reads_too(world: World) -> None:
    """Turning them is counted with the command, and `audit` shows the sum."""
    id_ = buttons(await asked(world, "users list"))["page_next"]
    for action in ("page_next", "page_previous") * 5:
        await world.turn("U0CAROL", action, id_)
    world.clock.forward(minutes=1)
    await world.audit.reads.sum_up()
    assert await world.events() == [*["command_allowed"] * LIMIT, "reads_counted"]


async def test_a_change_that_is_asked_for_is_recorded_singly(world: World) -> None:
    """However often: only what reads is summed up."""
    for number in range(LIMIT + 3):
        await world.type("U0CAROL", f"quota set team-alpha {number + 1}GiB", delivery=f"d{number}")
    assert (await world.events()).count("command_allowed") == LIMIT + 3


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("keys list", True),
        ("config", True),
        ("audit", True),
        ("alerts", True),
        ("freeze for an upgrade", False),
        ("thaw", False),
        ("registry measure", False),
        ("quota set team-a 1GiB", False),
    ],
)
def test_which_commands_only_read(text: str, *, reads: bool) -> None:
    """The bot's own ones among them."""
    call = grammar_of("/quay").parse(text)
    assert isinstance(call, Call)
    assert only_reads(call.command) is reads
