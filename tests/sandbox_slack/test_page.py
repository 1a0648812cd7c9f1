"""What the page shows of the workspace, and what people type into it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.cast import default_workspace
from sandbox.slack.typed import escaped


async def test_the_state_lists_people_and_the_persons_own_channels(slack: Any) -> None:
    """With what each person is."""
    state = await slack.see("state", "U02BOB")
    assert state["team"] == {"id": "T0SANDBOX", "name": "Sandbox"}
    assert (state["command"], state["now"]) == ("/quay", slack.workspace.now())
    assert {one["id"]: one["kind"] for one in state["users"]} == {
        "U01ALICE": "member",
        "U02BOB": "member",
        "U03CAROL": "member",
        "U04DAVE": "member",
        "U05GUEST": "guest",
        "U06LEFT": "deactivated",
        "U07STRANGER": "stranger",
        "U0BOT": "bot",
    }
    channels = {one["id"]: one for one in state["channels"]}
    assert channels["G0SECRET"]["is_private"]
    assert channels["C0SHARED"]["is_ext_shared"]
    assert [one["id"] for one in state["channels"] if one["is_im"]] == ["D02BOB"]
    sams = (await slack.see("state", "U07STRANGER"))["channels"]
    assert [one["id"] for one in sams] == ["C0SHARED"]


async def test_a_plain_message_is_for_the_channel(slack: Any, bot: Any) -> None:
    """The bot hears nothing of it."""
    assert await slack.do("say", channel="C0ML", text="a < b & @bob") == {"ok": True}
    assert await slack.texts("C0ML", "U02BOB") == ["a &lt; b &amp; <@U02BOB|bob>"]
    assert bot.got == []


@pytest.mark.parametrize(
    ("user", "channel", "text", "error"),
    [
        ("U07STRANGER", "C0REGADMIN", "/quay help", "not_in_channel"),
        ("U01ALICE", "C0NOWHERE", "x", "channel_not_found"),
        ("U0BOT", "C0ML", "x", "user_not_found"),
        ("U01ALICE", "C0ML", "  ", "no_text"),
    ],
)
async def test_one_can_only_say_something_where_one_is(
    slack: Any, bot: Any, user: str, channel: str, text: str, error: str
) -> None:
    """And nothing reaches the bot otherwise."""
    assert (await slack.do("say", user, channel=channel, text=text))["error"] == error
    assert bot.got == []


@pytest.mark.parametrize("text", ["/remind me", "/quayside", "/"])
async def test_only_the_one_command_is_known(slack: Any, bot: Any, text: str) -> None:
    """Slackbot says so, to the person alone."""
    await slack.do("say", channel="C0ML", text=text)
    assert await slack.texts("C0ML") == [f"{text.split(maxsplit=1)[0]} is not a valid command."]
    assert await slack.texts("C0ML", "U02BOB") == []
    assert bot.got == []


async def test_every_change_is_told_to_the_page(slack: Any, bot: Any, shapes: Any) -> None:
    """As Server-Sent Events."""
    async with slack.http.stream("GET", "/sandbox/slack/events") as stream:
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith(":")
        await slack.api("chat.postMessage", channel="C0ML", text="x")
        await slack.command("/quay form")
        await slack.api("views.open", trigger_id=bot.got[-1].fields["trigger_id"], view=shapes.modal())
        await slack.api("views.publish", user_id="U01ALICE", view={"type": "home", "blocks": []})
        told: list[dict[str, str]] = []
        async for line in lines:
            if line.startswith("data: "):
                told.append(json.loads(line.removeprefix("data: ")))
            if len(told) == 3:
                break
    assert told == [{"changed": "messages", "channel": "C0ML"}, {"changed": "views"}, {"changed": "home"}]


async def test_a_wish_that_lacks_something_is_answered(slack: Any) -> None:
    """With status 400 and what is missing."""
    response = await slack.http.post("/sandbox/slack/say", json={"user": "U01ALICE"})
    assert (response.status_code, response.json()["ok"]) == (400, False)
    assert (await slack.http.get("/sandbox/slack/messages?user=U01ALICE")).status_code == 400


async def test_only_an_option_that_is_offered_can_be_chosen(slack: Any, bot: Any) -> None:
    """As in Slack's own client."""
    option = {"text": {"type": "plain_text", "text": "A"}, "value": "a"}
    row = {
        "type": "actions",
        "block_id": "b",
        "elements": [{"type": "static_select", "action_id": "s", "options": [option]}],
    }
    posted = await slack.api("chat.postMessage", channel="C0ML", text="x", blocks=[row])
    place = {"channel": "C0ML", "ts": posted["ts"], "block_id": "b"}
    forged = {"action_id": "s", "selected_option": {**option, "value": "b"}}
    assert (await slack.do("act", **place, action=forged))["error"] == "option_not_found"
    assert (await slack.do("act", **place, action={"action_id": "s", "selected_option": option}))["ok"]
    assert bot.got[0].payload["actions"][0]["selected_option"] == option


@pytest.mark.parametrize(
    ("typed", "delivered"),
    [
        ("keys list", "keys list"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        (
            "users create bob --email bob@example.com",
            "users create bob --email <mailto:bob@example.com|bob@example.com>",
        ),
        ("see https://quay.io/x?a=1&b=2 now", "see <https://quay.io/x?a=1&amp;b=2> now"),
        ("why deleteUser @bob", "why deleteUser <@U02BOB|bob>"),
        ("@bob, @nobody", "<@U02BOB|bob>, @nobody"),
        ("in #registry-ops", "in <#C0REGOPS|registry-ops>"),
        ("in #secret", "in #secret"),
        ("ask @security", "ask <!subteam^S0SECURITY|@security>"),
        ("<@U02BOB>", "&lt;@U02BOB&gt;"),
        ("“quoted” — dashed", "“quoted” — dashed"),
    ],
)
def test_what_becomes_of_typed_text(typed: str, delivered: str) -> None:
    """Escaped; with people, channels and groups by id, as far as Dave can see them."""
    assert escaped(default_workspace(), typed, "U04DAVE", mentions=True) == delivered


def test_without_should_escape_people_and_channels_stay_as_typed() -> None:
    """Addresses and links are marked nevertheless."""
    typed = escaped(default_workspace(), "@bob #registry-ops a@b.example", "U01ALICE", mentions=False)
    assert typed == "@bob #registry-ops <mailto:a@b.example|a@b.example>"


@given(st.text(alphabet="<>&@#ab :/.!|"))
def test_nobody_can_type_a_mention_by_hand(typed: str) -> None:
    """Angle brackets come from Slack alone: each one stands for something that was recognised."""
    delivered = escaped(default_workspace(), typed, "U01ALICE", mentions=False)
    assert "<@" not in delivered
    assert "<!" not in delivered
    assert "<#" not in delivered
