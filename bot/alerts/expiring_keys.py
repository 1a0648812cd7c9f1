"""Keys that come to their end: one message for each, or one for many at once, edited until it is settled."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from pydantic import TypeAdapter
from redis.asyncio import Redis

from bot.alerts.config import KeyAlerts
from bot.alerts.key_rules import Close, Keep, Publish, Restate, Told, Verdict, judge_end
from bot.alerts.publisher import NOTHING_TO_EDIT
from bot.alerts.state_store import StateStore
from bot.model.alert_facts import Refusal
from bot.quay.models import ServiceKey
from bot.slack.messages import Broadcaster, Message, MessageId, MessengerError, is_passing
from bot.views.keys import EXPIRED, KeyEnd, closed, digest, ending, next_step

DIGEST_ABOVE = 5
"""The most new messages of one round; more keys become one table."""

log = structlog.get_logger(__name__)


class ToldKeys(StateStore[Told]):
    """What was told of keys that come to their end, by their ids; forgotten once that is settled."""

    key = "quaymaster:alerts:expiring"
    kind = TypeAdapter(Told)


@dataclass(frozen=True)
class ExpiringKeys:
    """Tells of keys that come to their end, and keeps what was told true. Any number may do so at once."""

    redis: Redis
    messenger: Broadcaster
    clock: Callable[[], datetime]

    async def run(
        self, keys: Sequence[ServiceKey], config: KeyAlerts, admin_channel: str, *, rehearsed: bool = False
    ) -> None:
        """Say what is new about the ends of these keys, which are all that the registry has."""
        told = await ToldKeys.load(self.redis, rehearsed=rehearsed)
        by_id, now = {key.kid: key for key in keys}, self.clock()
        verdicts = {
            kid: judge_end(by_id.get(kid), told.get(kid), config.expiring, now, keys)
            for kid in (*by_id, *(told.keys() - by_id.keys()))
        }
        await _Round(self.messenger, told, config, admin_channel, now).run(verdicts)


@dataclass(frozen=True)
class _Round:
    """One look at all keys, and what it asks for."""

    messenger: Broadcaster
    told: ToldKeys
    config: KeyAlerts
    admin_channel: str
    now: datetime

    async def run(self, verdicts: Mapping[str, Verdict]) -> None:
        """Bring the messages that there are up to date, then post what is new."""
        new: list[KeyEnd] = []
        outdated = defaultdict[tuple[str, MessageId], dict[str, Verdict]](dict)
        for kid, verdict in verdicts.items():
            told = self.told.get(kid)
            if told and told.message_id and not isinstance(verdict, Keep):
                outdated[told.channel, told.message_id][kid] = verdict
            elif isinstance(verdict, Publish):
                new.append(verdict.end)
        for (channel, message_id), group in outdated.items():
            new += await self._follow(channel, message_id, group)
        await self._publish(self.config.channel, new)

    async def _publish(self, channel: str, ends: Sequence[KeyEnd], refusal: Refusal | None = None) -> None:
        """Tell of keys of which no message speaks; in the admin channel what the keys' own refuses."""
        won = await self._claim({end.kid: Told(end, channel) for end in ends})
        mine = [end for end in ends if end.kid in won]
        for group in [mine] if len(mine) > DIGEST_ABOVE else [[end] for end in mine]:
            refused = await self._post(channel, group, refusal)
            if refused:
                await self.told.swap({end.kid: None for end in group})
                if channel != self.admin_channel and not is_passing(refused):
                    await self._publish(self.admin_channel, group, Refusal(channel, refused))

    async def _post(self, channel: str, ends: Sequence[KeyEnd], refusal: Refusal | None) -> str | None:
        """Post one message; Slack's word if it refuses."""
        total = len(ends) if len(ends) > 1 else 0
        message = digest(ends, total, refusal) if total else ending(ends[0], refusal)
        try:
            message_id = await self.messenger.post(channel, message)
        except MessengerError as error:
            log.warning("key_alert_refused", channel=channel, reason=error.reason, keys=len(ends))
            return error.reason
        await self.told.swap({end.kid: Told(end, channel, message_id, total) for end in ends})
        return None

    async def _follow(self, channel: str, message_id: MessageId, verdicts: Mapping[str, Verdict]) -> list[KeyEnd]:
        """Edit a message that is out of date, and say in its thread which keys have come to a new step.

        Returns the keys of a new step whose message is lost: they need another one.
        """
        before = {kid: self.told[kid] for kid in verdicts}
        mine = await self._claim(before)
        after = {kid: _settled(before[kid], verdicts[kid]) for kid in mine}
        fallen = [verdict.end for kid in mine if isinstance(verdict := verdicts[kid], Publish)]
        try:
            for message in self._edited(verdicts, mine, after):
                await self.messenger.edit(channel, message_id, message)
            await self._reply(channel, message_id, fallen)
        except MessengerError as error:
            log.warning("key_alert_not_followed", channel=channel, reason=error.reason)
            if error.reason not in NOTHING_TO_EDIT:
                await self.told.swap({kid: replace(before[kid], claimed_at=None) for kid in mine})
                return []
            await self.told.swap({**after, **{end.kid: None for end in fallen}})
            return fallen
        await self.told.swap(after)
        return []

    def _edited(
        self, verdicts: Mapping[str, Verdict], kids: Sequence[str], after: Mapping[str, Told | None]
    ) -> list[Message]:
        """What the message of these keys should say by now; nothing where what it says of an expired key stays true."""
        if not kids:
            return []
        told, verdict = self.told[kids[0]], verdicts[kids[0]]
        if told.digest_of:
            entries: Mapping[str, Told | None] = {**self.told, **after}
            return [digest([entry.said for entry in entries.values() if entry and _share(entry, told)], told.digest_of)]
        if isinstance(verdict, Publish | Restate):
            return [ending(verdict.end)]
        if isinstance(verdict, Close) and not (verdict.gone and told.said.step == EXPIRED):
            return [closed(told.said, gone=verdict.gone, until=verdict.until, now=self.now)]
        return []

    async def _reply(self, channel: str, message_id: MessageId, ends: Sequence[KeyEnd]) -> None:
        """One reply for the keys of each step; that of the last step is shown in the channel as well."""
        for step in sorted({end.step for end in ends}, reverse=True):
            send = self.messenger.broadcast if step == self.config.expiring[-1] else self.messenger.post
            await send(channel, next_step([end for end in ends if end.step == step], step), thread=message_id)

    async def _claim(self, entries: Mapping[str, Told]) -> list[str]:
        won = await self.told.swap({kid: replace(entry, claimed_at=self.now) for kid, entry in entries.items()})
        return [kid for kid in entries if kid in won]


def _settled(told: Told, verdict: Verdict) -> Told | None:
    """What is remembered once the message is up to date."""
    return replace(told, said=verdict.end, claimed_at=None) if isinstance(verdict, Publish | Restate) else None


def _share(one: Told, other: Told) -> bool:
    """Whether one message tells of both."""
    return (one.channel, one.message_id) == (other.channel, other.message_id)
