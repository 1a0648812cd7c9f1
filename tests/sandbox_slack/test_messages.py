"""chat.*: who may post where, and what becomes of a message."""

from typing import Any

import pytest


async def test_a_message_is_seen_by_everybody_in_the_channel(slack: Any, shapes: Any) -> None:
    """chat.postMessage answers the channel, the ts and the message."""
    posted = await slack.api("chat.postMessage", channel="C0REGADMIN", text="Hello", blocks=shapes.card())
    assert posted["ok"]
    assert posted["message"]["user"] == "U0BOT"
    seen = (await slack.see("messages", "U02BOB", channel="C0REGADMIN"))["messages"]
    assert [(one["ts"], one["text"], one["ephemeral"]) for one in seen] == [(posted["ts"], "Hello", False)]
    assert (await slack.see("messages", "U07STRANGER", channel="C0REGADMIN")) == {"error": "channel_not_found"}


async def test_timestamps_grow_though_the_clock_stands(slack: Any) -> None:
    """A ts names a message."""
    sent = [(await slack.api("chat.postMessage", channel="C0ML", text="x"))["ts"] for _ in range(3)]
    assert sent == sorted(set(sent))


async def test_a_reply_can_be_shown_in_the_channel_as_well(slack: Any) -> None:
    """With reply_broadcast, which means nothing outside of a thread."""
    root = await slack.api("chat.postMessage", channel="C0ML", text="root", reply_broadcast=True)
    for broadcast in (False, True):
        wish = {"text": "reply", "thread_ts": root["ts"], "reply_broadcast": broadcast}
        posted = await slack.api("chat.postMessage", channel="C0ML", **wish)
        assert posted["message"].get("subtype") == ("thread_broadcast" if broadcast else None)
    seen = (await slack.see("messages", "U01ALICE", channel="C0ML"))["messages"]
    assert [one["broadcast"] for one in seen] == [False, False, True]


@pytest.mark.parametrize(
    ("channel", "scope", "error"),
    [
        ("C0REGADMIN", True, None),
        ("#registry-admin", True, None),
        ("C0GENERAL", True, None),
        ("C0GENERAL", False, "not_in_channel"),
        ("G0SECRET", True, "channel_not_found"),
        ("C0NOWHERE", True, "channel_not_found"),
        ("U01ALICE", True, None),
        ("U06LEFT", True, "channel_not_found"),
        ("U07STRANGER", True, "channel_not_found"),
    ],
)
async def test_where_the_bot_may_post(slack: Any, channel: str, scope: bool, error: str | None) -> None:
    """Without membership only in public channels, and only with chat:write.public."""
    if not scope:
        slack.settings.scopes.discard("chat:write.public")
    assert (await slack.api("chat.postMessage", channel=channel, text="x")).get("error") == error


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": "not json"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
    ],
)
async def test_what_cannot_be_posted(slack: Any, message: dict[str, Any], error: str) -> None:
    """Nothing is posted then."""
    assert (await slack.api("chat.postMessage", channel="C0ML", **message))["error"] == error
    assert await slack.texts("C0ML") == []


def sections(*lengths: int) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}} for length in lengths]


HEADER = {"type": "header", "text": {"type": "plain_text", "text": "x" * 100}}
WIDE_TABLE = {"type": "table", "rows": [[{"type": "raw_text", "text": "x" * 9000}]]}


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        (sections(3000, 3000, 3000, 3000, 1200), None),
        (sections(3000, 3000, 3000, 3000, 1201), "msg_blocks_too_long"),
        ([HEADER, *sections(3000, 3000, 3000, 3000, 1000)], None),
        ([HEADER, *sections(3000, 3000, 3000, 3000, 1001)], "msg_blocks_too_long"),
        ([WIDE_TABLE, *sections(3000, 3000, 3000, 3000)], None),
    ],
)
async def test_all_blocks_of_a_message_share_a_limit(
    slack: Any, bot: Any, blocks: list[dict[str, Any]], error: str | None
) -> None:
    """Response URLs don't have it."""
    assert (await slack.api("chat.postMessage", channel="C0ML", text="x", blocks=blocks)).get("error") == error
    await slack.command("/quay help", channel="C0ML")
    answered = await slack.http.post(bot.got[0].fields["response_url"], json={"text": "x", "blocks": blocks})
    assert answered.status_code == 200


@pytest.mark.parametrize(
    ("text", "error"), [("x" * 4000, None), ("x" * 4001, "msg_too_long"), ("ü" * 2001, "msg_too_long")]
)
async def test_an_edit_takes_less_text_than_a_message(slack: Any, text: str, error: str | None) -> None:
    """4,000 bytes."""
    posted = await slack.api("chat.postMessage", channel="C0ML", text="x" * 40_000)
    assert (await slack.api("chat.update", channel="C0ML", ts=posted["ts"], text=text)).get("error") == error


