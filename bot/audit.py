"""The append-only, hash-chained record of what was asked for, decided and done.

Each entry of the Redis stream carries the hash of the one before it and a seal (an HMAC with a key that is not in
Redis), so whoever can write to Redis can destroy the record but not rewrite it unnoticed. What a chain cannot show
by itself is that its end was cut off: for that, a head (sequence and hash) is noted down elsewhere and given to
`Audit.verify`. Nothing is ever trimmed.
"""

import asyncio
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import structlog
from redis.asyncio import Redis

from bot.sealing import Tampered

STREAM = "quaymaster:audit"
HEAD = "quaymaster:audit:head"
PAGE = 500
"""Entries that are read in one go."""
ATTEMPTS = 1000
"""How often an entry is offered to Redis; every refusal means that another process got in first."""

JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"

Event = Literal[
    "command_allowed",
    "command_denied",
    "change_proposed",
    "change_approved",
    "change_rejected",
    "change_cancelled",
    "change_expired",
    "change_stale",
    "change_intent",
    "change_outcome",
    "key_arrived",
    "secret_shown",
    "secret_withheld",
    "secret_expired",
    "policy_loaded",
    "policy_refused",
    "alerts_loaded",
    "alerts_refused",
    "alert_acknowledged",
    "alert_snoozed",
    "record_tampered",
]

_SECRETS = ("password", "token", "secret", "private_key")

_APPEND = """
local head = redis.call('GET', KEYS[2]) or ''
if head ~= ARGV[1] then return head end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('XADD', KEYS[1], '*', 'body', ARGV[3], 'hash', ARGV[4], 'seal', ARGV[5])
return ARGV[2]
"""

log = structlog.get_logger()

Head: TypeAlias = tuple[int, str]
"""The sequence and the hash of an entry, which together stand for everything up to it."""

BEGINNING: Head = (0, "0" * 64)
"""The head of a record without entries."""


@dataclass(frozen=True)
class Entry:
    """One entry as it was recorded."""

    sequence: int
    """Counts from 1."""
    at: datetime
    event: str
    actor: str | None
    """`TEAM/USER`, or None for the bot itself."""
    details: Mapping[str, JSON]
    previous: str
    """The hash of the entry before."""
    hash: str
    seal: str

    @property
    def head(self) -> Head:
        """The entry as the head of the record up to it."""
        return self.sequence, self.hash


@dataclass(frozen=True)
class Verification:
    """What reading the whole record showed: how many entries, the last one's head, and everything that is wrong."""

    count: int
    head: Head
    problems: tuple[str, ...]


class Contended(Exception):
    """Other processes record so fast that an entry found no place; nothing was recorded."""


