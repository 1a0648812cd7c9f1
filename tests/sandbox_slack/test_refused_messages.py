"""Messages refused because of how administrators set up the channel."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

ADMIN, ML = "C0REGADMIN", "C0ML"


async def error_of(call: Any) -> str | None:
    """Slack's error code if the call is refused."""
    try:
        await call
    except SlackApiError as refused:
        return str(refused.response["error"])
    return None


@pytest.mark.parametrize(
    ("change", "posting", "replying", "editing"),
    [
        ({"is_archived": True}, "is_archived", "is_archived", "is_archived"),
        (
            {"posting": "nothing"},
            "restricted_action_read_only_channel",
            "restricted_action_read_only_channel",
            None,
        ),
        ({"posting": "replies"}, "restricted_action_thread_only_channel", None, None),
        ({"is_threadable": False}, None, "restricted_action_non_threadable_channel", None),
        ({"is_private": True, "leave": ["U0BOT"]}, "channel_not_found", "channel_not_found", "channel_not_found"),
    ],
)
async def test_a_channel_may_take_less_than_before(
    slack: Any,
    web: AsyncWebClient,
    change: dict[str, Any],
    posting: str | None,
    replying: str | None,
    editing: str | None,
) -> None:
    """Each restriction has its own error for messages, replies and edits."""
    ts = str((await web.chat_postMessage(channel=ML, text="card"))["ts"])
    await slack.switch("channel", id=ML, **change)
    assert await error_of(web.chat_postMessage(channel=ML, text="x")) == posting
    assert await error_of(web.chat_postEphemeral(channel=ML, user="U01ALICE", text="x")) == posting
    assert await error_of(web.chat_postMessage(channel=ML, text="x", thread_ts=ts)) == replying
    assert await error_of(web.chat_update(channel=ML, ts=ts, text="y")) == editing
    assert await error_of(web.chat_postMessage(channel=ADMIN, text="x")) is None


async def test_a_channel_can_be_made_and_shows_what_it_takes(slack: Any, web: AsyncWebClient) -> None:
    """conversations.info tells its restrictions."""
    await slack.switch("channel", id="C0NEW", name="new", posting="replies", join=["U01ALICE", "U0BOT"])
    shown = (await web.conversations_info(channel="C0NEW"))["channel"]
    assert (shown["name"], shown["is_archived"], shown["is_thread_only"]) == ("new", False, True)
    await slack.switch("channel", id="C0NEW", is_archived=True, is_threadable=False, posting="nothing")
    shown = (await web.conversations_info(channel="C0NEW"))["channel"]
    assert shown["is_archived"]
    assert shown["is_read_only"]
    assert shown["is_non_threadable"]
    listed = (await web.conversations_list(exclude_archived=True))["channels"]
    assert "C0NEW" not in {one["id"] for one in listed}
    assert (await slack.do("say", channel="C0NEW", text="x"))["error"] == "is_archived"


async def test_a_public_channel_needs_membership_or_a_scope(slack: Any, web: AsyncWebClient) -> None:
    """Files always need membership."""
    await slack.switch("channel", id=ML, leave=["U0BOT"])
    assert await error_of(web.chat_postMessage(channel=ML, text="x")) is None
    upload: dict[str, Any] = {"filename": "a.txt", "content": "text", "channel": ML}
    assert await error_of(web.files_upload_v2(**upload)) == "not_in_channel"
    slack.settings.scopes.discard("chat:write.public")
    assert await error_of(web.chat_postMessage(channel=ML, text="x")) == "not_in_channel"
    await slack.switch("channel", id=ML, join=["U0BOT"])
    assert await error_of(web.chat_postMessage(channel=ML, text="x")) is None
    assert await error_of(web.files_upload_v2(**upload)) is None


async def test_a_message_deleted_by_an_administrator_cannot_be_edited(slack: Any, web: AsyncWebClient) -> None:
    """Nor deleted again."""
    ts = str((await web.chat_postMessage(channel=ML, text="card"))["ts"])
    await slack.switch("delete_message", channel=ML, ts=ts)
    assert await slack.texts(ML) == []
    assert await error_of(web.chat_update(channel=ML, ts=ts, text="y")) == "message_not_found"
    assert await error_of(web.chat_delete(channel=ML, ts=ts)) == "message_not_found"
    assert (await slack.http.post("/sandbox/slack/delete_message", json={"channel": ML, "ts": ts})).status_code == 400


async def test_a_thread_with_replies_outlives_its_root(slack: Any, web: AsyncWebClient) -> None:
    """A reply to a deleted message without replies is posted to the channel itself."""
    bare, answered = [str((await web.chat_postMessage(channel=ML, text="root"))["ts"]) for _ in range(2)]
    await web.chat_postMessage(channel=ML, text="first", thread_ts=answered)
    for ts in (bare, answered):
        await slack.switch("delete_message", channel=ML, ts=ts)
    assert "thread_ts" not in (await web.chat_postMessage(channel=ML, text="x", thread_ts=bare))["message"]
    message = (await web.chat_postMessage(channel=ML, text="second", thread_ts=answered))["message"]
    assert message["thread_ts"] == answered


async def test_slackbots_messages_have_no_threads(slack: Any, web: AsyncWebClient) -> None:
    """Nor do ephemeral messages."""
    slackbot = slack.workspace.post(ML, "USLACKBOT", "bob joined")
    reply = web.chat_postMessage(channel=ML, text="x", thread_ts=slackbot.ts)
    assert await error_of(reply) == "cannot_reply_to_message"
    hidden = (await web.chat_postEphemeral(channel=ML, user="U01ALICE", text="x"))["message_ts"]
    assert "thread_ts" not in (await web.chat_postMessage(channel=ML, text="x", thread_ts=str(hidden)))["message"]


@pytest.mark.parametrize(
    ("what", "wish"),
    [
        ("channel", {"id": "C0NEW"}),
        ("channel", {"id": ML, "posting": "poetry"}),
        ("channel", {"id": ML, "colour": "red"}),
        ("group", {"id": "S0NEW"}),
        ("group", {"id": "S0NEW", "removed": True}),
        ("delete_message", {"channel": ML, "ts": "1.1"}),
    ],
)
async def test_an_invalid_change_is_refused(slack: Any, what: str, wish: dict[str, Any]) -> None:
    """With status 400."""
    assert (await slack.http.post(f"/sandbox/slack/{what}", json=wish)).status_code == 400
