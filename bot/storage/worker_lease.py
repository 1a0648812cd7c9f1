"""The lease of a worker: as long as it is renewed, nobody else touches what the worker has claimed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

RENEW_EVERY = timedelta(seconds=5)
GRACE = timedelta(seconds=30)
"""How long after a lease's end its holder's claims may be taken over."""
_KEPT_FOR = RENEW_EVERY + GRACE


@dataclass(frozen=True)
class WorkerLease:
    """The lease of this process. Redis ends it by its own clock, so that the clocks of workers need not agree."""

    redis: Redis
    id: str = field(default_factory=lambda: token_hex(8))
    """What claims are marked with."""

    def renew(self, pipeline: Pipeline) -> None:
        """Add the renewal to a pipeline; due every RENEW_EVERY."""
        pipeline.set(_key(self.id), b"1", px=_KEPT_FOR)

    async def ended(self, holders: Collection[str]) -> frozenset[str]:
        """Those of these workers whose claims may be taken over: their leases ended at least GRACE ago."""
        asked = sorted(set(holders))
        kept = await self.redis.mget([_key(holder) for holder in asked]) if asked else []
        return frozenset(holder for holder, lease in zip(asked, kept, strict=True) if lease is None)


def _key(worker: str) -> str:
    return f"quaymaster:worker:lease:{worker}"
