"""The message of an alert as it should be now, from what is remembered of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.alerts.quota_rules import Standing
from bot.model.usage import Ending
from bot.slack.messages import Message, MessageId
from bot.views.alerts import quota_alert, quota_digest_update, quota_recovered


def same_message(standings: Iterable[Standing], channel: str, message_id: MessageId | None) -> list[Standing]:
    """The standings of which one message tells, without those that are over."""
    return [
        standing
        for standing in standings
        if (standing.channel, standing.message_id) == (channel, message_id) and not standing.over_since
    ]


def digest(after: Mapping[str, Standing], of: Standing, now: datetime) -> Message:
    """The digest to which a standing belongs, or belonged, given all standings as they are then."""
    rows = [standing.said for standing in same_message(after.values(), of.channel, of.message_id)]
    return quota_digest_update(rows, of.digest_of, now)


def drawn(after: Mapping[str, Standing], standing: Standing, now: datetime, ending: Ending | None = None) -> Message:
    """The message of a standing, given all standings as they are then; `ending` says why it is over."""
    if standing.digest_of:
        return digest(after, standing, now)
    return quota_recovered(standing.said, ending, now) if ending else quota_alert(standing.said, now)
