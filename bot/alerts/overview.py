"""Reads what `alerts` answers: the memory of alerts, and the schedules of the file in force."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from redis.asyncio import Redis

from bot.alerts.alert_states import AlertStates
from bot.alerts.backfill_notice import COUNTING_KEY, quotas_off_since
from bot.alerts.config import AlertsFile
from bot.alerts.expiring_keys import ToldKeys
from bot.alerts.health import QUAY, HealthMemory
from bot.alerts.schedule import EVERY_MINUTE, EVERY_MORNING
from bot.alerts.silences import Silences
from bot.alerts.waiting_keys import WatchedKeys
from bot.views.overview import Active, Ending, Overview, Planned


@dataclass(frozen=True)
class Overviews:
    """Costs one round trip to Redis, and no request to Quay or Slack."""

    redis: Redis
    alerts: Callable[[], AlertsFile | None]
    name: str
    """What the alerts file is called."""
    clock: Callable[[], datetime]
    tokens: Mapping[str, datetime]
    """When the bot's tokens end, of those that say so, by the names of their settings."""

    async def read(self) -> Overview:
        """Read it."""
        async with self.redis.pipeline(transaction=False) as pipeline:
            for kind in (HealthMemory, AlertStates, Silences, ToldKeys, WatchedKeys):
                pipeline.hgetall(kind.key)
            pipeline.get(COUNTING_KEY)
            troubles, alert_states, silences, told_keys, waiting, counting = await pipeline.execute()
        file, health = self.alerts(), HealthMemory.of(self.redis, troubles).get(QUAY)
        return Overview(
            active=self._active(AlertStates.of(self.redis, alert_states), Silences.of(self.redis, silences)),
            plans=planned(file, self.clock()),
            zone=str(file.time_zone) if file else "UTC",
            file=self.name if file else "",
            ends=[
                Ending(told.said, told.channel)
                for told in ToldKeys.of(self.redis, told_keys).values()
                if told.message_id is not None
            ],
            waiting=len(WatchedKeys.of(self.redis, waiting)),
            condition=health.told if health else "well",
            since=health.began if health else None,
            tokens=self.tokens,
            quotas_off_since=quotas_off_since(counting),
        )

    def _active(self, alert_states: AlertStates, silences: Silences) -> list[Active]:
        """The alerts that are not over; a silence counts from the click on, before the next sweep has seen it."""
        active = []
        for namespace, alert_state in alert_states.items():
            if alert_state.message_id is not None and not alert_state.over_since:
                silence = alert_state.heeds(silences.get(namespace))
                shown = silence is not None and silence.shows(alert_state.said.level, self.clock())
                alert = replace(alert_state.said, silence=silence if shown else None)
                active.append(Active(alert, alert_state.channel))
        return active


def planned(file: AlertsFile | None, now: datetime) -> list[Planned]:
    """What is done on a schedule, and when next."""
    zone = file.time_zone if file else UTC
    keys = file.keys.every if file and file.keys else EVERY_MINUTE
    plans = [Planned("Service keys", str(keys), keys.next_after(now, zone))]
    if file and (quotas := file.quotas):
        plans.append(
            Planned(
                "Quotas",
                str(quotas.every),
                quotas.next_due(now, zone),
                str(quotas.quiet) if quotas.quiet else "",
            )
        )
    if file and file.report:
        every = file.report.every
        plans.append(Planned("Report of the registry", str(every), every.next_after(now, zone)))
    return [*plans, Planned("Head of the audit", str(EVERY_MORNING), EVERY_MORNING.next_after(now, zone))]
