"""Faults, called through slack_sdk: errors, statuses, latency, broken connections."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

ADMIN, ML = "C0REGADMIN", "C0ML"


async def refusal(call: Any) -> Any:
    """The response to a call that must be refused."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return refused.value.response


async def test_a_fault_lasts_for_so_many_calls_and_they_are_all_noted(slack: Any, web: AsyncWebClient) -> None:
    """One call by default; other methods aren't affected."""
    await slack.switch("faults", method="team.info", error="internal_error")
    assert (await web.auth_test())["ok"]
    assert (await refusal(web.team_info()))["error"] == "internal_error"
    assert (await web.team_info())["ok"]
    calls = (await slack.http.get("/sandbox/slack/calls")).json()
    assert [(call["method"], call["status"], call["ok"], call["error"]) for call in calls] == [
        ("auth.test", 200, True, None),
        ("team.info", 200, False, "internal_error"),
        ("team.info", 200, True, None),
    ]
    await slack.http.delete("/sandbox/slack/calls")
    assert (await slack.http.get("/sandbox/slack/calls")).json() == []


async def test_a_fault_without_a_count_lasts_until_it_is_cleared(slack: Any, web: AsyncWebClient) -> None:
    """Clearing one method keeps the faults of others."""
    await slack.switch("faults", method="team.info", error="fatal_error", times=None)
    await slack.switch("faults", method="usergroups.*", error="plan_upgrade_required", times=None)
    for _ in range(3):
        assert (await refusal(web.team_info()))["error"] == "fatal_error"
    await slack.http.delete("/sandbox/slack/faults", params={"method": "team.info"})
    assert (await web.team_info())["ok"]
    assert (await refusal(web.usergroups_list()))["error"] == "plan_upgrade_required"
    assert (await refusal(web.usergroups_users_list(usergroup="S0SECURITY")))["error"] == "plan_upgrade_required"
    await slack.http.delete("/sandbox/slack/faults")
    assert (await web.usergroups_list())["ok"]
    assert (await slack.http.get("/sandbox/slack/faults")).json() == []


@pytest.mark.parametrize("seconds", [1, 600])
async def test_a_method_is_limited_for_a_while(slack: Any, web: AsyncWebClient, clock: Any, seconds: int) -> None:
    """`Retry-After` is the remaining time by the workspace's clock; afterwards the method works again."""
    posted = await web.chat_postMessage(channel=ADMIN, text="x")
    await slack.switch("faults", method="chat.update", status=429, seconds=seconds)
    response = await refusal(web.chat_update(channel=ADMIN, ts=posted["ts"], text="y"))
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    assert response.headers["Retry-After"] == str(seconds)
    clock.passes(seconds=seconds - 0.5)
    response = await refusal(web.chat_update(channel=ADMIN, ts=posted["ts"], text="y"))
    assert response.headers["Retry-After"] == "1"
    clock.passes(seconds=0.5)
    assert (await web.chat_update(channel=ADMIN, ts=posted["ts"], text="y"))["ok"]


async def test_the_sdk_obeys_retry_after(slack: Any, web: AsyncWebClient) -> None:
    """With AsyncRateLimitErrorRetryHandler."""
    await slack.switch("faults", method="auth.test", status=429, retry_after=0)
    web.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    assert (await web.auth_test())["ok"]


@pytest.mark.parametrize(
    ("channel", "thread", "refused"),
    [(ADMIN, False, False), (ADMIN, True, True), (ML, True, False), ("#registry-admin", True, True)],
)
async def test_a_fault_can_be_for_one_channel_and_for_replies_alone(
    slack: Any, web: AsyncWebClient, channel: str, thread: bool, refused: bool
) -> None:
    """Also when the call names the channel instead of its id."""
    root = await web.chat_postMessage(channel=channel, text="root")
    wish = {"error": "cannot_reply_to_message", "channel": ADMIN, "in_thread": True}
    await slack.switch("faults", method="chat.postMessage", **wish)
    call = web.chat_postMessage(channel=channel, text="x", thread_ts=str(root["ts"]) if thread else None)
    if refused:
        assert (await refusal(call))["error"] == "cannot_reply_to_message"
    else:
        assert (await call)["ok"]


async def test_a_fault_can_be_for_the_direct_messages_of_one_person(slack: Any, web: AsyncWebClient) -> None:
    """Whether the call names the person or the DM channel."""
    await slack.switch("faults", method="chat.postMessage", channel="D02BOB", error="restricted_action", times=None)
    for channel in ("U02BOB", "D02BOB"):
        assert (await refusal(web.chat_postMessage(channel=channel, text="x")))["error"] == "restricted_action"
    assert (await web.chat_postMessage(channel="U01ALICE", text="x"))["ok"]


