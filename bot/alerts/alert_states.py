"""The memory of quota alerts: one hash in Redis that holds only namespaces with an active alert."""

from pydantic import TypeAdapter

from bot.alerts.quota_rules import Standing
from bot.alerts.state_store import Memory

STANDINGS_KEY = "quaymaster:alerts:quotas"


class Standings(Memory[Standing]):
    """The standings by namespace."""

    key = STANDINGS_KEY
    kind = TypeAdapter(Standing)
