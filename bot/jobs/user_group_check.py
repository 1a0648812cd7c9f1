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
    def lost(self) -> Mapping[str, str] | None:
        """The groups that Slack doesn't have, each with Slack's word; None until Slack has answered this process."""
        return self.authorization.directory.groups.lost(self.authorization.policy().user_groups)

    def sentences(self) -> list[str]:
        """What `status` says of them."""
        return [user_groups.sentence(group, word) for group, word in sorted((self.lost or {}).items())]

    async def run(self) -> None:
        """Report what changed to the admin channel; of several workers one does.

        Raises MessengerError, after which the next run reports it if Slack may take it then.
        """
        lost, channel = self.lost, self.settings.admin_channel()
        if lost is None or channel is None:
            return
        digest = sha256(repr(sorted(lost.items())).encode()).hexdigest() if lost else ""
        if _text(await self.redis.get(REPORTED)) == digest:
            return
        before = _text(await self.redis.set(REPORTED, digest, get=True))
        if before == digest:
            return  # another worker has just reported it
        if lost:
            log.warning("user_groups_lost", groups=dict(lost))
        try:
            await self.messenger.post(channel, user_groups.lost(lost) if lost else user_groups.all_found())
        except MessengerError as error:
            if error.passing:
                await self.redis.set(REPORTED, before)
            raise


def _text(stored: bytes | None) -> str:
    return stored.decode() if stored else ""
