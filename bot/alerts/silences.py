"""Who does not want to hear of which namespace: a hash in Redis, apart from the alerts, which it outlives."""

from collections.abc import Collection, Mapping

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis

from bot.notices import Silence

SILENCES_KEY = "quaymaster:alerts:silences"

_silence = TypeAdapter(Silence)


class Silences:
    """The silences by namespace; the latest wish for each."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def load(self) -> Mapping[str, Silence]:
        """Read all of them at once. One that cannot be read (of another version) counts as none."""
        stored: dict[bytes, bytes] = await self._redis.hgetall(SILENCES_KEY)  # type: ignore[misc]  # typed for both clients
        read = {name.decode(): _read(value) for name, value in stored.items()}
        return {name: silence for name, silence in read.items() if silence}

    async def put(self, wishes: Mapping[str, Silence]) -> None:
        """Keep wishes."""
        values = {name: _silence.dump_json(silence) for name, silence in wishes.items()}
        await self._redis.hset(SILENCES_KEY, mapping=values)  # type: ignore[misc]

    async def forget(self, namespaces: Collection[str]) -> None:
        """Forget the wishes for namespaces whose alert is over."""
        if namespaces:
            await self._redis.hdel(SILENCES_KEY, *namespaces)  # type: ignore[misc]


def _read(value: bytes) -> Silence | None:
    try:
        return _silence.validate_json(value)
    except ValidationError:
        return None
