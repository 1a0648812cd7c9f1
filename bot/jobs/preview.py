"""What the bot would say by itself now, from the same judgements, with nothing posted and nothing changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bot.alerts.config import AlertsFile
from bot.alerts.factory import AlertParts
from bot.changes import KeyRequests
from bot.quay.client import Quay
from bot.quay.errors import QuayError
from bot.slack.messages import Message, MessageId
from bot.views.cards import card
from bot.views.plain import plain
from bot.views.report import report

Kind = Literal["post", "reply", "edit"]


@dataclass(frozen=True)
class Saying:
    """A message that would be posted in a channel, as a reply there, or in the place of one that is there."""

    channel: str
    kind: Kind
    message: Message


@dataclass
class Collector:
    """A messenger that keeps what it is given to itself."""

    sayings: list[Saying] = field(default_factory=list)

    async def post(self, channel: str, message: Message, *, thread: MessageId | None = None) -> MessageId:
        """Keep a new message."""
        self.sayings.append(Saying(channel, "reply" if thread else "post", message))
        return MessageId(f"preview-{len(self.sayings)}")

    async def broadcast(self, channel: str, message: Message, *, thread: MessageId) -> MessageId:
        """Keep a reply that the channel would see as well."""
        return await self.post(channel, message, thread=thread)

    async def edit(self, channel: str, message_id: MessageId, message: Message) -> None:
        """Keep an edit, of a message that is there or of one that was kept."""
        if not message_id.startswith("preview-"):
            self.sayings.append(Saying(channel, "edit", message))


@dataclass(frozen=True)
class Previewed:
    """What would be said; with a `failure` of Quay, what does not need its answer."""

    sayings: Sequence[Saying]
    failure: QuayError | None = None


@dataclass(frozen=True)
class Preview:
    """The parts that say something by themselves, rehearsed."""

    quay: Quay
    key_requests: KeyRequests
    alerts: AlertParts

    async def run(self, file: AlertsFile) -> Previewed:
        """What would be said: of Quay itself, of keys, of namespaces; and a report that is due.

        Raises Tampered where a key's record is not as it was stored.
        """
        collector = Collector()
        try:
            await self._run(file, collector)
        except QuayError as failure:
            return Previewed(collector.sayings, failure)
        return Previewed(collector.sayings)

    async def _run(self, file: AlertsFile, collector: Collector) -> None:
        await replace(self.alerts.tokens, messenger=collector).run(file.admin_channel, rehearsed=True)
        await self._keys(file, collector)
        await self.alerts.sweep.rehearse(file, collector)
        moment = await self.alerts.reporter.waiting(file)
        if moment:
            await collector.post(file.report_channel, report(await self.alerts.reporter.compose(file, moment)))

    async def _keys(self, file: AlertsFile, collector: Collector) -> None:
        health = replace(self.alerts.health, messenger=collector)
        keys = (await health.over(self.quay.list_service_keys(), file.admin_channel, rehearsed=True)).items
        doubts = await self.alerts.waiting.doubts(keys, rehearsed=True)
        for record in await self.key_requests.preview(keys, doubts, file.keys_channel):
            await collector.post(record.channel, card(record))
        if file.keys:
            waiting = replace(self.alerts.waiting, messenger=collector)
            expiring = replace(self.alerts.expiring, messenger=collector)
            await waiting.remind(keys, file.keys, file.admin_channel, rehearsed=True)
            await expiring.run(keys, file.keys, file.admin_channel, rehearsed=True)


def as_object(saying: Saying) -> dict[str, Any]:
    """A message as JSON has it."""
    message = saying.message
    return {"channel": saying.channel, "kind": saying.kind, "text": message.text, "blocks": message.blocks}


def as_text(sayings: Sequence[Saying]) -> str:
    """The messages for a terminal."""
    lines = []
    for saying in sayings:
        lines += [f"{saying.kind} in {saying.channel}", *(f"    {line}" for line in plain(saying.message))]
    number = f"{len(sayings)} message{'' if len(sayings) == 1 else 's'}. Nothing was posted."
    return "\n".join((*lines, number))
