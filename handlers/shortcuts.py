"""The message shortcut `Ask about this key`: the key id that a message holds."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.commands import Command, render

NO_KEY = "This message holds no id of a service key: 43 letters and digits, - or _, or 64 hexadecimal digits."
_KID = re.compile(r"(?<![\w-])(?:[0-9a-f]{64}|[A-Za-z0-9_-]{43})(?![\w-])")


def key_in(message: Mapping[str, Any]) -> str | None:
    """The first key id in the text of a message, in its blocks or in its attachments."""
    for text in _texts(message):
        if found := _KID.search(text):
            return found[0]
    return None


def question(command: Command, kid: str) -> str:
    """What one would type to be shown the key."""
    return render(command, {"kid": kid})


def _texts(part: object) -> Iterator[str]:
    """Every text that people read; ids of blocks and the like are left out."""
    if isinstance(part, dict):
        for name, value in part.items():
            if isinstance(value, str):
                if name in {"text", "fallback", "title", "pretext"}:
                    yield value
            else:
                yield from _texts(value)
    elif isinstance(part, list):
        for each in part:
            yield from _texts(each)
