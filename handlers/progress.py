"""The one message in somebody's direct messages that says how far long work is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.slack.messages import Courier, Message, MessageId, MessengerError

BETWEEN_EDITS = timedelta(seconds=2)
"""Slack takes 50 edits a minute from the bot in all, so one message may have 30 of them."""

log = structlog.get_logger()


@dataclass
class Progress:
    """The message; what Slack does not take of it is logged, since the work matters more."""

    courier: Courier
    clock: Callable[[], datetime]
    user: str
    _posted: tuple[str, MessageId] | None = None
    _said_at: datetime | None = None

    async def say(self, message: Message) -> None:
        """Post or edit the message, unless that was done only just now."""
        now = self.clock()
        if self._said_at is not None and now - self._said_at < BETWEEN_EDITS:
            return
        self._said_at = now
        try:
            if self._posted is None:
                channel = await self.courier.direct(self.user)
                self._posted = (channel, await self.courier.post(channel, message))
            else:
                await self.courier.edit(*self._posted, message)
        except MessengerError as error:
            log.warning("progress_not_said", reason=error.reason)

    async def end(self, message: Message) -> None:
        """Edit the message for the last time, if there is one."""
        if self._posted is None:
            return
        try:
            await self.courier.edit(*self._posted, message)
        except MessengerError as error:
            log.warning("progress_not_ended", reason=error.reason)
