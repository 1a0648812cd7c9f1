"""An answer that Slack refuses goes another way: an ephemeral or a direct message; it is never lost in silence."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.app import App
from bot.slack.in_flight import InFlight
from bot.web.deliveries import Deliveries
from bot.web.edge import Edge
from bot.web.listeners import Listener
from bot.web.origin import Payload
from tests.web.conftest import ADMIN, TEAM, Bot

CAROL, DAVE = "U03CAROL", "U04DAVE"
Entrance = Callable[[Bot], Awaitable[Any]]


async def typed(bot: Bot) -> None:
    await bot.breaks("response_url", status=404, times=None)
    await bot.person("say", CAROL, text="/quay help")


async def chosen_in_the_menu(bot: Bot) -> None:
    await bot.person("say", CAROL, text="/quay")
    await press(bot, "menu:help", await bot.sees(CAROL, "menu:help"))


async def pressed_under_a_list(bot: Bot) -> None:
    await bot.person("say", CAROL, text="/quay orgs list")
    await press(bot, "page_next", await bot.sees(CAROL, "page_next"))


async def pressed_on_a_plan(bot: Bot) -> None:
    await bot.person("say", CAROL, text="/quay quota set team-alpha 100GiB")
    await press(bot, "change_cancel", await bot.sees(CAROL, "change_cancel"))


async def submitted_as_a_form(bot: Bot) -> None:
    await bot.breaks("response_url", status=404, times=None)
    await bot.person("say", CAROL, text="/quay quota show")
    view = await bot.modal(CAROL)
    values = {"field:namespace": {"search:namespaces": {"selected_option": {"value": "team-alpha"}}}}
    assert (await bot.person("submit", CAROL, view_id=view["id"], values=values))["ok"]


async def pressed_too_late_for_a_window(bot: Bot) -> None:
    await bot.person("say", CAROL, text="/quay quota set team-alpha 2TiB")
    card = await bot.sees(CAROL, "change_reject")
    await bot.breaks("views.open", error="expired_trigger_id")
    await press(bot, "change_reject", card)


async def press(bot: Bot, action_id: str, message: dict[str, Any]) -> None:
    """Press a button whose answer the response URL does not take."""
    await bot.breaks("response_url", status=404, times=None)
    await bot.press(CAROL, action_id, message)


ENTRANCES: dict[Entrance, str] = {
    typed: "Help",
    chosen_in_the_menu: "Help",
    pressed_under_a_list: "Showing 21–",
    pressed_on_a_plan: "withdrawn",
    submitted_as_a_form: "80 GiB",
    pressed_too_late_for_a_window: "Slack didn't open the window",
}


@pytest.mark.parametrize("entrance", ENTRANCES, ids=lambda entrance: entrance.__name__)
async def test_every_entrance_has_the_same_way_out(bot: Bot, entrance: Entrance) -> None:
    """An ephemeral message in the channel where the person is."""
    await entrance(bot)
    await bot.until(lambda: bot.calls("chat.postEphemeral"))  # the menu says "Help" as well
    assert (await bot.sees(CAROL, ENTRANCES[entrance]))["ephemeral"]
    assert await bot.calls("chat.postEphemeral") == 1


@pytest.mark.parametrize(
    "fault",
    [{"status": 404}, {"status": 410}, {"status": 429, "retry_after": 600}, {"status": 500}, {"connection": "reset"}],
    ids=lambda fault: str(next(iter(fault.values()))),
)
async def test_a_refused_response_url_costs_no_time(bot: Bot, fault: dict[str, Any]) -> None:
    """Nothing is waited for or sent twice: the next way is taken."""
    await bot.breaks("response_url", times=None, **fault)
    began = time.monotonic()
    await bot.person("say", CAROL, text="/quay help")
    await bot.sees(CAROL, "Help")
    assert time.monotonic() - began < 3
    assert await bot.calls("response_url") == 1


async def test_a_channel_that_the_bot_is_not_in_is_answered_with_a_direct_message(bot: Bot) -> None:
    """Slack shows ephemeral messages only where the bot is."""
    await bot.breaks("response_url", status=410)
    await bot.breaks("chat.postEphemeral", error="not_in_channel")
    await bot.person("say", CAROL, text="/quay help")
    assert not (await bot.sees(CAROL, "Help", channel=await bot.direct_messages(CAROL)))["ephemeral"]


async def test_an_answer_that_nothing_takes_is_in_the_log(bot: Bot) -> None:
    """With an incident id, the person, and each refusal; without what it said."""
    await bot.breaks("*", status=500, times=None)
    with capture_logs() as logs:
        await bot.person("say", CAROL, text="/quay help")
        lost = await bot.until(lambda: next((line for line in logs if line["event"] == "answer_lost"), None))
    assert (lost["log_level"], lost["user"], lost["channel"], len(lost["incident"])) == ("error", CAROL, ADMIN, 8)
    assert {"response_url", "ephemeral", "direct"} <= lost.keys()


async def test_an_answer_that_slack_finds_invalid_is_replaced_by_a_sentence(bot: Bot) -> None:
    """A fault of the bot's own: the person hears that there is one, and its incident id."""
    for method in ("response_url", "chat.postEphemeral", "chat.postMessage"):
        await bot.breaks(method, error="invalid_blocks")
    await bot.person("say", CAROL, text="/quay help")
    said = await bot.sees(CAROL, "Slack refused to show the answer")
    assert "Incident" in str(said)


async def test_a_home_tab_that_slack_refuses_does_not_cost_the_notice(bot: Bot) -> None:
    """What came of a click in Home is a direct message then."""
    await bot.person("say", CAROL, text="/quay quota set team-alpha 100GiB")
    await bot.sees(CAROL, "change_confirm")
    await bot.person("open_home", CAROL)
    home = await bot.home(CAROL, "change_cancel")
    await bot.breaks("views.publish", status=500, times=None)
    await bot.press(CAROL, "change_cancel", home, view_id=home["id"])
    await bot.sees(CAROL, "It is cancelled now", channel=await bot.direct_messages(CAROL))


async def test_a_handler_that_breaks_is_answered(bot: Bot, app: App, edge: Edge) -> None:
    """A fault of the bot's own: the person hears that there is one."""

    async def breaks(_: Payload) -> None:
        raise LookupError("a fault")

    deliveries = Deliveries(app.connections.redis, lambda: TEAM, edge.home.replies, InFlight())
    body = {"type": "block_actions", "user": {"id": CAROL}, "channel": {"id": ADMIN}}
    await deliveries.take(Listener("action", "*", breaks), body, "a delivery")
    await bot.sees(CAROL, "Something in the bot went wrong")


async def test_a_button_that_the_bot_did_not_write_is_answered(bot: Bot) -> None:
    """Its value is no command."""
    action = {"action_id": "list_filter", "block_id": "b", "type": "button", "value": "no JSON"}
    where = {"channel": {"id": ADMIN}, "container": {"type": "message", "channel_id": ADMIN}}
    assert (await bot.interaction(CAROL, "block_actions", actions=[action], **where)).status_code == 200
    await bot.sees(CAROL, "The bot can't read this button")
