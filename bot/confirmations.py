"""Pending confirmations: sealed records in Redis, and the transitions between their states.

A transition is a pure function from a record to the next one; `Confirmations.advance` makes it atomic by
comparing and setting the whole sealed value together with the indexes it belongs to. Time is passed in:
Redis's own expiry only cleans up, long after.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis

from bot.permissions.people import Actor
from bot.plans import Argument, Outcome, Plan
from bot.sealing import Sealer, Tampered

KEPT_AFTER_CLOSING = timedelta(days=30)


class State(StrEnum):
    """Where a change stands."""

    PENDING = "pending"
    APPROVED = "approved"
    EXECUTING = "executing"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    STALE = "stale"


LIVE = frozenset({State.PENDING, State.APPROVED, State.EXECUTING})


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Offer(_Frozen):
    """One thing that may be agreed to: a command with its arguments, and the operation it comes to."""

    command: str
    operation: str
    arguments: dict[str, Argument]


class Approval(_Frozen):
    """Somebody's agreement to one of the offers."""

    actor: Actor
    operation: str
    at: datetime
    label: str = ""


class Card(_Frozen):
    """A message that shows the record and is edited at every step."""

    channel: str
    message_id: str


class Record(_Frozen):
    """A proposed change, from proposal to outcome."""

    id: str
    version: int = 0
    state: State = State.PENDING
    offers: tuple[Offer, ...]
    requester: Actor | None
    """None where a service asked by itself."""
    requester_label: str
    channel: str
    plan: Plan
    digest: str
    needed: int
    """How many people besides the requester; 0 when the requester's own confirmation is enough."""
    approver_groups: tuple[str, ...] = ()
    created_at: datetime
    expires_at: datetime
    approvals: tuple[Approval, ...] = ()
    chosen: str | None = None
    """The operation that was agreed to."""
    cards: tuple[Card, ...] = ()
    claimed_at: datetime | None = None
    intended: bool = False
    """Whether a call to Quay may have been sent."""
    closed_at: datetime | None = None
    closed_by: Actor | None = None
    closed_by_label: str = ""
    note: str = ""
    """What is to be said of the end: the reason of a rejection, what reading back found, what is stale."""

    @property
    def live(self) -> bool:
        """Whether the change can still happen."""
        return self.state in LIVE

    @property
    def offer(self) -> Offer:
        """The offer that was agreed to, or the first one while nothing is decided."""
        return next((offer for offer in self.offers if offer.operation == self.chosen), self.offers[0])

    def agreed(self, operation: str) -> tuple[Approval, ...]:
        """Those who agreed to one operation."""
        return tuple(approval for approval in self.approvals if approval.operation == operation)

    def with_offers(self, offers: tuple[Offer, ...], digest: str) -> "Record":
        """The record with other arguments, bound to their digest."""
        return self._next(offers=offers, digest=digest)

    def shown_in(self, channel: str) -> bool:
        """Whether a card stands in a channel."""
        return any(card.channel == channel for card in self.cards)

    def _next(self, **changes: object) -> "Record":
        return self.model_copy(update={**changes, "version": self.version + 1})


class Refused(Exception):
    """The record's state does not admit the transition; `record` is how it stands."""

    def __init__(self, record: Record, reason: str) -> None:
        super().__init__(reason)
        self.record = record
        self.reason = reason


class Missing(Exception):
    """There is no record of that id."""


def _require(record: Record, state: State, now: datetime) -> None:
    if record.state is not state:
        raise Refused(record, record.state)
    if now >= record.expires_at and state in {State.PENDING, State.APPROVED}:
        raise Refused(record, State.EXPIRED)


