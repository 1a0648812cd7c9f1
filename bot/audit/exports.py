"""The record as a file, one entry a line, which can be verified without Redis."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime

from bot.audit.chain import AuditVerification, Chain
from bot.audit.entry import Entry, Head, body_of, read_entry
from bot.storage.sealing import Keys, Tampered

_BOUND = ("hash", "seal")


async def lines(
    stored: AsyncIterator[Mapping[str, object]], since: datetime | None, until: datetime | None
) -> AsyncIterator[str]:
    """The lines of an export: without a gap from the first entry at or after `since` to the last before `until`."""
    begun = since is None
    async for content in stored:
        at = _moment(content)
        begun = begun or (at is not None and since is not None and at >= since)
        if until is not None and at is not None and at >= until:
            return
        if begun:
            yield _line(content)


def verify_lines(exported: Iterable[str], keys: Keys | None, published: Head | None) -> AuditVerification:
    """Check an export: each entry's hash, and that each follows the one before; with the keys also every seal.

    It may begin anywhere. Without them, a head that was noted down elsewhere is what vouches for all before it.
    Having no entries is a problem: it proves nothing.
    """
    chain = Chain(None, {published: "the published head"} if published else {})
    for number, line in enumerate(exported, 1):
        try:
            chain.add(_entry(line, keys))
        except Tampered as wrong:
            chain.complain(f"line {number} {wrong}")
    if not chain.count:
        chain.problems.append("no entries: nothing was verified")
    return chain.finish()


def _entry(line: str, keys: Keys | None) -> Entry:
    try:
        content = json.loads(line)
        if _line(content) != line.rstrip("\r\n"):
            raise Tampered("is not as it was exported")
        body = body_of({name: value for name, value in content.items() if name not in _BOUND})
        hash_, seal = (str(content[name]) for name in _BOUND)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Tampered("is no entry") from None
    return read_entry(body, hash_, seal, keys)


def _line(content: Mapping[str, object]) -> str:
    """The one way in which an entry is exported: what a name stood for twice would be seen by some readers only."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _moment(content: Mapping[str, object]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(content.get("at")))
    except ValueError:
        return None
