"""Posting what must reach people: where one place refuses, the next one is tried, with Slack's word for why.

A refusal that passes (a rate limit, a fault of Slack's) is left to the next try. Every other one stays, whatever word
Slack has for it: a thread's reply goes into its channel, a channel's message into the admin channel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.slack.messages import HOME, Broadcaster, Courier, Message, MessageId, MessengerError
from bot.views import clicks

GONE = frozenset({"message_not_found", "thread_not_found"})
"""Slack's words for a message that was deleted."""

log = structlog.get_logger()


class CardMessenger(Courier, Broadcaster, Protocol):
    """A messenger that reaches channels in every way, and one person alone."""


@dataclass(frozen=True)
class Posted:
    """Where a message found its place."""

    channel: str
    message_id: MessageId
    refused_by: str | None = None
    """The channel that it was meant for, if that refused it."""
    reason: str = ""
    """Slack's word for the refusal."""


@dataclass(frozen=True)
class Poster:
    """Posts in channels, in threads and to people."""

    messenger: CardMessenger
    admin_channel: Callable[[], str | None]

    async def post(self, channel: str, message: Message) -> Posted:
        """Post in a channel, or in the admin channel if that refuses or is seen by one person alone.

        Raises MessengerError when neither takes it.
        """
        wanted = self.admin_channel() or HOME if is_private_channel(channel) else channel
        try:
            return Posted(wanted, await self.messenger.post(wanted, message))
        except MessengerError as error:
            admin = self.admin_channel()
            if error.passing or admin is None or admin == wanted:
                raise
            log.warning("message_went_elsewhere", channel=wanted, admin_channel=admin, reason=error.reason)
            return await self._post_elsewhere(admin, message, wanted, error.reason)

    async def reply(self, channel: str, thread: MessageId, message: Message, *, broadcast: bool = False) -> None:
        """Reply in a thread; if Slack takes no reply there, post in the channel, or else in the admin channel.

        Raises MessengerError when nobody takes it.
        """
        send = self.messenger.broadcast if broadcast else self.messenger.post
        try:
            await send(channel, message, thread=thread)
        except MessengerError as error:
            if error.passing or error.reason in GONE:
                raise
            log.warning("reply_went_to_channel", channel=channel, reason=error.reason)
            await self.post(channel, message)

    async def post_to(self, user: str, message: Message) -> None:
        """Post in a person's direct messages with the bot. Raises MessengerError."""
        await self.messenger.post(await self.messenger.direct(user), message)

    async def report(self, message: Message) -> None:
        """Say something in the admin channel, if there is one and it takes it."""
        channel = self.admin_channel()
        try:
            if channel:
                await self.messenger.post(channel, message)
        except MessengerError as error:
            log.warning("not_reported", channel=channel, reason=error.reason)

    async def _post_elsewhere(self, channel: str, message: Message, wanted: str, reason: str) -> Posted:
        message_id = await self.messenger.post(channel, message)
        try:
            await self.messenger.post(channel, clicks.went_elsewhere(wanted, reason), thread=message_id)
        except MessengerError as error:
            log.warning("refusal_not_explained", channel=channel, reason=error.reason)
        return Posted(channel, message_id, wanted, reason)


def is_private_channel(channel: str) -> bool:
    """Whether a request was made where no channel is: in Home, or in direct messages, whose ids begin with D."""
    return channel == HOME or channel.startswith("D")
