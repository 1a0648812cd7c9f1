"""The sandbox's bot knows how the registry filled up, so that it foresees something from the first minute."""

from datetime import UTC, datetime

from redis.asyncio import Redis

from bot.alerts.forecast import forecast
from bot.alerts.samples import SAMPLES_KEY, Samples
from sandbox.history import DAYS, remember
from sandbox.quay.seed import seed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


async def test_one_namespace_below_every_level_is_about_to_fill_up(redis: Redis, redis_url: str) -> None:
    """Within the 14 days of sandbox/alerts.yaml, and as surely as a month of samples makes it."""
    registry = seed(lambda: NOW)
    await remember(redis_url, registry, NOW)
    names = [each.name for each in registry.organizations() if each.quota and each.backfill == "complete"]
    soon = set()
    for name, samples in (await Samples(redis).of(names)).items():
        namespace = registry.namespaces[name]
        assert len(samples) == DAYS
        assert namespace.quota
        limit, used = namespace.quota.limit_bytes, namespace.quota_bytes
        found = forecast(samples, used, limit)
        if found and found.late <= 14 and used < 0.8 * limit:
            soon.add(name)
    assert soon == {"team-billing"}


async def test_what_a_redis_remembers_already_stays(redis: Redis, redis_url: str) -> None:
    """The sandbox may run over a Redis of somebody's own."""
    await redis.hset(SAMPLES_KEY, "team-a", "kept")  # type: ignore[misc]
    await remember(redis_url, seed(lambda: NOW), NOW)
    assert await redis.hkeys(SAMPLES_KEY) == [b"team-a"]  # type: ignore[misc]
