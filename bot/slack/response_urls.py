"""Slack's response URLs: five answers within 30 minutes, also in channels that the bot is not in."""

import asyncio
import json
import re
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.config.logs import Mask
from bot.slack.messages import Message, MessengerError
from bot.slack.messenger import FAILURES

SECONDS = 5
"""How long Slack may take: a person waits for this answer, and there are other ways to reach them."""
_WORD = re.compile(r"[a-z_]{1,60}")


@dataclass(frozen=True)
class ResponseUrls:
    """Sends answers to response URLs, over the web client's session.

    https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
    """

    web: AsyncWebClient
    mask: Mask
    """Replaces secrets of the settings in what is sent."""

    async def send(self, url: str, message: Message, *, replaces: bool) -> None:
        """Show a message to the person alone; `replaces` puts it in place of the message whose button they pressed.

        Raises MessengerError with Slack's word for a refusal (`expired_url`, `used_url`), or `http_STATUS`.
        Nothing is sent twice.
        """
        answer = {
            "text": message.text,
            "blocks": [dict(block) for block in message.blocks],
            "response_type": "ephemeral",
            "replace_original": replaces,
        }
        try:
            async with asyncio.timeout(SECONDS):
                hook = AsyncWebhookClient(url, session=self.web.session, retry_handlers=[])
                hook.proxy = self.web.proxy  # as for every call: the SDK would not ask NO_PROXY
                taken = await hook.send_dict(self.mask(answer))
        except (*FAILURES, ValueError) as error:  # ValueError: what is no address
            raise MessengerError(type(error).__name__) from error
        if refusal := _refusal(taken.status_code, taken.body):
            raise MessengerError(refusal)


def _refusal(status: int, body: str) -> str | None:
    """Slack's word for why it did not take an answer; None where it did. The word comes as JSON or as it is."""
    try:
        said = json.loads(body)
    except ValueError:
        said = {"error": body} if _WORD.fullmatch(body) else {}
    error = said.get("error") if isinstance(said, dict) and not said.get("ok") else None
    if status == 200:
        return str(error) if error and error != "ok" else None
    return str(error or f"http_{status}")