class Audit:
    """The record in Redis. Any number of processes append to it; each entry gets one place in one chain."""

    def __init__(self, redis: Redis, key: bytes, clock: Callable[[], datetime]) -> None:
        self._redis = redis
        self._key = key
        self._clock = clock
        self._append = redis.register_script(_APPEND)
        self._lock = asyncio.Lock()
        self._mark = secrets.token_hex(4)
        self._remembered = b""

    async def record(self, event: Event, /, *, actor: str | None, **details: JSON) -> Entry:
        """Append an entry and return it; one round trip while nobody else records.

        Raises ValueError for details that would hold a secret or a number that JSON lacks, TypeError for what is
        not JSON at all (a SecretStr, say), Contended, or whatever the Redis client raises. What the entry would
        have announced must then not be done.
        """

        async def send(entry: list[bytes]) -> bytes:
            found: bytes = await self._append(keys=[STREAM, HEAD], args=entry)
            return found

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
        _refuse_secrets(details)
        async with self._lock:
            for _ in range(ATTEMPTS):
                before = _read_head(self._remembered)
                entry, body = self._entry(before, event, actor, details)
                # The mark makes this head ours alone: when the answer got lost and the client asked again, the
                # script finds this very head and says so, which is success.
                head = f"{entry.sequence} {entry.hash} {self._mark}".encode()
                found = await send([self._remembered, head, body, entry.hash.encode(), entry.seal.encode()])
                self._remembered = found
                if found == head:
                    return entry
                if _read_head(found)[0] <= before[0]:
                    log.error("audit_head_moved_back", remembered=before, found=_read_head(found))
        raise Contended(event)

    async def head(self) -> Head:
        """Read the head of the record: what to note down elsewhere."""
        return _read_head(await self._redis.get(HEAD))

    async def entries(self, *, since: datetime | None = None, count: int = 100) -> AsyncIterator[Entry]:
        """Read the latest entries, newest first: at most `count`, and none from before `since`.

        Raises Tampered at an entry that is not as it was recorded.
        """
        latest = "+"
        while count > 0 and (page := await self._redis.xrevrange(STREAM, max=latest, count=min(count, PAGE))):
            for _, fields in page:
                entry = self._read(fields)
                if since and entry.at < since:
                    return
                yield entry
            count -= len(page)
            latest = f"({page[-1][0].decode()}"

    async def verify(self, *, published: Head | None = None) -> Verification:
        """Read the whole record and find whatever was changed, taken out, reordered, forged or cut off.

        `published` is a head that was noted down earlier. Entries recorded in the meantime are left for next time.
        """
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.get(HEAD)
            pipeline.xrevrange(STREAM, count=1)
            stored, newest = await pipeline.execute()
        chain = _Chain(published)
        async for id_, fields in self._until(newest[0][0] if newest else None):
            try:
                chain.add(self._read(fields))
            except Tampered as wrong:
                chain.complain(f"what is stored as {id_} {wrong}")
        return chain.finish(_read_head(stored))

    async def _until(self, last: bytes | None) -> AsyncIterator[tuple[str, Mapping[bytes, bytes]]]:
        earliest = "-"
        while last and (page := await self._redis.xrange(STREAM, min=earliest, max=last, count=PAGE)):
            for id_, fields in page:
                yield id_.decode(), fields
            earliest = f"({page[-1][0].decode()}"

    def _entry(self, before: Head, event: Event, actor: str | None, details: Mapping[str, JSON]) -> tuple[Entry, bytes]:
        sequence, previous = before[0] + 1, before[1]
        at = self._clock().astimezone(UTC)
        content = {
            "sequence": sequence,
            "at": at.isoformat(),
            "event": event,
            "actor": actor,
            "details": details,
            "previous": previous,
        }
        body = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
        hash_ = hashlib.sha256(body).hexdigest()
        return Entry(sequence, at, event, actor, details, previous, hash_, self._seal(hash_)), body

    def _read(self, fields: Mapping[bytes, bytes]) -> Entry:
        """Read a stored entry. Raises Tampered, saying what is wrong with it, before anything in it is believed."""
        body, hash_ = fields.get(b"body", b""), fields.get(b"hash", b"")
        if hashlib.sha256(body).hexdigest().encode() != hash_:
            raise Tampered("was changed after it was recorded")
        seal = self._seal(hash_.decode())
        if not hmac.compare_digest(seal.encode(), fields.get(b"seal", b"")):
            raise Tampered("does not carry our seal")
        content: dict[str, Any] = json.loads(body)
        return Entry(**(content | {"at": datetime.fromisoformat(content["at"])}), hash=hash_.decode(), seal=seal)

    def _seal(self, hash_: str) -> str:
        return hmac.digest(self._key, hash_.encode(), "sha256").hex()


class _Chain:
    """The genuine entries in the order in which they are stored, checked one by one."""

    def __init__(self, published: Head | None) -> None:
        self._count = 0
        self._head = BEGINNING
        self._owed = published if published != BEGINNING else None
        self._problems: list[str] = []

    def complain(self, problem: str) -> None:
        """Count something stored that is no genuine entry."""
        self._count += 1
        self._problems.append(problem)

    def add(self, entry: Entry) -> None:
        """Check that an entry follows the one before."""
        self._count += 1
        expected = self._head[0] + 1
        if entry.sequence < expected:
            self._problems.append(f"entry {entry.sequence} stands where entry {expected} belongs")
            return
        if entry.sequence > expected:
            missing = f"{expected}" if entry.sequence == expected + 1 else f"{expected} to {entry.sequence - 1}"
            self._problems.append(f"missing before entry {entry.sequence}: {missing}")
        elif entry.previous != self._head[1]:
            self._problems.append(f"entry {entry.sequence} was not recorded after the one that stands before it")
        self._head = entry.head
        if entry.head == self._owed:
            self._owed = None

    def finish(self, stored: Head) -> Verification:
        """Compare the end with the head in Redis and with the one that was noted down."""
        if stored != self._head:
            self._problems.append(f"the head in Redis says entry {stored[0]}, the last entry is {self._head[0]}")
        if self._owed:
            self._problems.append(f"the published head, entry {self._owed[0]}, is not in the record")
        return Verification(self._count, self._head, tuple(self._problems))


def _read_head(stored: bytes | None) -> Head:
    """Read what the head's key holds; whatever is not a head counts as none, and verifying will show it."""
    found = re.match(rb"(\d{1,18}) ([0-9a-f]{64})\b", stored or b"")
    return (int(found[1]), found[2].decode()) if found else BEGINNING


def _refuse_secrets(details: JSON) -> None:
    """A flag may be called `reset_password`; anything with content under such a name is refused."""
    if isinstance(details, Mapping):
        for name, value in details.items():
            if name.casefold().endswith(_SECRETS) and not isinstance(value, bool | None):
                raise ValueError(f"{name} does not belong in the audit")
            _refuse_secrets(value)
    elif isinstance(details, Sequence) and not isinstance(details, str):
        for value in details:
            _refuse_secrets(value)
