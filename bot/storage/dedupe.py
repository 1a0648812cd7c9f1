"""What Slack delivers is carried out once, however often it arrives and whichever process it reaches.

The name of a delivery is its signature over HTTP and its envelope id in Socket Mode. A signature is good for 5 minutes
before and after its time, so whoever has seen a request could send it again for 10 minutes: so long names are kept.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

REMEMBERED = timedelta(minutes=10)
"""How long a delivery's name is remembered."""
SEEN = b"seen"
"""What a script answers that did nothing because a dedupe key was taken."""

TAKE = """
local function take(key, run, milliseconds)
  return redis.call('SET', key, run, 'NX', 'PX', milliseconds) or redis.call('GET', key) == run
end
"""
"""Lua that takes a dedupe key, and tells whether this run has it: a run that asks twice has it still."""
_TAKE_ALONE = f"{TAKE} return take(KEYS[1], ARGV[1], ARGV[2]) and 'taken' or '{SEEN.decode()}'"


class SeenBefore(Exception):
    """The same was delivered before, so nothing is done."""


@dataclass(eq=False)
class DedupeKey:
    """The right to carry out one delivery: taken once, before its first effect.

    It is taken by a script of its own, or on the way: `join` adds that script to a pipeline, and a script that has
    something to store is handed `keys` and `arguments` and takes the key with TAKE. Their answer goes through `judge`.
    """

    redis: Redis
    delivery: str
    run: str = field(default_factory=lambda: secrets.token_hex(8))
    """What tells this run from another one of the same delivery."""
    taken: bool = False

    @property
    def keys(self) -> list[str]:
        """The key in Redis. It is a digest, so that no signature can be read there."""
        return [f"quaymaster:delivered:{hashlib.sha256(self.delivery.encode()).hexdigest()[:32]}"]

    @property
    def arguments(self) -> list[str | int]:
        """What TAKE is given besides the key."""
        return [self.run, int(REMEMBERED / timedelta(milliseconds=1))]

    def judge(self, answer: bytes) -> bytes:
        """Return the answer of a script that took the key. Raises SeenBefore."""
        if answer == SEEN:
            raise SeenBefore
        self.taken = True
        return answer

    def join(self, pipeline: Pipeline) -> None:
        """Take the key with the next step of a pipeline; what that step answers is for `judge`."""
        pipeline.eval(_TAKE_ALONE, 1, *self.keys, *self.arguments)

    async def take(self) -> None:
        """Take the key, unless this run has it already; one round trip. Raises SeenBefore, or RedisError."""
        if not self.taken:
            self.judge(await self.redis.eval(_TAKE_ALONE, 1, *self.keys, *self.arguments))  # type: ignore[misc]
