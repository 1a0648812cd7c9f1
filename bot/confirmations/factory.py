"""The pending confirmations, put together."""

from collections.abc import Callable
from datetime import datetime

from redis.asyncio import Redis

from bot.audit import Audit
from bot.confirmations.freeze import Freezer
from bot.confirmations.store import Confirmations
from bot.model.roots import Root
from bot.storage.sealing import Sealer, derive_keys


def build_confirmations(redis: Redis, root: Root, audit: Audit, clock: Callable[[], datetime]) -> Confirmations:
    """The records of this deployment, with the freeze that each step is compared with."""
    freezer = Freezer(redis, Sealer(*derive_keys(root, "freeze")), audit, clock)
    return Confirmations(redis, Sealer(*derive_keys(root, "records")), audit, freezer)
