"""The record in Redis: appending to it, reading it, and verifying all of it."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis

from bot.audit.chain import AuditVerification, Chain
from bot.audit.denials import Denials
from bot.audit.entry import BEGINNING, JSON, Entry, Event, Head, following, read_entry, refuse_secrets
from bot.audit.reads import Reads
from bot.audit.segments import SEGMENTS, Segment, Segments
from bot.audit.stream import APPEND, HEAD, PAGE, STREAM, read_head
from bot.storage.dedupe import SEEN, TAKE, DedupeKey
from bot.storage.sealing import Keys, Sealer, Tampered

PUBLISHED = "quaymaster:audit:published"
"""The head that was published last, sealed."""
ATTEMPTS = 1000
"""How often an entry is offered to Redis; every refusal means that another process got in first."""

_RECORD = f"""{TAKE}{APPEND}
if KEYS[3] and not take(KEYS[3], ARGV[6], ARGV[7]) then return '{SEEN.decode()}' end
return append(KEYS[1], KEYS[2], unpack(ARGV, 1, 5))
"""

log = structlog.get_logger()


class Contended(Exception):
    """Other processes record so fast that an entry found no place; nothing was recorded."""


class Published(BaseModel):
    """A head as it was posted where people see it, and for which moment of the schedule."""

    model_config = ConfigDict(frozen=True)

    due_at: datetime
    sequence: int
    hash: str

    @property
    def head(self) -> Head:
        """The head."""
        return self.sequence, self.hash


@dataclass(frozen=True)
class Page:
    """Some entries, newest first; how many stood between them that are not as they were recorded; where it goes on."""

    entries: Sequence[Entry]
    altered: int
    following: str | None


class Audit:
    """The record in Redis. Any number of processes append to it; each entry gets one place in one chain."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        clock: Callable[[], datetime],
        registry: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._registry = registry
        self._append = redis.register_script(_RECORD)
        self._lock = asyncio.Lock()
        self._mark = secrets.token_hex(4)
        self._remembered = b""
        self._own = BEGINNING
        self.denials = Denials(redis, self.carry, clock)
        self.reads = Reads(self.record, clock)
        self.segments = Segments(redis, self.carry, keys, clock)

    async def record(
        self, event: Event, once: DedupeKey | None = None, /, *, actor: str | None, **details: JSON
    ) -> Entry:
        """Append an entry and return it; one round trip while nobody else records.

        With `once`, its key is taken in the same step: raises SeenBefore where it was taken before, and records
        nothing. Raises ValueError for details that would hold a secret or a number that JSON lacks, TypeError for
        what is not JSON at all (a SecretStr, say), Contended, or whatever the Redis client raises. What the entry
        would have announced must then not be done.
        """

        async def send(entry: list[bytes]) -> bytes:
            if once is None:
                found: bytes = await self._append(keys=[STREAM, HEAD], args=entry)
                return found
            return once.judge(await self._append(keys=[STREAM, HEAD, *once.keys], args=[*entry, *once.arguments]))

        return await self.carry(event, actor=actor, details=details, send=send)

    async def carry(
        self,
        event: Event,
        *,
        actor: str | None,
        details: Mapping[str, JSON],
        send: Callable[[list[bytes]], Awaitable[bytes]],
    ) -> Entry:
        """Append an entry as part of another atomic step, which `send` takes.

        `send` is given the head that must be found, the new head, body, hash and seal; it returns the head that
        Redis has afterwards, and takes its step only together with the entry. Raises as `record`, and whatever
        `send` raises.
        """
        refuse_secrets(details)
        async with self._lock:
            for _ in range(ATTEMPTS):
                before = read_head(self._remembered)
                entry, body = following(before, self._clock(), event, actor, details, self._keys[0], self._registry())
                # The mark makes this head ours alone: when the answer got lost and the client asked again, the
                # script finds this very head and says so, which is success.
                head = f"{entry.sequence} {entry.hash} {self._mark}".encode()
                found = await send([self._remembered, head, body, entry.hash.encode(), entry.seal.encode()])
                self._remembered = found
                if found == head:
                    self._own = max(self._own, entry.head)
                    return entry
                if read_head(found)[0] <= before[0]:
                    log.error("audit_head_moved_back", remembered=before, found=read_head(found))
        raise Contended(event)

    async def head(self) -> Head:
        """The head of the record, read from its last entry. Raises Tampered where the two do not agree."""
        stored, newest = await self._end()
        head = self._read(newest[0][1]).head if newest else BEGINNING
        if head != read_head(stored):
            raise Tampered("the end of the audit")
        return head

    async def began(self) -> datetime | None:
        """When the oldest entry that is stored was recorded; None where there is none. Raises Tampered."""
        oldest = await self._redis.xrange(STREAM, count=1)
        return self._read(oldest[0][1]).at if oldest else None

    async def published(self) -> Published | None:
        """The head that was published last. Raises Tampered."""
        return self._read_published(await self._redis.get(PUBLISHED))

    async def note_published(self, due_at: datetime, head: Head) -> None:
        """Remember that a head was published: from then on verifying looks for it."""
        published = Published(due_at=due_at, sequence=head[0], hash=head[1])
        await self._redis.set(PUBLISHED, Sealer(*self._keys).seal(PUBLISHED, published.model_dump(mode="json")))

    async def entries(self, *, since: datetime | None = None, count: int = 100) -> AsyncIterator[Entry]:
        """Read the latest entries, newest first: at most `count`, and none from before `since`.

        Raises Tampered at an entry that is not as it was recorded.
        """
        if count <= 0:
            return
        async for entry in self._backwards("+", min(count, PAGE)):
            if since and entry.at < since:
                return
            yield entry
            count -= 1
            if count == 0:
                return

    async def unbroken(self) -> AsyncIterator[Entry]:
        """Read the entries, newest first, for whoever must miss none.

        Raises Tampered at one that is not as it was recorded or is missing: also at the end, which must hold what
        this process itself recorded last.
        """
        own = self._own
        stored, newest = await self._end()
        expected = read_head(stored)
        if expected[0] < own[0]:
            raise Tampered("the end of the audit was cut off")
        async for entry in self._backwards(newest[0][0].decode() if newest else "0", PAGE):
            if entry.head != expected or (entry.sequence == own[0] and entry.head != own):
                raise Tampered(f"the audit was altered after entry {entry.sequence}")
            expected = (entry.sequence - 1, entry.previous)
            yield entry

    async def page(self, before: str | None = None) -> Page:
        """Read the PAGE latest entries, or those before where another page ended; one round trip."""
        found = await self._redis.xrevrange(STREAM, max=f"({before}" if before else "+", count=PAGE)
        entries, altered = [], 0
        for _, fields in found:
            try:
                entries.append(self._read(fields))
            except Tampered:
                altered += 1
        return Page(entries, altered, found[-1][0].decode() if len(found) == PAGE else None)

    async def stored(self) -> AsyncIterator[dict[str, object]]:
        """Everything that is stored, the oldest first, as it is exported: what an entry says, its hash and its seal.

        Whatever is no entry comes as text, for verifying to find.
        """
        _, newest = await self._end()
        async for _, fields in self._until(newest[0][0] if newest else None):
            body, hash_, seal = _parts(fields)
            bound: dict[str, object] = {"hash": hash_, "seal": seal}
            try:
                content = json.loads(body)
            except ValueError:
                content = None
            yield {**(content if isinstance(content, dict) else {"damaged": repr(body)}), **bound}

    async def verify(self, *, published: Head | None = None) -> AuditVerification:
        """Read the whole record and find whatever was changed, taken out, reordered, forged or cut off.

        `published` is a head that was noted down earlier, besides the last one that the bot published itself. The
        heads of sealed segments must be there as well; a record that was trimmed begins at such a seal. Entries
        recorded in the meantime are left for next time.
        """
        stored, newest = await self._end()
        problems: list[str] = []
        segments = await self._sealed_segments(problems)
        required = {
            segment.head: f"the sealed head of {segment.month}" for segment in segments if not segment.trimmed_at
        }
        try:
            known = await self.published()
        except Tampered:
            problems.append("what the bot remembers of the last published head was altered")
        else:
            required |= {known.head: "the last published head"} if known else {}
        required |= {published: "the published head"} if published else {}
        trimmed = [segment.head for segment in segments if segment.trimmed_at]
        chain = Chain(trimmed[-1] if trimmed else BEGINNING, required)
        async for id_, fields in self._until(newest[0][0] if newest else None):
            try:
                chain.add(self._read(fields))
            except Tampered as wrong:
                chain.complain(f"what is stored as {id_} {wrong}")
        found = chain.finish(read_head(stored))
        return AuditVerification(found.count, found.head, (*problems, *found.problems))

    async def _sealed_segments(self, problems: list[str]) -> list[Segment]:
        try:
            return self.segments.read(await self._redis.hgetall(SEGMENTS))  # type: ignore[misc]
        except Tampered as wrong:
            problems.append(f"the seal of a segment was altered: {wrong}")
            return []

    async def _end(self) -> tuple[bytes | None, list[tuple[bytes, Mapping[bytes, bytes]]]]:
        """What the head's key holds, and the last entry, as they are at one moment."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.get(HEAD)
            pipeline.xrevrange(STREAM, count=1)
            stored, newest = await pipeline.execute()
        return stored, newest

    async def _backwards(self, latest: str, size: int) -> AsyncIterator[Entry]:
        """Read the entries up to a stored id, newest first, so many at a time. Raises Tampered."""
        while page := await self._redis.xrevrange(STREAM, max=latest, count=size):
            for _, fields in page:
                yield self._read(fields)
            latest = f"({page[-1][0].decode()}"

    async def _until(self, last: bytes | None) -> AsyncIterator[tuple[str, Mapping[bytes, bytes]]]:
        earliest = "-"
        while last and (page := await self._redis.xrange(STREAM, min=earliest, max=last, count=PAGE)):
            for id_, fields in page:
                yield id_.decode(), fields
            earliest = f"({page[-1][0].decode()}"

    def _read(self, fields: Mapping[bytes, bytes]) -> Entry:
        """Read a stored entry. Raises Tampered."""
        body, hash_, seal = _parts(fields)
        return read_entry(body, hash_, seal, self._keys)

    def _read_published(self, stored: bytes | None) -> Published | None:
        return None if stored is None else Published.model_validate(Sealer(*self._keys).unseal(PUBLISHED, stored))


def _parts(fields: Mapping[bytes, bytes]) -> tuple[bytes, str, str]:
    body, hash_, seal = (fields.get(name, b"") for name in (b"body", b"hash", b"seal"))
    return body, hash_.decode(errors="replace"), seal.decode(errors="replace")
