"""The pauses between attempts to open a connection, and what is not acknowledged."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.app import App
from bot.slack.in_flight import InFlight
from bot.web.deliveries import Deliveries
from bot.web.edge import build_edge
from bot.web.listeners import Listener
from bot.web.over_socket import CONNECTING, OverSocket, is_as_safe
from bot.web.registration import build_bolt
from bot.web.socket_trouble import Unavailable
from bot.web.sockets import Sockets
from bot.web.websocket import DEFAULT, Envelope, Timing, WebSocket
from sandbox.slack.app import SlackSettings
from tests.connections.test_proxies_and_certificates import proxy
from tests.web.conftest import TEAM

SHORTCUT = {
    "type": "message_action",
    "callback_id": "broken",
    "team": {"id": TEAM},
    "user": {"id": "U03CAROL"},
    "trigger_id": "1.1",
    "channel": {"id": "C0REGADMIN"},
    "message": {"text": "x"},
}


async def test_the_pauses_between_attempts_grow() -> None:
    """Up to the longest; each attempt is one line in the log."""
    attempts: list[float] = []
    enough = asyncio.Event()

    async def refuse() -> WebSocket:
        attempts.append(asyncio.get_running_loop().time())
        if len(attempts) == 24:
            enough.set()
        raise Unavailable("Slack can't be reached.", "no_answer")

    sockets = Sockets(refuse, Timing(pause=0.01, longest_pause=0.06))
    with capture_logs() as logs:
        async with sockets.kept_open():
            await asyncio.wait_for(enough.wait(), 5)
    assert sockets.trouble == "Slack can't be reached."
    assert attempts[-1] - attempts[-7] > 2 * (attempts[6] - attempts[0])
    assert [one["event"] for one in logs] == ["socket_not_opened"] * len(attempts)
    assert all("exc_info" not in one for one in logs)


async def test_a_fault_of_the_bot_does_not_end_the_attempts() -> None:
    """It is in the log in full."""
    enough = asyncio.Event()

    async def break_down() -> WebSocket:
        enough.set()
        raise ZeroDivisionError

    sockets = Sockets(break_down, Timing(pause=0.01))
    with capture_logs() as logs:
        async with sockets.kept_open():
            for _ in range(2):
                await asyncio.wait_for(enough.wait(), 5)
                enough.clear()
    assert logs[0]["exc_info"]
    assert "fault of the bot" in sockets.trouble


@pytest.mark.parametrize(
    ("api", "url", "safe"),
    [
        ("https://slack.com/api/", "wss://wss-primary.slack.com/link/?ticket=1", True),
        ("https://slack.com/api/", "ws://wss-primary.slack.com/link/?ticket=1", False),
        ("https://slack.com/api/", "http://wss-primary.slack.com/link/?ticket=1", False),
        ("http://127.0.0.1:1/api/", "ws://127.0.0.1:1/link/?ticket=1", True),
    ],
)
def test_a_connection_has_tls_if_the_web_api_has(api: str, url: str, *, safe: bool) -> None:
    """What comes over it isn't signed: TLS says that it is Slack."""
    assert is_as_safe(url, api) is safe


def receiver_of(app: App, api_url: str, *table: Listener) -> OverSocket:
    """What receives for these listeners."""
    replies = build_edge(app).home.replies
    bolt = build_bolt("xoxb-sandbox", table, Deliveries(app.connections.redis, lambda: TEAM, replies, InFlight()))
    return OverSocket(bolt, "xapp-sandbox", api_url, app.connections.web, lambda: TEAM, DEFAULT)


async def test_a_websocket_goes_through_the_proxy(
    app: App, slack: str, settings: SlackSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack's Web API is asked directly here, since it is on this machine; the address that it gives is elsewhere."""
    settings.public_url = "http://wss.invalid"
    async with proxy() as (url, asked):
        monkeypatch.setenv("HTTP_PROXY", url)
        async with receiver_of(app, f"{slack}/api/").open(), asyncio.timeout(5):
            while not asked:  # noqa: ASYNC110  # it is told by a socket
                await asyncio.sleep(0.01)
    assert asked[0].startswith("GET ws://wss.invalid/link/?ticket=")


async def test_a_process_without_a_connection_is_not_ready(app: App, slack: str) -> None:
    """Before it begins, while it connects, and as soon as the last connection has ended."""
    receiver = receiver_of(app, f"{slack}/api/")
    assert receiver.trouble == CONNECTING
    async with receiver.open(), asyncio.timeout(5):
        assert receiver.trouble == CONNECTING
        while receiver.trouble:  # noqa: ASYNC110  # it is told by a socket
            await asyncio.sleep(0.01)
    assert receiver.trouble == CONNECTING


async def test_a_fault_of_the_bot_is_not_acknowledged(app: App) -> None:
    """Slack tells the person that it failed; an acknowledgement would close a form as if all was well."""

    async def broken(_: object) -> dict[str, str]:
        raise ZeroDivisionError

    receiver = receiver_of(app, "http://slack/api/", Listener("shortcut", "broken", acknowledge=broken))
    assert await receiver.take(Envelope("1", SHORTCUT, takes_answer=True)) is None
    assert await receiver.take(Envelope("2", {**SHORTCUT, "callback_id": "new"}, takes_answer=True)) == {}
