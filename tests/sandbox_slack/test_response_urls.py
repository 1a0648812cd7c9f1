"""Answers through a response_url: for whom, for how long, and what they can replace."""

from typing import Any

import pytest


async def url_of_a_command(slack: Any, bot: Any, channel: str = "C0REGADMIN") -> str:
    await slack.command("/quay help", channel=channel)
    return str(bot.got[-1].fields["response_url"])


async def url_of_a_click(slack: Any, bot: Any, ts: str, user: str = "U01ALICE") -> str:
    click = {"channel": "C0REGADMIN", "ts": ts, "block_id": "card", "action": {"action_id": "change_approve"}}
    assert (await slack.do("act", user, **click))["ok"]
    return str(bot.got[-1].payload["response_url"])


async def respond(slack: Any, url: str, **body: object) -> int:
    return int((await slack.http.post(url, json=body)).status_code)


async def test_an_answer_is_for_the_person_alone_unless_it_is_in_channel(slack: Any, bot: Any) -> None:
    """Ephemeral is the default."""
    url = await url_of_a_command(slack, bot)
    assert await respond(slack, url, text="for you") == 200
    assert await respond(slack, url, text="for all", response_type="in_channel") == 200
    assert await slack.texts() == ["for you", "for all"]
    assert await slack.texts(user="U02BOB") == ["for all"]


async def test_it_works_where_the_bot_is_no_member(slack: Any, bot: Any) -> None:
    """Even in a private channel."""
    assert await respond(slack, await url_of_a_command(slack, bot, "G0SECRET"), text="psst") == 200
    assert await slack.texts("G0SECRET") == ["psst"]


async def test_it_works_five_times(slack: Any, bot: Any) -> None:
    """What is refused does not count."""
    url = await url_of_a_command(slack, bot)
    assert await respond(slack, url, blocks=[{"type": "section"}]) == 400
    assert [await respond(slack, url, text=str(n)) for n in range(6)] == [200] * 5 + [404]
    assert (await slack.http.post(url, json={"text": "x"})).json()["error"] == "used_url"


async def test_it_works_for_half_an_hour(slack: Any, bot: Any, clock: Any) -> None:
    """expired_url after that."""
    url = await url_of_a_command(slack, bot)
    clock.passes(minutes=30)
    assert await respond(slack, url, text="just in time") == 200
    clock.passes(seconds=1)
    assert (await slack.http.post(url, json={"text": "late"})).json()["error"] == "expired_url"


async def test_the_answer_to_a_command_is_always_a_new_message(slack: Any, bot: Any) -> None:
    """replace_original and delete_original do nothing there."""
    url = await url_of_a_command(slack, bot)
    await respond(slack, url, text="first")
    await respond(slack, url, text="second", replace_original=True)
    await respond(slack, url, text="third", delete_original=True)
    assert await slack.texts() == ["first", "second", "third"]


@pytest.mark.parametrize("ephemeral", [True, False])
async def test_a_click_can_replace_and_delete_its_message(slack: Any, bot: Any, shapes: Any, ephemeral: bool) -> None:
    """The ephemeral one too, which nothing else can change; without replace_original it is a new message."""
    place = {"channel": "C0REGADMIN", "text": "card", "blocks": shapes.card()}
    if ephemeral:
        ts = (await slack.api("chat.postEphemeral", user="U01ALICE", **place))["message_ts"]
    else:
        ts = (await slack.api("chat.postMessage", **place))["ts"]
    url = await url_of_a_click(slack, bot, ts)
    await respond(slack, url, text="beside")
    await respond(slack, url, text="working", replace_original=True)
    assert await slack.texts() == ["working", "beside"]
    [changed, _] = (await slack.see("messages", channel="C0REGADMIN"))["messages"]
    assert (changed["ts"], changed["blocks"], changed["ephemeral"]) == (ts, [], ephemeral)
    await respond(slack, url, delete_original=True)
    assert await slack.texts() == ["beside"]


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b'{"text": "x", "blocks": [{"type": "alert"}]}'])
async def test_what_cannot_be_shown_is_refused(slack: Any, bot: Any, body: bytes) -> None:
    """Invalid blocks too."""
    url = await url_of_a_command(slack, bot)
    assert (await slack.http.post(url, content=body)).status_code == 400
    assert await slack.texts() == []


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, "expired_url"), (410, "channel_is_archived"), (429, "ratelimited"), (500, "<html>"), (503, "<html>")],
)
async def test_it_can_be_made_to_fail(slack: Any, bot: Any, status: int, body: str) -> None:
    """With Slack's error or a gateway's page. Failed uses don't count; all are logged."""
    url = await url_of_a_command(slack, bot)
    await slack.switch("faults", method="response_url", status=status, retry_after=30, channel="C0REGADMIN")
    elsewhere = await url_of_a_command(slack, bot, "C0ML")
    assert await respond(slack, elsewhere, text="x") == 200
    failed = await slack.http.post(url, json={"text": "x"})
    assert (failed.status_code, body in failed.text) == (status, True)
    assert failed.headers.get("Retry-After") == ("30" if status == 429 else None)
    assert [await respond(slack, url, text="x") for _ in range(6)] == [200] * 5 + [404]
    calls = (await slack.http.get("/sandbox/slack/calls")).json()
    assert [(call["method"], call["channel"]) for call in calls[:2]] == [
        ("response_url", "C0ML"),
        ("response_url", "C0REGADMIN"),
    ]
    assert [call["status"] for call in calls] == [200, status, *[200] * 5, 404]


async def test_response_urls_and_trigger_ids_can_be_expired(slack: Any, bot: Any, shapes: Any) -> None:
    """At once; those issued later are valid."""
    url = await url_of_a_command(slack, bot)
    trigger = bot.got[-1].fields["trigger_id"]
    await slack.switch("expire")
    assert (await slack.http.post(url, json={"text": "late"})).json()["error"] == "expired_url"
    opened = await slack.api("views.open", trigger_id=trigger, view=shapes.modal())
    assert opened["error"] == "expired_trigger_id"
    assert await respond(slack, await url_of_a_command(slack, bot), text="in time") == 200
