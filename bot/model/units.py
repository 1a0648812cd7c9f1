"""Sizes, durations and moments as people type them."""

import re
from datetime import UTC, date, datetime, timedelta

MAX_BYTES = 2**63 - 1
"""The largest limit that Quay stores; more is refused with 400."""

_POWERS = "KMGTPE"
_SIZE = re.compile(r"((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,30})?)\s*([A-Za-z]+)?", re.ASCII)
_COMMA = re.compile(r"(\d+),(\d+)(\s*[A-Za-z]*)", re.ASCII)
_EXACT = {f"{power}iB": 1 << 10 * (index + 1) for index, power in enumerate(_POWERS)} | {
    f"{power}B": 1000 ** (index + 1) for index, power in enumerate(_POWERS)
}
_DURATION = re.compile(r"(\d+)\s*([smhdw])", re.IGNORECASE)
_TOO_MUCH = "{!r} is more than Quay can store (8 EiB)"
_LIKE_A_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?!\d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_size(text: str) -> int:
    """Read a size such as `100GiB` (1024³) or `100GB` (1000³) as bytes; commas part thousands and nothing else.

    Raises ValueError with a sentence for the person who typed it.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(_why_no_size(text.strip()))
    number, unit = match[1].replace(",", ""), match[2]
    if not float(number):
        raise ValueError("A size of 0 is not a limit; to lift the limit, use 'quota delete'")
    if unit is None:
        raise ValueError(f"{number} of what? A size needs a unit: {number}GiB or {number}GB, say")
    factor = _factor(unit)
    if factor is None:
        raise ValueError(f"{unit!r} is not a unit of size: use B, KiB, MiB, GiB, TiB, PiB, or KB, MB, GB, TB, PB")
    if float(number) > MAX_BYTES:
        raise ValueError(_TOO_MUCH.format(text))
    whole, _, fraction = number.partition(".")
    scaled = int(whole + fraction) * factor
    divisor = int(f"1{'0' * len(fraction)}")
    if scaled % divisor and factor == 1:
        raise ValueError(f"{text!r} is not a whole number of bytes")
    size = scaled // divisor
    if size == 0:
        raise ValueError(f"{text!r} is less than a byte")
    if size > MAX_BYTES:
        raise ValueError(_TOO_MUCH.format(text))
    return size


def _why_no_size(typed: str) -> str:
    if comma := _COMMA.fullmatch(typed):
        whole, rest, unit = comma.groups()
        return f"{typed!r} could be {whole}.{rest}{unit} or {whole}{rest}{unit}: write {whole}.{rest}{unit}"
    if typed.startswith(("-", "−")) and typed[1:2].isdigit():
        return f"{typed!r} is less than nothing: a size is above 0, such as 100GiB"
    return f"{typed!r} is not a size: write a number and a unit, such as 100GiB"


def write_size(amount: int) -> str:
    """Write bytes as `parse_size` reads them, exactly: `500GiB`, `100GB`, or `1025B`."""
    for unit, factor in sorted(_EXACT.items(), key=lambda item: -item[1]):
        if amount and amount % factor == 0:
            return f"{amount // factor}{unit}"
    return f"{amount}B"


def _factor(unit: str) -> int | None:
    if unit.upper() == "B":
        return 1
    power = _POWERS.find(unit[0].upper()) + 1
    rest = unit[1:].lower()
    if not power or rest not in {"b", "ib", "i"}:
        return None
    return 1 << 10 * power if rest.startswith("i") else int(f"1{'000' * power}")


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `90d`, `12h` or `1h30m`.

    Raises ValueError with a sentence for the person who typed it.
    """
    compact = re.sub(r"\s+", "", text)
    parts = _DURATION.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError(f"{text!r} is not a duration: write 90d, 12h or 15m, say")
    try:
        length = timedelta(seconds=sum(int(number) * _SECONDS[unit.lower()] for number, unit in parts))
    except (OverflowError, ValueError):
        raise ValueError(f"{text!r} is too long") from None
    if not length:
        raise ValueError("A duration of nothing has no use here: write 90d, 12h or 15m, say")
    return length


def write_duration(length: timedelta) -> str:
    """Write a length of time as `parse_duration` reads it, exact to the second: `90d`, `1h30m`."""
    seconds, written = int(length.total_seconds()), ""
    for unit in "dhms":
        amount, seconds = divmod(seconds, _SECONDS[unit])
        written += f"{amount}{unit}" if amount else ""
    return written or "0s"


def parse_moment(text: str, now: datetime) -> datetime:
    """Read a date (ISO 8601, UTC unless it says otherwise) or a duration from now.

    Raises ValueError with a sentence for the person who typed it.
    """
    if _DURATION.match(text.strip()):
        try:
            return now + parse_duration(text)
        except OverflowError:
            raise ValueError(f"{text!r} is too far away") from None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no date: write 2026-12-31, or a duration such as 90d") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_past(text: str) -> timedelta | date | datetime:
    """Read a duration before now, a day, or a moment (ISO 8601, UTC unless it says otherwise).

    Raises ValueError with a sentence for the person who typed it.
    """
    typed = text.strip()
    if _DURATION.match(typed):
        return parse_duration(typed)
    try:
        return date.fromisoformat(typed)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        if _LIKE_A_DATE.match(typed):
            raise ValueError(f"{typed[:40]!r} is not in the calendar") from None
        raise ValueError(f"{typed[:40]!r} is no date: write 2026-12-31, or a length of time such as 24h") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
