"""Every effect there is, put together."""

from collections.abc import Callable, Mapping

from redis.asyncio import Redis

from bot.effects import Effect, by_command
from bot.effects.ignored_fields import Ignored
from bot.effects.key_creation import ChangeKey, CreateKey
from bot.effects.keys import ApproveKey, DeleteKey
from bot.effects.organizations import ChangeOrganization, DeleteOrganization
from bot.effects.quotas import DeleteQuota, SetQuota
from bot.effects.registry import MeasureRegistry
from bot.effects.users import ChangeUser, CreateUser, DeleteUser
from bot.permissions import Policy


def build_effects(redis: Redis, quay_url: str, policy: Callable[[], Policy]) -> Mapping[str, Effect]:
    """What every changing command does, by the command."""
    return by_command(
        [
            ApproveKey(),
            DeleteKey(),
            CreateKey(),
            ChangeKey(),
            SetQuota(lambda: policy().quota_limits),
            DeleteQuota(),
            ChangeOrganization(Ignored(redis, quay_url)),
            DeleteOrganization(),
            CreateUser(),
            ChangeUser(),
            DeleteUser(),
            MeasureRegistry(),
        ]
    )
