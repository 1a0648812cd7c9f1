"""What nobody may read in a chat, whatever Quay has masked: by the name of a setting, and by the look of a value.

The rule is to deny: a name that only sounds like a secret is enough, and everything beneath it goes with it. What is
only on or off is never a secret.
"""

import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

MASK = "•••••• (hidden)"

_SECRET_NAME = re.compile(
    r"key|secret|token|passw|passphrase|pwd|credential|private|dsn|auth(?!entication_type)|cookie|signature|salt|cert|"
    r"bearer|session_id|webhook|license|conn(?:ection)?_?str",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"\A\*{4,}"  # masked by Quay, with its length
    r"|://[^@]*@|:[^@\s]+@"  # an address with credentials in it
    r"|-----BEGIN"
    r"|\beyJ[\w-]{8,}"  # the beginning of a JSON Web Token
    r"|(?:key|secret|token|passw\w*|pwd|credential|signature|sig|auth\w*|bearer)[\"']?\s*[=: ]\s*[^\s,;]"
    r"|(?<![\w/+=.-])(?=[\w/+=-]*\d)(?=[\w/+=-]*[a-z])[\w+=-]{32,}(?![\w/.-])"  # long and random
    r"|(?-i:\A(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w+/=-]{32,}\Z)",
    re.IGNORECASE,
)


def redact(value: JsonValue) -> JsonValue:
    """The same value, with every secret in it replaced by the mask."""
    if isinstance(value, str):
        return MASK if _SECRET_VALUE.search(value) else value
    if isinstance(value, Mapping):
        if _names_a_secret(value):
            return {redact_name(name): _hidden(inner) if name != "name" else inner for name, inner in value.items()}
        return {redact_name(name): _named(name, inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [redact(inner) for inner in value]
    return value


def redact_name(name: str) -> str:
    """A name that is a secret itself, such as a token that serves as a key, is hidden too."""
    return MASK if _SECRET_VALUE.search(name) else name


def _named(name: str, value: JsonValue) -> JsonValue:
    return _hidden(value) if _SECRET_NAME.search(name) else redact(value)


def _hidden(value: JsonValue) -> JsonValue:
    return value if value is None or isinstance(value, bool) else MASK


def _names_a_secret(entry: Mapping[str, JsonValue]) -> bool:
    """Whether it is a pair of the kind `{"name": "DB_PASSWORD", "value": "…"}`."""
    name = entry.get("name")
    return isinstance(name, str) and bool(_SECRET_NAME.search(name))
