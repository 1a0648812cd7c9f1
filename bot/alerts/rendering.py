"""The message of an alert as it should be now, from what is remembered of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.alerts.quota_rules import AlertState
from bot.model.usage import Ending
from bot.slack.messages import Message, MessageId
from bot.views.alerts import quota_alert, quota_digest_update, quota_recovered


def same_message(alert_states: Iterable[AlertState], channel: str, message_id: MessageId | None) -> list[AlertState]:
    """The standings of which one message tells, without those that are over."""
    return [
        alert_state
        for alert_state in alert_states
        if (alert_state.channel, alert_state.message_id) == (channel, message_id) and not alert_state.over_since
    ]


def digest(after: Mapping[str, AlertState], of: AlertState, now: datetime) -> Message:
    """The digest to which a standing belongs, or belonged, given all standings as they are then."""
    rows = [alert_state.said for alert_state in same_message(after.values(), of.channel, of.message_id)]
    return quota_digest_update(rows, of.digest_of, now)


def drawn(
    after: Mapping[str, AlertState], alert_state: AlertState, now: datetime, ending: Ending | None = None
) -> Message:
    """The message of a standing, given all standings as they are then; `ending` says why it is over."""
    if alert_state.digest_of:
        return digest(after, alert_state, now)
    return quota_recovered(alert_state.said, ending, now) if ending else quota_alert(alert_state.said, now)
