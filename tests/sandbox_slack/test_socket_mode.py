"""Socket Mode with slack_sdk's client: envelopes, acknowledgements, refreshes, silence."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

PING_SECONDS = 0.2
"""Ping interval of the SDK, which replaces a connection that doesn't answer."""


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait until this is true."""
    async with asyncio.timeout(8):
        while not await look():  # noqa: ASYNC110  # what is waited for is behind a socket
            await asyncio.sleep(0.01)


@dataclass
class App:
    """A bot in Socket Mode: records what it gets, and acknowledges it with `answer`, unless `deaf`."""

    client: SocketModeClient
    got: list[SocketModeRequest] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] | None = None
    deaf: bool = False

    async def take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.got.append(request)
        if not self.deaf:
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, self.answer))

    async def note(self, _: AsyncBaseSocketModeClient, message: dict[str, Any], __: str | None) -> None:
        self.said.append(message)

    async def heard(self, kind: str) -> dict[str, Any]:
        """Wait for a message that isn't an envelope."""

        async def there() -> bool:
            return any(one.get("type") == kind for one in self.said)

        await until(there)
        return next(one for one in self.said if one.get("type") == kind)


Connect = Callable[..., Awaitable[App]]


@pytest.fixture
async def connect(slack: Any) -> AsyncIterator[Connect]:
    """Opens a connection with a new client."""
    apps: list[App] = []

    async def connect(ping_interval: float = 5, *, reconnecting: bool = True) -> App:
        web = AsyncWebClient(token="xapp-sandbox", base_url=f"{slack.http.base_url}/api/")
        app = App(
            SocketModeClient(
                "xapp-sandbox", web_client=web, ping_interval=ping_interval, auto_reconnect_enabled=reconnecting
            )
        )
        apps.append(app)
        app.client.socket_mode_request_listeners.append(app.take)
        app.client.message_listeners.append(app.note)
        await app.client.connect()  # type: ignore[no-untyped-call]  # the SDK gives it no types
        await app.heard("hello")
        return app

    yield connect
    for app in apps:
        await app.client.close()  # type: ignore[no-untyped-call]  # the SDK gives it no types


async def state(slack: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await slack.http.get("/sandbox/slack/socket")).json()
    return found


async def numbers(slack: Any) -> list[int]:
    return [one["number"] for one in (await state(slack))["connections"]]


