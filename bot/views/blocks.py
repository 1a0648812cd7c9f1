"""The few shapes of Block Kit that messages are made of; Slack's limits are kept here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
    TableBlock,
)

from bot.slack.messages import Block, Message
from bot.views.text import clip, escape, length, unlinked, visible, without_emoji

SECTION_LIMIT = 3000
TABLE_ROWS = 100
_IN_ADDRESSES = "%/:?#[]@!$&'()*+,;=~"
TABLE_CHARACTERS = 10_000
"""Slack's limits of one table: with its header at most 100 rows, and 10,000 characters in all cells."""


def message(said: str, blocks: Sequence[Block] = ()) -> Message:
    """A message whose text, for notifications and screen readers, is plain: nothing in it pings or links."""
    return Message(clip(without_emoji(unlinked(said)) if blocks else escape(said), SECTION_LIMIT), tuple(blocks))


def header(title: str) -> Block:
    """A heading of at most 150 characters, as plain text."""
    return HeaderBlock(text=PlainTextObject(text=clip(visible(title), 150), emoji=False)).to_dict()


def section(mrkdwn: str) -> Block:
    """A paragraph; the caller has escaped what is not its own."""
    return SectionBlock(text=_mrkdwn(mrkdwn, SECTION_LIMIT)).to_dict()


def context(mrkdwn: str) -> Block:
    """Small print; the caller has escaped what is not its own."""
    return ContextBlock(elements=[_mrkdwn(mrkdwn, 2000)]).to_dict()


def preformatted(text: str) -> Block:
    """Lines as they are, in a fixed width; the end of what is too long for one section."""
    lines = "\n".join(unlinked(line).replace("`", "ˋ") for line in text.split("\n"))
    while len(lines) > SECTION_LIMIT - 8:
        _, _, lines = lines.partition("\n") if "\n" in lines else ("", "", clip(lines, SECTION_LIMIT - 8))
    return section(f"```\n{lines}\n```")


def link(address: str, label: str) -> str:
    """A link that says what it leads to. What is no web address stays text, and nothing in it is markup."""
    if not address.startswith(("https://", "http://")):
        return escape(label)
    return f"<{quote(address, safe=_IN_ADDRESSES).replace('&', '&amp;')}|{escape(label)}>"


def button(
    label: str,
    action_id: str,
    value: str,
    *,
    style: Literal["primary", "danger"] | None = None,
    confirm: tuple[str, str] | None = None,
) -> ButtonElement:
    """A button whose value names a record. `confirm` is the question of a dialog, and the word that means yes."""
    question = None
    if confirm:
        text, yes = confirm
        question = ConfirmObject(
            title=PlainTextObject(text="Are you sure?"),
            text=_mrkdwn(text, 300),
            confirm=PlainTextObject(text=yes),
            deny=PlainTextObject(text="Not now"),
        )
    return ButtonElement(
        text=PlainTextObject(text=label), action_id=action_id, value=value, style=style, confirm=question
    )


def actions(buttons: Sequence[ButtonElement], block_id: str) -> Block:
    """A row of buttons."""
    return ActionsBlock(elements=list(buttons), block_id=block_id).to_dict()


@dataclass(frozen=True)
class Mention:
    """A person in a cell, whom Slack shows by their name; a table pings nobody."""

    user: str


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Mention]],
    *,
    right: Sequence[int] = (),
    wrapped: Sequence[int] = (),
) -> tuple[Block, int]:
    """A table of raw text and people, and how many of the rows found room in it."""
    room = TABLE_CHARACTERS - sum(map(length, columns))
    shown: list[list[dict[str, Any]]] = [[_cell(column) for column in columns]]
    for row in rows[: TABLE_ROWS - 1]:
        cells = [value if isinstance(value, Mention) else visible(value) for value in row]
        room -= sum(length(value) for value in cells if isinstance(value, str))
        if room < 0:
            break
        shown.append([_cell(value) for value in cells])
    settings = [
        {"align": "right" if index in right else "left", "is_wrapped": index in wrapped}
        for index in range(len(columns))
    ]
    return TableBlock(rows=shown, column_settings=settings).to_dict(), len(shown) - 1


def _cell(text: str | Mention) -> dict[str, Any]:
    if isinstance(text, Mention):
        person = {"type": "user", "user_id": text.user}
        return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [person]}]}
    return {"type": "raw_text", "text": text or "–"}


def _mrkdwn(text: str, limit: int) -> MarkdownTextObject:
    """Markup as it is written: `verbatim` keeps Slack from finding links and names in it by itself."""
    return MarkdownTextObject(text=clip(text, limit), verbatim=True)
