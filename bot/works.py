"""Long work that its owner can stop: a key in Redis as long as it is to go on."""

from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis

from bot.permissions.people import Actor

SILENCE = timedelta(minutes=5)
"""Work that says nothing for so long has died with its process."""

_STOP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


@dataclass(frozen=True)
class Works:
    """The work that is under way, each known by an id."""

    redis: Redis

    async def begin(self, id_: str, owner: Actor) -> bool:
        """Begin; False where the same work is under way already."""
        return bool(await self.redis.set(_key(id_), str(owner), nx=True, ex=SILENCE))

    async def goes_on(self, id_: str) -> bool:
        """Whether the work is still wanted; to be asked between its steps."""
        return bool(await self.redis.expire(_key(id_), SILENCE))

    async def stop(self, id_: str, owner: Actor) -> bool:
        """End the work, or have it stop at its next step; False where it is over, or somebody else's."""
        return bool(await self.redis.eval(_STOP, 1, _key(id_), str(owner)))  # type: ignore[misc]


def _key(id_: str) -> str:
    return f"quaymaster:work:{id_}"
