"""Slack's Web API as the bot uses it: one client over one session, and messages in channels."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.config.logs import Mask
from bot.slack.limits import Limits
from bot.slack.messages import HOME, Message, MessageId, MessengerError, is_passing

FAILURES = (SlackApiError, ClientError, TimeoutError, OSError)
"""What a call to Slack may raise."""
SECONDS = 10
"""The longest that a call may take."""
PATIENCE = timedelta(seconds=2.5)
"""How long a person's answer waits for Slack's `Retry-After`; a card or an alert doesn't wait at all."""
ALERTS_SHARE = 0.7
"""The part of a minute's edits that alerts may use, so that cards always have some left."""


def reason_of(failure: Exception) -> str:
    """Slack's own word for a refusal, or what kept the call from Slack."""
    if not isinstance(failure, SlackApiError):
        return type(failure).__name__
    answer = getattr(failure.response, "data", failure.response)
    return str(answer["error"]) if isinstance(answer, dict) and "error" in answer else "no_answer_of_slack"


def retry_after(failure: Exception) -> timedelta | None:
    """How long Slack wants to be left alone (429), or None if it said nothing of the kind."""
    if not isinstance(failure, SlackApiError) or getattr(failure.response, "status_code", None) != 429:
        return None
    asked = str(failure.response.headers.get("Retry-After", ""))
    return timedelta(seconds=int(asked) if asked.isdigit() else 1)


class MaskingWebClient(AsyncWebClient):
    """The client that never sends a secret of the settings, whatever an error of Quay's echoed into a message."""

    mask: Mask = staticmethod(lambda value: value)

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:  # noqa: ANN401
        for kind in ("json", "params", "data"):
            if arguments.get(kind):
                arguments[kind] = self.mask(arguments[kind])
        return await super().api_call(api_method, **arguments)


@asynccontextmanager
async def open_slack(
    url: str, token: str, mask: Mask | None = None, proxy: str | None = None
) -> AsyncIterator[AsyncWebClient]:
    """Open the client. It never sleeps through a 429: who calls knows what can wait.

    `mask` replaces secrets in everything that is sent. `proxy` is the address of the proxy by which Slack is reached.
    """
    async with ClientSession(timeout=ClientTimeout(total=SECONDS)) as session:
        web = MaskingWebClient(token=token, base_url=url, session=session, timeout=SECONDS)
        web.proxy = proxy  # left out, the SDK would take HTTPS_PROXY, whatever NO_PROXY says
        if mask:
            web.mask = mask
        yield web


@dataclass
class SlackMessenger:
    """The Messenger that talks to Slack."""

    web: AsyncWebClient
    limits: Limits
    share: float = 1.0
    """The part of a minute's edits that it may use."""

    def for_alerts(self) -> "SlackMessenger":
        """The same messenger for what has to leave room for cards."""
        return replace(self, share=ALERTS_SHARE)

    async def _call(
        self,
        method: str,
        channel: str,
        send: Callable[[], Awaitable[AsyncSlackResponse]],
        patience: timedelta = timedelta(0),
    ) -> AsyncSlackResponse:
        """Send a call. Raises MessengerError at once while Slack wants to be left alone for longer than `patience`."""
        for last in (False, True):
            remaining = self.limits.remaining(method, channel)
            if remaining > patience:
                raise MessengerError("ratelimited")
            await asyncio.sleep(remaining.total_seconds())
            try:
                return await send()
            except FAILURES as error:
                wait = retry_after(error)
                if wait is not None:
                    self.limits.note(method, channel, wait)
                if wait is None or last:
                    raise MessengerError(reason_of(error)) from error
        raise AssertionError("unreachable")

    async def post(self, channel: str, message: Message, *, thread: MessageId | None = None) -> MessageId:
        """chat.postMessage: about one a second and channel. The Home tab is no channel, though one may be called so."""
        return await self._post(channel, message, thread, reply_broadcast=None)

    async def broadcast(self, channel: str, message: Message, *, thread: MessageId) -> MessageId:
        """chat.postMessage with reply_broadcast."""
        return await self._post(channel, message, thread, reply_broadcast=True)

    async def _post(
        self, channel: str, message: Message, thread: MessageId | None, *, reply_broadcast: bool | None
    ) -> MessageId:
        if channel == HOME:
            raise MessengerError("channel_not_found")
        answer = await self._call(
            "chat.postMessage",
            channel,
            lambda: self.web.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=[dict(block) for block in message.blocks],
                thread_ts=thread,
                reply_broadcast=reply_broadcast,
                unfurl_links=False,
                unfurl_media=False,
            ),
        )
        return MessageId(str(answer["ts"]))

    async def edit(self, channel: str, message_id: MessageId, message: Message) -> None:
        """chat.update: 50 a minute. Blocks always go with it, since without them Slack removes the old ones."""
        if not self.limits.take_edit(self.share):
            raise MessengerError("ratelimited")
        await self._call(
            "chat.update",
            channel,
            lambda: self.web.chat_update(
                channel=channel,
                ts=message_id,
                text=message.text,
                blocks=[dict(block) for block in message.blocks],
            ),
        )

    async def whisper(self, channel: str, user: str, message: Message) -> None:
        """chat.postEphemeral: not kept, not guaranteed, never edited. From the Home tab it is a direct message."""
        if channel == HOME:
            await self.post(await self.direct(user), message)
            return
        blocks = [dict(block) for block in message.blocks]
        await self._call(
            "chat.postEphemeral",
            channel,
            lambda: self.web.chat_postEphemeral(channel=channel, user=user, text=message.text, blocks=blocks),
            PATIENCE,
        )

    async def direct(self, user: str) -> str:
        """conversations.open; always the same channel for a person."""
        answer = await self._call("conversations.open", "", lambda: self.web.conversations_open(users=user), PATIENCE)
        return str(answer["channel"]["id"])

    async def upload(self, user: str, name: str, content: bytes, title: str) -> None:
        """files.getUploadURLExternal, the bytes, files.completeUploadExternal: Slack shares it a moment later."""
        channel = await self.direct(user)
        try:
            await self.web.files_upload_v2(filename=name, content=content, title=title, channel=channel)
        except (*FAILURES, SlackRequestError) as error:
            raise MessengerError(reason_of(error)) from error

    async def link(self, channel: str, message_id: MessageId) -> str:
        """chat.getPermalink."""
        answer = await self._call(
            "chat.getPermalink",
            "",
            lambda: self.web.chat_getPermalink(channel=channel, message_ts=message_id),
            PATIENCE,
        )
        return str(answer["permalink"])

    async def trouble_with(self, channel: str) -> str | None:
        """conversations.info (tier 3): Slack's word for why a channel will not take a message; None where it will.

        Slack names the token's scopes in a header of each answer: with `chat:write.public` a public channel takes
        messages of a bot that is not in it. Raises MessengerError when Slack cannot be asked.
        """
        try:
            answer = await self.web.conversations_info(channel=channel)
        except SlackApiError as error:
            reason = reason_of(error)
            if not is_passing(reason):
                return reason
            raise MessengerError(reason) from error
        except FAILURES as error:
            raise MessengerError(reason_of(error)) from error
        found = answer["channel"]
        if found.get("is_archived"):
            return "is_archived"
        if found.get("is_im") or found.get("is_member"):
            return None
        everywhere = "chat:write.public" in str(answer.headers.get("x-oauth-scopes", "")).split(",")
        return None if everywhere and not found.get("is_private") else "not_in_channel"
