"""Long work that its owner can stop: a key in Redis as long as it is to go on."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis

from bot.permissions.people import Actor

SILENCE = timedelta(minutes=5)
"""Work that says nothing for so long has died with its process."""

_GO_ON = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
_STOP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


@dataclass(frozen=True)
class CancellableTasks:
    """The work that is under way, each known by an id; each time that it is begun is a run of its own."""

    redis: Redis

    async def begin(self, id_: str, owner: Actor) -> str | None:
        """Begin, and return the run; None where the same work is under way already."""
        run = f"{id_}.{secrets.token_hex(8)}"
        begun = await self.redis.set(_key(run), _value(run, owner), nx=True, ex=SILENCE)
        return run if begun else None

    async def goes_on(self, run: str, owner: Actor) -> bool:
        """Whether this very run is still wanted; to be asked between its steps."""
        seconds = int(SILENCE.total_seconds())
        return bool(await self.redis.eval(_GO_ON, 1, _key(run), _value(run, owner), seconds))  # type: ignore[misc]

    async def stop(self, run: str, owner: Actor) -> bool:
        """End the run, or have it stop at its next step; False where it is over, or somebody else's."""
        return bool(await self.redis.eval(_STOP, 1, _key(run), _value(run, owner)))  # type: ignore[misc]


def _key(run: str) -> str:
    return f"quaymaster:work:{run.rpartition('.')[0]}"


def _value(run: str, owner: Actor) -> str:
    return f"{owner} {run.rpartition('.')[2]}"
