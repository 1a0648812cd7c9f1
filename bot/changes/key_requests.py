"""Keys that services have put up for approval: noticed, posted once, and retired when they are gone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.changes import audit_entries
from bot.changes.proposals import record_id
from bot.changes.toolkit import Toolkit
from bot.confirmations import Missing, Offer, Record, Refused, State, make_stale
from bot.effects.keys import approved_sentence, noted_by, observe_waiting, short, waiting_target
from bot.model.plans import Line, Plan, Refusal
from bot.permissions import Person, confirmation_for
from bot.quay.models import ServiceKey
from bot.slack.messages import MessengerError
from bot.storage.sealing import Tampered

AGREED_ALREADY = "Somebody has agreed to this key already, so notes can no longer be added to it."
OTHER_KEYS = "Other keys of the service"
OFFERED_FOR = timedelta(days=7)
"""How long a card offers a waiting key. If Quay still has the key then, the next card follows."""
MOST_COUNTED = 10
"""Of so many other keys a card says `10 or more`: it need not be edited for each of a flood."""
_ASKED_IN_VAIN = frozenset({State.FAILED, State.STALE, State.UNKNOWN, State.EXPIRED})

log = structlog.get_logger()


@dataclass(frozen=True)
class KeyRequests:
    """What waiting keys ask for by themselves: to be approved, or else deleted."""

    tools: Toolkit
    doubts: Callable[[Sequence[ServiceKey]], Awaitable[Mapping[str, Sequence[str]]]]
    """What should make an approver look twice, by the waiting key's id: what only all keys together tell."""

    async def watch(self, channel: str) -> Sequence[ServiceKey]:
        """Post a card for every key that newly waits, keep it true, and bring it to an end when its key waits no more.

        Returns all keys of the registry, at the cost of one request to Quay. Raises QuayError; a card that Slack does
        not take is posted later.
        """
        page = await self.tools.quay.list_service_keys()
        keys = page.items
        waiting = {key.kid for key in keys if key.is_waiting}
        await self._retire({key.kid: key for key in keys}, waiting, all_read=not page.unreadable)
        doubts = await self.doubts(keys)
        for key in keys:
            if key.kid in waiting and not self._has_expired(key):
                await self._publish(key, channel, _Neighbours(_others(key, keys), tuple(doubts.get(key.kid, ()))))
        return keys

    async def preview(
        self, keys: Sequence[ServiceKey], doubts: Mapping[str, Sequence[str]], channel: str
    ) -> list[Record]:
        """The records of these keys of which the next watch would post a card; nothing is stored."""
        previewed = []
        for key in keys:
            if key.is_waiting and not self._has_expired(key):
                neighbours = _Neighbours(_others(key, keys), tuple(doubts.get(key.kid, ())))
                record = await self._latest(key)
                if record is None or (record.state in _ASKED_IN_VAIN and record.look_at is None):
                    id_ = _next_id(record) if record else _first_id(key)
                    previewed.append(self._record(id_, key, channel, neighbours))
                elif record.state is State.PENDING and not record.cards:
                    previewed.append(record)
        return previewed

    async def offer(self, key: ServiceKey, channel: str) -> Record:
        """The live record of a waiting key, made where there is none. Does not post it.

        Raises Refusal when the key does not wait.
        """
        if not key.is_waiting:
            raise Refusal(f"The key {short(key.kid)} does not wait any more. {approved_sentence(key)}")
        if self._has_expired(key):
            raise Refusal(f"The key {short(key.kid)} has expired; approving it would have no effect.")
        record = await self._latest(key)
        if record is None:
            return await self._store(_first_id(key), key, channel)
        if record.live and self.tools.clock() < record.expires_at:
            return record
        return await self._store(_next_id(record), key, channel)

    async def add_notes(self, record: Record, key: ServiceKey, notes: str, person: Person) -> Record:
        """Put notes into a pending record, with the name of who gave them, where approvers see them.

        Raises Refusal once somebody has agreed.
        """

        def add(stored: Record) -> Record:
            if stored.approvals or stored.state is not State.PENDING:
                raise Refusal(AGREED_ALREADY)
            given = noted_by(notes, f"{person.label} ({person.actor.user})")
            offer = stored.offers[0].model_copy(update={"arguments": {**stored.offers[0].arguments, "notes": given}})
            observation = observe_waiting(key, given)
            neighbours = [line for line in stored.plan.lines if line.label == OTHER_KEYS]
            plan = observation.plan.model_copy(
                update={"lines": (*observation.plan.lines, *neighbours), "warnings": stored.plan.warnings}
            )
            return stored.with_offers((offer, *stored.offers[1:]), plan, observation.digest(offer.arguments))

        return await self.tools.confirmations.advance(
            record.id, add, lambda stored: audit_entries.annotated(stored, person.actor)
        )

    async def _publish(self, key: ServiceKey, channel: str, neighbours: "_Neighbours") -> None:
        try:
            record = await self._latest(key)
            if record is None:
                record = await self._store(_first_id(key), key, channel, neighbours)
            elif record.state in _ASKED_IN_VAIN and record.look_at is None:
                record = await self._store(_next_id(record), key, channel, neighbours)
            elif _restated(record, key, neighbours) is not record:
                record = await self._restate(record, key, neighbours)
            if record.state is State.PENDING and not record.cards:
                await self.tools.outbox.deliver(record)
        except MessengerError as error:
            log.warning("key_not_announced", kid=key.kid, reason=error.reason)
        except Tampered as tampered:
            await self.tools.outbox.quarantine(str(tampered), "Tampered")

    async def _restate(self, record: Record, key: ServiceKey, neighbours: "_Neighbours") -> Record:
        """Bring a card to what is so around its key by now. What was agreed to is the key, which is the same."""
        restated = await self.tools.confirmations.advance(record.id, partial(_restated, key=key, neighbours=neighbours))
        shown, _ = await self.tools.outbox.deliver(restated)
        return shown

    async def _latest(self, key: ServiceKey) -> Record | None:
        """The last of the records that a key has had; each begins where the one before it ended.

        Ended ones go after a while, so the live one is looked up by itself.
        """
        if live := await self._live(key):
            return live
        record, id_ = None, _first_id(key)
        while True:
            try:
                record = await self.tools.confirmations.get(id_)
            except Missing:
                return record
            id_ = _next_id(record)

    async def _live(self, key: ServiceKey) -> Record | None:
        """The pending, approved or running record that a key's arrival made."""
        target = waiting_target(key.kid)
        id_ = await self.tools.confirmations.live_for(target)
        try:
            record = await self.tools.confirmations.get(id_) if id_ else None
        except Missing:
            return None
        is_its = record and record.live and record.requester is None and record.plan.target == target
        return record if is_its else None

    async def _retire(self, keys: dict[str, ServiceKey], waiting: set[str], *, all_read: bool) -> None:
        """End the records of keys that wait no more; one that is missing may be there unless all could be read."""
        for record in await self.tools.confirmations.waiting():
            kid = str(record.offers[0].arguments.get("kid"))
            if record.requester is not None or record.state is not State.PENDING or kid in waiting:
                continue
            if kid not in keys and not all_read:
                continue
            gone = "The key is no longer in Quay: someone deleted it, or Quay removed it unapproved after a day."
            note = f"Settled outside of this bot. {approved_sentence(keys[kid])}" if kid in keys else gone
            try:
                stale = await self.tools.confirmations.advance(
                    record.id,
                    partial(make_stale, now=self.tools.clock(), note=note),
                    partial(audit_entries.stale, note=note),
                )
            except (Refused, Missing):
                continue
            self.tools.outbox.deliver_soon(stale)

    async def _store(self, id_: str, key: ServiceKey, channel: str, neighbours: "_Neighbours | None" = None) -> Record:
        record = self._record(id_, key, channel, neighbours)
        return await self.tools.confirmations.create(record, audit_entries.proposed(record))

    def _record(self, id_: str, key: ServiceKey, channel: str, neighbours: "_Neighbours | None") -> Record:
        now, observation, policy = self.tools.clock(), observe_waiting(key), self.tools.authorization.policy()
        named = {"kid": key.kid, "service": key.service}
        offers = []
        for command, operation in (("keys approve", "approveServiceKey"), ("keys delete", "deleteServiceKey")):
            entry = confirmation_for(policy, operation, named)
            needed, approvers = (entry.approvals, entry.approvers) if entry else (1, ())
            offers.append(
                Offer(command=command, operation=operation, arguments=dict(named), needed=needed, approvers=approvers)
            )
        return Record(
            id=id_,
            offers=tuple(offers),
            requester=None,
            requester_label=key.service,
            channel=channel,
            plan=neighbours.put_into(observation.plan) if neighbours else observation.plan,
            digest=observation.digest(offers[0].arguments),
            rests_on=dict(observation.rests_on),
            created_at=now,
            expires_at=_offered_until(key, now),
            registry=policy.registry,
        )

    def _has_expired(self, key: ServiceKey) -> bool:
        return key.expiration_date is not None and key.expiration_date <= self.tools.clock()


