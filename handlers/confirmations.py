"""The buttons of cards. A click names a record and nothing more; everything else is asked again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.audit import Audit

from bot.changes import Changes, Denied
from bot.confirmations import Confirmations, Missing, Record, Refused
from bot.messages import Message
from bot.permissions import Person
from bot.sealing import Tampered
from bot.views import cards, clicks, errors


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
        """Do what a button says, if it may still be done; None when the card itself is the answer."""
        try:
            return await self._actions()[action_id](record_id, person)
        except Refused as refused:
            return ClickAnswer(clicks.too_late(refused.record, refused.reason), replaces=True)
        except Denied as denied:
            await self.audit.record(
                "command_denied",
                actor=str(person.actor),
                change=record_id,
                command=action_id,
                rule=denied.decision.rule,
                reason=denied.decision.reason,
            )
            return ClickAnswer(errors.denied(denied.decision))
        except Missing:
            return ClickAnswer(clicks.gone())
        except Tampered:
            await self.audit.record("record_tampered", actor=str(person.actor), change=record_id)
            return ClickAnswer(clicks.tampered(record_id))

    def _actions(self) -> dict[str, Callable[[str, Person], Awaitable[ClickAnswer | None]]]:
        return {
            "change_confirm": self._approve,
            "change_approve": self._approve,
            "key_approve": lambda record_id, person: self._approve(record_id, person, "approveServiceKey"),
            "key_reject": lambda record_id, person: self._approve(record_id, person, "deleteServiceKey"),
            "change_reject": self._reject,
            "change_cancel": self._reject,
        }

    async def _approve(self, record_id: str, person: Person, operation: str | None = None) -> ClickAnswer | None:
        return await self._shown(await self.changes.approve(record_id, person, operation))

    async def _reject(self, record_id: str, person: Person) -> ClickAnswer | None:
        return await self._shown(await self.changes.reject(record_id, person))

    async def _shown(self, record: Record) -> ClickAnswer | None:
        """Edit the cards; a confirmation that only the requester saw is replaced by how it stands."""
        await self.changes.telling.refresh(record)
        return None if record.cards else ClickAnswer(cards.card(record), replaces=True)
