"""The freeze: one sealed value in Redis that stops every change at once, in every process.

Each step that leads to a change is compared with it in the same script that takes the step, so there is no moment
between looking and acting. Nothing is allowed that is not known to be: a value that the bot did not write, an older
one that was put back, and one that is gone where one was, all count as frozen.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis

from bot.audit import APPEND, HEAD, STREAM, Audit, Event
from bot.permissions.people import Actor
from bot.storage.sealing import Sealer, Tampered

FREEZE = "quaymaster:freeze"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING_ALLOWS = b"(none)"
"""Equals no stored value."""

_SWITCH = f"""{APPEND}
if redis.call('GET', KEYS[2]) == ARGV[2] then return {{'done', ARGV[2]}} end
local stored = redis.call('GET', KEYS[3]) or ''
if stored ~= ARGV[6] then return {{'changed', stored}} end
local found = append(KEYS[1], KEYS[2], unpack(ARGV, 1, 5))
if found == ARGV[2] then redis.call('SET', KEYS[3], ARGV[7]) end
return {{'done', found}}
"""


class Freeze(BaseModel):
    """Whether changes are stopped; by whom, since when, and why. Or who thawed them last."""

    model_config = ConfigDict(frozen=True)

    on: bool
    by: Actor | None = None
    label: str = ""
    since: datetime | None = None
    reason: str = ""
    doubt: str = ""
    """What is wrong with the stored value, where it cannot be believed."""

    @property
    def note(self) -> str:
        """Why a change that was agreed to waits, in a sentence."""
        return f"It waits, since changes are frozen: {self.doubt or self.reason}"


NEVER = Freeze(on=False)
"""Nobody has ever frozen anything."""


class Frozen(Exception):
    """Changes are stopped."""

    def __init__(self, freeze: Freeze) -> None:
        super().__init__(freeze.note)
        self.freeze = freeze


class Unchanged(Exception):
    """It is so already; `freeze` says since when and by whom."""

    def __init__(self, freeze: Freeze) -> None:
        super().__init__()
        self.freeze = freeze


class _Changed(Exception):
    """Somebody else was first; carries what is stored."""

    def __init__(self, stored: bytes) -> None:
        super().__init__()
        self.stored = stored


@dataclass
class Freezer:
    """Reads and writes the freeze, and remembers what it has seen."""

    redis: Redis
    sealer: Sealer
    audit: Audit
    clock: Callable[[], datetime]
    allows: bytes = b""
    """The stored value under which changes may go on: what a script must find."""
    _latest: datetime = field(default=_LONG_AGO)
    """When the latest value began that this process has seen."""

    def read(self, stored: bytes | None) -> Freeze:
        """What a stored value says."""
        freeze = self._read(stored or b"")
        self.allows = _NOTHING_ALLOWS if freeze.on else stored or b""
        return freeze

    async def look(self) -> Freeze:
        """Read it from Redis; twice, where the first answer may have been overtaken by a newer one."""
        freeze = self.read(await self.redis.get(FREEZE))
        return self.read(await self.redis.get(FREEZE)) if freeze.doubt else freeze

    async def require_thawed(self) -> None:
        """Raise Frozen while changes are stopped. For what is no step of a record; costs one round trip."""
        freeze = await self.look()
        if freeze.on:
            raise Frozen(freeze)

    async def learn(self, stored: bytes) -> None:
        """Take in what a script found instead of what allows changes. Raises Frozen where that stops them."""
        freeze = self.read(stored)
        if freeze.doubt:
            freeze = await self.look()
        if freeze.on:
            raise Frozen(freeze)

    def expect_one(self) -> None:
        """Somebody has frozen or thawed before: that nothing is stored counts as frozen from now on."""
        self._latest = max(self._latest, _LONG_AGO + timedelta(microseconds=1))

    async def freeze(self, by: Actor, label: str, channel: str, reason: str) -> Freeze:
        """Stop all changes, and record it in the same step. Raises Unchanged when they are stopped already."""
        wanted = Freeze(on=True, by=by, label=label, reason=reason)
        return await self._switch(wanted, "changes_frozen", {"channel": channel, "reason": reason})

    async def thaw(self, by: Actor, label: str, channel: str) -> Freeze:
        """Let changes go on, and record it in the same step. Raises Unchanged when they do already."""
        return await self._switch(Freeze(on=False, by=by, label=label), "changes_thawed", {"channel": channel})

    async def _switch(self, wanted: Freeze, event: Event, details: dict[str, str]) -> Freeze:
        stored: bytes = await self.redis.get(FREEZE) or b""
        while True:
            before = self.read(stored)
            if before.on == wanted.on and not before.doubt:
                raise Unchanged(before)
            since = max(self.clock().astimezone(UTC), self._latest + timedelta(microseconds=1))
            after = wanted.model_copy(update={"since": since})
            value = self.sealer.seal(FREEZE, after.model_dump(mode="json"))
            try:
                await self._record(event, wanted.by, details, stored, value)
            except _Changed as changed:
                stored = changed.stored
            else:
                return self.read(value)

    async def _record(
        self, event: Event, by: Actor | None, details: dict[str, str], before: bytes, after: bytes
    ) -> None:
        async def send(entry: list[bytes]) -> bytes:
            what, value = await self.redis.eval(  # type: ignore[misc]
                _SWITCH, 3, STREAM, HEAD, FREEZE, *entry, before, after
            )
            if what == b"changed":
                raise _Changed(value)
            found: bytes = value
            return found

        await self.audit.carry(event, actor=str(by), details=details, send=send)

    def _read(self, stored: bytes) -> Freeze:
        if not stored:
            if self._latest == _LONG_AGO:
                return NEVER
            return _doubt("the stored freeze was taken out by somebody who is not the bot")
        try:
            freeze = Freeze.model_validate(self.sealer.unseal(FREEZE, stored))
        except Tampered:
            return _doubt("the stored freeze was written by somebody who is not the bot")
        if freeze.since is None or freeze.since < self._latest:
            return _doubt("an older freeze was put back by somebody who is not the bot")
        self._latest = freeze.since
        return freeze


def identity(stored: bytes | None) -> str:
    """A short name of a stored value: different for each freeze and each thaw."""
    return hashlib.sha256(stored or b"").hexdigest()


def _doubt(what: str) -> Freeze:
    return Freeze(on=True, doubt=what)
