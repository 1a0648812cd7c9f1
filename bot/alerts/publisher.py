"""Saying what a sweep found: each message is claimed, sent and settled, so that one worker sends it."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from bot.alerts.alert_states import AlertStates
from bot.alerts.quota_rules import NOTHING, AlertState, Why
from bot.alerts.rendering import digest, drawn
from bot.model.alert_facts import Alert, Refusal
from bot.model.usage import Ending
from bot.slack.messages import Broadcaster, MessageId, MessengerError
from bot.views.alerts import quota_alert, quota_digest, quota_moved, quota_news

DIGEST_ABOVE = 10
"""The most namespaces of which one channel is notified one by one in one sweep; more become a single message."""

MOST_EDITS = 200
"""The most messages that one sweep corrects; Slack takes 50 edits a minute. The next sweep goes on with the rest."""

NO_MESSAGE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Refusals of an edit after which there is no message to go on with."""

NOTHING_TO_EDIT = NO_MESSAGE | {"channel_not_found", "not_in_channel", "is_archived"}
"""Refusals of an edit that will not change: the message stays as it is, and the alert is settled."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Correction:
    """A message that no longer says how things are, and the standing once it does; None: it is forgotten then."""

    alert_state: AlertState
    settled: AlertState | None
    ending: Ending | None = None

    @property
    def namespace(self) -> str:
        """Whose it is."""
        return self.alert_state.said.namespace


@dataclass(frozen=True)
class AlertEvent:
    """A namespace of which people are to be notified; `before` is what to go back to if that fails.

    `channel` is that of its route; with `replies` it is told in the thread of the alert's message instead. At the
    `highest` level it is told so that nobody misses it: a reply is shown in the channel as well.
    """

    alert: Alert
    why: Why
    channel: str
    mention: str | None = None
    highest: bool = False
    before: AlertState | None = None
    replies: bool = False
    otherwise: Correction | None = None
    """What to do with the message that stands elsewhere, if the channel refuses this one as it did before."""

    @property
    def namespace(self) -> str:
        """Its name."""
        return self.alert.namespace

    @property
    def destination(self) -> str:
        """The channel where it is told."""
        return self.before.channel if self.before and self.replies else self.channel

    def claimed(self, channel: str, now: datetime) -> AlertState:
        """The standing while the message is under way."""
        if self.before:
            return replace(self.before, claimed_at=now)
        return AlertState(self.alert, channel, None, told=NOTHING, told_at=now, edited_at=now, claimed_at=now)

    def refused_by(self, channel: str, reason: str, admin_channel: str) -> "AlertEvent":
        """The same, for the admin channel: what is to be told there, why, and in the thread that it has there."""
        alert, before = replace(self.alert, refusal=Refusal(channel, reason)), self.before
        stands = before is not None and before.meant_for == channel and before.channel == admin_channel
        if before is None or not stands or before.over_since or before.digest_of:
            return replace(self, alert=alert, replies=False)
        return replace(self, alert=replace(alert, id=before.said.id), replies=True)


@dataclass
class Publisher:
    """Sends what one sweep found, and counts it."""

    messenger: Broadcaster
    alert_states: AlertStates
    admin_channel: str
    clock: Callable[[], datetime]
    posted: int = 0
    edited: int = 0
    postponed: int = 0
    _left: dict[tuple[str, MessageId], tuple[AlertState, str]] = field(default_factory=dict)
    _fallbacks: list[Correction] = field(default_factory=list)

    async def publish(self, news: Iterable[AlertEvent]) -> None:
        """Notify each channel; the admin channel, last, is also told what others refused."""
        by_channel: dict[str, list[AlertEvent]] = defaultdict(list)
        for each in news:
            by_channel[each.destination].append(each)
        of_admins = by_channel.pop(self.admin_channel, [])
        for channel, batch in by_channel.items():
            of_admins += await self._announce_in(channel, batch)
        await self._announce_in(self.admin_channel, of_admins)

    async def _announce_in(self, channel: str, batch: Sequence[AlertEvent]) -> list[AlertEvent]:
        claimed = await self._claim(channel, batch)
        groups = [claimed] if len(claimed) > DIGEST_ABOVE else [[each] for each in claimed]
        return [refused for group in groups for refused in await self._tell(channel, group)]

    async def _claim(self, channel: str, batch: Sequence[AlertEvent]) -> list[AlertEvent]:
        now = self.clock()
        won = await self.alert_states.swap({each.namespace: each.claimed(channel, now) for each in batch})
        return [each for each in batch if each.namespace in won]

    async def _tell(self, channel: str, group: Sequence[AlertEvent]) -> list[AlertEvent]:
        """Send one message and return what the channel refused.

        The claim is renewed first: others of the same channel may have taken long.
        """
        mine = await self._claim(channel, group)
        if not mine:
            return []
        if len(mine) > 1:
            shared = secrets.token_hex(8)
            mine = [replace(each, alert=replace(each.alert, id=shared), replies=False) for each in mine]
        try:
            message_id = await self._send(channel, mine)
        except MessengerError as error:
            _log.warning("alert refused", channel=channel, reason=error.reason, namespaces=len(mine))
            return await self._refused(channel, mine, error)
        self.posted += 1
        await self._settle(channel, message_id, mine)
        return []

    async def _refused(self, channel: str, mine: Sequence[AlertEvent], error: MessengerError) -> list[AlertEvent]:
        """Leave for later what may pass, and what stands elsewhere where it is; return what nobody knows of yet."""
        if error.passing or channel == self.admin_channel:
            await self.alert_states.swap({each.namespace: each.before for each in mine})
            self.postponed += len(mine)
            return []
        rerouted = [each for each in mine if each.otherwise]
        await self.alert_states.swap({each.namespace: each.before for each in rerouted})
        self._fallbacks += [each.otherwise for each in rerouted if each.otherwise]
        return [each.refused_by(channel, error.reason, self.admin_channel) for each in mine if not each.otherwise]

    async def _send(self, channel: str, group: Sequence[AlertEvent]) -> MessageId:
        now, first = self.clock(), group[0]
        mentions = sorted({each.mention for each in group if each.mention})
        if len(group) > 1:
            every = all(each.highest for each in group)
            table = quota_digest([each.alert for each in group], now, mentions, all_highest=every)
            return await self.messenger.post(channel, table)
        thread = first.before.message_id if first.before and first.replies else None
        if thread and await self._edit_first(channel, thread, first.alert):
            reply = quota_news(first.alert, first.why, mentions)
            send = self.messenger.broadcast if first.highest and first.why != "reminder" else self.messenger.post
            await send(channel, reply, thread=thread)
            return thread
        return await self.messenger.post(channel, quota_alert(first.alert, now, mentions))

    async def _edit_first(self, channel: str, message_id: MessageId, alert: Alert) -> bool:
        """Edit the message in whose thread something is told next; False where there is none any more."""
        try:
            await self.messenger.edit(channel, message_id, quota_alert(alert, self.clock()))
        except MessengerError as error:
            if error.reason in NO_MESSAGE:
                return False
            raise
        self.edited += 1
        return True

    async def _settle(self, channel: str, message_id: MessageId, told: Sequence[AlertEvent]) -> None:
        """Note what was said, and the messages in which it was said before."""
        now, shared = self.clock(), len(told) if len(told) > 1 else 0
        await self.alert_states.swap(
            {
                each.namespace: AlertState(each.alert, channel, message_id, each.alert.level, now, now, shared)
                for each in told
            }
        )
        for before in (each.before for each in told):
            if before and before.message_id and before.message_id != message_id and not before.over_since:
                self._left[before.channel, before.message_id] = before, channel

    async def correct(self, corrections: Iterable[Correction]) -> None:
        """Edit the messages that are out of date, each once whatever the number of namespaces in it; comes last."""
        by_message: dict[tuple[str, MessageId | None], list[Correction]] = defaultdict(list)
        for correction in (*corrections, *self._fallbacks):
            by_message[correction.alert_state.channel, correction.alert_state.message_id].append(correction)
        for number, ((channel, message_id), group) in enumerate(by_message.items()):
            if number >= MOST_EDITS:
                self.postponed += len(group)
                continue
            if message_id is not None:
                self._left.pop((channel, message_id), None)
            await self._edit(channel, message_id, group)
        for (channel, message_id), (before, now_in) in self._left.items():
            await self._leave(channel, message_id, before, now_in)

    async def _leave(self, channel: str, message_id: MessageId, before: AlertState, now_in: str) -> None:
        """Edit a message of which an alert was, that goes on in a newer one; or that of which some were."""
        now, elsewhere = self.clock(), now_in if now_in != channel else None
        moved = quota_moved(before.said, now, elsewhere)
        message = digest(self.alert_states, before, now) if before.digest_of else moved
        try:
            await self.messenger.edit(channel, message_id, message)
            self.edited += 1
        except MessengerError as error:
            _log.warning("an older message was left as it is", channel=channel, reason=error.reason)

    async def _edit(self, channel: str, message_id: MessageId | None, group: Sequence[Correction]) -> None:
        now = self.clock()
        won = await self.alert_states.swap(
            {each.namespace: replace(each.alert_state, claimed_at=now) for each in group}
        )
        mine = [each for each in group if each.namespace in won]
        if mine and message_id is not None:
            after = {**self.alert_states, **{each.namespace: each.settled for each in mine}}
            alert_state, ending = mine[0].settled or mine[0].alert_state, mine[0].ending
            alive = {namespace: each for namespace, each in after.items() if each}
            try:
                await self.messenger.edit(channel, message_id, drawn(alive, alert_state, now, ending))
                self.edited += 1
            except MessengerError as error:
                _log.warning("edit of an alert refused", channel=channel, reason=error.reason)
                if error.reason not in NOTHING_TO_EDIT:
                    back = {each.namespace: replace(each.alert_state, claimed_at=None) for each in mine}
                    await self.alert_states.swap(back)
                    self.postponed += len(mine)
                    return
        await self.alert_states.swap({each.namespace: each.settled for each in mine})