def approve(record: Record, actor: Actor, label: str, operation: str, needed: int, now: datetime) -> Record:
    """Add one agreement; with the last one that is needed the record is approved and due.

    Raises Refused when it is not pending, has expired, or has this person's agreement already.
    """
    _require(record, State.PENDING, now)
    if any(approval.actor == actor and approval.operation == operation for approval in record.approvals):
        raise Refused(record, "already yours")
    others = tuple(approval for approval in record.approvals if approval.actor != actor)
    approvals = (*others, Approval(actor=actor, label=label, operation=operation, at=now))
    enough = sum(approval.operation == operation for approval in approvals) >= max(needed, 1)
    return record._next(
        approvals=approvals,
        needed=needed,
        state=State.APPROVED if enough else State.PENDING,
        chosen=operation if enough else None,
    )


def close(
    record: Record,
    state: State,
    now: datetime,
    *,
    actor: Actor | None = None,
    label: str = "",
    note: str = "",
) -> Record:
    """End a pending record: cancelled or rejected by somebody."""
    _require(record, State.PENDING, now)
    return _closed(record, state, now, actor=actor, label=label, note=note)


def expire(record: Record, now: datetime) -> Record:
    """End a record that nobody decided or claimed in time. Raises Refused when its time has not come."""
    if record.state not in {State.PENDING, State.APPROVED} or now < record.expires_at:
        raise Refused(record, record.state)
    return _closed(record, State.EXPIRED, now)


def claim(record: Record, now: datetime, *, abandoned_after: timedelta) -> Record:
    """Take an approved record for execution, or one whose worker died before it could have called Quay."""
    unsent = record.state is State.EXECUTING and not record.intended
    if unsent and record.claimed_at and now - record.claimed_at >= abandoned_after:
        return record._next(claimed_at=now)
    _require(record, State.APPROVED, now)
    return record._next(state=State.EXECUTING, claimed_at=now)


def intend(record: Record, claimed: Record, now: datetime) -> Record:
    """Note that the call is about to be sent. Raises Refused unless the claim still stands as it was made."""
    if record.state is not State.EXECUTING or record.intended or record.claimed_at != claimed.claimed_at:
        raise Refused(record, record.state)
    return record._next(intended=True, claimed_at=now)


def make_stale(record: Record, now: datetime, note: str) -> Record:
    """End a record whose plan no longer fits, as long as no call can have been sent."""
    if record.intended or record.state not in LIVE:
        raise Refused(record, record.state)
    return _closed(record, State.STALE, now, note=note)


def finish(record: Record, outcome: Outcome, now: datetime, note: str) -> Record:
    """End an executing record with its outcome."""
    if record.state is not State.EXECUTING:
        raise Refused(record, record.state)
    return _closed(record, State(outcome.value), now, note=note)


def show_on(record: Record, card: Card) -> Record:
    """Remember a message that shows the record, whatever its state."""
    return record._next(cards=(*record.cards, card))


def _closed(
    record: Record,
    state: State,
    now: datetime,
    *,
    actor: Actor | None = None,
    label: str = "",
    note: str = "",
) -> Record:
    return record._next(state=state, closed_at=now, closed_by=actor, closed_by_label=label, note=note)


_COMPARE_AND_SET = """
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return {0, stored} end
redis.call('SET', KEYS[1], ARGV[2])
if ARGV[8] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[8]) end
for i = 2, 4 do
  if ARGV[i + 2] == '' then redis.call('ZREM', KEYS[i], ARGV[3])
  else redis.call('ZADD', KEYS[i], ARGV[i + 2], ARGV[3]) end
end
if ARGV[8] == '' then redis.call('HSET', KEYS[5], ARGV[7], ARGV[3])
elseif redis.call('HGET', KEYS[5], ARGV[7]) == ARGV[3] then redis.call('HDEL', KEYS[5], ARGV[7]) end
return {1, ''}
"""


@dataclass(frozen=True)
class _Keys:
    waiting: str = "quaymaster:confirmations:waiting"
    """Pending and approved records by the time of their expiry."""
    due: str = "quaymaster:confirmations:due"
    """Approved records by the time of their expiry: they wait for a worker."""
    running: str = "quaymaster:confirmations:running"
    """Executing records by the time they were claimed."""
    targets: str = "quaymaster:confirmations:targets"
    """Which live record speaks of a target."""

    def record(self, record_id: str) -> str:
        return f"quaymaster:confirmation:{record_id}"


