"""Refusals are recorded singly up to a limit for each actor and hour, beyond it as one entry with their number.

So nobody can flood the record by asking for what they may not. What counts them is not sealed: whoever can write to
Redis can hide refusals, never what was allowed or done.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from redis.asyncio import Redis

from bot.audit.entry import JSON, Entry, Event
from bot.audit.stream import APPEND, HEAD, STREAM
from bot.storage.dedupe import SEEN, TAKE, DedupeKey

DENIALS = "quaymaster:audit:denials"
"""For each actor who was refused something lately: when that began, in milliseconds, and how often it was."""
LIMIT = 20
WINDOW = timedelta(hours=1)

_DENY = f"""{TAKE}{APPEND}
if KEYS[4] and not take(KEYS[4], ARGV[10], ARGV[11]) then return {{'seen', '{SEEN.decode()}'}} end
local actor, now, window, limit = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local stored = redis.call('HGET', KEYS[3], actor) or ''
local since, count = string.match(stored, '^(%d+) (%d+)$')
since, count = tonumber(since), tonumber(count)
if not since or (now >= since + window and count <= limit) then
  since, count = now, 0
elseif now >= since + window then
  return {{'over', stored}}
end
local found = ARGV[2]
if count < limit then found = append(KEYS[1], KEYS[2], unpack(ARGV, 1, 5)) end
if found ~= ARGV[2] then return {{'head', found}} end
redis.call('HSET', KEYS[3], actor, string.format('%.0f %d', since, count + 1))
return {{count < limit and 'head' or 'counted', found}}
"""

_CLOSE = f"""{APPEND}
if redis.call('HGET', KEYS[3], ARGV[6]) ~= ARGV[7] then return ARGV[2] end
if ARGV[2] ~= '' then
  local found = append(KEYS[1], KEYS[2], unpack(ARGV, 1, 5))
  if found ~= ARGV[2] then return found end
end
redis.call('HDEL', KEYS[3], ARGV[6])
return ARGV[2]
"""
_NOTHING = [b""] * 5


class Carry(Protocol):
    """`Audit.carry`."""

    def __call__(
        self,
        event: Event,
        *,
        actor: str | None,
        details: Mapping[str, JSON],
        send: Callable[[list[bytes]], Awaitable[bytes]],
    ) -> Awaitable[Entry]:
        """Append an entry as part of another atomic step."""
        ...


class _Over(Exception):
    """The window has ended and its sum is not recorded yet; carries what is stored."""

    def __init__(self, stored: bytes) -> None:
        super().__init__()
        self.stored = stored


class _Counted(Exception):
    """The refusal was counted and gets no entry of its own."""


@dataclass(frozen=True)
class Denials:
    """Records refusals."""

    redis: Redis
    carry: Carry
    clock: Callable[[], datetime]

    async def record(
        self, event: Event, once: DedupeKey | None = None, /, *, actor: str, **details: JSON
    ) -> Entry | None:
        """Record a refusal, or count it where this actor has had LIMIT within WINDOW; one round trip.

        `once`, and what is raised, as in `Audit.record`.
        """
        while True:
            try:
                return await self.carry(
                    event, actor=actor, details=details, send=lambda entry: self._send(entry, actor, once)
                )
            except _Counted:
                return None
            except _Over as over:
                await self._close(actor, over.stored)

    async def sum_up(self) -> None:
        """Record the sums of the windows that have ended, and forget them."""
        stored: dict[bytes, bytes] = await self.redis.hgetall(DENIALS)  # type: ignore[misc]
        for actor, counted in stored.items():
            since, _ = _read(counted)
            if self.clock() >= since + WINDOW:
                await self._close(actor.decode(), counted)

    async def _send(self, entry: list[bytes], actor: str, once: DedupeKey | None) -> bytes:
        window, now = WINDOW / timedelta(milliseconds=1), self.clock().timestamp() * 1000
        keys: list[str] = [STREAM, HEAD, DENIALS]
        arguments: list[bytes | str | int] = [*entry, actor, int(now), int(window), LIMIT]
        if once is not None:
            keys, arguments = [*keys, *once.keys], [*arguments, *once.arguments]
        what, value = await self.redis.eval(_DENY, len(keys), *keys, *arguments)  # type: ignore[misc]
        if once is not None:
            once.judge(value)
        if what == b"over":
            raise _Over(value)
        if what == b"counted":
            raise _Counted
        found: bytes = value
        return found

    async def _close(self, actor: str, counted: bytes) -> None:
        async def send(entry: list[bytes]) -> bytes:
            found: bytes = await self.redis.eval(  # type: ignore[misc]
                _CLOSE, 3, STREAM, HEAD, DENIALS, *entry, actor, counted
            )
            return found

        since, count = _read(counted)
        if count <= LIMIT:
            await send(_NOTHING)
            return
        details: dict[str, JSON] = {
            "count": count - LIMIT,
            "since": since.isoformat(),
            "until": (since + WINDOW).isoformat(),
        }
        await self.carry("denials_counted", actor=actor, details=details, send=send)


def _read(counted: bytes) -> tuple[datetime, int]:
    """When a window began, and how many refusals fell into it; of what is no such thing none, long ago."""
    found = re.fullmatch(rb"(\d{1,14}) (\d{1,9})", counted)
    since, count = (int(found[1]), int(found[2])) if found else (0, 0)
    return datetime.fromtimestamp(since / 1000, UTC), count
