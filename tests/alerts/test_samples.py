"""The use of each day is kept for 90 days, in less than 500 bytes for a namespace."""

from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from bot.alerts.samples import CHUNK, DAYS, SAMPLES_KEY, Samples, day_of
from bot.model.usage import Usage

START = datetime(2026, 8, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def reading(used: int, name: str = "team-a", *, complete: bool = True) -> dict[str, Usage]:
    return {name: Usage(name, used, None, complete)}


async def days_and_use(samples: Samples, name: str = "team-a") -> list[tuple[int, float]]:
    found = (await samples.of([name]))[name]
    return [(sample.day - day_of(START), sample.used) for sample in found]


async def test_the_first_complete_figures_of_a_day_count(redis: Redis) -> None:
    """Later ones of the day, and incomplete ones, are left out; a day without any is a gap."""
    samples = Samples(redis)
    for hours, used, complete in [(0, 1000, True), (2, 1500, True), (24, 9, False), (48, 3000, True)]:
        await samples.take(reading(used, complete=complete), START + timedelta(hours=hours))
    assert await days_and_use(samples) == [(0, 1000.0), (2, 3000.0)]


async def test_ninety_days_are_kept(redis: Redis) -> None:
    """The oldest goes when one more comes."""
    samples = Samples(redis)
    for day in range(100):
        await samples.take(reading(day), START + day * DAY)
    assert await days_and_use(samples) == [(day, float(day)) for day in range(10, 100)]
    assert [sample.used for sample in (await samples.of(["team-a"], days=3))["team-a"]] == [97.0, 98.0, 99.0]
    await samples.take(reading(7), START + 400 * DAY)
    assert await days_and_use(samples) == [(400, 7.0)]


async def test_a_namespace_that_is_gone_is_forgotten(redis: Redis) -> None:
    """On the next day; another one of its name begins anew."""
    samples = Samples(redis)
    await samples.take(reading(1) | reading(1, "team-b"), START)
    await samples.take(reading(2, "team-b"), START + DAY)
    assert await days_and_use(samples) == []
    assert await days_and_use(samples, "team-b") == [(0, 1.0), (1, 2.0)]


async def test_the_largest_use_is_kept_to_seven_digits(redis: Redis) -> None:
    """More than a slope needs."""
    samples = Samples(redis)
    await samples.take(reading(2**63 - 1), START)
    ((_, used),) = await days_and_use(samples)
    assert abs(used - 2**63) / 2**63 < 1e-7


async def test_a_day_costs_two_round_trips_for_200_namespaces(redis: Redis) -> None:
    """And a later sweep of the day one in all."""
    samples = Samples(redis)
    readings = {f"team-{n}": Usage(f"team-{n}", n, None, complete=True) for n in range(2 * CHUNK)}

    async def commands(hours: int) -> int:
        before: int = (await redis.info("stats"))["total_commands_processed"]
        await samples.take(readings, START + timedelta(hours=hours))
        after: int = (await redis.info("stats"))["total_commands_processed"]
        return after - before - 1

    assert await commands(hours=0) == 2 * 2 + 3
    assert await commands(hours=1) == 1


async def test_a_namespace_costs_less_than_500_bytes(redis: Redis) -> None:
    """Measured by Redis with 200 namespaces whose names have 24 characters, after more than 90 days."""
    samples = Samples(redis)
    names = [f"team-of-medium-name-{n:04}" for n in range(200)]
    for day in range(DAYS + 5):
        readings = {name: Usage(name, 2**40 + day, None, complete=True) for name in names}
        await samples.take(readings, START + day * DAY)
    used = await redis.memory_usage(SAMPLES_KEY, samples=0)
    assert used
    assert used / len(names) < 500
