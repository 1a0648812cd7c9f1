"""Wrong and revoked tokens, tokens of the wrong type, and scopes."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


async def refusal(call: Any) -> Any:
    """The response to a call that must be refused."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return refused.value.response


@pytest.mark.parametrize("word", ["token_revoked", "account_inactive", "token_expired", "invalid_auth"])
async def test_a_token_can_be_revoked_at_run_time(slack: Any, web: AsyncWebClient, word: str) -> None:
    """Every method refuses it with the same error and without scopes; it can be accepted again."""
    await slack.switch("tokens", bot=word)
    for call in (web.auth_test(), web.chat_postMessage(channel="C0ML", text="x")):
        response = await refusal(call)
        assert response["error"] == word
        assert "x-oauth-scopes" not in response.headers
    await slack.switch("tokens", bot=None)
    assert (await web.auth_test())["ok"]


async def test_a_token_of_the_wrong_type_is_refused(slack: Any, web: AsyncWebClient) -> None:
    """App-level tokens are for Socket Mode only."""
    assert (await refusal(web.auth_test(token="xapp-sandbox")))["error"] == "not_allowed_token_type"
    assert (await refusal(web.auth_test(token="xoxb-of-another-workspace")))["error"] == "invalid_auth"


async def test_bots_info_tells_the_app_of_a_bot(web: AsyncWebClient) -> None:
    """auth.test doesn't: it tells the bot."""
    who = await web.auth_test()
    assert "app_id" not in who.data
    assert (await web.bots_info(bot=who["bot_id"]))["bot"]["app_id"] == "A0SANDBOX"
    assert (await refusal(web.bots_info(bot="B0OTHER")))["error"] == "bot_not_found"


async def test_auth_test_tells_the_scopes_in_a_header(slack: Any, web: AsyncWebClient) -> None:
    """So do all methods, with the scope they need."""
    header = (await web.auth_test()).headers["x-oauth-scopes"]
    assert header.split(",") == sorted(slack.settings.scopes)
    answer = await web.users_info(user="U01ALICE")
    assert answer.headers["x-accepted-oauth-scopes"] == "users:read"


@pytest.mark.parametrize(
    ("scope", "method", "args"),
    [
        ("chat:write", "chat.postMessage", {"channel": "C0ML", "text": "x"}),
        ("chat:write", "chat.update", {"channel": "C0ML", "ts": "1.1", "text": "x"}),
        ("users:read", "bots.info", {"bot": "B0BOT"}),
        ("users:read", "users.info", {"user": "U01ALICE"}),
        ("users:read.email", "users.lookupByEmail", {"email": "alice@example.com"}),
        ("usergroups:read", "usergroups.list", {}),
        ("im:write", "conversations.open", {"users": "U01ALICE"}),
        ("files:write", "files.getUploadURLExternal", {"filename": "a.txt", "length": 1}),
        ("team:read", "team.info", {}),
        ("channels:read", "conversations.info", {"channel": "C0ML"}),
        ("groups:read", "conversations.list", {"types": "private_channel"}),
    ],
)
async def test_each_method_needs_its_scope(
    slack: Any, web: AsyncWebClient, scope: str, method: str, args: dict[str, Any]
) -> None:
    """The refusal names the scope and what the token has; the header no longer lists it."""
    changed = await slack.http.post("/sandbox/slack/scopes", json={"remove": [scope]})
    assert scope not in changed.json()["scopes"]
    response = await refusal(web.api_call(method, json=args))
    assert (response["error"], response["needed"]) == ("missing_scope", scope)
    assert response["provided"].split(",") == changed.json()["scopes"]
    assert response.headers["x-oauth-scopes"] == response["provided"]
    await slack.http.post("/sandbox/slack/scopes", json={"add": [scope]})
    assert (await slack.api(method, **args)).get("error") != "missing_scope"


@pytest.mark.parametrize("wish", [{"user": "token_revoked"}, []])
async def test_there_are_two_tokens(slack: Any, wish: Any) -> None:
    """Others are refused."""
    assert (await slack.http.post("/sandbox/slack/tokens", json=wish)).status_code == 400