async def test_a_fault_can_be_for_one_person(slack: Any, web: AsyncWebClient) -> None:
    """By either id of that person; others aren't affected."""
    await slack.switch("person", id="U02BOB", enterprise_user_id="W02BOB")
    for method, error in (("users.info", "internal_error"), ("conversations.open", "cannot_dm_user")):
        await slack.switch("faults", method=method, user="U02BOB", error=error, times=None)
    assert (await refusal(web.users_info(user="W02BOB")))["error"] == "internal_error"
    assert (await refusal(web.conversations_open(users="U02BOB")))["error"] == "cannot_dm_user"
    assert (await web.users_info(user="U01ALICE"))["ok"]
    assert (await web.conversations_open(users="U01ALICE"))["ok"]


async def test_a_gateway_answers_in_html(slack: Any, web: AsyncWebClient) -> None:
    """The SDK raises without an error code; with `error`, Slack itself answers in JSON."""
    await slack.switch("faults", method="auth.test", status=503)
    response = await refusal(web.auth_test())
    assert (response.status_code, response.data) == (503, {})
    assert response.headers["content-type"].startswith("text/html")
    await slack.switch("faults", method="auth.test", status=500, error="fatal_error")
    response = await refusal(web.auth_test())
    assert (response.status_code, response["error"]) == (500, "fatal_error")


async def test_a_connection_can_be_reset(slack: Any, web: AsyncWebClient) -> None:
    """The call has no effect; the next one succeeds."""
    await slack.switch("faults", method="chat.postMessage", connection="reset")
    with pytest.raises(aiohttp.ClientConnectionError):
        await web.chat_postMessage(channel=ADMIN, text="x")
    assert await slack.texts() == []
    assert (await web.chat_postMessage(channel=ADMIN, text="x"))["ok"]
    [lost, _] = (await slack.http.get("/sandbox/slack/calls")).json()
    assert (lost["status"], lost["error"], lost["channel"]) == (0, "reset", ADMIN)


async def test_an_answer_can_be_lost_after_its_effect(slack: Any, web: AsyncWebClient) -> None:
    """The message is posted, but the client sees a broken connection."""
    await slack.switch("faults", method="chat.postMessage", connection="reset", after_effect=True)
    with pytest.raises(aiohttp.ClientConnectionError):
        await web.chat_postMessage(channel=ADMIN, text="x")
    assert await slack.texts() == ["x"]


async def test_a_call_can_stay_unanswered(slack: Any, web: AsyncWebClient) -> None:
    """Until the client times out."""
    await slack.switch("faults", method="auth.test", connection="silent")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(web.auth_test(), 0.1)
    assert (await web.auth_test())["ok"]


async def test_calls_can_be_slow(slack: Any, web: AsyncWebClient) -> None:
    """The longest matching pattern wins; 0 removes it."""

    async def taken(call: Any) -> float:
        began = time.perf_counter()
        await call
        return time.perf_counter() - began

    await slack.switch("latency", seconds=0.2)
    await slack.switch("latency", seconds=0.01, method="chat.*")
    assert await taken(web.auth_test()) >= 0.2
    assert 0.01 <= await taken(web.chat_postMessage(channel=ADMIN, text="x")) < 0.2
    await slack.switch("latency", seconds=0)
    assert await taken(web.auth_test()) < 0.2


async def test_the_bytes_of_a_file_can_be_refused(slack: Any, web: AsyncWebClient) -> None:
    """The second step of an upload."""
    await slack.switch("faults", method="upload", status=500)
    with pytest.raises(SlackRequestError, match="500"):
        await web.files_upload_v2(filename="a.txt", content="text", channel=ML)
    assert await slack.texts(ML) == []


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"method": "auth.test"},
        {"method": "auth.test", "status": 404.5},
        {"method": "auth.test", "error": "x", "times": 0},
        {"method": "auth.test", "error": "x", "colour": "red"},
        {"method": "auth.test", "connection": "loose"},
    ],
)
async def test_an_invalid_fault_is_refused(slack: Any, wish: dict[str, Any]) -> None:
    """With status 400 and the reason."""
    response = await slack.http.post("/sandbox/slack/faults", json=wish)
    assert (response.status_code, response.json()["ok"]) == (400, False)
    assert (await slack.http.get("/sandbox/slack/faults")).json() == []