async def test_invalid_blocks_are_told_with_pointers(slack: Any) -> None:
    """As blocks.validate tells them, and as sentences too."""
    answer = await slack.api("chat.postMessage", channel="C0ML", text="x", blocks=[{"type": "section"}])
    assert answer["errors"] == [
        {"pointer": "/blocks/0", "code": "missing_field", "message": "must have text or fields"}
    ]
    assert answer["response_metadata"]["messages"] == ["[ERROR] must have text or fields [json-pointer:/blocks/0]"]


async def test_an_update_without_blocks_removes_them(slack: Any, shapes: Any) -> None:
    """chat.update with text alone."""
    posted = await slack.api("chat.postMessage", channel="C0ML", text="card", blocks=shapes.card())
    at = {"channel": "C0ML", "ts": posted["ts"]}
    assert (await slack.api("chat.update", **at, text="over"))["message"]["blocks"] == []
    assert (await slack.api("chat.update", **at, blocks=shapes.card()))["text"] == "over"
    [seen] = (await slack.see("messages", channel="C0ML"))["messages"]
    assert (seen["edited"], len(seen["blocks"])) == (True, 1)


async def test_only_the_bots_own_lasting_messages_can_be_changed(slack: Any) -> None:
    """Not somebody else's, not an ephemeral one, not one that is not there."""
    await slack.do("say", channel="C0ML", text="mine")
    whispered = await slack.api("chat.postEphemeral", channel="C0ML", user="U01ALICE", text="psst")
    others = (await slack.see("messages", channel="C0ML"))["messages"][0]["ts"]
    for ts, error in (
        (others, "cant_update_message"),
        (whispered["message_ts"], "cant_update_message"),
        ("1.0", "message_not_found"),
    ):
        assert (await slack.api("chat.update", channel="C0ML", ts=ts, text="x"))["error"] == error
    assert (await slack.api("chat.delete", channel="C0ML", ts=others))["error"] == "cant_delete_message"
    assert await slack.texts("C0ML") == ["mine", "psst"]


async def test_an_ephemeral_message_is_seen_by_its_person_alone(slack: Any) -> None:
    """And only somebody in the channel can get one."""
    assert (await slack.api("chat.postEphemeral", channel="C0ML", user="U01ALICE", text="psst"))["ok"]
    assert await slack.texts("C0ML", "U01ALICE") == ["psst"]
    assert await slack.texts("C0ML", "U02BOB") == []
    gone = await slack.api("chat.postEphemeral", channel="C0ML", user="U07STRANGER", text="psst")
    assert gone["error"] == "user_not_in_channel"


async def test_a_message_can_be_deleted_and_linked_to(slack: Any) -> None:
    """The permalink is an address of this sandbox."""
    posted = await slack.api("chat.postMessage", channel="C0ML", text="x")
    link = await slack.api("chat.getPermalink", channel="C0ML", message_ts=posted["ts"])
    assert link["permalink"].startswith(slack.settings.public_url)
    assert (await slack.api("chat.delete", channel="C0ML", ts=posted["ts"]))["ok"]
    assert await slack.texts("C0ML") == []


async def test_blocks_without_ids_get_some(slack: Any, shapes: Any) -> None:
    """So that everything can be clicked."""
    row = {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}}]}
    message = (await slack.api("chat.postMessage", channel="C0ML", text="x", blocks=[row]))["message"]
    assert message["blocks"][0]["block_id"]
    assert message["blocks"][0]["elements"][0]["action_id"]


async def test_a_file_is_uploaded_in_three_steps(slack: Any) -> None:
    """Announced, sent, shared; then people in the channel can load it."""
    content = "größe,1\n".encode()
    ticket = await slack.api("files.getUploadURLExternal", filename="quotas.csv", length=len(content))
    files = [{"id": ticket["file_id"], "title": "Quotas"}]
    early = await slack.api("files.completeUploadExternal", files=files, channel_id="C0ML")
    assert early["error"] == "file_not_found"
    assert (await slack.http.post(ticket["upload_url"], content=b"short")).status_code == 400
    assert (await slack.http.post(ticket["upload_url"], content=content)).status_code == 200
    shared = await slack.api("files.completeUploadExternal", files=files, channel_id="C0ML", initial_comment="Here")
    assert shared["files"][0]["title"] == "Quotas"
    [seen] = (await slack.see("messages", channel="C0ML"))["messages"]
    assert (seen["text"], seen["file"]["name"], seen["file"]["size"]) == ("Here", "quotas.csv", len(content))
    assert (await slack.http.get(seen["file"]["url"])).content == content
