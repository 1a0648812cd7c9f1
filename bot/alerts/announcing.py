"""Saying what a sweep found: each message is claimed, sent and settled, so that one worker sends it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.alerts.quotas import Fall, Recover, Standing
from bot.alerts.standings import Standings
from bot.messages import Message, MessageId, Messenger, MessengerError
from bot.readings import Reading
from bot.views.alerts import Refusal, Row, quota_alert, quota_digest, quota_digest_update, quota_recovered

DIGEST_ABOVE = 10
"""The most new messages that one channel gets from one sweep; more become a single one."""

RETRY_LATER = frozenset({"ratelimited", "rate_limited"})
"""Refusals that say nothing against the channel: the next sweep tries it again."""

NOTHING_TO_EDIT = frozenset(
    {
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "channel_not_found",
        "not_in_channel",
        "is_archived",
    }
)
"""Refusals of an edit that will not change: the message stays as it is, and the alert is settled."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rising:
    """A namespace about which a channel is to be told; `before` is what to go back to if that fails."""

    reading: Reading
    level: int
    before: Standing | None
    refusal: Refusal | None = None

    @property
    def namespace(self) -> str:
        """Its name."""
        return self.reading.namespace

    def claimed(self, channel: str, now: datetime) -> Standing:
        """The standing while the message is under way."""
        if self.before:
            return replace(self.before, claimed_at=now)
        return Standing(level=None, channel=channel, message_id=None, since=now, claimed_at=now)


@dataclass(frozen=True)
class Correction:
    """A message that no longer says how things are."""

    namespace: str
    standing: Standing
    verdict: Fall | Recover

    @property
    def settled(self) -> Standing | None:
        """The standing once the message is edited."""
        if isinstance(self.verdict, Recover):
            return None
        return replace(self.standing, level=self.verdict.level, claimed_at=None)


@dataclass
class Announcer:
    """Sends what one sweep found, and counts it."""

    messenger: Messenger
    standings: Standings
    readings: Mapping[str, Reading]
    admin_channel: str
    clock: Callable[[], datetime]
    posted: int = 0
    edited: int = 0
    postponed: int = 0

    async def announce(self, risings: Mapping[str, Sequence[Rising]]) -> None:
        """Post the new alerts of each channel; the admin channel, last, also gets what others refused."""
        refused: list[Rising] = []
        for channel, batch in risings.items():
            if channel != self.admin_channel:
                refused += await self._announce_in(channel, batch)
        await self._announce_in(self.admin_channel, [*risings.get(self.admin_channel, ()), *refused])

    async def _announce_in(self, channel: str, batch: Sequence[Rising]) -> list[Rising]:
        claimed = await self._claim(channel, batch)
        groups = [claimed] if len(claimed) > DIGEST_ABOVE else [[rising] for rising in claimed]
        return [rising for group in groups for rising in await self._post(channel, group)]

    async def _claim(self, channel: str, risings: Sequence[Rising]) -> list[Rising]:
        now = self.clock()
        won = await self.standings.swap({rising.namespace: rising.claimed(channel, now) for rising in risings})
        return [rising for rising in risings if rising.namespace in won]

    async def _post(self, channel: str, group: Sequence[Rising]) -> list[Rising]:
        """Post one message and return what the channel refused.

        The claim is renewed first: others of the same channel may have taken long.
        """
        risings = await self._claim(channel, group)
        if not risings:
            return []
        try:
            message_id = await self.messenger.post(channel, _new_message(risings, self.clock()))
        except MessengerError as error:
            _log.warning("alert refused", channel=channel, reason=error.reason, namespaces=len(risings))
            if channel != self.admin_channel and error.reason not in RETRY_LATER:
                return [replace(rising, refusal=Refusal(channel, error.reason)) for rising in risings]
            await self.standings.swap({rising.namespace: rising.before for rising in risings})
            self.postponed += len(risings)
            return []
        self.posted += 1
        await self.standings.swap(self._told(risings, channel, message_id))
        return []

    def _told(self, risings: Sequence[Rising], channel: str, message_id: MessageId) -> dict[str, Standing]:
        now = self.clock()
        return {
            rising.namespace: Standing(
                level=rising.level,
                channel=channel,
                message_id=message_id,
                since=rising.before.since if rising.before else now,
                digest_of=len(risings) if len(risings) > 1 else 0,
            )
            for rising in risings
        }

    async def correct(self, corrections: Iterable[Correction]) -> None:
        """Edit the messages that are out of date, each once whatever the number of namespaces in it."""
        by_message: dict[tuple[str, MessageId | None], list[Correction]] = defaultdict(list)
        for correction in corrections:
            by_message[correction.standing.channel, correction.standing.message_id].append(correction)
        for (channel, message_id), group in by_message.items():
            await self._edit(channel, message_id, group)

    async def _edit(self, channel: str, message_id: MessageId | None, group: Sequence[Correction]) -> None:
        now = self.clock()
        won = await self.standings.swap({each.namespace: replace(each.standing, claimed_at=now) for each in group})
        mine = [each for each in group if each.namespace in won]
        if mine and message_id is not None:
            try:
                await self.messenger.edit(channel, message_id, self._corrected(mine, now))
                self.edited += 1
            except MessengerError as error:
                _log.warning("edit of an alert refused", channel=channel, reason=error.reason)
                if error.reason not in NOTHING_TO_EDIT:
                    back = {each.namespace: replace(each.standing, claimed_at=None) for each in mine}
                    await self.standings.swap(back)
                    self.postponed += len(mine)
                    return
        await self.standings.swap({each.namespace: each.settled for each in mine})

    def _corrected(self, group: Sequence[Correction], now: datetime) -> Message:
        first = group[0]
        if first.standing.digest_of:
            return self._corrected_digest(group, now)
        if isinstance(first.verdict, Fall):
            return quota_alert(self.readings[first.namespace], first.verdict.level, now)
        reading = self.readings.get(first.namespace)
        return quota_recovered(first.namespace, first.verdict.ending, reading, first.standing.since, now)

    def _corrected_digest(self, group: Sequence[Correction], now: datetime) -> Message:
        message = group[0].standing
        after = dict(self.standings) | {each.namespace: each.settled for each in group}
        rows = [
            Row(namespace, standing.level, self._complete_reading(namespace))
            for namespace, standing in after.items()
            if standing and standing.level is not None
            if (standing.channel, standing.message_id) == (message.channel, message.message_id)
        ]
        return quota_digest_update(rows, message.digest_of, now)

    def _complete_reading(self, namespace: str) -> Reading | None:
        reading = self.readings.get(namespace)
        return reading if reading and reading.complete else None


def _new_message(risings: Sequence[Rising], now: datetime) -> Message:
    if len(risings) == 1:
        return quota_alert(risings[0].reading, risings[0].level, now, risings[0].refusal)
    rows = [Row(rising.namespace, rising.level, rising.reading) for rising in risings]
    return quota_digest(rows, now, [rising.refusal for rising in risings if rising.refusal])
