"""The file alerts.yaml as checked, frozen objects."""

import re
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.alerts.quiet_hours import QuietHours
from bot.alerts.schedule import Schedule
from bot.config.watched_file import WatchedFile
from bot.model.units import parse_duration
from bot.permissions.conditions import matches_pattern

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]+")
USER_GROUP_ID = re.compile(r"S[A-Z0-9]+")
LONGEST_OUTLOOK = timedelta(days=90)
"""How far ahead a forecast is made at most: as far as its samples reach back."""


def _schedule(value: object) -> Schedule:
    if isinstance(value, Schedule):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value} is no schedule: it needs a unit, such as 15m")
    return Schedule.parse(value)


def _ascending(levels: tuple[int, ...]) -> tuple[int, ...]:
    for lower, higher in pairwise(levels):
        if lower >= higher:
            raise ValueError(f"levels should ascend, and {higher} comes after {lower}")
    return levels


def _length(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value} is no length of time: it needs a unit, such as 7d")
    return parse_duration(value)


def _descending(steps: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
    for longer, shorter in pairwise(steps):
        if shorter >= longer:
            raise ValueError("the lengths of time should descend, such as 30d, 7d, 1d")
    return steps


def _channel(value: object) -> str:
    if not isinstance(value, str) or CHANNEL_ID.fullmatch(value) is None:
        raise ValueError(f"{value} is not a channel's id; Slack shows it at the end of a channel's details")
    return value


def _user_group(value: object) -> str:
    if not isinstance(value, str) or USER_GROUP_ID.fullmatch(value) is None:
        raise ValueError(f"{value} is not a user group's id, such as S0ABC123; nothing else can be mentioned")
    return value


def _quiet(value: object) -> QuietHours:
    if isinstance(value, QuietHours):
        return value
    if not isinstance(value, str):
        raise ValueError(f'{value} is no span of hours: write "22:00-07:00", in quotes')
    return QuietHours.parse(value)


def _outlook(value: object) -> timedelta:
    length = value if isinstance(value, timedelta) else parse_duration(str(value))
    if not timedelta(days=1) <= length <= LONGEST_OUTLOOK:
        raise ValueError(f"{value} should be between 1d and {LONGEST_OUTLOOK.days}d")
    return length


Level = Annotated[int, Field(strict=True, ge=1, le=1000)]
Levels = Annotated[tuple[Level, ...], Field(min_length=1), AfterValidator(_ascending)]
Rhythm = Annotated[Schedule, BeforeValidator(_schedule)]
Channel = Annotated[str, BeforeValidator(_channel)]
UserGroup = Annotated[str, BeforeValidator(_user_group)]
Quiet = Annotated[QuietHours, BeforeValidator(_quiet)]
Outlook = Annotated[timedelta, BeforeValidator(_outlook)]
Pattern = Annotated[str, Field(min_length=1)]


Percent = Annotated[int, Field(strict=True, ge=1, le=99)]
Length = Annotated[timedelta, BeforeValidator(_length)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyAlerts(_Frozen):
    """Where cards about service keys go, how often Quay is asked for keys, and when somebody hears of them again.

    `reminders` are percentages of the time in which a waiting key can be approved, `expiring` the lengths of time
    before a key expires; without any there are none of the kind.
    """

    channel: Channel
    every: Rhythm = Schedule.parse("1m")
    reminders: Annotated[tuple[Percent, ...], AfterValidator(_ascending)] = (50, 80, 95)
    expiring: Annotated[tuple[Length, ...], AfterValidator(_descending)] = (
        timedelta(days=30),
        timedelta(days=7),
        timedelta(days=1),
    )


class Route(_Frozen):
    """Who hears of the namespaces whose names fit a pattern, and at which percentages of the limit.

    The user group `mention` is the only one that an alert ever pings, and only at the highest level.
    """

    namespaces: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    channel: Channel
    levels: Levels = ()
    mention: UserGroup | None = None

    def fits(self, namespace: str) -> bool:
        """Whether the route is for a namespace. `*` reaches users' own only in a pattern with `user:`."""
        return any(matches_pattern(pattern, namespace) for pattern in self.namespaces)

    @property
    def highest(self) -> int:
        """The most urgent level: the one that is said in quiet hours as well, and mentions people."""
        return self.levels[-1]


class QuotaAlerts(_Frozen):
    """How often namespaces are read, at which percentages of their limit somebody is told, and who.

    `full_within`: told as well of a namespace that will be full so soon if it goes on growing as it does.
    `quiet`: hours in which only the highest level is said; the rest is said when they end, if it is still true.
    """

    every: Rhythm = Schedule.parse("15m")
    levels: Levels = (80, 90, 100)
    full_within: Outlook | None = None
    quiet: Quiet | None = None
    routes: tuple[Route, ...] = ()

    def due(self, now: datetime, zone: tzinfo) -> datetime:
        """The latest moment at which a sweep was due: by the schedule, or since quiet hours ended."""
        moment = self.every.slot(now, zone)
        return max(moment, self.quiet.last_end(now, zone)) if self.quiet else moment

    def next_due(self, now: datetime, zone: tzinfo) -> datetime:
        """The first moment after `now` at which a sweep is due."""
        moment = self.every.next_after(now, zone)
        return min(moment, self.quiet.next_end(now, zone)) if self.quiet else moment

    def route_for(self, namespace: str) -> Route | None:
        """The first route that fits a namespace, with the levels that hold for it; None: nobody is told."""
        route = next((route for route in self.routes if route.fits(namespace)), None)
        return route.model_copy(update={"levels": route.levels or self.levels}) if route else None


class ReportSection(_Frozen):
    """When the report of the registry's week is posted, and where if not in the admin channel."""

    every: Rhythm = Schedule.parse("0 9 * * mon")
    channel: Channel | None = None

    def next_due(self, now: datetime, zone: tzinfo) -> datetime:
        """The first moment after `now` at which a report is due."""
        return self.every.next_after(now, zone)


class AlertsFile(_Frozen):
    """alerts.yaml, whole. A section that is missing means that there are no such alerts."""

    version: Literal[1]
    time_zone: ZoneInfo = ZoneInfo("UTC")
    admin_channel: Channel
    keys: KeyAlerts | None = None
    quotas: QuotaAlerts | None = None
    report: ReportSection | None = None

    @property
    def report_channel(self) -> str:
        """Where the report goes."""
        return (self.report.channel if self.report else None) or self.admin_channel

    @property
    def keys_channel(self) -> str:
        """Where cards about service keys go."""
        return self.keys.channel if self.keys else self.admin_channel

    @property
    def channels(self) -> frozenset[str]:
        """Every channel that is named, so that it can be checked at start."""
        routes = self.quotas.routes if self.quotas else ()
        return frozenset(
            {self.admin_channel, self.keys_channel, self.report_channel, *(route.channel for route in routes)}
        )


WatchedAlerts: TypeAlias = WatchedFile[AlertsFile | None]
"""alerts.yaml as it is in force; None where there is no such file."""
