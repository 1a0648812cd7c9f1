"""The buttons of cards. A click names a record and nothing more; everything else is asked again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from bot.audit import Audit
from bot.changes import Changes, Denied
from bot.confirmations import Confirmations, Missing, Record, Refused
from bot.confirmations.freeze import Frozen
from bot.permissions import Person
from bot.slack.messages import Message, MessengerError
from bot.storage.sealing import Tampered
from bot.views import cards, clicks, errors, freeze, rejections

REJECT = "change_reject"
"""The button that asks for a reason first."""
log = structlog.get_logger()
_TURNED_AWAY = (Refused, Denied, Frozen, Missing, Tampered)


@dataclass(frozen=True)
class ClickAnswer:
    """What the person who clicked is told; `replaces` the message in which they clicked, if only they see it."""

    message: Message
    replaces: bool = False


@dataclass(frozen=True)
class Clicks:
    """Answers clicks on records."""

    changes: Changes
    confirmations: Confirmations
    audit: Audit

    async def click(
        self, action_id: str, record_id: str, person: Person, *, at_home: bool = False
    ) -> ClickAnswer | None:
        """Do what a button says, if it may still be done; None when the card itself is the answer.

        In Home no card is, so that there the answer always says what came of the click.
        Raises NotKnown when Slack does not say who the people are.
        """
        acting = self._actions(at_home=at_home)[action_id](record_id, person)
        return await self._answer(action_id, record_id, person, acting, at_home=at_home)

    async def reject(self, record_id: str, person: Person, reason: str) -> ClickAnswer | None:
        """End a change as somebody submitted it, asked by the Reject of its card. Answers and raises as `click`."""
        return await self._answer(REJECT, record_id, person, self.changes.reject(record_id, person, reason))

    async def ask_reason(self, record_id: str, person: Person, channel: str) -> dict[str, Any]:
        """The window for a reason, or what somebody is told there who may not reject. Raises as `click`."""
        try:
            record = await self.changes.require_rejectable(record_id, person)
        except _TURNED_AWAY as error:
            return rejections.told((await self._turn_away(REJECT, record_id, person, error)).message)
        return rejections.ask(record, channel, own=person.is_actor(record.requester))

    async def _answer(
        self, action_id: str, record_id: str, person: Person, acting: Awaitable[Record], *, at_home: bool = False
    ) -> ClickAnswer | None:
        try:
            moved = await acting
        except _TURNED_AWAY as error:
            return await self._turn_away(action_id, record_id, person, error)
        shown, seen = await self._deliver(moved)
        if at_home or not (seen or shown.private):
            return ClickAnswer(clicks.noted(shown, at_home=at_home))
        return ClickAnswer(cards.confirmation(shown), replaces=True) if shown.private else None

    async def _deliver(self, record: Record) -> tuple[Record, bool]:
        """How the record stands, and whether its card shows that: Slack may not take it now."""
        try:
            return await self.changes.tools.outbox.deliver_within(record)
        except MessengerError as error:
            log.warning("not_delivered", record=record.id, reason=error.reason)
            return record, False

    async def _turn_away(self, action_id: str, record_id: str, person: Person, why: Exception) -> ClickAnswer:
        match why:
            case Refused():
                self.changes.tools.outbox.deliver_soon(why.record)
                return ClickAnswer(clicks.too_late(why.record, why.reason), replaces=True)
            case Denied():
                record = await self._refused(
                    action_id, record_id, person, rule=why.decision.rule, reason=why.decision.reason
                )
                if record.private and person.is_actor(record.requester):
                    return ClickAnswer(clicks.no_longer(record, why.decision.reason))
                return ClickAnswer(errors.not_an_approver(why.decision))
            case Frozen():
                await self._refused(action_id, record_id, person, reason=why.freeze.note)
                return ClickAnswer(freeze.refused(why.freeze, done="Nothing was done; it waits as it is."))
            case Missing():
                return ClickAnswer(clicks.gone())
            case _:
                await self.changes.tools.outbox.quarantine(record_id, type(why).__name__)
                await self.audit.denials.record("record_tampered", actor=str(person.actor), change=record_id)
                return ClickAnswer(clicks.tampered(record_id))

    async def _refused(
        self, action_id: str, record_id: str, person: Person, *, reason: str, rule: str | None = None
    ) -> Record:
        record = await self.confirmations.get(record_id)
        await self.audit.denials.record(
            "command_denied",
            actor=str(person.actor),
            change=record_id,
            command=action_id,
            operation="deleteServiceKey" if action_id == "key_reject" else record.offers[0].operation,
            channel=record.channel,
            digest=record.digest,
            rule=rule,
            reason=reason,
        )
        return record

    def _actions(self, *, at_home: bool) -> dict[str, Callable[[str, Person], Awaitable[Record]]]:
        approve = partial(self.changes.approve, at_home=at_home)
        return {
            "change_confirm": approve,
            "change_approve": approve,
            "key_approve": partial(approve, operation="approveServiceKey"),
            "key_reject": partial(approve, operation="deleteServiceKey"),
            "change_cancel": self.changes.reject,
        }
