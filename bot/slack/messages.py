"""What the bot says, and the one way in which it says it in a channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NewType, Protocol

HOME = "home"
"""Stands for the channel where something is asked for in the Home tab: answers go to the person alone."""
Block = Mapping[str, Any]
MessageId = NewType("MessageId", str)
"""Slack's `ts` of a message: together with its channel, its identity."""


ABOUT_THE_TOKEN = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
"""Slack's refusals of the bot's token, whatever it asks for; an operator puts a new one in place."""
PASSING = ABOUT_THE_TOKEN | frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "no_answer_of_slack",
    }
)
"""Slack's refusals that say nothing against a channel or a message: the same may be taken later."""


@dataclass(frozen=True)
class Message:
    """A message in Block Kit.

    `text` is what a notification and a screen reader say; Slack wants it in every message, and it must make
    sense alone.
    """

    text: str
    blocks: tuple[Block, ...] = ()


class Messenger(Protocol):
    """Posts and edits messages in channels. Raises `MessengerError` when Slack refuses or cannot be reached."""

    async def post(self, channel: str, message: Message, *, thread: MessageId | None = None) -> MessageId:
        """Post in a channel (its id), or as a reply in a thread, and return the new message's id."""
        ...

    async def edit(self, channel: str, message_id: MessageId, message: Message) -> None:
        """Replace a message that the bot posted earlier."""
        ...


class Broadcaster(Messenger, Protocol):
    """A messenger whose reply in a thread can also be seen by those who do not follow it."""

    async def broadcast(self, channel: str, message: Message, *, thread: MessageId) -> MessageId:
        """Reply in a thread and show the reply in the channel as well."""
        ...


class Whisperer(Messenger, Protocol):
    """A messenger that can also say something to one person alone."""

    async def whisper(self, channel: str, user: str, message: Message) -> None:
        """Show a message in a channel to one person; Slack does not keep it, and it cannot be edited."""
        ...

    async def link(self, channel: str, message_id: MessageId) -> str:
        """The address at which people find a message."""
        ...


class Courier(Whisperer, Protocol):
    """A messenger that also reaches one person in their direct messages with the bot."""

    async def direct(self, user: str) -> str:
        """The channel of somebody's direct messages with the bot."""
        ...

    async def upload(self, user: str, name: str, content: bytes, title: str) -> None:
        """Send a file of this name to one person alone. An empty file cannot be sent."""
        ...


class MessengerError(Exception):
    """Slack did not take a message; `reason` is Slack's own word (`not_in_channel`, `ratelimited`, ...).

    Where Slack was not reached, it is the kind of error (`TimeoutError`), which begins with a capital letter.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def passing(self) -> bool:
        """Whether the same may be taken later."""
        return is_passing(self.reason)


def is_passing(reason: str) -> bool:
    """Whether a `reason` of MessengerError is gone later by itself."""
    return reason in PASSING or reason[:1].isupper()
