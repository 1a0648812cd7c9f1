"""Every effect there is, put together."""

from collections.abc import Callable, Mapping

from bot.effects import Effect, by_command
from bot.effects.key_creation import ChangeKey, CreateKey
from bot.effects.keys import ApproveKey, DeleteKey
from bot.effects.organization_deletion import DeleteOrganization
from bot.effects.organizations import ChangeOrganization
from bot.effects.quotas import DeleteQuota, SetQuota
from bot.effects.registry import MeasureRegistry
from bot.effects.registry_memory import RegistryMemory
from bot.effects.user_deletion import DeleteUser
from bot.effects.users import ChangeUser, CreateUser
from bot.permissions import Policy


def build_effects(memory: RegistryMemory, policy: Callable[[], Policy]) -> Mapping[str, Effect]:
    """What every changing command does, by the command."""
    return by_command(
        [
            ApproveKey(),
            DeleteKey(),
            CreateKey(),
            ChangeKey(),
            SetQuota(lambda: policy().quota_limits),
            DeleteQuota(),
            ChangeOrganization(memory.ignored, memory.own_tokens),
            DeleteOrganization(memory.own_tokens),
            CreateUser(memory.limitations),
            ChangeUser(memory.limitations, memory.own_tokens),
            DeleteUser(memory.own_tokens),
            MeasureRegistry(),
        ]
    )
