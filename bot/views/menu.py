"""The menu: what somebody may do here, a button for each command."""

from collections.abc import Sequence

from slack_sdk.models.blocks import ButtonElement

from bot.commands import Command, CommandSet, form_of
from bot.slack.messages import Block, Message
from bot.views.blocks import actions, button, context, message, section
from bot.views.text import escape

MENU = "menu:"
"""Before a command's path, the action_id of its button."""
_BUTTONS = 25
"""Slack's limit of a row of buttons."""


def menu(slash: str, offered: Sequence[CommandSet]) -> Message:
    """The answer to the slash command alone."""
    said = "What you may do here"
    hint = context(f"Or type it: `{slash} help` says how. Changes are shown before they happen.")
    return message(said, (section(f"*{said}*"), *rows(offered), hint))


def rows(offered: Sequence[CommandSet]) -> list[Block]:
    """Each noun with its commands, those without a noun last; one that asks for something first ends in `…`."""
    rest = [command for listed in offered if not listed.noun for command in listed.commands]
    nouns = [listed for listed in offered if listed.noun]
    blocks: list[Block] = []
    for listed in [*nouns, *([CommandSet("", "", rest)] if rest else [])]:
        title = f"*{escape(listed.noun.capitalize())}* · {escape(listed.summary)}" if listed.noun else "*More*"
        row = [_button(listed, command) for command in listed.commands[:_BUTTONS]]
        blocks += [section(title), actions(row, f"{MENU}{listed.noun}")]
    return blocks


def _button(listed: CommandSet, command: Command) -> ButtonElement:
    word = command.path.removeprefix(listed.noun).strip().capitalize()
    asks = "…" if form_of(command).needed else ""
    return button(f"{word}{asks}", f"{MENU}{command.path}", command.path)
