"""Modals."""

from typing import Any

from slack_sdk.models.blocks import PlainTextObject
from slack_sdk.models.views import View

from bot.slack.messages import Message
from bot.views.blocks import section
from bot.views.text import clip, escape, visible


def modal(title: str, message: Message) -> dict[str, Any]:
    """A modal that shows a message and has nothing to submit. Slack's limit of a title is 24 characters."""
    blocks = [dict(block) for block in message.blocks] or [dict(section(escape(message.text)))]
    return View(
        type="modal",
        title=PlainTextObject(text=clip(visible(title), 24)),
        close=PlainTextObject(text="Close"),
        blocks=blocks,
    ).to_dict()
