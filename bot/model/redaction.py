"""What nobody may read in a chat, whatever Quay has masked: by the name of a setting, and by the look of a value.

The rule is to deny. A name that only sounds like a secret is enough, and everything beneath it goes with it; a text is
shown only where all of it looks like words, numbers, hosts or paths. What is only on or off is never a secret, nor is a
number whose name ends by saying what it measures, such as `EXPIRED_SERVICE_KEY_TTL_SEC`.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import JsonValue

MASK = "•••••• (hidden)"
LONGEST = 2000
"""Characters; a longer text is hidden unread."""

_SECRET_NAME = re.compile(
    r"key|secret|token|passw|passphrase|passcode|pwd|credential|private|dsn|auth(?!entication_type|or(?!i[sz]))|cookie|"
    r"signature|salt|cert|bearer|session_id|webhook|license|conn(?:ection)?_?str|psk|pepper|seed|hmac|nonce|"
    # words that are parts of harmless ones, so they count as whole words: PIN_CODE, userPin, but not PING
    r"(?:(?<![a-z])|(?-i:(?<=[a-z])(?=[A-Z])))(?:pass|pw|pat|pin|t?otp|sas|sig|jwt|mfa)s?(?:(?![a-z])|(?-i:(?<=[a-z])(?=[A-Z])))",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"(?:[_-]|(?-i:(?<=[a-z])(?=[A-Z])))(?:"
    r"(?:ttl|timeout|lifetime|expiration|expiry|refresh|rotation|interval|period|duration|fresh|age|delay)"
    r"(?:_(?:m?s|secs?|seconds?|mins?|minutes?|hours?|days?))?"
    r"|secs?|seconds?|mins?|minutes?|hours?|days?|size|bytes|length|limit|count|retries|attempts"
    r")\Z",
    re.IGNORECASE,
)
"""The end of a name that says of a number what it measures: a length of time, a size, how many."""
_LARGEST_MEASURE = 10**12
_SECRET_VALUE = re.compile(
    r"\A\*{4,}"  # masked by Quay, with its length
    r"|-----BEGIN"
    r"|\beyJ[\w-]{8}"  # the beginning of a JSON Web Token
    r"|xox[a-z]-|xapp-|hooks\.slack\.com/(?:services|workflows|triggers)"
    r"|\b(?:hv[sbr]\.|gh[pousr]_|github_pat_|gl(?:pat|dt|rt|ft|ptt|soat)-|dckr_pat_|sk_live_|sha256~)"
    r"|(?-i:\b(?:AKIA|ASIA|AIza|SG\.|sk-)[\w-]{8})"
    r"|(?:key|secret|token|pass(?:w\w{0,20})?|pwd|credential|signature|sig|auth\w{0,20}|bearer|psk|pepper|seed|hmac|sas)"
    r"[\"']?\s{0,9}[=: ]\s{0,9}[^\s,;]"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|(?<![\w/+-])[\w/+-]{14,}={1,2}(?![\w=])"  # base64, filled up
    r"|(?-i:\A(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w+/=-]{32,}\Z)",
    re.IGNORECASE,
)
_LABELS = frozenset({"name", "key", "label", "field", "option", "setting", "variable", "property", "parameter", "id"})
_HOST = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,9}\.[a-z]{2,24}(?::\d{1,5})?")
_RUN = re.compile(r"[A-Za-z0-9]+")
_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[A-Z]")
_MEASURE = re.compile(r"\d{1,12}[A-Za-z]{0,3}")
_SHORT_AND_MIXED = re.compile(r"[A-Za-z0-9]{1,5}|[0-9a-f]{7,8}")
_PUNCTUATION = ".,;:!?()[]{}\"'“”‘’"
_TICKET = re.compile(r"[A-Za-z]{2,10}-?\d{1,10}", re.ASCII)
_MENTION = re.compile(
    r"<(?:[@#][A-Z0-9]{6,15}|!subteam\^S[A-Z0-9]{5,14})(?:\|[^<>\s]{0,80})?>|[UWCS]0[A-Z0-9]{4,12}", re.ASCII
)
_MOST_MIXED = 2
"""A version or a moment has so many; a serial number or a UUID has more."""


def redact(value: JsonValue) -> JsonValue:
    """The same value, with every secret in it replaced by the mask."""
    if isinstance(value, str):
        return redact_name(value)
    if isinstance(value, Mapping):
        if _is_pair_of_a_secret(value):
            return {
                redact_name(name): _named(name, inner) if name.casefold() in _LABELS else _hidden(inner)
                for name, inner in value.items()
            }
        return {redact_name(name): _named(name, inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [
            _hidden(inner) if isinstance(before, str) and names_a_secret(before) else redact(inner)
            for before, inner in pairwise((None, *value))
        ]
    return value


def redact_name(name: str) -> str:
    """A name that is a secret itself, such as a token that serves as a key, is hidden too."""
    return name if _is_plain(name) else MASK


def redact_words(text: str) -> str:
    """What somebody wrote for others to read, with each word masked that does not look like one.

    What the name of a secret leads in is masked as well: `password: …`, `password hunter2`.
    """
    shown, before = [], ""
    for word in text.split():
        led_in = names_a_secret(before) and (before.endswith((":", "=")) or any(map(str.isdigit, word)))
        shown.append(word if _may_be_read(word.strip(_PUNCTUATION)) and not led_in else MASK)
        before = word
    return " ".join(shown)


def _may_be_read(word: str) -> bool:
    """Whether a word of a sentence is plain, a ticket's number, a mention or id of Slack, or an address of the web."""
    return bool(_is_plain(word) or _TICKET.fullmatch(word) or _MENTION.fullmatch(word)) or _is_harmless_address(word)


