"""How the sandbox's organizations filled up: what the bot would remember had it looked every day of a month."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from redis.asyncio import Redis

from bot.alerts.samples import SAMPLES_KEY, Samples
from bot.model.usage import Usage
from sandbox.quay.state import Namespace, Registry

DAYS = 30
_GROWTH = {"team-billing": 0.021, "team-alpha": 0.004, "team-data": 0.005, "team-ml-vision": 0.006, "library": 0.003}
"""The part of today's use by which a namespace grew in a day; the others grew by less than one in five hundred."""


async def remember(redis_url: str, registry: Registry, now: datetime) -> None:
    """Write a month of samples, unless this Redis has some already."""
    days = [dict(_readings(registry, ago)) for ago in range(DAYS + 1)]
    async with Redis.from_url(redis_url) as redis:
        if await redis.exists(SAMPLES_KEY):
            return
        samples = Samples(redis)
        for ago in range(DAYS, 0, -1):
            await samples.take(days[ago], now - timedelta(days=ago))


def _readings(registry: Registry, ago: int) -> Iterator[tuple[str, Usage]]:
    for namespace in registry.organizations():
        limit = namespace.quota.limit_bytes if namespace.quota else None
        complete = namespace.backfill == "complete"
        yield namespace.name, Usage(namespace.name, _use(namespace, ago), limit, complete)


def _use(namespace: Namespace, ago: int) -> int:
    """The use so many days ago: every day added something else, and the same each time the sandbox starts."""
    chance = Random(namespace.name)
    growth = _GROWTH.get(namespace.name, chance.uniform(0, 0.002))
    added = sum(chance.uniform(0, 2 * growth) for _ in range(ago))
    return max(round(namespace.quota_bytes * (1 - added)), 0)
