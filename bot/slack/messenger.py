"""Slack's Web API as the bot uses it: one client over one session, and messages in channels."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.messages import HOME, Message, MessageId, MessengerError

FAILURES = (SlackApiError, ClientError, TimeoutError, OSError)
"""What a call to Slack may raise."""


def reason_of(failure: Exception) -> str:
    """Slack's own word for a refusal, or what kept the call from Slack."""
    if not isinstance(failure, SlackApiError):
        return type(failure).__name__
    answer = getattr(failure.response, "data", failure.response)
    return str(answer["error"]) if isinstance(answer, dict) and "error" in answer else "no_answer_of_slack"


@asynccontextmanager
async def open_slack(url: str, token: str) -> AsyncIterator[AsyncWebClient]:
    """Open the client. A 429 is waited out as its Retry-After says, twice at most."""
    async with ClientSession(timeout=ClientTimeout(total=30)) as session:
        web = AsyncWebClient(token=token, base_url=url, session=session, timeout=30)
        web.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
        yield web


@dataclass
class SlackMessenger:
    """The Messenger that talks to Slack."""

    web: AsyncWebClient

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
        try:
            answer = await self.web.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=[dict(block) for block in message.blocks],
                thread_ts=thread,
                reply_broadcast=reply_broadcast,
                unfurl_links=False,
                unfurl_media=False,
            )
        except FAILURES as error:
            raise MessengerError(reason_of(error)) from error
        return MessageId(str(answer["ts"]))

    async def edit(self, channel: str, message_id: MessageId, message: Message) -> None:
        """chat.update: 50 a minute. Blocks always go with it, since without them Slack removes the old ones."""
        try:
            await self.web.chat_update(
                channel=channel,
                ts=message_id,
                text=message.text,
                blocks=[dict(block) for block in message.blocks],
            )
        except FAILURES as error:
            raise MessengerError(reason_of(error)) from error

    async def whisper(self, channel: str, user: str, message: Message) -> None:
        """chat.postEphemeral: not kept, not guaranteed, never edited. From the Home tab it is a direct message."""
        if channel == HOME:
            await self.post(await self.direct(user), message)
            return
        try:
            await self.web.chat_postEphemeral(
                channel=channel, user=user, text=message.text, blocks=[dict(block) for block in message.blocks]
            )
        except FAILURES as error:
            raise MessengerError(reason_of(error)) from error

    async def direct(self, user: str) -> str:
        """conversations.open; always the same channel for a person."""
        try:
            answer = await self.web.conversations_open(users=user)
        except FAILURES as error:
            raise MessengerError(reason_of(error)) from error
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
        try:
            answer = await self.web.chat_getPermalink(channel=channel, message_ts=message_id)
        except FAILURES as error:
            raise MessengerError(reason_of(error)) from error
        return str(answer["permalink"])

    async def trouble_with(self, channel: str) -> str | None:
        """conversations.info (tier 3): Slack's word for why a channel will not take a message; None where it will.

        Slack names the token's scopes in a header of each answer: with `chat:write.public` a public channel takes
        messages of a bot that is not in it. Raises MessengerError when Slack cannot be asked.
        """
        try:
            answer = await self.web.conversations_info(channel=channel)
        except SlackApiError as error:
            if reason_of(error) == "channel_not_found":
                return "channel_not_found"
            raise MessengerError(reason_of(error)) from error
        except FAILURES as error:
            raise MessengerError(reason_of(error)) from error
        found = answer["channel"]
        if found.get("is_archived"):
            return "is_archived"
        if found.get("is_im") or found.get("is_member"):
            return None
        everywhere = "chat:write.public" in str(answer.headers.get("x-oauth-scopes", "")).split(",")
        return None if everywhere and not found.get("is_private") else "not_in_channel"