def _first_id(key: ServiceKey) -> str:
    """The record that a key's arrival makes: the same in every process."""
    return record_id("key", key.kid, key.created_date.isoformat())


def _next_id(record: Record) -> str:
    """The record that follows when one ended and the key still waits."""
    return record_id("after", record.id)


def _offered_until(key: ServiceKey, now: datetime) -> datetime:
    """Until when a card offers a key. Quay may keep an unapproved key for any time, so its age plays no part."""
    ends = now + OFFERED_FOR
    return min(ends, key.expiration_date) if key.expiration_date else ends


@dataclass(frozen=True)
class _Neighbours:
    """What the other keys of the registry say of a waiting one."""

    others: str
    doubts: tuple[str, ...]

    def put_into(self, plan: Plan) -> Plan:
        """The plan with it."""
        line = Line(label=OTHER_KEYS, now=self.others)
        return plan.model_copy(update={"lines": (*plan.lines, line), "warnings": (*plan.warnings, *self.doubts)})


def _restated(record: Record, key: ServiceKey, neighbours: _Neighbours) -> Record:
    """A pending record with what is so around its key; the record itself where it says that, or cannot be changed."""
    notes = record.offers[0].arguments.get("notes")
    observation = observe_waiting(key, str(notes) if notes else None)
    plan = neighbours.put_into(observation.plan)
    same_key = observation.digest(record.offers[0].arguments) == record.digest
    if record.state is not State.PENDING or plan == record.plan or not same_key:
        return record
    return record.with_offers(record.offers, plan, record.digest)


def _others(key: ServiceKey, keys: Sequence[ServiceKey]) -> str:
    """What other keys the service of a key has."""
    others = [other for other in keys if other.service == key.service and other.kid != key.kid]
    waiting = sum(other.is_waiting for other in others)
    return f"{_counted(len(others) - waiting)} approved, {_counted(waiting)} waiting" if others else "none"


def _counted(keys: int) -> str:
    return str(keys) if keys < MOST_COUNTED else f"{MOST_COUNTED} or more"
