"""The file alerts.yaml as checked, frozen objects."""

import re
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.alerts.schedule import Schedule
from bot.permissions.policy import matches_pattern

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]+")


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


def _channel(value: object) -> str:
    if not isinstance(value, str) or CHANNEL_ID.fullmatch(value) is None:
        raise ValueError(f"{value} is not a channel's id; Slack shows it at the end of a channel's details")
    return value


Level = Annotated[int, Field(strict=True, ge=1, le=1000)]
Levels = Annotated[tuple[Level, ...], Field(min_length=1), AfterValidator(_ascending)]
Rhythm = Annotated[Schedule, BeforeValidator(_schedule)]
Channel = Annotated[str, BeforeValidator(_channel)]
Pattern = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyAlerts(_Frozen):
    """Where cards about service keys go, and how often Quay is asked for waiting ones."""

    channel: Channel
    every: Rhythm = Schedule.parse("1m")


class Route(_Frozen):
    """Who hears of the namespaces whose names fit a pattern, and at which percentages of the limit."""

    namespaces: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    channel: Channel
    levels: Levels = ()

    def fits(self, namespace: str) -> bool:
        """Whether the route is for a namespace. `*` reaches users' own only in a pattern with `user:`."""
        return any(matches_pattern(pattern, namespace) for pattern in self.namespaces)


class QuotaAlerts(_Frozen):
    """How often namespaces are read, at which percentages of their limit somebody is told, and who."""

    every: Rhythm = Schedule.parse("15m")
    levels: Levels = (80, 90, 100)
    routes: tuple[Route, ...] = ()

    def route_for(self, namespace: str) -> Route | None:
        """The first route that fits a namespace, with the levels that hold for it; None: nobody is told."""
        route = next((route for route in self.routes if route.fits(namespace)), None)
        return route.model_copy(update={"levels": route.levels or self.levels}) if route else None


class AlertsFile(_Frozen):
    """alerts.yaml, whole. A section that is missing means that there are no such alerts."""

    version: Literal[1]
    time_zone: ZoneInfo = ZoneInfo("UTC")
    admin_channel: Channel
    keys: KeyAlerts | None = None
    quotas: QuotaAlerts | None = None

    @property
    def keys_channel(self) -> str:
        """Where cards about service keys go."""
        return self.keys.channel if self.keys else self.admin_channel

    @property
    def channels(self) -> frozenset[str]:
        """Every channel that is named, so that it can be checked at start."""
        routes = self.quotas.routes if self.quotas else ()
        return frozenset({self.admin_channel, self.keys_channel, *(route.channel for route in routes)})