@contextlib.asynccontextmanager
async def bare_socket(slack: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A WebSocket without the SDK, where pongs can be seen."""
    web = AsyncWebClient(token="xapp-sandbox", base_url=f"{slack.http.base_url}/api/")
    url = str((await web.apps_connections_open(app_token="xapp-sandbox"))["url"])
    async with aiohttp.ClientSession() as session, session.ws_connect(url, autoping=False) as socket:
        yield socket


async def test_apps_connections_open_needs_an_app_token_with_its_scope(slack: Any, web: AsyncWebClient) -> None:
    """A bot token is refused."""
    url = str((await web.apps_connections_open(app_token="xapp-sandbox"))["url"])
    assert url.startswith("ws://127.0.0.1:")
    for token, error in (("xoxb-sandbox", "not_allowed_token_type"), ("xapp-other", "invalid_auth")):
        with pytest.raises(SlackApiError, match=error):
            await web.apps_connections_open(app_token=token)
    slack.settings.app_scopes.clear()
    with pytest.raises(SlackApiError, match="missing_scope"):
        await web.apps_connections_open(app_token="xapp-sandbox")


async def test_a_url_works_once(slack: Any, web: AsyncWebClient) -> None:
    """An unknown ticket is refused."""
    url = str((await web.apps_connections_open(app_token="xapp-sandbox"))["url"])
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
        for address in (url, url.partition("?")[0]):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(address)


async def test_a_refused_connection_uses_up_its_url(slack: Any, web: AsyncWebClient) -> None:
    """A client has to ask for another one."""
    await slack.switch("socket", do="refuse")
    url = str((await web.apps_connections_open(app_token="xapp-sandbox"))["url"])
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)
            await slack.switch("socket", do="accept")


async def test_hello_counts_the_connections(slack: Any, connect: Connect) -> None:
    """It also names the app of the app-level token."""
    hello = [await (await connect()).heard("hello") for _ in range(2)]
    assert [one["num_connections"] for one in hello] == [1, 2]
    assert hello[0]["connection_info"] == {"app_id": "A0SANDBOX"}
    slack.settings.app_token_app = "A0OTHER"
    assert (await (await connect()).heard("hello"))["connection_info"] == {"app_id": "A0OTHER"}


async def test_a_command_is_an_envelope(slack: Any, bot: Any, connect: Connect) -> None:
    """With the same fields as over HTTP. HTTP isn't used while a connection is open."""
    app = await connect()
    app.answer = {"text": "here you are"}
    assert await slack.command("/quay help") == {"ok": True}
    [request] = app.got
    assert (request.type, request.accepts_response_payload) == ("slash_commands", True)
    assert (request.payload["text"], request.payload["api_app_id"]) == ("help", "A0SANDBOX")
    assert await slack.texts() == ["here you are"]
    assert bot.got == []
    [listed] = (await slack.http.get("/sandbox/slack/deliveries")).json()
    assert (listed["way"], listed["name"], listed["status"]) == ("socket", "command", 200)


async def test_form_errors_travel_in_the_acknowledgement(
    slack: Any, web: AsyncWebClient, connect: Connect, shapes: Any
) -> None:
    """Suggestions, too. A click accepts no payload."""
    app = await connect()
    await slack.command("/quay form")
    trigger = app.got[-1].payload["trigger_id"]
    search = {"type": "external_select", "action_id": "s", "min_query_length": 0}
    view = shapes.modal(shapes.text_input("name"), shapes.text_input("team", element=search, optional=True))
    view_id = (await web.views_open(trigger_id=trigger, view=view))["view"]["id"]
    app.answer = {"response_action": "errors", "errors": {"name": "There is none."}}
    entered = {"name": {"v": {"type": "plain_text_input", "value": "x"}}}
    refused = await slack.do("submit", view_id=view_id, values=entered)
    assert refused == {"ok": False, "errors": {"name": "There is none."}}
    app.answer = {"options": [{"text": {"type": "plain_text", "text": "a"}, "value": "a"}]}
    asked = {"view_id": view_id, "block_id": "team", "action_id": "s", "value": ""}
    assert (await slack.do("suggest", **asked))["options"] == app.answer["options"]
    assert [one.type for one in app.got] == ["slash_commands", "interactive", "interactive"]
    assert all(one.accepts_response_payload for one in app.got)
    posted = await web.chat_postMessage(channel="C0ML", text="card", blocks=shapes.card())
    await slack.do("act", channel="C0ML", ts=posted["ts"], block_id="card", action={"action_id": "change_approve"})
    assert not app.got[-1].accepts_response_payload


async def test_each_envelope_goes_to_one_connection(slack: Any, connect: Connect) -> None:
    """In turn."""
    apps = [await connect() for _ in range(3)]
    for number in range(6):
        await slack.command(f"/quay {number}")
    assert [len(app.got) for app in apps] == [2, 2, 2]
    texts = {request.payload["text"] for app in apps for request in app.got}
    assert texts == {"0", "1", "2", "3", "4", "5"}


async def test_there_are_at_most_ten_connections(slack: Any, connect: Connect) -> None:
    """The next one gets too_many_websockets."""
    for _ in range(10):
        await connect()
    async with bare_socket(slack) as socket:
        assert (await socket.receive_json())["reason"] == "too_many_websockets"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert len(await numbers(slack)) == 10


async def test_a_missing_acknowledgement_is_a_timeout(slack: Any, connect: Connect) -> None:
    """The user is told. An event is retried in a new envelope."""
    slack.settings.ack_seconds = 0.1
    app = await connect()
    app.deaf = True
    assert (await slack.command("/quay help"))["error"] == "operation_timeout"
    await slack.do("open_home")

    async def four() -> bool:
        return len(app.got) == 5

    await until(four)
    events = app.got[1:]
    assert [(one.retry_attempt, one.retry_reason) for one in events] == [(0, ""), *((n, "timeout") for n in (1, 2, 3))]
    assert len({one.envelope_id for one in events}) == 4
    assert len({one.payload["event_id"] for one in events}) == 1


async def test_an_unacknowledged_envelope_moves_to_another_connection(slack: Any, connect: Connect) -> None:
    """With the same envelope id."""
    slack.settings.ack_seconds = 5
    first = await connect(reconnecting=False)
    first.deaf = True
    typed = asyncio.create_task(slack.command("/quay freeze"))

    async def got() -> bool:
        return bool(first.got)

    await until(got)
    second = await connect()
    await slack.switch("socket", do="reset", connection=1)
    assert await typed == {"ok": True}
    assert second.got[0].envelope_id == first.got[0].envelope_id
    assert second.got[0].payload == first.got[0].payload


async def test_an_envelope_can_be_delivered_twice(slack: Any, connect: Connect) -> None:
    """At the same time over two connections, or replayed later."""
    apps = [await connect() for _ in range(2)]
    await slack.switch("irregularities", how="twice")
    await slack.command("/quay freeze")
    one, other = (app.got[0] for app in apps)
    assert one.envelope_id == other.envelope_id
    assert (await slack.http.post("/sandbox/slack/replay", json={"number": 1})).json()["ok"]
    assert [len(app.got) for app in apps] in ([2, 1], [1, 2])


async def test_socket_mode_without_a_connection_fails(slack: Any, bot: Any) -> None:
    """It doesn't fall back to HTTP."""
    await slack.switch("mode", mode="socket")
    assert (await slack.command("/quay help"))["error"] == "dispatch_failed"
    assert bot.got == []


async def test_http_mode_refuses_connections(slack: Any, bot: Any) -> None:
    """With link_disabled; deliveries use HTTP."""
    await slack.switch("mode", mode="http")
    async with bare_socket(slack) as socket:
        assert (await socket.receive_json())["reason"] == "link_disabled"
    assert (await slack.command("/quay help"))["ok"]
    assert len(bot.got) == 1
    assert (await slack.http.post("/sandbox/slack/mode", json={"mode": "pigeon"})).status_code == 400


async def test_a_connection_is_refreshed_after_a_warning(slack: Any) -> None:
    """It gets envelopes until then."""
    async with bare_socket(slack) as socket:
        await socket.receive_json()
        await slack.switch("socket", do="refresh", warning_seconds=0.2)
        assert (await socket.receive_json())["reason"] == "warning"
        typed = asyncio.create_task(slack.command("/quay help"))
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        assert await typed == {"ok": True}
        assert (await socket.receive_json())["reason"] == "refresh_requested"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert await numbers(slack) == []


@pytest.mark.parametrize("do", ["refresh", "close", "reset"])
async def test_the_sdk_reconnects(slack: Any, connect: Connect, do: str) -> None:
    """Whether the connection was refreshed, closed or reset."""
    await slack.switch("mode", mode="socket")
    app = await connect(PING_SECONDS)
    await slack.switch("socket", do=do, warning_seconds=0)

    async def back() -> bool:
        open_now = await numbers(slack)
        return bool(open_now) and 1 not in open_now

    async def answers() -> bool:
        """The SDK may connect twice: for the `disconnect` message and for the closed connection."""
        return bool(await slack.command("/quay help") == {"ok": True})

    await until(back)
    await until(answers)
    assert app.got


async def test_a_muted_connection_stays_open_and_sends_nothing(slack: Any, connect: Connect) -> None:
    """No envelopes, no pongs. Slack keeps using it until the SDK's watchdog replaces it."""
    slack.settings.ack_seconds = 0.1
    app = await connect(PING_SECONDS)
    await slack.switch("socket", do="mute")
    [connection] = (await state(slack))["connections"]
    assert (connection["muted"], connection["starved"]) == (True, False)
    assert (await slack.command("/quay help"))["error"] == "operation_timeout"
    assert app.got == []

    async def replaced() -> bool:
        return await numbers(slack) == [2]

    await until(replaced)
    slack.settings.ack_seconds = 3
    assert await slack.command("/quay help") == {"ok": True}
    assert len(app.got) == 1


async def test_a_starved_connection_sends_pongs_but_no_envelopes(slack: Any) -> None:
    """A watchdog that looks at pings can't detect it."""
    slack.settings.ack_seconds = 0.1
    async with bare_socket(slack) as socket:
        await socket.receive_json()
        await slack.switch("socket", do="starve")
        assert (await slack.command("/quay lost"))["error"] == "operation_timeout"
        await socket.ping(b"still there?")
        assert (await socket.receive()).type is aiohttp.WSMsgType.PONG
        await slack.switch("socket", do="revive")
        await slack.command("/quay found")
        assert (await socket.receive_json())["payload"]["text"] == "found"


async def test_a_muted_connection_can_be_revived(slack: Any) -> None:
    """What was sent meanwhile is lost."""
    slack.settings.ack_seconds = 0.1
    async with bare_socket(slack) as socket:
        await socket.receive_json()
        await slack.switch("socket", do="mute", connection=1)
        await socket.ping(b"still there?")
        await slack.command("/quay lost")
        await slack.switch("socket", do="revive", connection=1)
        await slack.command("/quay found")
        assert (await socket.receive_json())["payload"]["text"] == "found"
    assert (await slack.http.post("/sandbox/slack/socket", json={"do": "mute", "connection": 9})).status_code == 400


async def test_an_outage_closes_all_connections_and_refuses_new_ones(slack: Any, connect: Connect) -> None:
    """The SDK reconnects when it is over."""
    await slack.switch("mode", mode="socket")
    app = await connect(PING_SECONDS)
    await slack.switch("socket", do="refuse")
    await slack.switch("socket", do="reset")

    async def gone() -> bool:
        return await numbers(slack) == []

    await until(gone)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with bare_socket(slack):
            pass
    await slack.switch("socket", do="accept")

    async def answers() -> bool:
        return bool(await slack.command("/quay help") == {"ok": True})

    await until(answers)
    assert app.got


@pytest.mark.parametrize("rubbish", ["no json", "[]", "{}", '{"envelope_id": "unknown"}'])
async def test_anything_but_an_acknowledgement_is_ignored(slack: Any, rubbish: str) -> None:
    """The connection stays open."""
    async with bare_socket(slack) as socket:
        await socket.receive_json()
        await socket.send_str(rubbish)
        typed = asyncio.create_task(slack.command("/quay help"))
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        assert await typed == {"ok": True}
