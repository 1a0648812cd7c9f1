"""What every changing command does, where no registry is asked."""

from collections.abc import Mapping
from datetime import UTC, datetime

from redis.asyncio import Redis

from bot.effects import Effect
from bot.effects.factory import build_effects
from bot.effects.own_tokens import OwnTokens
from bot.effects.registry_memory import build_memory
from bot.permissions import Policy
from tests.support.world import POLICY


def effects_at_rest() -> Mapping[str, Effect]:
    """The effects by their commands; neither Redis nor Quay is there."""
    redis = Redis()
    memory = build_memory(redis, "https://quay.test", OwnTokens(redis, "token"), lambda: datetime.now(UTC))
    return build_effects(memory, lambda: Policy.model_validate(POLICY))
