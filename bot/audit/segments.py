"""Each month of the record is a segment: when it is over, its last head is sealed and kept.

Only with such a seal may a segment's entries go, after the time for which they are kept; verifying then begins at
the sealed head. What was trimmed, and when, is itself in the record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis

from bot.audit.chain import Chain
from bot.audit.denials import Carry
from bot.audit.entry import BEGINNING, JSON, Entry, Event, Head, read_entry
from bot.audit.stream import APPEND, HEAD, PAGE, STREAM
from bot.storage.sealing import Keys, Sealer, Tampered

SEGMENTS = "quaymaster:audit:segments"
"""Sealed segments, by the sequence of their first entry."""
SETTLED_AFTER = timedelta(hours=1)
"""So long after its end a month may still get entries, from a process whose clock is slow."""

_KEEP = f"""{APPEND}
local stored = redis.call('HGET', KEYS[3], ARGV[6]) or ''
if stored ~= ARGV[7] and stored ~= ARGV[8] then return {{'otherwise', ''}} end
local found = append(KEYS[1], KEYS[2], unpack(ARGV, 1, 5))
if found ~= ARGV[2] then return {{'head', found}} end
redis.call('HSET', KEYS[3], ARGV[6], ARGV[8])
if ARGV[9] ~= '' then redis.call('XTRIM', KEYS[1], 'MINID', ARGV[9]) end
return {{'head', found}}
"""


class Segment(BaseModel):
    """The entries of one month, as its seal tells of them."""

    model_config = ConfigDict(frozen=True)

    month: str
    """Such as `2026-11`, in UTC."""
    first: int
    last: int
    hash: str
    """Of the last entry."""
    last_id: str
    """Under which Redis has the last entry."""
    ended_at: datetime
    trimmed_at: datetime | None = None

    @property
    def head(self) -> Head:
        """The head of the record up to its end."""
        return self.last, self.hash


class _Otherwise(Exception):
    """Another process was first."""


@dataclass(frozen=True)
class Segments:
    """Seals months that are over, and trims those that need not be kept."""

    redis: Redis
    carry: Carry
    keys: Keys
    clock: Callable[[], datetime]

    def read(self, stored: Mapping[bytes, bytes]) -> list[Segment]:
        """Read what SEGMENTS holds, in order. Raises Tampered when one of them is not as it was sealed."""
        sealer = Sealer(*self.keys)
        found = [Segment.model_validate(sealer.unseal(_name(first.decode()), value)) for first, value in stored.items()]
        return sorted(found, key=lambda segment: segment.first)

    async def keep_up(self, kept_for: timedelta | None) -> None:
        """Seal every month that is over, and trim what is older than it must be kept (None: nothing is).

        One round trip when there is nothing to do. Raises Tampered where the record is not as it was written: what
        cannot be vouched for is neither sealed nor trimmed.
        """
        now = self.clock()
        segments = self.read(await self.redis.hgetall(SEGMENTS))  # type: ignore[misc]
        try:
            while ended := await self._ended(segments[-1] if segments else None, now):
                await self._keep("segment_sealed", ended, b"")
                segments.append(ended)
            for segment in segments:
                if kept_for is None or segment.ended_at > now - kept_for:
                    break
                if segment.trimmed_at is None:
                    await self._trim(segment, now)
        except _Otherwise:
            return

    async def _ended(self, before: Segment | None, now: datetime) -> Segment | None:
        """The month after a segment, if it is over: up to the first entry of a later month."""
        earliest = f"({before.last_id}" if before else "-"
        page = await self.redis.xrange(STREAM, min=earliest, count=1)
        if not page:
            return None
        first = self._entry(page[0][1])
        month = _month(first.at)
        if month >= _month(now - SETTLED_AFTER):
            return None
        chain = Chain(before.head if before else BEGINNING, {})
        last_id, ended_at = "", first.at
        while page := await self.redis.xrange(STREAM, min=earliest, count=PAGE):
            for id_, fields in page:
                entry = self._entry(fields)
                if _month(entry.at) > month:
                    return self._segment(month, first, chain, last_id, ended_at)
                chain.add(entry)
                last_id, ended_at = id_.decode(), max(ended_at, entry.at)
            earliest = f"({last_id}"
        return self._segment(month, first, chain, last_id, ended_at)

    def _segment(self, month: str, first: Entry, chain: Chain, last_id: str, ended_at: datetime) -> Segment:
        if chain.problems:
            raise Tampered(f"the audit of {month}: {chain.problems[0]}")
        sequence, hash_ = chain.head
        return Segment(month=month, first=first.sequence, last=sequence, hash=hash_, last_id=last_id, ended_at=ended_at)

    async def _trim(self, segment: Segment, now: datetime) -> None:
        sealed = Sealer(*self.keys).seal(_name(str(segment.first)), segment.model_dump(mode="json"))
        milliseconds, _, number = segment.last_id.partition("-")
        following = f"{milliseconds}-{int(number) + 1}"
        trimmed = segment.model_copy(update={"trimmed_at": now})
        await self._keep("segment_trimmed", trimmed, sealed, following)

    async def _keep(self, event: Event, segment: Segment, before: bytes, trim_before: str = "") -> None:
        sealed = Sealer(*self.keys).seal(_name(str(segment.first)), segment.model_dump(mode="json"))

        async def send(entry: list[bytes]) -> bytes:
            arguments: list[bytes | str] = [*entry, str(segment.first), before, sealed, trim_before]
            what, found = await self.redis.eval(_KEEP, 3, STREAM, HEAD, SEGMENTS, *arguments)  # type: ignore[misc]
            if what == b"otherwise":
                raise _Otherwise
            head: bytes = found
            return head

        named: dict[str, JSON] = {
            "segment": segment.month,
            "first": segment.first,
            "last": segment.last,
            "head": segment.hash,
        }
        await self.carry(event, actor=None, details=named, send=send)

    def _entry(self, fields: Mapping[bytes, bytes]) -> Entry:
        body, hash_, seal = (fields.get(name, b"") for name in (b"body", b"hash", b"seal"))
        return read_entry(body, hash_.decode(errors="replace"), seal.decode(errors="replace"), self.keys)


def _name(first: str) -> str:
    return f"{SEGMENTS}:{first}"


def _month(at: datetime) -> str:
    return f"{at:%Y-%m}"
