"""The Web API itself: tokens, scopes, forms and JSON, people and channels."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        ({}, {}, "not_authed"),
        ({"Authorization": "Bearer xoxb-other"}, {}, "invalid_auth"),
        ({}, {"token": "xoxb-other"}, "invalid_auth"),
        ({"Authorization": "Bearer xoxb-sandbox"}, {}, None),
        ({}, {"token": "xoxb-sandbox"}, None),
    ],
)
async def test_a_token_comes_as_bearer_or_as_parameter(
    slack: Any, headers: dict[str, str], body: dict[str, str], error: str | None
) -> None:
    """A refusal has status 200, as all of Slack's."""
    response = await slack.http.post("/api/auth.test", data=body, headers=headers)
    assert response.status_code == 200
    assert response.json().get("error") == error


async def test_the_sdk_works_against_it(web: AsyncWebClient, shapes: Any) -> None:
    """Forms, JSON, files: whatever slack_sdk sends."""
    who = await web.auth_test()
    assert (who["team_id"], who["user_id"], who["bot_id"]) == ("T0SANDBOX", "U0BOT", "B0BOT")
    posted = await web.chat_postMessage(channel="C0REGADMIN", text="x", blocks=shapes.card())
    await web.chat_update(channel="C0REGADMIN", ts=str(posted["ts"]), text="y", blocks=[])
    assert (await web.usergroups_users_list(usergroup="S0SECURITY"))["users"] == ["U02BOB"]
    assert (await web.usergroups_list(include_users=True))["usergroups"][1]["users"] == ["U01ALICE"]
    await web.files_upload_v2(filename="a.txt", content="text", channel="C0ML")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await web.chat_postMessage(channel="C0NOWHERE", text="x")


async def test_what_is_no_method_or_lacks_its_scope_is_refused(slack: Any) -> None:
    """missing_scope says what is needed and what there is."""
    assert (await slack.api("chat.sing"))["error"] == "unknown_method"
    slack.settings.scopes.discard("usergroups:read")
    answer = await slack.api("usergroups.list")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "usergroups:read")
    assert "usergroups:read" not in answer["provided"]


async def test_api_test_gives_back_what_it_got(slack: Any) -> None:
    """Without a token."""
    assert (await slack.http.get("/api/api.test?foo=bar")).json() == {"ok": True, "args": {"foo": "bar"}}
    assert (await slack.http.get("/api/api.test?error=no")).json()["error"] == "no"


@pytest.mark.parametrize(
    ("user", "facts"),
    [
        ("U01ALICE", {"team_id": "T0SANDBOX", "is_restricted": False, "deleted": False, "is_bot": False}),
        ("U05GUEST", {"is_restricted": True, "is_ultra_restricted": False}),
        ("U06LEFT", {"deleted": True}),
        ("U07STRANGER", {"team_id": "T0OTHER", "is_stranger": True}),
        ("U0BOT", {"is_bot": True}),
    ],
)
async def test_users_info_tells_what_a_person_is(slack: Any, user: str, facts: dict[str, object]) -> None:
    """Members, guests, the deactivated, strangers, bots."""
    found = (await slack.api("users.info", user=user))["user"]
    assert facts.items() <= found.items()


async def test_an_address_needs_its_scope_and_is_never_a_strangers(slack: Any) -> None:
    """users:read.email; the SDK's look-up by address finds active people alone."""
    profile = (await slack.api("users.info", user="U01ALICE"))["user"]["profile"]
    assert (profile["email"], profile["real_name"]) == ("alice@example.com", "Alice Adler")
    assert "email" not in (await slack.api("users.info", user="U07STRANGER"))["user"]["profile"]
    assert (await slack.api("users.lookupByEmail", email="ALICE@example.com"))["user"]["id"] == "U01ALICE"
    assert (await slack.api("users.lookupByEmail", email="lena@example.com"))["error"] == "users_not_found"
    slack.settings.scopes.discard("users:read.email")
    assert "email" not in (await slack.api("users.info", user="U01ALICE"))["user"]["profile"]


@pytest.mark.parametrize(
    ("channel", "facts"),
    [
        (
            "C0REGADMIN",
            {"is_private": False, "is_ext_shared": False, "is_member": True, "context_team_id": "T0SANDBOX"},
        ),
        ("C0GENERAL", {"is_member": False, "is_general": True}),
        ("C0SHARED", {"is_ext_shared": True, "is_shared": True}),
    ],
)
async def test_conversations_info_tells_what_a_channel_is(slack: Any, channel: str, facts: dict[str, object]) -> None:
    """Shared, private, with the bot or without."""
    found = (await slack.api("conversations.info", channel=channel))["channel"]
    assert facts.items() <= found.items()


async def test_private_channels_without_the_bot_are_not_to_be_found(slack: Any) -> None:
    """Neither one by one nor in the list."""
    assert (await slack.api("conversations.info", channel="G0SECRET"))["error"] == "channel_not_found"
    listed = await slack.api("conversations.list", types="public_channel,private_channel")
    assert "G0SECRET" not in {channel["id"] for channel in listed["channels"]}
    assert (await slack.api("conversations.members", channel="C0SHARED"))["members"] == [
        "U01ALICE",
        "U02BOB",
        "U07STRANGER",
        "U0BOT",
    ]


async def test_lists_come_in_pages(slack: Any) -> None:
    """A cursor leads from one to the next, and is empty at the end."""
    found: list[str] = []
    cursor = ""
    while True:
        page = await slack.api("users.list", limit=3, cursor=cursor)
        found += [user["id"] for user in page["members"]]
        cursor = page["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert found == list(slack.workspace.people)


@pytest.mark.parametrize(
    ("users", "error"),
    [("U01ALICE", None), ("U06LEFT", "user_disabled"), ("U0NOBODY", "user_not_found"), ("", "users_list_not_supplied")],
)
async def test_direct_messages_can_be_opened_with_active_people(slack: Any, users: str, error: str | None) -> None:
    """One person, one channel."""
    answers = [await slack.api("conversations.open", users=users) for _ in range(2)]
    assert [answer.get("error") for answer in answers] == [error, error]
    assert answers[0].get("channel") == answers[1].get("channel")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"blocks": [{"type": "divider"}]}, None),
        ({"blocks": '[{"type": "header"}]'}, "invalid_blocks"),
        ({"message": {"text": ""}}, "invalid_message"),
        ({"view": {"type": "modal"}}, "invalid_view"),
        ({"blocks": [], "view": {}}, "invalid_arguments"),
        ({}, "invalid_arguments"),
    ],
)
async def test_blocks_validate_checks_one_thing(slack: Any, given: dict[str, Any], error: str | None) -> None:
    """Blocks, a message or a view."""
    answer = await slack.api("blocks.validate", **given)
    assert answer.get("error") == error
    assert bool(answer.get("errors")) is bool(error and error != "invalid_arguments")
