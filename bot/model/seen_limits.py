"""What a registry was seen not to do, as far as the bot remembers it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class SeenLimit:
    """Something that the bot no longer tries in this registry, until it is forgotten."""

    what: str
    """What doesn't work, as an infinitive phrase: `create users`."""
    at: datetime | None
    """When it was seen last; None where only the fact is stored."""
