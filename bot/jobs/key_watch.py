"""Looking at the registry's keys: those that wait or come to their end, and whether Quay can be used at all."""

from dataclasses import dataclass

from bot.alerts.factory import AlertParts
from bot.alerts.settings import AlertSettings
from bot.changes import KeyRequests


@dataclass(frozen=True)
class KeyWatch:
    """Costs one request to Quay, and one more where another token is used for changes."""

    key_requests: KeyRequests
    alerts: AlertParts
    settings: AlertSettings

    async def run(self) -> None:
        """Look once. Raises QuayError or MessengerError."""
        channel, admin_channel = self.settings.keys_channel(), self.settings.admin_channel()
        if channel is None or admin_channel is None:
            return
        await self.alerts.tokens.run(admin_channel)
        keys = await self.alerts.health.over(self.key_requests.watch(channel), admin_channel)
        file = self.settings.current()
        if file and file.keys:
            await self.alerts.waiting.remind(keys, file.keys, file.admin_channel)
            await self.alerts.expiring.run(keys, file.keys, file.admin_channel)
