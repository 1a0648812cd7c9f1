"""Deliveries over Socket Mode: acknowledged as over HTTP, done once, and received whatever becomes of a connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import App
from bot.web.over_socket import CONNECTING
from bot.web.server import build_server
from bot.web.websocket import Timing
from sandbox.slack.app import SlackSettings
from tests.support.servers import served
from tests.web.conftest import ADMIN, TEAM, Bot

CAROL = "U03CAROL"
QUICK = Timing(ping=0.1, silent=1, linger=1, stagger=0.1, short=0.01, pause=0.01, longest_pause=0.1)
COMMAND = {
    "command": "/quay",
    "text": "keys list",
    "team_id": TEAM,
    "user_id": CAROL,
    "channel_id": ADMIN,
    "trigger_id": "1.1",
    "response_url": "",
}
BUTTON: dict[str, Any] = {
    "type": "block_actions",
    "team": {"id": TEAM},
    "user": {"id": CAROL, "team_id": TEAM},
    "channel": {"id": ADMIN},
    "container": {"type": "message", "channel_id": ADMIN},
    "trigger_id": "1.1",
    "actions": [{"action_id": "change_undo", "block_id": "b", "type": "button", "value": "x"}],
}
VIEW = {"id": "V1", "type": "modal", "callback_id": "old_form", "private_metadata": "", "state": {"values": {}}}
FORM = {"type": "view_submission", "team": {"id": TEAM}, "user": {"id": CAROL}, "view": VIEW}


@pytest.fixture
def transport() -> dict[str, Any]:
    """Socket Mode. There is no signing secret."""
    return {"slack_app_token": "xapp-sandbox", "secret_key": "k" * 32}


@pytest.fixture
def settings() -> SlackSettings:
    """The simulated Slack's: it never falls back to HTTP."""
    return SlackSettings(bot_url="", mode="socket")


@pytest.fixture
async def bot(app: App, slack: str) -> AsyncIterator[Bot]:
    """The bot once it receives."""
    async with served(build_server(app, QUICK)) as url, httpx.AsyncClient(base_url=slack) as http:
        bot = Bot(http, url, str(app.settings.quay_url).rstrip("/"))
        await bot.until(lambda: ready(bot))
        yield bot


async def ready(bot: Bot) -> bool:
    return (await bot.http.get(f"{bot.url}/readyz")).is_success


async def connections(bot: Bot) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await bot.http.get("/sandbox/slack/socket")).json()["connections"]
    return found


async def connected(bot: Bot, *, besides: set[int] = frozenset()) -> list[int]:  # type: ignore[assignment]
    """Wait for two connections, with other numbers than these."""

    async def look() -> list[int]:
        numbers = [one["number"] for one in await connections(bot) if one["number"] not in besides]
        return numbers if len(numbers) == 2 else []

    found: list[int] = await bot.until(look)
    return found


async def switch(bot: Bot, what: str, **wish: Any) -> dict[str, Any]:
    answer = await bot.http.post(f"/sandbox/slack/{what}", json=wish)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def deliver(bot: Bot, payload: dict[str, Any], *, app: str | None = "A0SANDBOX") -> dict[str, Any]:
    """Deliver a payload, as one for an app or without one."""
    kind = "slash_commands" if "command" in payload else "interactive"
    return await switch(
        bot, "deliver", kind=kind, payload={**payload, **({"api_app_id": app} if app is not None else {})}
    )


class TestWhatIsReceived:
    """It is taken as over HTTP."""

    async def test_a_command_is_answered(self, bot: Bot) -> None:
        """By the same listeners."""
        assert (await bot.person("say", CAROL, text="/quay help"))["ok"]
        await bot.sees(CAROL, "keys list")

    async def test_there_is_no_address_for_deliveries(self, bot: Bot) -> None:
        """Only those for whoever watches the process."""
        assert (await bot.http.post(f"{bot.url}/slack/events", content="x")).status_code == 404
        assert (await bot.http.get(f"{bot.url}/healthz")).is_success

    async def test_errors_and_suggestions_travel_in_the_acknowledgement(self, bot: Bot) -> None:
        """The form stays open with the errors at its fields."""
        await bot.person("say", CAROL, text="/quay quota set")
        view = await bot.modal(CAROL)
        asked = {"block_id": "field:namespace", "action_id": "search:namespaces", "value": "team-al"}
        found = await bot.person("suggest", CAROL, view_id=view["id"], **asked)
        assert found["options"][0]["value"] == "team-alpha"
        chosen = {"search:namespaces": {"type": "external_select", "selected_option": found["options"][0]}}
        values = {"field:namespace": chosen, "field:limit": {"value": {"value": "100"}}}
        answer = await bot.person("submit", CAROL, view_id=view["id"], values=values)
        assert "A size needs a unit" in answer["errors"]["field:limit"]

    async def test_a_form_of_an_earlier_version_is_explained_in_its_place(self, bot: Bot) -> None:
        """A view travels in the acknowledgement, too."""
        assert "no longer has this form" in (await deliver(bot, FORM))["answer"]

    async def test_what_nobody_handles_is_acknowledged(self, bot: Bot) -> None:
        """Slack would deliver it again."""
        for type_ in ("view_closed", "dialog_cancellation", "something_new"):
            heard = await deliver(bot, {**FORM, "type": type_})
            assert (heard["failure"], heard["answer"]) == (None, "")

    async def test_a_button_of_an_earlier_version_is_explained(self, bot: Bot) -> None:
        """A click's acknowledgement carries nothing."""
        assert (await deliver(bot, BUTTON))["answer"] == ""
        await bot.sees(CAROL, "no longer has this button")


