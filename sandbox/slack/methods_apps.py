"""apps.connections.open"""

from collections.abc import Mapping

from sandbox.slack.arguments import Arguments, Method
from sandbox.slack.model import Json
from sandbox.slack.rates import TIER_3
from sandbox.slack.simulation import Simulation


def open_connection(slack: Simulation, _: Arguments) -> Json:
    """Return a URL for one WebSocket."""
    host = slack.settings.public_url.replace("http", "ws", 1)
    return {"url": f"{host}/link/?ticket={slack.tickets.new_link()}&app_id={slack.settings.app_token_app}"}


APP_METHODS: Mapping[str, Method] = {
    "apps.connections.open": Method(open_connection, TIER_3, "connections:write", token="app"),
}
