"""What is said about the alerts file and the channels that it names."""

from collections.abc import Mapping
from typing import TypeVar

from bot.config.watched_file import FileChange
from bot.slack.messages import Message
from bot.views.blocks import message, section
from bot.views.text import code, count, escape

T = TypeVar("T")

_SHOWN = 10
_TROUBLES = {
    "not_in_channel": "the bot is not in it: invite it there",
    "is_archived": "it is archived: name another one in the alerts file",
    "channel_not_found": "there is none, or it is private and the bot is not in it",
}


def news(changed: FileChange[T]) -> Message:
    """The file was read anew, or it is faulty and the one before it stays in force."""
    if changed.loaded:
        said = f"{changed.file} was read anew and is in force."
        return message(said, (section(f"🔔 {escape(said)}"),))
    said = f"{changed.file} is faulty; what it said before stays in force."
    listed = [f"• {escape(problem)}" for problem in changed.said[:_SHOWN]]
    return message(said, (section("\n".join([f"⚠️ *{escape(said)}*", *listed])),))


def channels(file: str, troubles: Mapping[str, str]) -> Message:
    """Channels of the alerts file that will not take a message, each with Slack's word for why."""
    number = len(troubles)
    said = f"{count(number)} channel{'' if number == 1 else 's'} of {file} cannot be used."
    listed = [
        f"• <#{escape(channel)}> {code(channel)}: {_TROUBLES.get(trouble, escape(trouble))}"
        for channel, trouble in list(troubles.items())[:_SHOWN]
    ]
    meaning = "Until then, what should go there comes here."
    return message(said, (section("\n".join([f"⚠️ *{escape(said)}*", *listed, meaning])),))
