"""Who does not want to hear of which namespace: a memory of its own, apart from the alerts, which it outlives."""

from pydantic import TypeAdapter

from bot.alerts.state_store import StateStore
from bot.model.alert_facts import Silence

SILENCES_KEY = "quaymaster:alerts:silences"


class Silences(StateStore[Silence]):
    """The silences by namespace; the latest wish for each."""

    key = SILENCES_KEY
    kind = TypeAdapter(Silence)
