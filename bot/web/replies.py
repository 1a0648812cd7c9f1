"""The one way to answer a person, and what is tried when Slack does not take the answer."""

import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from bot.slack.messages import HOME, Message, MessengerError, Whisperer
from bot.slack.response_urls import ResponseUrls
from bot.views import errors
from bot.web.origin import Origin

log = structlog.get_logger()
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Reply:
    """An answer to one person; `replaces` the message whose button they pressed, if they alone see it."""

    message: Message
    replaces: bool = False


@dataclass(frozen=True)
class Replies:
    """Answers people: through the response URL, else with an ephemeral message, else with a direct message."""

    messenger: Whisperer
    response_urls: ResponseUrls

    async def send(self, to: Origin, reply: Reply) -> None:
        """Answer a person alone. Never raises: an answer that nobody took is logged with an incident id.

        Where Slack refuses the message itself (`invalid_blocks`), the person is told that there is an answer
        they cannot see, with the incident id.
        """
        refused = await self._try_each(to, reply.message, replaces=reply.replaces and to.private)
        if not refused:
            return
        incident = secrets.token_hex(4)
        log.error("answer_lost", incident=incident, user=to.actor.user, channel=to.channel, **refused)
        if "invalid_blocks" in refused.values():
            await self._try_each(to, errors.not_shown(incident), replaces=False)

    async def _try_each(self, to: Origin, message: Message, *, replaces: bool) -> dict[str, str]:
        """Try each means until one takes the message; returns why each one refused, nothing if one did not."""
        refused: dict[str, str] = {}
        for means, send in self._means(to, replaces=replaces):
            try:
                await send(message)
            except MessengerError as error:
                refused[means] = error.reason
                log.warning("answer_not_taken", means=means, channel=to.channel, reason=error.reason)
            else:
                return {}
        return refused

    def _means(self, to: Origin, *, replaces: bool) -> Iterator[tuple[str, Send]]:
        """The ways to reach a person, best first."""
        if to.response_url:
            yield "response_url", partial(self.response_urls.send, to.response_url, replaces=replaces)
        if to.channel not in {"", HOME}:
            yield "ephemeral", partial(self.messenger.whisper, to.channel, to.actor.user)
        yield "direct", partial(self.messenger.whisper, HOME, to.actor.user)
