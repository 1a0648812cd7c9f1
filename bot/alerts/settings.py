"""alerts.yaml as it is in force, and what holds where it says nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo

from bot.alerts.config import AlertsFile, WatchedAlerts
from bot.alerts.schedule import EVERY_MINUTE, Schedule


@dataclass(frozen=True)
class AlertSettings:
    """What the file says now; it need not be there."""

    file: WatchedAlerts
    otherwise: Callable[[], str | None]
    """The channel that serves where there is no file: the first admin channel of permissions.yaml."""

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.file.path.name

    def current(self) -> AlertsFile | None:
        """What is in force; None where there is no such file. Costs one stat of it."""
        return self.file.current()

    def admin_channel(self) -> str | None:
        """Where cards and alerts go that have no better place."""
        file = self.current()
        return file.admin_channel if file else self.otherwise()

    def keys_channel(self) -> str | None:
        """Where cards about service keys go."""
        file = self.current()
        return file.keys_channel if file else self.otherwise()

    def keys_rhythm(self) -> Schedule:
        """How often Quay is asked for keys."""
        file = self.current()
        return file.keys.every if file and file.keys else EVERY_MINUTE

    def time_zone(self) -> tzinfo:
        """In which schedules are read."""
        file = self.current()
        return file.time_zone if file else UTC
