"""Keys that services have put up for approval: noticed, posted once, and retired when they are gone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.audit import Audit
from bot.changes.deciding import audit_proposal, record_id
from bot.changes.gate import Gate
from bot.changes.telling import Telling
from bot.confirmations import Confirmations, Missing, Offer, Record, Refused, State, make_stale
from bot.effects.keys import UNAPPROVED_KEY_LIFETIME, approved_sentence, sight_of_waiting
from bot.permissions import confirmation_for
from bot.plans import Refusal
from bot.quay.client import Quay
from bot.quay.models import ServiceKey

AGREED_ALREADY = "Somebody has agreed to this key already, so notes can no longer be added to it."
EXTENSION = timedelta(hours=1)
"""How long a key that Quay should have deleted by now can still be approved, once somebody asks for it."""


@dataclass(frozen=True)
class Arrivals:
    """What waiting keys ask for by themselves: to be approved, or else deleted."""

    quay: Quay
    confirmations: Confirmations
    audit: Audit
    gate: Gate
    telling: Telling
    clock: Callable[[], datetime]

    async def watch(self, channel: str) -> None:
        """Post a card for every key that newly waits; bring cards to an end whose key no longer does.

        Costs one request to Quay. Raises QuayError or MessengerError; what was not posted is tried again next time.
        """
        keys = await self.quay.list_service_keys()
        waiting = {key.kid for key in keys if key.is_waiting}
        await self._retire({key.kid: key for key in keys}, waiting)
        for key in keys:
            if key.kid in waiting and not self._has_expired(key):
                await self._announce(key, channel)

    async def offer(self, key: ServiceKey, channel: str, *, notes: str | None = None) -> Record:
        """The live record of a waiting key, made where there is none. Does not post it.

        Raises Refusal when the key does not wait, or when notes come after the first approval.
        """
        if not key.is_waiting:
            raise Refusal(f"The key {key.kid[:12]} does not wait any more. {approved_sentence(key)}")
        if self._has_expired(key):
            raise Refusal(f"The key {key.kid[:12]} has expired; approving it would have no effect.")
        target = sight_of_waiting(key).plan.target
        live = await self.confirmations.live_for(target)
        if live is not None:
            record = await self.confirmations.get(live)
            if record.requester is None and self.clock() < record.expires_at:
                return await self._with_notes(record, key, notes) if notes else record
        try:
            await self.confirmations.get(_first_id(key))
        except Missing:
            return await self._store(_first_id(key), key, channel, notes)
        return await self._store(record_id(_first_id(key), self.clock().isoformat()), key, channel, notes)

    async def _announce(self, key: ServiceKey, channel: str) -> None:
        try:
            record = await self.confirmations.get(_first_id(key))
        except Missing:
            record = await self._store(_first_id(key), key, channel, None)
        if record.state is State.PENDING and not record.cards:
            await self.telling.post(record, channel)

    async def _retire(self, keys: dict[str, ServiceKey], waiting: set[str]) -> None:
        for record in await self.confirmations.waiting():
            kid = str(record.offers[0].arguments.get("kid"))
            if record.requester is not None or record.state is not State.PENDING or kid in waiting:
                continue
            gone = "The key is no longer in Quay: it was deleted there, or nobody approved it within a day."
            note = f"Settled outside of this bot. {approved_sentence(keys[kid])}" if kid in keys else gone
            try:
                stale = await self.confirmations.advance(record.id, partial(make_stale, now=self.clock(), note=note))
            except (Refused, Missing):
                continue
            await self.audit.record("change_stale", actor=None, change=record.id, note=note)
            await self.telling.refresh(stale)

    async def _store(self, id_: str, key: ServiceKey, channel: str, notes: str | None) -> Record:
        now, sight = self.clock(), sight_of_waiting(key)
        named = {"kid": key.kid, "service": key.service}
        offers = (
            Offer(command="keys approve", operation="approveServiceKey", arguments={**named, "notes": notes}),
            Offer(command="keys delete", operation="deleteServiceKey", arguments=dict(named)),
        )
        entry = confirmation_for(self.gate.policy(), "approveServiceKey", offers[0].arguments)
        deletion = key.created_date + UNAPPROVED_KEY_LIFETIME
        record = Record(
            id=id_,
            offers=offers,
            requester=None,
            requester_label=key.service,
            channel=channel,
            plan=sight.plan,
            digest=sight.digest(offers[0].arguments),
            needed=entry.approvals if entry else 1,
            approver_groups=entry.approvers if entry else (),
            created_at=now,
            expires_at=max(deletion, now + EXTENSION),
        )
        stored = await self.confirmations.create(record)
        if stored == record:
            await audit_proposal(self.audit, record)
        return stored

    async def _with_notes(self, record: Record, key: ServiceKey, notes: str) -> Record:
        def add(stored: Record) -> Record:
            if stored.approvals or stored.state is not State.PENDING:
                raise Refusal(AGREED_ALREADY)
            offer = stored.offers[0].model_copy(update={"arguments": {**stored.offers[0].arguments, "notes": notes}})
            digest = sight_of_waiting(key).digest(offer.arguments)
            return stored.with_offers((offer, *stored.offers[1:]), digest)

        return await self.confirmations.advance(record.id, add)

    def _has_expired(self, key: ServiceKey) -> bool:
        return key.expiration_date is not None and key.expiration_date <= self.clock()


def _first_id(key: ServiceKey) -> str:
    """The record that a key's arrival makes: the same in every process."""
    return record_id("key", key.kid, key.created_date.isoformat())