def _is_harmless_address(word: str) -> bool:
    """Whether it is an address without a user in it, each part of whose path and query may be read as a word."""
    if not word.startswith(("https://", "http://")) or len(word) > LONGEST or _SECRET_VALUE.search(word):
        return False
    try:
        address = urlsplit(word)
        asked = parse_qsl(address.query, keep_blank_values=True)
    except ValueError:
        return False
    if "@" in address.netloc or any(names_a_secret(name) for name, _ in asked):
        return False
    parts = [address.netloc, *unquote(address.path).split("/"), *(part for pair in asked for part in pair)]
    parts += unquote(address.fragment).split("/")
    return all(_is_plain(part) or _TICKET.fullmatch(part) for part in parts)


def names_a_secret(name: str) -> bool:
    """Whether what has this name is taken for a secret."""
    return bool(_SECRET_NAME.search(name))


def _named(name: str, value: JsonValue) -> JsonValue:
    return _hidden(value) if names_a_secret(name) and not _is_measure(name, value) else redact(value)


def _is_measure(name: str, value: JsonValue) -> bool:
    """Whether it is a number that measures something, by the end of its name; a text never is."""
    return isinstance(value, int | float) and abs(value) < _LARGEST_MEASURE and bool(_MEASURED.search(name))


def _hidden(value: JsonValue) -> JsonValue:
    return value if value is None or isinstance(value, bool) else MASK


def _is_pair_of_a_secret(entry: Mapping[str, JsonValue]) -> bool:
    """Whether it is a pair of the kind `{"name": "DB_PASSWORD", "value": "…"}`."""
    labels = (value for name, value in entry.items() if name.casefold() in _LABELS)
    return any(isinstance(label, str) and names_a_secret(label) for label in labels)


def _is_plain(text: str) -> bool:
    """Whether all of a text looks like words, numbers, hosts and paths; each step is linear in its length."""
    if len(text) > LONGEST or _SECRET_VALUE.search(text) or "@" in text.partition("://")[2]:
        return False
    mixed = 0
    for token in text.split():
        if ":" in token.rpartition("@")[0][:-1] or _is_noise(token):
            return False
        if _HOST.fullmatch(token):
            continue
        runs = [run for run in _RUN.findall(token) if not _is_word(run)]
        if not all(_SHORT_AND_MIXED.fullmatch(run) for run in runs):
            return False
        mixed += len(runs)
    return mixed <= _MOST_MIXED


def _is_noise(token: str) -> bool:
    """Whether letters, digits and signs stand together as they do in passwords, and in the queries of addresses."""
    return bool(re.search(r"[!$^&*#?~|\\<>%]", token) and re.search(r"\d", token) and re.search(r"[^\W\d]", token))


def _is_word(run: str) -> bool:
    """Whether letters and digits make a number, a measure, a word, or words written together, such as S3Storage."""
    if _MEASURE.fullmatch(run):
        return True
    humps = _HUMP.findall(run)
    numbers = [hump for hump in humps if hump.isdigit()]
    return (
        len(run) <= 30
        and max(map(len, humps)) <= 24
        and len(numbers) <= 1
        and all(len(number) <= 3 for number in numbers)
        and (len(run) >= 3 * len(humps) or (len(run) <= 4 and len(humps) <= 2))
    )