@dataclass
class Confirmations:
    """The records in Redis."""

    redis: Redis
    sealer: Sealer
    keys: _Keys = field(default_factory=_Keys)

    async def create(self, record: Record) -> Record:
        """Store a new record, or return the one that has its id already (a command that Slack delivered twice)."""
        while True:
            stored = await self._swap(record, b"")
            if stored is None:
                return record
            if stored:
                return self._unseal(record.id, stored)

    async def get(self, record_id: str) -> Record:
        """Read a record. Raises Missing, or Tampered when its seal does not fit."""
        stored = await self.redis.get(self.keys.record(record_id))
        if stored is None:
            raise Missing(record_id)
        return self._unseal(record_id, stored)

    async def advance(self, record_id: str, transition: Callable[[Record], Record]) -> Record:
        """Move a record by one atomic transition and return it.

        The transition may run several times, each time on the record as it stands then. Raises whatever it
        raises (Refused), Missing, or Tampered.
        """
        stored: bytes = await self.redis.get(self.keys.record(record_id)) or b""
        while True:
            if not stored:
                raise Missing(record_id)
            following = transition(self._unseal(record_id, stored))
            found = await self._swap(following, stored)
            if found is None:
                return following
            stored = found

    async def due(self) -> list[str]:
        """Records that wait for a worker."""
        return await self._range(self.keys.due, "+inf")

    async def expired(self, now: datetime) -> list[str]:
        """Records whose time is over and that nobody has closed yet."""
        return await self._range(self.keys.waiting, str(now.timestamp()))

    async def abandoned(self, claimed_before: datetime) -> list[str]:
        """Executing records that were claimed before a moment."""
        return await self._range(self.keys.running, str(claimed_before.timestamp()))

    async def waiting(self) -> list[Record]:
        """Pending and approved records, the next to expire first. Tampered ones are left out."""
        ids = await self._range(self.keys.waiting, "+inf")
        if not ids:
            return []
        values = await self.redis.mget([self.keys.record(record_id) for record_id in ids])
        return [
            record
            for record_id, value in zip(ids, values, strict=True)
            if value is not None and (record := self._readable(record_id, value)) is not None
        ]

    async def live_for(self, target: str) -> str | None:
        """The id of the live record that speaks of a target."""
        found = await self.redis.hget(self.keys.targets, target)  # type: ignore[misc]
        return found.decode() if found else None

    async def _range(self, key: str, until: str) -> list[str]:
        return [member.decode() for member in await self.redis.zrangebyscore(key, "-inf", until)]

    def _readable(self, record_id: str, value: bytes) -> Record | None:
        try:
            return self._unseal(record_id, value)
        except Tampered:
            return None

    def _unseal(self, record_id: str, value: bytes) -> Record:
        return Record.model_validate(self.sealer.unseal(self.keys.record(record_id), value))

    async def _swap(self, record: Record, expected: bytes) -> bytes | None:
        """Compare and set; None when it was done, else what is stored instead."""
        key = self.keys.record(record.id)
        expires = str(record.expires_at.timestamp())
        waiting = record.state in {State.PENDING, State.APPROVED}
        claimed = str(record.claimed_at.timestamp()) if record.claimed_at else ""
        kept = "" if record.live else str(int(KEPT_AFTER_CLOSING.total_seconds() * 1000))
        done, stored = await self.redis.eval(  # type: ignore[misc]
            _COMPARE_AND_SET,
            5,
            key,
            self.keys.waiting,
            self.keys.due,
            self.keys.running,
            self.keys.targets,
            expected,
            self.sealer.seal(key, record.model_dump(mode="json")),
            record.id,
            expires if waiting else "",
            expires if record.state is State.APPROVED else "",
            claimed if record.state is State.EXECUTING else "",
            record.plan.target,
            kept,
        )
        return None if done else stored
