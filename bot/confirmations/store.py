"""The records in Redis: sealed, and moved by one atomic step each.

A step compares and sets the whole sealed value, together with the indexes it belongs to, with the audit entry that
tells of it, and with its place in the outbox. So there is no decision without its entry, and no card that
nobody will ever mend. Time is the application's: Redis's own expiry only cleans up, long after.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from redis.asyncio import Redis

from bot.audit import HEAD, JSON, STREAM, Audit, Event
from bot.confirmations.freeze import FREEZE, Freeze, Freezer
from bot.confirmations.keys import Keys
from bot.confirmations.record import Record, State
from bot.confirmations.scripts import RELEASE, REMOVE_UNLESS_MOVED, RENEW, STEP
from bot.storage.dedupe import DedupeKey
from bot.storage.sealing import Sealer, Tampered

KEPT_AFTER_CLOSING = timedelta(days=30)
READ_AT_ONCE = 50
"""Records that are read in one round trip, and before other tasks have their turn."""
DELIVERY_SECONDS = 30
"""The lease on delivering a record: so long after a process died another one takes over."""
REMINDER_SECONDS = 30
"""So long one process has for a reminder before another tries."""


class Missing(Exception):
    """There is no record of that id."""


@dataclass(frozen=True)
class Noted:
    """What the audit says of a step."""

    event: Event
    actor: str | None
    details: dict[str, JSON]


@dataclass(frozen=True)
class Overview:
    """The pending and approved records, and whether changes are frozen."""

    records: list[Record]
    freeze: Freeze
    unread: int = 0
    """How many there are besides, which expire later."""


class _Changed(Exception):
    """Another step was first; carries what is stored."""

    def __init__(self, stored: bytes) -> None:
        super().__init__()
        self.stored = stored


@dataclass
class Confirmations:
    """The pending confirmations of all processes."""

    redis: Redis
    sealer: Sealer
    audit: Audit
    freezer: Freezer
    keys: Keys = field(default_factory=Keys)

    async def create(self, record: Record, noted: Noted, *, guarded: bool = False) -> Record:
        """Store a new record, or return the one that has its id already (a command that Slack delivered twice).

        `guarded` is as in `advance`.
        """
        stored = await self._step(record, b"", noted, guarded=guarded)
        return record if stored is None else self._unseal(record.id, stored)

    async def get(self, record_id: str) -> Record:
        """Read a record. Raises Missing, or Tampered when its seal does not fit."""
        stored = await self.redis.get(self.keys.record(record_id))
        if stored is None:
            raise Missing(record_id)
        return self._unseal(record_id, stored)

    async def advance(
        self,
        record_id: str,
        transition: Callable[[Record], Record],
        noted: Callable[[Record], Noted] | None = None,
        *,
        notifies: bool = True,
        guarded: bool = False,
    ) -> Record:
        """Move a record by one atomic step and return it; `noted` says what the audit tells of the new record.

        The transition may run several times, each time on the record as it stands then. Raises whatever it
        raises (Refused), Missing, or Tampered. With `notifies`, the step goes into the outbox. A step that leads
        to a change is `guarded`: while changes are frozen it is not taken, and raises Frozen.
        """
        stored: bytes = await self.redis.get(self.keys.record(record_id)) or b""
        while stored:
            following = transition(self._unseal(record_id, stored))
            told = noted(following) if noted else None
            found = await self._step(following, stored, told, notifies=notifies, guarded=guarded)
            if found is None:
                return following
            stored = found
        raise Missing(record_id)

    async def due(self, now: datetime) -> list[str]:
        """Records that wait for a worker."""
        return await self._range(self.keys.due, now)

    async def expired(self, now: datetime) -> list[str]:
        """Records whose time is over and that nobody has closed yet."""
        return await self._range(self.keys.waiting, now)

    async def running(self, claimed_before: datetime) -> list[str]:
        """Executing records that were claimed before a moment."""
        return await self._range(self.keys.running, claimed_before)

    async def to_look_at(self, now: datetime) -> list[str]:
        """Records whose outcome is unknown, and of which Quay is to be asked again by now."""
        return await self._range(self.keys.looks, now)

    async def not_to_look_at(self, record_id: str) -> None:
        """Forget that Quay is to be asked again: a version that does not know of it has moved the record since."""
        await self.redis.zrem(self.keys.looks, record_id)

    async def to_remind_of(self, now: datetime) -> list[str]:
        """Pending records of which approvers are to be reminded by now."""
        return await self._range(self.keys.reminders, now)

    async def undelivered(self) -> list[str]:
        """Records of whose last step people have not been told."""
        return await self._range(self.keys.undelivered, None)

    async def claim_delivery(self, record_id: str) -> str | None:
        """Take the lease on delivering a record; None while another process has it."""
        lease = secrets.token_hex(8)
        taken = await self.redis.set(self.keys.delivering(record_id), lease, nx=True, ex=DELIVERY_SECONDS)
        return lease if taken else None

    async def renew_delivery(self, record_id: str, lease: str) -> bool:
        """Begin the lease again; False if another process has it by now."""
        found = await self.redis.eval(  # type: ignore[misc]
            RENEW, 1, self.keys.delivering(record_id), lease, str(DELIVERY_SECONDS)
        )
        return bool(found)

    async def release_delivery(self, record_id: str, lease: str) -> None:
        """Give the lease back, if it is still ours."""
        await self.redis.eval(RELEASE, 1, self.keys.delivering(record_id), lease)  # type: ignore[misc]

    async def announced(self, record_id: str) -> str | None:
        """The outcome that was announced of a record, or None."""
        said = await self.redis.get(self.keys.announced(record_id))
        return said.decode() if said else None

    async def note_announced(self, record: Record) -> None:
        """Remember that a record's outcome was announced."""
        await self.redis.set(self.keys.announced(record.id), record.state.value, ex=KEPT_AFTER_CLOSING)

    async def claim_reminder(self, record_id: str) -> bool:
        """Take on reminding people of a record; of several processes one has it for REMINDER_SECONDS."""
        return bool(await self.redis.set(self.keys.reminding(record_id), b"1", nx=True, ex=REMINDER_SECONDS))

    async def delivered(self, record: Record) -> None:
        """People see this version; a later one stays in the outbox."""
        await self.redis.eval(REMOVE_UNLESS_MOVED, 1, self.keys.undelivered, record.id, str(record.version))  # type: ignore[misc]

    async def waiting(self) -> list[Record]:
        """Pending and approved records, the next to expire first. Unreadable ones are left out."""
        return (await self.overview()).records

    async def overview(self, once: DedupeKey | None = None, *, limit: int | None = None) -> Overview:
        """The same, and the freeze; of the records at most `limit`. Costs a round trip, and one for each READ_AT_ONCE.

        The first one takes the key of `once`; raises SeenBefore. Reading a record takes about 50 µs, so other tasks
        have their turn in between.
        """
        async with self.redis.pipeline(transaction=False) as pipeline:
            pipeline.zrange(self.keys.waiting, 0, -1 if limit is None else limit - 1)
            pipeline.zcard(self.keys.waiting)
            pipeline.get(FREEZE)
            if once is not None:
                once.join(pipeline)
            members, total, frozen, *taken = await pipeline.execute()
        if once is not None:
            once.judge(*taken)
        records: list[Record] = []
        for start in range(0, len(members), READ_AT_ONCE):
            records += await self._read([member.decode() for member in members[start : start + READ_AT_ONCE]])
            await asyncio.sleep(0)
        return Overview(records, self.freezer.read(frozen), unread=total - len(members))

    async def _read(self, ids: Sequence[str]) -> list[Record]:
        """Read the records that are there and can be believed; one round trip."""
        values = await self.redis.mget([self.keys.record(record_id) for record_id in ids])
        found = (self._readable(id_, value) for id_, value in zip(ids, values, strict=True) if value is not None)
        return [record for record in found if record is not None]

    async def live_for(self, target: str, *, besides: str = "") -> str | None:
        """The id of the newest live record that speaks of a target, besides one that is known."""
        newest = await self.redis.zrevrange(self.keys.target(target), 0, 1)
        return next((id_.decode() for id_ in newest if id_.decode() != besides), None)

    async def quarantine(self, record_id: str, reason: str) -> bool:
        """Take a record that cannot be believed out of every index, and record that once. Its value stays as evidence.

        False where that was done before.
        """
        async with self.redis.pipeline(transaction=True) as pipeline:
            for index in (*self._indexes(), self.keys.looks, self.keys.undelivered):
                pipeline.zrem(index, record_id)
            pipeline.set(self.keys.quarantined(record_id), b"1", nx=True, ex=KEPT_AFTER_CLOSING)
            *_, is_news = await pipeline.execute()
        if is_news:
            await self.audit.record("record_tampered", actor=None, change=record_id, reason=reason)
        return bool(is_news)

    async def _range(self, key: str, until: datetime | None) -> list[str]:
        last = "+inf" if until is None else until.timestamp()
        return [member.decode() for member in await self.redis.zrangebyscore(key, "-inf", last)]

    def _readable(self, record_id: str, value: bytes) -> Record | None:
        try:
            return self._unseal(record_id, value)
        except Tampered:
            return None

    def _unseal(self, record_id: str, value: bytes) -> Record:
        """Read a stored value. Raises Tampered, which says the record's id."""
        try:
            return Record.model_validate(self.sealer.unseal(self.keys.record(record_id), value))
        except Tampered:
            raise Tampered(record_id) from None

    async def _step(
        self, record: Record, expected: bytes, noted: Noted | None, *, notifies: bool = True, guarded: bool = False
    ) -> bytes | None:
        """Compare and set; None when it was done, else what is stored instead."""
        try:
            if noted is None:
                await self._send(record, expected, [b""] * 5, notifies=notifies, guarded=guarded)
            else:
                await self.audit.carry(
                    noted.event,
                    actor=noted.actor,
                    details=noted.details,
                    send=lambda entry: self._send(record, expected, entry, notifies=notifies, guarded=guarded),
                )
        except _Changed as changed:
            return changed.stored
        return None

    async def _send(
        self, record: Record, expected: bytes, entry: list[bytes], *, notifies: bool, guarded: bool
    ) -> bytes:
        """Run the step's script; returns the audit's head as it is then."""
        key, target = self.keys.record(record.id), self.keys.target(record.plan.target)
        kept = "" if record.live else str(int(KEPT_AFTER_CLOSING.total_seconds() * 1000))
        sealed = self.sealer.seal(key, record.model_dump(mode="json"))
        while True:
            what, value = await self.redis.eval(  # type: ignore[misc]
                STEP,
                11,
                *(key, *self._indexes(), target, self.keys.undelivered, STREAM, HEAD, FREEZE, self.keys.looks),
                expected,
                sealed,
                record.id,
                _score(record.expires_at, record.state in {State.PENDING, State.APPROVED}),
                _score(record.due_at, record.state is State.APPROVED),
                _score(record.claimed_at, record.state is State.EXECUTING),
                _score(record.remind_at, record.state is State.PENDING),
                _score(record.created_at, record.live),
                kept,
                *entry,
                str(record.version) if notifies else "",
                "guarded" if guarded else "",
                self.freezer.allows,
                _score(record.look_at, record.state is State.UNKNOWN),
            )
            if what == b"frozen":
                await self.freezer.learn(value)
                continue
            if what == b"changed":
                raise _Changed(value)
            found: bytes = value
            return found

    def _indexes(self) -> tuple[str, ...]:
        """The indexes of all records by a time, in the order in which the script takes them."""
        keys = self.keys
        return keys.waiting, keys.due, keys.running, keys.reminders


def _score(moment: datetime | None, indexed: bool) -> str:
    return str(moment.timestamp()) if moment and indexed else ""
