"""What the bot remembers of its registry between changes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from redis.asyncio import Redis

from bot.effects.ignored_fields import Ignored
from bot.effects.limitations import Limitations
from bot.effects.own_tokens import OwnTokens
from bot.model.seen_limits import SeenLimit


@dataclass(frozen=True)
class RegistryMemory:
    """What the registry refuses and ignores, and what the bot's own tokens depend on."""

    limitations: Limitations
    ignored: Ignored
    own_tokens: OwnTokens

    async def seen(self) -> tuple[SeenLimit, ...]:
        """What the registry was seen not to do, which the bot therefore doesn't try."""
        return (*await self.limitations.seen(), *await self.ignored.seen())

    async def forget(self) -> None:
        """Have the registry asked again for all of that. Raises RedisError."""
        await self.limitations.forget()
        await self.ignored.forget()


def build_memory(redis: Redis, quay_url: str, own_tokens: OwnTokens, clock: Callable[[], datetime]) -> RegistryMemory:
    """Put it together for the registry at an address."""
    return RegistryMemory(Limitations(redis, quay_url, clock), Ignored(redis, quay_url), own_tokens)
