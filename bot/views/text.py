"""The one place that makes text safe for Slack and puts figures into words."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Literal

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKS = re.compile(r"[*_~`]+")
_LIKE_MARKS = str.maketrans("*_~`", "∗ˍ∼ˋ")
"""Slack has no escape for the characters that format, only letters that look like them do nothing in every client."""

_EMOJI = re.compile(r":(?=(?![0-9]{1,2}:)[\w+'-]+:)")
"""No emoji is called by one or two digits, but times and lines of files are."""
_QUOTED = re.compile(r"(?<!\w)'([^'\n]+)'(?!\w)")
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that are drawn as nothing although Unicode does not call them format characters."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_WHOLE = re.compile(r"&(?:amp|lt|gt);|<[^<>]*>|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|.", re.DOTALL)

DateStyle = Literal["short", "long", "day", "left"]
_DATE_STYLES: dict[DateStyle, tuple[str, str]] = {
    "short": ("{date_short_pretty} {time}", "%Y-%m-%d %H:%M UTC"),
    "long": ("{date_long_pretty} {time}", "%A %Y-%m-%d %H:%M UTC"),
    "day": ("{date_short_pretty}", "%Y-%m-%d"),
    "left": ("{date_short_pretty} {time} ({ago})", "%Y-%m-%d %H:%M UTC"),
}


def visible(text: str) -> str:
    r"""Text on one line, in which nothing is hidden: for `plain_text`, and for names that others chose.

    Line breaks become spaces, control characters go, and characters that are invisible or turn the direction
    of writing are spelt out, such as `\u202e`.
    """
    return "".join(map(_visible_character, text))


def spelt_out(text: str) -> str:
    r"""Text in which what is invisible or turns the direction of writing is spelt out (`\u202e`), and nothing else."""
    return "".join(map(_spelt_out, text))


def _visible_character(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) == "Cc" else _spelt_out(character)


def _spelt_out(character: str) -> str:
    if unicodedata.category(character) not in {"Cf", "Cs"} and character not in _BLANK_LETTERS:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def unlinked(text: str) -> str:
    """Text in which nothing is a mention, a link or hidden, to the letter: where Slack formats nothing else."""
    return visible(text).translate(_ENTITIES)


def escape(text: str) -> str:
    """Text that Slack's mrkdwn shows as it is: no mention, no link, nothing hidden, nothing bold, slanted or struck.

    A character that would format becomes one that looks like it; inside a word, as in `team_alpha`, it stays. No
    `:word:` becomes an emoji. What people will copy belongs into `code`.
    """
    return without_emoji(_MARKS.sub(_without_effect, visible(text)).translate(_ENTITIES))


def without_emoji(text: str) -> str:
    """Text in which no `:word:` becomes an emoji: another colon begins it."""
    return _EMOJI.sub("꞉", text)


def escape_quoted(text: str) -> str:
    """The same as `escape`, with everything in single quotes as code, to the letter."""
    shown, position = [], 0
    for quoted in _QUOTED.finditer(text):
        shown += [escape(text[position : quoted.start()]), code(quoted[1])]
        position = quoted.end()
    return "".join([*shown, escape(text[position:])])


def _without_effect(marks: re.Match[str]) -> str:
    before, after = marks.string[max(marks.start() - 1, 0) : marks.start()], marks.string[marks.end() : marks.end() + 1]
    inside = all(side.isascii() and side.isalnum() for side in (before, after))
    return marks[0] if inside and "`" not in marks[0] else marks[0].translate(_LIKE_MARKS)


def code(text: str) -> str:
    """Text as inline code; backticks inside, which would end it, become a letter that looks like one."""
    return f"`{unlinked(text).replace('`', 'ˋ') or ' '}`"


def length(text: str) -> int:
    """How long a text is by the stricter way to count: in UTF-16, where an emoji outside the first plane is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def clip(text: str, limit: int) -> str:
    """Mrkdwn of at most `limit` characters (`length`), ending in … where it was cut.

    The cut is never inside an entity, a spelt-out character, or a `<…>` of Slack.
    """
    if length(text) <= limit:
        return text
    kept, room = 0, limit - 1
    for match in _WHOLE.finditer(text):
        room -= length(match[0])
        if room < 0:
            break
        kept = match.end()
    return f"{text[:kept]}…"[:limit]


def date(when: datetime, style: DateStyle = "short") -> str:
    """A moment that Slack shows in the reader's own time zone; elsewhere it reads as UTC.

    Raises ValueError for a moment without a time zone.
    """
    if when.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be shown")
    shown, fallback = _DATE_STYLES[style]
    return f"<!date^{int(when.timestamp())}^{shown}|{when.astimezone(UTC).strftime(fallback)}>"


def size(amount: int) -> str:
    """Bytes in the largest binary unit that fits.

    `80 GiB` is exact; a figure with a tenth, such as `79.4 GiB`, is cut there and never raised.
    """
    if amount < 0:
        return f"−{size(-amount)}"
    power = min(max(amount.bit_length() - 1, 0) // 10, len(_UNITS) - 1)
    whole, rest = divmod(amount, 1024**power)
    tenths = rest * 10 // 1024**power
    return f"{whole:,}.{tenths} {_UNITS[power]}" if rest else f"{whole:,} {_UNITS[power]}"


def exact_size(amount: int) -> str:
    """Bytes to the last one, such as `85,899,345,920 bytes`."""
    return f"{count(amount)} byte{'' if amount == 1 else 's'}"


def percent(used: int, limit: int) -> str:
    """The use of a limit above 0, cut to a tenth of a percent and never raised: 99.96 % reads `99.9 %`.

    Beyond ten times the limit it is `more than 1,000 %`.
    """
    if used > 10 * limit:
        return "more than 1,000 %"
    whole, tenths = divmod(used * 1000 // limit, 10)
    return f"{count(whole)}.{tenths} %" if tenths else f"{count(whole)} %"


def left_out(unreadable: int) -> str:
    """That so many entries of Quay's are missing from what is shown."""
    if unreadable == 1:
        return "1 entry from Quay can't be read and is left out."
    return f"{count(unreadable)} entries from Quay can't be read and are left out."


def duration(length: timedelta) -> str:
    """A length of time in its two largest units, such as `3 h 20 min`; less than a second is `0 s`."""
    seconds = max(int(length.total_seconds()), 0)
    parts: list[tuple[int, str]] = []
    for divisor, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        amount, seconds = divmod(seconds, divisor)
        if amount or parts:
            parts.append((amount, unit))
    return " ".join(f"{amount} {unit}" for amount, unit in parts[:2] if amount) or "0 s"


def count(number: int) -> str:
    """A whole number with separators of thousands."""
    return f"{number:,}"