class TestWhoseItIs:
    """Every payload has to be for the bot's own app."""

    @pytest.mark.parametrize("payload", [COMMAND, BUTTON, FORM], ids=["command", "click", "form"])
    async def test_what_is_for_another_app_or_for_none_is_acknowledged_and_not_done(
        self, bot: Bot, payload: dict[str, Any]
    ) -> None:
        """Not even an answer is sent."""
        for named in ("A0OTHER", "", None):
            heard = await deliver(bot, payload, app=named)
            assert (heard["failure"], heard["answer"]) == (None, "")
        await deliver(bot, BUTTON)
        await bot.sees(CAROL, "no longer has this button")
        assert await bot.calls("chat.postEphemeral") == 1

    async def test_a_shortcut_does_not_name_the_app(self, bot: Bot) -> None:
        """Slack leaves it out there."""
        posted = await bot.person("say", CAROL, text="nothing of interest")
        assert posted["ok"]
        message = await bot.sees(CAROL, "nothing of interest")
        await bot.person("shortcut", CAROL, callback_id="ask_about_pod", ts=message["ts"])
        await bot.sees(CAROL, "doesn't have this shortcut")


class TestOnce:
    """An envelope that comes twice does its thing once."""

    async def test_a_command_that_comes_again_proposes_nothing(self, app: App, bot: Bot) -> None:
        """At the same time over two connections, and later."""
        await connected(bot)
        await switch(bot, "irregularities", how="twice")
        assert (await bot.person("say", CAROL, text="/quay quota set team-alpha 100GiB"))["ok"]
        await bot.sees(CAROL, "100 GiB")
        assert (await switch(bot, "replay", number=1))["failure"] is None
        await bot.person("say", CAROL, text="/quay quota set team-beta 90GiB")
        await bot.sees(CAROL, "team-beta")
        log: list[dict[str, Any]] = (await bot.http.get("/sandbox/slack/deliveries")).json()
        assert [one["failure"] for one in log] == [None] * 4
        waiting = await app.handlers.bot.changes.tools.confirmations.waiting()
        assert sorted(str(record.offers[0].arguments["namespace"]) for record in waiting) == ["team-alpha", "team-beta"]

    async def test_a_click_that_comes_again_is_answered_once(self, bot: Bot) -> None:
        """Its acknowledgement carries nothing, so the answer is an effect."""
        await connected(bot)
        await switch(bot, "irregularities", how="twice")
        await deliver(bot, BUTTON)
        await bot.sees(CAROL, "no longer has this button")
        await switch(bot, "replay", number=1)
        await deliver(bot, {**BUTTON, "trigger_id": "2.2"})
        await bot.until(lambda: answered(bot, 2))
        assert len((await bot.http.get("/sandbox/slack/deliveries")).json()) == 4


async def answered(bot: Bot, times: int) -> bool:
    return await bot.calls("chat.postEphemeral") == times


