"""The modal behind the button Details of a waiting key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.audit import JSON, Audit
from bot.changes import Authorization
from bot.confirmations import Confirmations, Missing
from bot.effects.keys import facts_of, warnings_of
from bot.permissions import Person
from bot.permissions.askable import may_ask_about
from bot.quay.client import Quay
from bot.quay.errors import NotFound
from bot.quay.turns import Rank, on_behalf_of
from bot.slack.messages import Message
from bot.storage.sealing import Tampered
from bot.views import clicks, details, errors


@dataclass(frozen=True)
class Details:
    """Shows a key to those who may look at keys, or may approve this one."""

    confirmations: Confirmations
    authorization: Authorization
    quay: Quay
    audit: Audit
    clock: Callable[[], datetime]

    async def show(self, record_id: str, person: Person) -> Message:
        """The key of a record, as Quay has it now; looking is recorded, as is a refusal. Raises QuayError."""
        try:
            record = await self.confirmations.get(record_id)
        except (Missing, Tampered):
            return clicks.gone()
        arguments = record.offers[0].arguments
        if "kid" not in arguments:
            return errors.sentence("This change has no service key to show. Its card says what it is about.")
        place = await self.authorization.directory.place(record.channel)
        policy = self.authorization.policy()
        decisions = [
            may_ask_about(policy, person, operation, arguments, place)
            for operation in ("getServiceKey", "approveServiceKey")
        ]
        allowed = next((decision for decision in decisions if not decision.denied), None)
        decision = allowed or decisions[0]
        said: dict[str, JSON] = {
            "change": record_id,
            "command": "key_details",
            "operation": "getServiceKey",
            "channel": place.channel,
            "rule": decision.rule,
            "reason": decision.reason,
        }
        if allowed is None:
            await self.audit.denials.record("command_denied", actor=str(person.actor), **said)
            return errors.denied(decision)
        await self.audit.reads.record(actor=str(person.actor), **said)
        try:
            with on_behalf_of(str(person.actor), Rank.READ):
                key = await self.quay.get_service_key(str(arguments["kid"]))
        except NotFound:
            return errors.sentence("The key is no longer in Quay.")
        return details.key(key, facts_of(key), warnings_of(key), self.clock())
