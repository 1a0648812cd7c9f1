"""Putting the report together and posting it: once for each of its moments, however many workers there are."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis

from bot.alerts.config import AlertsFile
from bot.alerts.report import EARLIER, ChangeHistory, growth, key_figures, outbox, quota_figures, together
from bot.alerts.samples import Samples, chunks
from bot.alerts.schedule import ScheduledRuns
from bot.audit import Audit
from bot.model.alert_facts import Refusal
from bot.model.usage import Usage
from bot.quay.client import Quay
from bot.quay.models import RegistrySize
from bot.slack.messages import Messenger, MessengerError
from bot.storage.sealing import Tampered
from bot.views.report import Deeds, Growth, Measured, Report, report

MEASURED_KEY = "quaymaster:alerts:report"
"""The size of the registry that the last report told."""
REPORT = "report"

log = structlog.get_logger()


class _Posted(BaseModel):
    model_config = ConfigDict(frozen=True)

    size_bytes: int
    at: datetime


@dataclass(frozen=True)
class Reporter:
    """Costs three requests to Quay and one for each page of its two lists."""

    redis: Redis
    quay: Quay
    audit: Audit
    samples: Samples
    messenger: Messenger
    scheduled_runs: ScheduledRuns
    clock: Callable[[], datetime]

    async def due(self, config: AlertsFile) -> datetime | None:
        """The moment whose report this worker is to post now, if there is one."""
        if config.report is None:
            return None
        moment = config.report.every.slot(self.clock(), config.time_zone)
        return moment if await self.scheduled_runs.take(REPORT, moment, self.clock()) else None

    async def waiting(self, config: AlertsFile) -> datetime | None:
        """The moment whose report nobody has posted yet, if there is one; it is left for whoever takes it."""
        if config.report is None:
            return None
        moment = config.report.every.slot(self.clock(), config.time_zone)
        return None if await self.scheduled_runs.is_kept(REPORT, moment) else moment

    async def post(self, config: AlertsFile, moment: datetime) -> None:
        """Post the report of the period that ended at a moment.

        Raises QuayError, or MessengerError for what may pass: it is due again later then.
        """
        found = await self.compose(config, moment)
        try:
            await self.messenger.post(config.report_channel, report(found))
        except MessengerError as error:
            if config.report_channel == config.admin_channel or error.passing:
                raise
            log.warning("report_refused", channel=config.report_channel, reason=error.reason)
            await self.messenger.post(config.admin_channel, report(found, Refusal(config.report_channel, error.reason)))
        await self.scheduled_runs.keep(REPORT, moment)
        if found.measured.at:
            told = _Posted(size_bytes=found.measured.size_bytes, at=found.measured.at)
            await self.redis.set(MEASURED_KEY, told.model_dump_json())

    async def compose(self, config: AlertsFile, moment: datetime) -> Report:
        """Work out the report of the period that ended at a moment, and change nothing. Raises QuayError."""
        every = config.report.every if config.report else None
        start = every.slot(moment - timedelta(seconds=1), config.time_zone) if every else moment - timedelta(days=7)
        keys = (await self.quay.list_service_keys()).items
        checked = await self.quay.quota_settings.are_checked()
        readings = [Usage.of(entry, checked=checked) async for entry in self.quay.organizations()]
        readings += [Usage.of(entry, checked=checked) async for entry in self.quay.users()]
        growths = await self._growths([reading for reading in readings if reading.complete], start)
        return Report(
            start=start.astimezone(config.time_zone),
            end=moment.astimezone(config.time_zone),
            at=self.clock().astimezone(config.time_zone),
            measured=await self._measured(await self.quay.get_registry_size()),
            quotas=quota_figures(readings),
            growths=outbox(growths),
            together=together(growths),
            keys=key_figures(keys, self.clock()),
            deeds=await self._deeds(start, moment),
        )

    async def _growths(self, readings: Sequence[Usage], start: datetime) -> list[Growth]:
        """How much each has grown; a few namespaces at a time, since each has many samples."""
        growths: list[Growth] = []
        for chunk in chunks(readings):
            samples = await self.samples.of([reading.namespace for reading in chunk])
            growths += [growth(reading, samples[reading.namespace], start) for reading in chunk]
        return growths

    async def _measured(self, size: RegistrySize) -> Measured:
        stored = await self.redis.get(MEASURED_KEY)
        try:
            told = _Posted.model_validate_json(stored) if stored else None
        except ValidationError:
            told = None
        if told is None or size.last_ran is None:
            return Measured(size.size_bytes, size.last_ran)
        return Measured(size.size_bytes, size.last_ran, size.size_bytes - told.size_bytes, told.at)

    async def _deeds(self, start: datetime, end: datetime) -> Deeds | None:
        """What the audit says was done; None where it is not as it was recorded."""
        chronicle = ChangeHistory(start, end)
        try:
            async for entry in self.audit.entries(since=start - EARLIER, count=sys.maxsize):
                chronicle.add(entry)
        except Tampered as error:
            log.error("audit_unreadable", said=str(error))
            return None
        return chronicle.tell()