class TestConnections:
    """There are two, each replaced before it ends or as soon as it has."""

    async def test_two_connections_are_not_opened_at_the_same_time(self, bot: Bot) -> None:
        """So Slack doesn't refresh them at the same time."""
        await connected(bot)
        first, second = (one["since"] for one in await connections(bot))
        assert second - first >= QUICK.stagger

    async def test_envelopes_come_over_both(self, bot: Bot) -> None:
        """One over each in turn."""
        await connected(bot)
        for _ in range(4):
            await bot.person("say", CAROL, text="/quay help")
        assert [one["delivered"] for one in await connections(bot)] == [2, 2]

    async def test_a_refresh_leaves_no_gap(self, bot: Bot) -> None:
        """The next connection is there before the old one ends, even if both are refreshed at once."""
        before = set(await connected(bot))
        await switch(bot, "socket", do="refresh", warning_seconds=0.3)
        await connected(bot, besides=before)
        async with asyncio.timeout(5):
            while {one["number"] for one in await connections(bot)} & before:
                assert (await bot.person("say", CAROL, text="/quay help"))["ok"]
        log: list[dict[str, Any]] = (await bot.http.get("/sandbox/slack/deliveries")).json()
        assert {one["failure"] for one in log} <= {None}

    @pytest.mark.parametrize("do", ["close", "reset"])
    async def test_a_connection_that_ends_is_replaced(self, bot: Bot, do: str) -> None:
        """The other one stays."""
        lost, kept = await connected(bot)
        await switch(bot, "socket", do=do, connection=lost)
        assert kept in await connected(bot, besides={lost})

    async def test_an_envelope_of_a_connection_that_ends_is_done_once(self, bot: Bot) -> None:
        """Slack sends it over the other one."""
        lost, _ = await connected(bot)
        await switch(bot, "socket", do="starve", connection=lost)
        typed = [asyncio.create_task(bot.person("say", CAROL, text="/quay help")) for _ in range(2)]
        await bot.until(lambda: reached(bot, lost))
        await switch(bot, "socket", do="reset", connection=lost)
        assert [each["ok"] for each in await asyncio.gather(*typed)] == [True, True]

    async def test_a_silent_connection_is_replaced(self, bot: Bot) -> None:
        """Neither envelopes nor pongs come, and the connection stays open."""
        silent, kept = await connected(bot)
        await switch(bot, "socket", do="mute", connection=silent)
        assert kept in await connected(bot, besides={silent})

    async def test_a_connection_that_only_answers_pings_is_replaced(self, bot: Bot) -> None:
        """Once many envelopes have come over the other one."""
        starved, kept = await connected(bot)
        await switch(bot, "socket", do="starve", connection=starved)
        typed = [asyncio.create_task(bot.person("say", CAROL, text="/quay help")) for _ in range(42)]
        assert kept in await connected(bot, besides={starved})
        assert all(each["ok"] for each in await asyncio.gather(*typed))

    async def test_they_are_closed_when_the_process_ends(self, app: App, slack: str) -> None:
        """Before what arrived is carried on with."""
        async with httpx.AsyncClient(base_url=slack) as http:
            async with served(build_server(app, QUICK)) as url:
                bot = Bot(http, url, "")
                await connected(bot)
            assert await connections(bot) == []


async def reached(bot: Bot, number: int) -> bool:
    return any(one["number"] == number and one["delivered"] for one in await connections(bot))


class TestTrouble:
    """The process stays, tries again with growing pauses, and says what is wrong."""

    async def test_an_outage_is_said_and_survived(self, bot: Bot) -> None:
        """/readyz fails, /healthz doesn't."""
        await connected(bot)
        await switch(bot, "socket", do="refuse")
        await switch(bot, "socket", do="reset")
        said = await bot.until(lambda: trouble(bot))
        assert said in {"Slack can't be reached (WSServerHandshakeError). The bot keeps trying."}
        assert (await bot.http.get(f"{bot.url}/healthz")).is_success
        await switch(bot, "socket", do="accept")
        await bot.until(lambda: ready(bot))
        assert (await bot.person("say", CAROL, text="/quay help"))["ok"]

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"refused_tokens": {"xapp-sandbox": "token_revoked"}}, "Slack refuses SLACK_APP_TOKEN (token_revoked)."),
            ({"refused_tokens": {"xoxb-sandbox": "invalid_auth"}}, "Slack refuses SLACK_BOT_TOKEN (invalid_auth)."),
            ({"app_scopes": set()}, "It has no scope connections:write."),
            ({"scopes": set()}, "It has no scope users:read."),
            ({"app_token_app": "A0OTHER"}, "SLACK_APP_TOKEN is from app A0OTHER, SLACK_BOT_TOKEN from A0SANDBOX."),
            ({"mode": "http"}, "Socket Mode is off for this Slack app."),
        ],
        ids=str,
    )
    async def test_what_somebody_has_to_do_is_said(
        self, app: App, slack: str, settings: SlackSettings, change: dict[str, Any], said: str
    ) -> None:
        """And once it is done, the bot receives without a restart."""
        good = {name: getattr(settings, name) for name in change}
        for name, value in change.items():
            setattr(settings, name, value)
        async with served(build_server(app, QUICK)) as url, httpx.AsyncClient(base_url=slack) as http:
            bot = Bot(http, url, "")
            assert said in await bot.until(lambda: trouble(bot))
            for name, value in good.items():
                setattr(settings, name, value)
            await bot.until(lambda: ready(bot))

    async def test_ten_connections_of_one_app_are_slacks_limit(self, app: App, slack: str) -> None:
        """Other processes of the bot have them."""
        web = AsyncWebClient(token="xapp-sandbox", base_url=f"{slack}/api/")
        async with contextlib.AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            for _ in range(10):
                opened = await web.apps_connections_open(app_token="xapp-sandbox")
                await stack.enter_async_context(session.ws_connect(str(opened["url"])))
            url = await stack.enter_async_context(served(build_server(app, QUICK)))
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=slack))
            bot = Bot(http, url, "")
            said = await bot.until(lambda: trouble(bot))
        assert said == "The Slack app has ten connections open, its limit. Each process needs two; run fewer."


async def trouble(bot: Bot) -> str:
    """What /readyz says is wrong, once something is."""
    answer = await bot.http.get(f"{bot.url}/readyz")
    said = "" if answer.is_success else str(answer.json()["socket"])
    return "" if said == CONNECTING else said
