"""Reporting user groups that permissions.yaml names and Slack doesn't have: once, and again when they change."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import structlog
from redis.asyncio import Redis

from bot.alerts.settings import AlertSettings
from bot.changes import Authorization
from bot.slack.messages import Messenger, MessengerError
from bot.views import user_groups

REPORTED = "quaymaster:user-groups:lost"
"""A digest of what was reported last; nothing while every group is there."""

log = structlog.get_logger()


@dataclass(frozen=True)
class UserGroupCheck:
    """Looks at what the directory knows already; costs Slack nothing."""

    redis: Redis
    authorization: Authorization
    messenger: Messenger
    settings: AlertSettings

    @property
    def lost(self) -> Mapping[str, str]:
        """The groups that Slack doesn't have, each with Slack's word for why."""
        return self.authorization.directory.groups.lost(self.authorization.policy().user_groups)

    def sentences(self) -> list[str]:
        """What `status` says of them."""
        return [user_groups.sentence(group, word) for group, word in sorted(self.lost.items())]

    async def run(self) -> None:
        """Report what changed to the admin channel. Raises MessengerError if that may be taken later."""
        lost, channel = self.lost, self.settings.admin_channel()
        digest = sha256(repr(sorted(lost.items())).encode()).hexdigest() if lost else ""
        stored = await self.redis.get(REPORTED)
        before = stored.decode() if stored else ""
        if digest == before or channel is None:
            return
        if lost:
            log.warning("user_groups_lost", groups=dict(lost))
        await self.redis.set(REPORTED, digest)
        try:
            await self.messenger.post(channel, user_groups.lost(lost) if lost else user_groups.all_found())
        except MessengerError as error:
            if error.passing:
                await self.redis.set(REPORTED, before)
            raise
