"""A message as lines of plain text, for a terminal."""

import re
from collections.abc import Sequence
from html import unescape

from bot.slack.messages import Block, Message

_TOKEN = re.compile(r"<!date\^[^|>]*\|([^>]*)>|<(?:https?|mailto):[^|>]*\|([^>]*)>")
_LABELLED = ("text", "placeholder")


def plain(message: Message) -> list[str]:
    """What the message shows, from top to bottom; Slack's dates and links as what they fall back to."""
    return [line for block in message.blocks for line in _lines(block)] if message.blocks else _shown(message.text)


def _lines(block: Block) -> list[str]:
    match block["type"]:
        case "table":
            return _table([[cell.get("text", "") for cell in row] for row in block["rows"]])
        case "actions":
            return [" ".join(f"[{_label(element)}]" for element in block["elements"])]
        case "context":
            return [line for element in block["elements"] for line in _shown(element.get("text", ""))]
        case _:
            return _shown(block["text"]["text"]) if "text" in block else []


def _label(element: Block) -> str:
    return str(next((element[name]["text"] for name in _LABELLED if name in element), element["type"]))


def _shown(text: str) -> list[str]:
    return unescape(_TOKEN.sub(lambda found: found[1] or found[2], text)).splitlines()


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
