"""What a proposal is called."""

import hashlib

from bot.effects import Arguments
from bot.quay.operations import KNOWN


def record_id(*parts: str) -> str:
    """A short id that the same delivery, or the same key, always gets again."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def named_by(operation: str, arguments: Arguments) -> str:
    """The name of what an operation changes: its first argument."""
    first = next(iter(KNOWN[operation].arguments), "")
    return str(arguments.get(first, ""))


def type_the_name(command: str, operation: str, arguments: Arguments, typed: str | None) -> str:
    """What to type where a name has to be typed twice."""
    name = named_by(operation, arguments)
    wrong = f"{typed!r} is not its name. " if typed else ""
    return f"{wrong}For this the name has to be typed twice. Type: {command} {name} --type-the-name {name}"
