"""What a process suspects of its own settings, told to all through Redis: it is not the one that can answer.

A process whose signing secret is wrong gets no command, so another one says it in `status`. It is a hint and guards
nothing, so it is not sealed.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis

DOUBT = "quaymaster:deliveries:doubt"
LASTS = timedelta(minutes=5)
"""How long a doubt is shown after the last refusal that raised it."""

Suspect = Literal["secret", "clock"]
_PROBABLY: dict[Suspect, str] = {
    "secret": "SLACK_SIGNING_SECRET is probably wrong. Copy it from the Slack app's Basic Information page.",
    "clock": "The clock of the bot's host is probably wrong: deliveries are more than 5 minutes off.",
}


class Doubt(BaseModel):
    """Deliveries were refused, and none was ever accepted by the process that says so."""

    model_config = ConfigDict(frozen=True)

    suspect: Suspect
    refused: int
    since: AwareDatetime

    @property
    def sentence(self) -> str:
        """What is probable, and what to do."""
        return _PROBABLY[self.suspect]


def read_doubt(stored: bytes | None) -> Doubt | None:
    """Read what DOUBT holds; None where there is no doubt, or none that can be read."""
    try:
        return Doubt.model_validate_json(stored) if stored else None
    except ValidationError:
        return None


@dataclass(frozen=True)
class Doubts:
    """Publishes the doubt of this process."""

    redis: Redis

    async def publish(self, doubt: Doubt | None) -> None:
        """Show a doubt for LASTS, or take it away."""
        if doubt is None:
            await self.redis.delete(DOUBT)
        else:
            await self.redis.set(DOUBT, doubt.model_dump_json(), ex=LASTS)
