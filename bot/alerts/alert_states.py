"""The memory of quota alerts: one hash in Redis that holds only namespaces with an active alert."""

from pydantic import TypeAdapter

from bot.alerts.quota_rules import AlertState
from bot.alerts.state_store import StateStore

STANDINGS_KEY = "quaymaster:alerts:quotas"


class AlertStates(StateStore[AlertState]):
    """The standings by namespace."""

    key = STANDINGS_KEY
    kind = TypeAdapter(AlertState)
