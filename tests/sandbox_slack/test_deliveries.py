"""What reaches the bot: signed, of the recorded shape, in time or not at all."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.responses import Response

RECORDED = [json.loads(line) for line in (Path(__file__).parent / "payloads.jsonl").read_text().splitlines()]
ENTERPRISE = {"enterprise_id", "enterprise_name", "enterprise"}
DOCUMENTED = {"is_cleared", "is_enterprise_install"}
"""Documented by Slack, and not in every recorded example."""


def recorded(kind: str) -> list[dict[str, Any]]:
    return [one for one in RECORDED if one.get("type") == kind]


async def a_card(slack: Any, shapes: Any, channel: str = "C0REGADMIN", **button: object) -> dict[str, Any]:
    blocks = [{"type": "actions", "block_id": "card", "elements": [shapes.button(**button)]}]
    posted = await slack.api("chat.postMessage", channel=channel, text="card", blocks=blocks)
    return {"channel": channel, "ts": posted["ts"], "block_id": "card", "action": {"action_id": "change_approve"}}


async def a_modal(slack: Any, bot: Any, view: dict[str, Any], user: str = "U01ALICE") -> str:
    await slack.command("/quay form", user)
    opened = await slack.api("views.open", trigger_id=bot.got[-1].fields["trigger_id"], view=view)
    assert opened["ok"], opened
    return str(opened["view"]["id"])


async def test_deliveries_are_signed_over_their_raw_bytes(slack: Any, bot: Any) -> None:
    """v0, HMAC-SHA256, the real time whatever the workspace's clock says; non-ASCII bodies included."""
    await slack.command("/quay keys list – “größe”")
    [delivery] = bot.got

    class Now(Clock):
        def now(self) -> float:
            return time.time()

    assert SignatureVerifier("sandbox-signing-secret", Now()).is_valid_request(delivery.body, delivery.headers)
    assert not SignatureVerifier("other", Now()).is_valid_request(delivery.body, delivery.headers)
    assert delivery.fields["text"] == "keys list – “größe”"


async def test_a_command_has_the_recorded_fields(slack: Any, bot: Any) -> None:
    """Form-encoded, and no others."""
    assert await slack.command("/quay  keys list ") == {"ok": True}
    fields = bot.got[0].fields
    assert set(fields) == set(RECORDED[0])
    assert fields["text"] == "keys list"
    assert (fields["team_id"], fields["user_id"], fields["channel_name"]) == ("T0SANDBOX", "U01ALICE", "registry-admin")
    assert fields["response_url"].startswith(str(slack.http.base_url))


async def test_a_stranger_comes_from_a_team_of_their_own(slack: Any, bot: Any, shapes: Any) -> None:
    """user.team_id is not team.id."""
    await slack.command("/quay help", "U07STRANGER", "C0SHARED")
    assert bot.got[0].fields["team_id"] == "T0OTHER"
    await slack.do("act", "U07STRANGER", **await a_card(slack, shapes, "C0SHARED"))
    payload = bot.got[1].payload
    assert (payload["team"]["id"], payload["user"]["team_id"]) == ("T0SANDBOX", "T0OTHER")


def same_members(got: dict[str, Any], examples: list[dict[str, Any]]) -> None:
    """Everything that every example has is there, and nothing that none has."""
    always = set.intersection(*map(set, examples)) - ENTERPRISE
    ever = set.union(*map(set, examples)) | DOCUMENTED
    assert always <= set(got) <= ever


async def test_a_click_has_the_recorded_members(slack: Any, bot: Any, shapes: Any) -> None:
    """The button's own value goes with it, not what the page claims."""
    card = await a_card(slack, shapes)
    card["action"]["value"] = "forged"
    assert (await slack.do("act", **card))["ok"]
    payload = bot.got[0].payload
    example, _ = recorded("block_actions")
    assert set(payload) == set(example)
    for member in ("container", "user", "team", "channel"):
        assert set(payload[member]) == set(example[member])
    assert set(example["actions"][0]) == set(payload["actions"][0])
    assert payload["actions"][0]["value"] == "record-1"
    assert payload["message"]["ts"] == card["ts"]


async def test_a_click_on_an_ephemeral_message_comes_without_the_message(slack: Any, bot: Any, shapes: Any) -> None:
    """Its container says that it is ephemeral."""
    sent = await slack.api("chat.postEphemeral", channel="C0ML", user="U01ALICE", text="x", blocks=shapes.card())
    click = {"channel": "C0ML", "ts": sent["message_ts"], "block_id": "card", "action": {"action_id": "change_approve"}}
    assert (await slack.do("act", "U02BOB", **click))["error"] == "message_not_found"
    assert (await slack.do("act", **click))["ok"]
    payload = bot.got[0].payload
    assert payload["container"]["is_ephemeral"] is True
    same_members(payload, recorded("block_actions"))
    assert "message" not in payload


