"""The buttons of an alert: acknowledge it, or hear nothing of it for a while."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from redis.asyncio import Redis

from bot.alerts.alert_states import AlertStates
from bot.alerts.config import AlertsFile
from bot.alerts.quota_rules import AlertState
from bot.alerts.rendering import drawn
from bot.alerts.silences import Silences
from bot.audit import Audit
from bot.changes import Authorization
from bot.model.alert_facts import Silence, snoozed_until
from bot.permissions import Decision, Person, decide
from bot.slack.messages import Messenger, MessengerError
from bot.views import errors
from bot.views import silences as views
from handlers.confirmations import ClickAnswer

_AUDITED = 20
"""Namespaces of one alert that an audit entry names; it counts them all."""

log = structlog.get_logger()


@dataclass(frozen=True)
class AlertClicks:
    """Answers clicks on alerts. What a button carries is the alert's id, and for a snooze how long."""

    authorization: Authorization
    redis: Redis
    messenger: Messenger
    audit: Audit
    alerts: Callable[[], AlertsFile | None]
    clock: Callable[[], datetime]

    async def click(self, action_id: str, value: str, person: Person) -> ClickAnswer | None:
        """Silence an alert; None when its message shows it.

        It needs the permission `alerts` in the channel where the alert is.
        """
        id_, _, length = value.partition(" ")
        alert_states = await AlertStates.load(self.redis)
        meant = {
            namespace: alert_state
            for namespace, alert_state in alert_states.items()
            if alert_state.said.id == id_ and not alert_state.over_since
        }
        if not meant:
            return ClickAnswer(views.over())
        shown = next(iter(meant.values()))
        decision = decide(
            self.authorization.policy(), person, "alerts", {}, await self.authorization.place(shown.channel)
        )
        if decision.denied:
            await self._deny(action_id, person, shown.channel, decision)
            return ClickAnswer(errors.denied(decision))
        until = self._until(length) if action_id == "alert_snooze" else None
        silences = await Silences.load(self.redis)
        if until is None and (earlier := _acknowledged(meant, silences)):
            return ClickAnswer(views.acknowledged_already(earlier))
        return await self._silence(id_, alert_states, silences, meant, until, person)

    def _until(self, length: str) -> datetime:
        alerts = self.alerts()
        return snoozed_until(length, self.clock(), alerts.time_zone if alerts else UTC)

    def _at_highest(self, alert_state: AlertState) -> bool:
        alerts = self.alerts()
        route = alerts.quotas.route_for(alert_state.said.namespace) if alerts and alerts.quotas else None
        return route is not None and alert_state.said.level >= route.highest

    async def _silence(
        self,
        id_: str,
        alert_states: AlertStates,
        silences: Silences,
        meant: Mapping[str, AlertState],
        until: datetime | None,
        person: Person,
    ) -> ClickAnswer | None:
        now = self.clock()
        wishes = {
            namespace: Silence(
                person.actor.user, person.label, now, alert_state.said.level, until, self._at_highest(alert_state)
            )
            for namespace, alert_state in meant.items()
        }
        await self.audit.record(
            "alert_snoozed" if until else "alert_acknowledged",
            actor=str(person.actor),
            alert=id_,
            namespaces=sorted(wishes)[:_AUDITED],
            number=len(wishes),
            until=until.isoformat() if until else None,
        )
        if not await silences.swap(wishes):
            return ClickAnswer(views.somebody_was_faster())
        silenced = {
            namespace: replace(alert_state, said=replace(alert_state.said, silence=wishes[namespace]))
            for namespace, alert_state in meant.items()
        }
        shown = next(iter(silenced.values()))
        try:
            if shown.message_id is not None:
                message = drawn({**alert_states, **silenced}, shown, now)
                await self.messenger.edit(shown.channel, shown.message_id, message)
        except MessengerError as error:
            log.warning("alert_not_edited", channel=shown.channel, reason=error.reason)
            return ClickAnswer(views.noted(wishes[shown.said.namespace]))
        return None

    async def _deny(self, action_id: str, person: Person, channel: str, decision: Decision) -> None:
        await self.audit.denials.record(
            "command_denied",
            actor=str(person.actor),
            channel=channel,
            command=action_id,
            rule=decision.rule,
            reason=decision.reason,
        )


def _acknowledged(meant: Mapping[str, AlertState], silences: Mapping[str, Silence]) -> Silence | None:
    """The acknowledgement by which nothing of the alert is told any more, if there is one for all of it."""
    found = [silences.get(namespace) for namespace in meant]
    levels = [alert_state.said.level for alert_state in meant.values()]
    pairs = zip(found, levels, strict=True)
    return found[0] if all(each and each.until is None and level <= each.level for each, level in pairs) else None
