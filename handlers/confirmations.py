"""The buttons of cards. A click names a record and nothing more; everything else is asked again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from bot.audit import Audit
from bot.changes import Changes, Denied
from bot.confirmations import Confirmations, Missing, Record, Refused
from bot.freeze import Frozen
from bot.messages import Message
from bot.permissions import Person
from bot.sealing import Tampered
from bot.views import cards, clicks, errors, freeze


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

    async def click(self, action_id: str, record_id: str, person: Person) -> ClickAnswer | None:
        """Do what a button says, if it may still be done; None when the card itself is the answer.

        Raises NotKnown when Slack does not say who the people are.
        """
        try:
            record = await self._actions()[action_id](record_id, person)
        except Refused as refused:
            await self.changes.telling.tell(refused.record)
            return ClickAnswer(clicks.too_late(refused.record, refused.reason), replaces=True)
        except Denied as denied:
            decision = denied.decision
            await self._refused(action_id, record_id, person, rule=decision.rule, reason=decision.reason)
            return ClickAnswer(errors.denied(denied.decision))
        except Frozen as frozen:
            await self._refused(action_id, record_id, person, reason=frozen.freeze.note)
            return ClickAnswer(freeze.refused(frozen.freeze, done="Nothing was done; it waits as it is."))
        except Missing:
            return ClickAnswer(clicks.gone())
        except Tampered:
            await self.audit.denials.record("record_tampered", actor=str(person.actor), change=record_id)
            return ClickAnswer(clicks.tampered(record_id))
        shown = await self.changes.telling.tell(record)
        return ClickAnswer(cards.card(shown), replaces=True) if shown.private else None

    async def _refused(
        self, action_id: str, record_id: str, person: Person, *, reason: str, rule: str | None = None
    ) -> None:
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

    def _actions(self) -> dict[str, Callable[[str, Person], Awaitable[Record]]]:
        approve, reject = self.changes.approve, self.changes.reject
        return {
            "change_confirm": approve,
            "change_approve": approve,
            "key_approve": partial(approve, operation="approveServiceKey"),
            "key_reject": partial(approve, operation="deleteServiceKey"),
            "change_reject": reject,
            "change_cancel": reject,
        }