async def test_what_is_not_there_cannot_be_clicked(slack: Any, bot: Any, shapes: Any) -> None:
    """Once the buttons are gone nothing is delivered."""
    card = await a_card(slack, shapes)
    await slack.api("chat.update", channel=card["channel"], ts=card["ts"], text="over")
    assert (await slack.do("act", **card))["error"] == "action_not_found"
    assert bot.got == []


async def test_a_submission_has_the_recorded_members(slack: Any, bot: Any, shapes: Any) -> None:
    """The view carries what was entered, with nothing for what was not."""
    option = {"text": {"type": "plain_text", "text": "10 GB"}, "value": "10"}
    select = {"type": "static_select", "action_id": "v", "options": [option]}
    view = shapes.modal(
        shapes.text_input("org"), shapes.text_input("gb", element=select, optional=True), callback_id="quota"
    )
    view_id = await a_modal(slack, bot, view)
    entered = {"org": {"v": {"type": "plain_text_input", "value": "devteam"}}}
    assert (await slack.do("submit", view_id=view_id, values=entered)) == {"ok": True}
    payload = bot.got[-1].payload
    same_members(payload, recorded("view_submission"))
    same_members(payload["view"], [one["view"] for one in recorded("view_submission")])
    assert payload["view"]["state"]["values"] == {
        "org": {"v": {"type": "plain_text_input", "value": "devteam"}},
        "gb": {"v": {"type": "static_select", "selected_option": None}},
    }


async def test_closing_is_told_to_those_that_asked(slack: Any, bot: Any, shapes: Any) -> None:
    """notify_on_close."""
    view_id = await a_modal(slack, bot, shapes.modal(shapes.text_input(), notify_on_close=True))
    await slack.do("close", view_id=view_id)
    same_members(bot.got[-1].payload, recorded("view_closed"))
    view_id = await a_modal(slack, bot, shapes.modal(shapes.text_input()))
    await slack.do("close", view_id=view_id)
    assert "payload" not in bot.got[-1].fields
    assert (await slack.see("views"))["views"] == []


async def test_suggestions_are_the_bots_answer(slack: Any, bot: Any, shapes: Any) -> None:
    """Checked as Slack checks them."""
    search = {"type": "external_select", "action_id": "es_a", "min_query_length": 0}
    view_id = await a_modal(slack, bot, shapes.modal(shapes.text_input("es_b", element=search)))
    options = [{"text": {"type": "plain_text", "text": "team-a"}, "value": "team-a"}]
    asked = {"view_id": view_id, "block_id": "es_b", "action_id": "es_a", "value": "team"}
    bot.says({"options": options})
    assert (await slack.do("suggest", **asked)) == {"options": options}
    same_members(bot.got[-1].payload, recorded("block_suggestion"))
    bot.says({"options": [{"text": {"type": "plain_text", "text": "x" * 76}, "value": "x"}]})
    assert (await slack.do("suggest", **asked))["options"] == []
    assert (await slack.do("suggest", **asked))["error"]


async def test_a_shortcut_brings_a_trigger(slack: Any, bot: Any, shapes: Any) -> None:
    """With which a view can be opened."""
    assert (await slack.do("shortcut", callback_id="menu"))["ok"]
    payload = bot.got[0].payload
    assert (payload["type"], payload["callback_id"]) == ("shortcut", "menu")
    assert (await slack.api("views.open", trigger_id=payload["trigger_id"], view=shapes.modal()))["ok"]


async def test_shortcuts_do_not_name_the_app(slack: Any, bot: Any) -> None:
    """Everything else does."""
    posted = await slack.api("chat.postMessage", channel="C0REGADMIN", text="x")
    await slack.do("shortcut", callback_id="menu")
    await slack.do("shortcut", channel="C0REGADMIN", ts=posted["ts"], callback_id="ask")
    await slack.command("/quay help")
    await slack.do("open_home")
    *shortcuts, command, event = bot.got
    assert [one.payload.get("api_app_id") for one in shortcuts] == [None, None]
    assert (command.fields["api_app_id"], event.event["api_app_id"]) == ("A0SANDBOX", "A0SANDBOX")


