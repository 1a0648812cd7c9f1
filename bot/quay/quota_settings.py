"""The settings of the registry by which quotas work, as far as the bot's tokens may see them."""

import time
from dataclasses import dataclass
from datetime import timedelta

from pydantic import JsonValue

from bot.quay.answers import Json, Page
from bot.quay.calls import Calls
from bot.quay.errors import FeatureOff, Forbidden, QuayError
from bot.quay.models import ConfigDump, User
from bot.quay.operations import EDITING, QUOTA_FEATURES

RECENT = timedelta(minutes=5)
"""Quay reads its configuration when it starts, so for answers this old is good enough."""
SAMPLE = 20
"""So many users are looked at for one without a quota of their own, who shows the system default."""


@dataclass(frozen=True)
class QuotaSettings:
    """What Quay's configuration says of quotas; None for what Quay does not show.

    `default_bytes` is DEFAULT_SYSTEM_REJECT_QUOTA_BYTES, 0 where there is no system default.
    """

    default_bytes: int | None = None
    checks: bool | None = None
    """Whether Quay compares the use with quotas at a push: FEATURE_QUOTA_MANAGEMENT and FEATURE_VERIFY_QUOTA."""
    full_access: bool | None = None
    """FEATURE_SUPERUSERS_FULL_ACCESS: whether limits can be written."""
    proxy_cache: bool | None = None
    off: tuple[str, ...] = ()
    """Those of QUOTA_FEATURES that are known to be off."""

    @property
    def why_none_shown(self) -> str:
        """Which feature is off, where Quay shows no quotas."""
        if len(self.off) > 1:
            return f"{' and '.join(self.off)} are off"
        return f"{' or '.join(self.off or QUOTA_FEATURES)} is off"


class QuotaSettingsReader:
    """Reads the settings: from the configuration, or where Quay does not show it, the default from the users."""

    def __init__(self, calls: Calls) -> None:
        self._ask = calls.ask
        self._last: tuple[float, QuotaSettings] | None = None

    async def read(self) -> QuotaSettings:
        """Read them now: one request, or two where the configuration is not shown. Raises QuayError."""
        try:
            found = settings_in((await self._ask("getConfigDump", ConfigDump)).config)
        except (FeatureOff, Forbidden):
            users = await self._ask("listAllUsers", Page[User], query={"limit": SAMPLE})
            found = QuotaSettings(default_bytes=_default_shown_by(users.items))
        self._last = (time.monotonic(), found)
        return found

    async def recent(self) -> QuotaSettings:
        """The settings as they were RECENT ago at most; for answers, not for plans. Raises QuayError."""
        if self._last is not None and time.monotonic() - self._last[0] < RECENT.total_seconds():
            return self._last[1]
        return await self.read()

    async def as_known(self) -> QuotaSettings:
        """The same; with nothing in it where Quay doesn't answer."""
        try:
            return await self.recent()
        except QuayError:
            return QuotaSettings()

    async def are_checked(self) -> bool:
        """Whether Quay compares quotas with the use at a push. True where it doesn't show it, or doesn't answer."""
        return (await self.as_known()).checks is not False


def settings_in(config: Json) -> QuotaSettings:
    """What a configuration says; what it leaves out is as Quay has it by itself."""
    return QuotaSettings(
        default_bytes=_number(config.get("DEFAULT_SYSTEM_REJECT_QUOTA_BYTES")),
        checks=_is_on(config, "FEATURE_QUOTA_MANAGEMENT", otherwise=False)
        and _is_on(config, "FEATURE_VERIFY_QUOTA", otherwise=True),
        full_access=_is_on(config, "FEATURE_SUPERUSERS_FULL_ACCESS", otherwise=False),
        proxy_cache=_is_on(config, "FEATURE_PROXY_CACHE", otherwise=False),
        off=tuple(feature for feature in QUOTA_FEATURES if not _is_on(config, feature, otherwise=feature == EDITING)),
    )


def _is_on(config: Json, feature: str, *, otherwise: bool) -> bool:
    value = config.get(feature)
    return value if isinstance(value, bool) else otherwise


def _number(value: JsonValue) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _default_shown_by(users: tuple[User, ...]) -> int | None:
    """The system default is what is configured for somebody who has no quota of their own."""
    for user in users:
        if user.quotas == () and user.quota_report is not None:
            return user.quota_report.configured_quota or 0
    return None
