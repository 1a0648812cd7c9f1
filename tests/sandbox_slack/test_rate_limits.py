"""Slack's rate limits when switched on: tiers by method, messages by channel."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

ADMIN, ML = "C0REGADMIN", "C0ML"
A_MINUTE = {
    "usergroups.list": 20,
    "usergroups.users.list": 20,
    "chat.update": 50,
    "conversations.info": 50,
    "views.open": 100,
    "views.update": 100,
    "views.publish": 100,
    "users.info": 100,
}


async def retry_after(call: Any) -> int:
    """The `Retry-After` of a call that must be limited."""
    with pytest.raises(SlackApiError) as refused:
        await call
    assert (refused.value.response.status_code, refused.value.response["error"]) == (429, "ratelimited")
    return int(refused.value.response.headers["Retry-After"])


@pytest.fixture
async def tiers(slack: Any) -> None:
    """Rate limits are on."""
    await slack.switch("tiers", on=True)


async def test_nothing_is_limited_before_it_is_switched_on(slack: Any, web: AsyncWebClient) -> None:
    """The default."""
    for _ in range(60):
        await web.usergroups_list()
    assert (await slack.http.get("/sandbox/slack/tiers")).json()["on"] is False


@pytest.mark.parametrize(("method", "calls"), A_MINUTE.items())
async def test_a_tier_is_so_many_calls_a_minute(
    slack: Any, web: AsyncWebClient, clock: Any, tiers: None, method: str, calls: int
) -> None:
    """Calls refused for other reasons count. A minute after the first call, the next one is allowed."""
    args = {"channel": ADMIN, "user": "U01ALICE", "usergroup": "S0SECURITY"}
    for _ in range(calls):
        assert (await slack.api(method, **args)).get("error") != "ratelimited"
    clock.passes(seconds=20)
    assert await retry_after(web.api_call(method, json=args)) == 40
    clock.passes(seconds=39.5)
    assert await retry_after(web.api_call(method, json=args)) == 1
    clock.passes(seconds=0.5)
    assert (await slack.api(method, **args)).get("error") != "ratelimited"


async def test_edits_are_counted_over_all_channels(slack: Any, web: AsyncWebClient, tiers: None) -> None:
    """Fifty in one channel use up the limit of all."""
    ts = {channel: (await web.chat_postMessage(channel=channel, text="x"))["ts"] for channel in (ADMIN, ML)}
    for n in range(50):
        await web.chat_update(channel=ADMIN, ts=ts[ADMIN], text=str(n))
    assert await retry_after(web.chat_update(channel=ML, ts=ts[ML], text="y")) == 60


async def test_messages_are_counted_by_channel(slack: Any, web: AsyncWebClient, clock: Any, tiers: None) -> None:
    """A burst of five, then one per second; each channel has its own limit."""
    for n in range(5):
        await web.chat_postMessage(channel=ADMIN, text=str(n))
        clock.passes(seconds=0.1)
    assert await retry_after(web.chat_postMessage(channel="#registry-admin", text="x")) == 5
    assert (await web.chat_postMessage(channel=ML, text="x"))["ok"]
    clock.passes(seconds=4.5)
    assert (await web.chat_postMessage(channel=ADMIN, text="x"))["ok"]
    for _ in range(30):
        clock.passes(seconds=1)
        assert (await web.chat_postMessage(channel=ADMIN, text="x"))["ok"]


async def test_a_tier_can_be_made_smaller(slack: Any, web: AsyncWebClient, tiers: None) -> None:
    """So that a test doesn't need a hundred calls."""
    await slack.switch("tiers", on=True, per_minute={"auth.test": 1})
    assert (await web.auth_test())["ok"]
    assert await retry_after(web.auth_test()) == 60
    await slack.switch("tiers", on=False)
    assert (await web.auth_test())["ok"]