async def test_a_shortcut_of_a_message_brings_the_message(slack: Any, bot: Any, shapes: Any) -> None:
    """With its channel and a response URL. What only one person sees has no such menu."""
    await slack.do("say", channel="C0REGADMIN", text="who knows abc?")
    [message] = (await slack.see("messages", channel="C0REGADMIN"))["messages"]
    wish = {"callback_id": "ask", "channel": "C0REGADMIN", "ts": message["ts"]}
    assert (await slack.do("shortcut", **wish))["ok"]
    payload = bot.got[0].payload
    assert (payload["type"], payload["callback_id"]) == ("message_action", "ask")
    assert payload["channel"]["id"] == "C0REGADMIN"
    assert payload["message"]["text"] == "who knows abc?"
    assert payload["message_ts"] == payload["message"]["ts"] == message["ts"]
    assert payload["response_url"]
    assert (await slack.api("views.open", trigger_id=payload["trigger_id"], view=shapes.modal()))["ok"]
    await slack.api("chat.postEphemeral", channel="C0REGADMIN", user="U01ALICE", text="for you")
    hidden = (await slack.see("messages", channel="C0REGADMIN"))["messages"][-1]
    assert (await slack.do("shortcut", **{**wish, "ts": hidden["ts"]}))["error"] == "message_not_found"


async def test_opening_the_home_tab_is_an_event(slack: Any, bot: Any) -> None:
    """As JSON; with the view once one was published. Strangers have no Home tab of the bot."""
    assert (await slack.do("open_home"))["ok"]
    event, [example] = bot.got[0].event, recorded("event_callback")
    assert set(event) == set(example)
    assert set(event["event"]) == set(example["event"])
    await slack.api("views.publish", user_id="U01ALICE", view={"type": "home", "blocks": [{"type": "divider"}]})
    await slack.do("open_home")
    assert bot.got[1].event["event"]["view"]["type"] == "home"
    assert (await slack.do("open_home", "U07STRANGER"))["error"] == "not_allowed"


async def sleep_on_it(_: object) -> Response:
    await asyncio.Event().wait()
    return Response()


async def fail(slack: Any, bot: Any, how: str) -> None:
    if how == "operation_timeout":
        slack.settings.ack_seconds = 0.05
        bot.answer = sleep_on_it
    elif how == "dispatch_failed":
        slack.settings.bot_url = "http://127.0.0.1:1/slack/events"
    else:
        bot.fails(500)


FAILURES = ("operation_timeout", "dispatch_failed", "http_service_error")


@pytest.mark.parametrize("how", FAILURES)
async def test_a_command_without_acknowledgement_is_told_in_slacks_words(slack: Any, bot: Any, how: str) -> None:
    """By Slackbot, to the person alone."""
    await fail(slack, bot, how)
    assert await slack.command("/quay help") == {"ok": False, "error": how}
    [seen] = (await slack.see("messages", channel="C0REGADMIN"))["messages"]
    assert (seen["name"], seen["ephemeral"]) == ("Slackbot", True)
    assert seen["text"] == f'/quay failed with the error "{how}"'
    assert await slack.texts(user="U02BOB") == []


@pytest.mark.parametrize("how", FAILURES)
async def test_a_click_without_acknowledgement_leaves_a_warning(slack: Any, bot: Any, shapes: Any, how: str) -> None:
    """Beside the block, until a click works."""
    card = await a_card(slack, shapes)
    url, seconds, answer = slack.settings.bot_url, slack.settings.ack_seconds, bot.answer
    await fail(slack, bot, how)
    assert await slack.do("act", **card) == {"ok": False, "error": how}
    [seen] = (await slack.see("messages", channel="C0REGADMIN"))["messages"]
    assert seen["warning"]["card"]
    slack.settings.bot_url, slack.settings.ack_seconds, bot.answer = url, seconds, answer
    assert await slack.do("act", **card) == {"ok": True}
    [seen] = (await slack.see("messages", channel="C0REGADMIN"))["messages"]
    assert "warning" not in seen


async def test_an_event_is_delivered_again_up_to_three_times(slack: Any, bot: Any) -> None:
    """With the number of the retry and the reason."""
    bot.fails(503)
    assert (await slack.do("open_home"))["error"] == "http_service_error"
    got = await bot.got_so_many(4)
    assert [one.headers.get("x-slack-retry-num") for one in got] == [None, "1", "2", "3"]
    assert {one.headers["x-slack-retry-reason"] for one in got[1:]} == {"http_error"}
    assert len({one.event["event_id"] for one in got}) == 1


async def test_the_bot_can_refuse_retries(slack: Any, bot: Any) -> None:
    """x-slack-no-retry: 1."""
    bot.fails(503, {"x-slack-no-retry": "1"})
    await slack.do("open_home")
    await slack.command("/quay help")
    assert len(bot.got) == 2


async def test_an_acknowledgement_may_hold_the_answer(slack: Any, bot: Any) -> None:
    """JSON or text; to the person alone unless it is in_channel."""
    bot.says({"text": "for you"})
    await slack.command("/quay a")
    bot.says({"text": "for all", "response_type": "in_channel"})
    await slack.command("/quay b")
    bot.says({"blocks": [{"type": "section"}]})
    assert (await slack.command("/quay c"))["error"] == "invalid_command_response"
    assert (await slack.texts())[:2] == ["for you", "for all"]
    assert await slack.texts(user="U02BOB") == ["for all"]
