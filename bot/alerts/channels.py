"""Whether the channels of the alerts file can be used, looked at when the file comes into force."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

import structlog
from redis.asyncio import Redis

from bot.alerts.config import AlertsFile
from bot.slack.messages import Messenger, MessengerError
from bot.views import alerts_file

TOLD_FOR = timedelta(days=7)
"""So long the same trouble is not told again, however often processes start."""
AGAIN_AFTER = timedelta(minutes=1)
"""When Slack is asked again that did not answer."""

log = structlog.get_logger()


class Channels(Messenger, Protocol):
    """A messenger that can say beforehand whether a channel will take messages."""

    async def trouble_with(self, channel: str) -> str | None:
        """Slack's word for why a channel will not take a message; None where it will."""
        ...


@dataclass
class ChannelCheck:
    """Looks at every channel once for each version of the file; one line in the log, one message to the admins."""

    redis: Redis
    slack: Channels
    clock: Callable[[], datetime]
    name: str
    """What the file is called."""
    otherwise: Callable[[], str | None]
    """The channel that is told where the file's own admin channel cannot be used."""
    _seen: AlertsFile | None = None
    _due: datetime | None = None

    async def run(self, config: AlertsFile) -> None:
        """Look, if this version was not looked at. Raises MessengerError when Slack does not take the message."""
        now = self.clock()
        if config == self._seen and (self._due is None or now < self._due):
            return
        self._seen, self._due = config, now + AGAIN_AFTER
        troubles = {
            channel: trouble
            for channel in sorted(config.channels)
            if (trouble := await self.slack.trouble_with(channel))
        }
        if troubles:
            log.warning("channels_not_usable", file=self.name, channels=troubles)
            reachable = config.admin_channel not in troubles
            await self._tell(config.admin_channel if reachable else self.otherwise(), troubles)
        self._due = None

    async def _tell(self, channel: str | None, troubles: dict[str, str]) -> None:
        mark = sha256(repr(sorted(troubles.items())).encode()).hexdigest()
        key = f"quaymaster:alerts:channels:told:{mark}"
        if not channel or not await self.redis.set(key, b"1", nx=True, ex=TOLD_FOR):
            return
        try:
            await self.slack.post(channel, alerts_file.channels(self.name, troubles))
        except MessengerError:
            await self.redis.delete(key)
            raise
