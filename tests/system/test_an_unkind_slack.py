"""The real processes with a Slack that is slow, rate limits, resets connections, and delivers twice."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.system.conftest import ADMIN, Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]
CAROL, BOB, DAVE = "U03CAROL", "U02BOB", "U04DAVE"
GIB = 1024**3


@pytest_asyncio.fixture(loop_scope="module")
async def slack(town: Town) -> AsyncIterator[Town]:
    """The town; all switches of its Slack are reset after each test."""
    yield town
    for what in ("faults", "irregularities", "calls"):
        await town.page.delete(f"/sandbox/slack/{what}")
    await town.switch("latency", seconds=0)
    await town.switch("tiers", on=False)
    await town.switch("tokens", bot=None)
    await town.switch("subscriptions", events=["app_home_opened"])
    await town.switch("scopes", remove=["im:history", "app_mentions:read"])


def limit_of(town: Town, name: str) -> int | None:
    namespace = town.registry.organization(name)
    assert namespace is not None
    return namespace.quota.limit_bytes if namespace.quota else None


async def writes(town: Town, name: str) -> int:
    """Number of requests to Quay that change a quota of this namespace."""
    quay = town.environment["QUAY_URL"]
    requests = (await town.page.get(f"{quay}/sandbox/quay/requests")).json()["requests"]
    return sum(one["method"] == "PUT" and f"/{name}/" in one["path"] for one in requests)


async def shown_to(town: Town, user: str) -> list[dict[str, Any]]:
    """The messages of the admin channel that a user sees."""
    query = {"channel": ADMIN, "user": user}
    found: list[dict[str, Any]] = (await town.page.get("/sandbox/slack/messages", params=query)).json()["messages"]
    return found


async def message(town: Town, ts: str) -> dict[str, Any]:
    """A message of the admin channel as it is now."""
    return next(one for one in await shown_to(town, BOB) if one["ts"] == ts)


async def calls(town: Town, method: str) -> list[dict[str, Any]]:
    found = (await town.page.get("/sandbox/slack/calls")).json()
    return [one for one in found if one["method"] == method]


async def test_a_change_runs_once_with_slow_calls_and_rate_limits(slack: Town) -> None:
    """0.3 s per call, and Slack's own tiers."""
    await slack.switch("latency", seconds=0.3)
    await slack.switch("tiers", on=True)
    await slack.say(CAROL, "/quay quota set team-alpha 101GiB")
    plan = await slack.sees(CAROL, "*101 GiB*", "change_confirm")
    await slack.press(CAROL, plan, "change_confirm")
    await slack.sees(DAVE, "<@U03CAROL>", "101 GiB")
    assert limit_of(slack, "team-alpha") == 101 * GIB
    assert await writes(slack, "team-alpha") == 1
    assert all(one["error"] != "ratelimited" for one in await calls(slack, "chat.postMessage"))


async def test_a_click_delivered_twice_at_once_is_one_change(slack: Town) -> None:
    """The same bytes, the same signature."""
    await slack.say(CAROL, "/quay quota set team-beta 102GiB")
    plan = await slack.sees(CAROL, "*102 GiB*", "change_confirm")
    before = await writes(slack, "team-beta")
    await slack.switch("irregularities", how="twice", of="block_actions")
    await slack.press(CAROL, plan, "change_confirm")
    await slack.sees(DAVE, "<@U03CAROL>", "102 GiB")
    assert await writes(slack, "team-beta") == before + 1
    delivered = (await slack.page.get("/sandbox/slack/deliveries")).json()[-2:]
    assert delivered[0]["payload"] == delivered[1]["payload"]
    assert [one["status"] for one in delivered] == [200, 200]


async def test_a_click_acknowledged_too_late_still_counts(slack: Town) -> None:
    """The approver sees a timeout, then the outcome."""
    await slack.say(DAVE, "/quay quota set team-data 103GiB")
    card = await slack.sees(BOB, "*103 GiB*", "change_approve")
    before = await writes(slack, "team-data")
    await slack.switch("irregularities", how="late", of="block_actions")
    place = {"channel": ADMIN, "ts": card["ts"], "block_id": card["blocks"][-1]["block_id"]}
    late = await slack.page.post(
        "/sandbox/slack/act", json={"user": BOB, **place, "action": {"action_id": "change_approve"}}
    )
    assert late.json() == {"ok": False, "error": "operation_timeout"}
    await slack.sees(BOB, "103 GiB", "✅")
    assert await writes(slack, "team-data") == before + 1


async def test_a_rate_limited_edit_is_made_up_for(slack: Town) -> None:
    """The change runs meanwhile; the card follows."""
    await slack.say(DAVE, "/quay quota set team-alpha 104GiB")
    card = await slack.sees(BOB, "*104 GiB*", "change_approve")
    await slack.switch("faults", method="chat.update", status=429, seconds=2)
    await slack.press(BOB, card, "change_approve")

    async def done() -> bool:
        return limit_of(slack, "team-alpha") == 104 * GIB

    await slack.until(done)

    async def shown() -> bool:
        return "✅" in str(await message(slack, card["ts"]))

    await slack.until(shown)
    assert any(one["error"] == "ratelimited" for one in await calls(slack, "chat.update"))


async def test_a_message_is_posted_once_after_a_reset_connection(slack: Town) -> None:
    """The first attempt had no effect."""
    await slack.switch("faults", method="chat.postMessage", connection="reset")
    await slack.say(DAVE, "/quay quota set team-beta 105GiB")
    await slack.sees(BOB, "*105 GiB*", "change_approve")
    assert sum("*105 GiB*" in str(one["blocks"]) for one in await shown_to(slack, BOB)) == 1
    lost, *_ = await calls(slack, "chat.postMessage")
    assert (lost["status"], lost["error"]) == (0, "reset")


@pytest.mark.parametrize("status", [404, 410, 429, 500])
async def test_an_answer_arrives_when_its_response_url_fails(slack: Town, status: int) -> None:
    """By another way, and still for its user only."""
    await slack.switch("faults", method="response_url", status=status, times=None)
    latest = (await shown_to(slack, CAROL))[-1]["ts"]
    await slack.say(CAROL, "/quay quota show team-beta")
    answer = await slack.sees(CAROL, "team-beta is at", after=latest)
    assert answer["ephemeral"]


async def test_messages_the_bot_does_not_handle_are_acknowledged(slack: Town) -> None:
    """So that Slack doesn't retry them."""
    await slack.switch("subscriptions", events=["app_home_opened", "message.im", "app_mention"])
    await slack.switch("scopes", add=["im:history", "app_mentions:read"])
    await slack.page.delete("/sandbox/slack/deliveries")
    await slack.say(CAROL, "hello", "D03CAROL")
    await slack.say(CAROL, "@quaymaster hello", ADMIN)

    async def delivered() -> list[dict[str, Any]]:
        log = (await slack.page.get("/sandbox/slack/deliveries")).json()
        return [one for one in log if one["status"] is not None]

    async def both() -> bool:
        return {one["name"] for one in await delivered()} >= {"message", "app_mention"}

    await slack.until(both)
    assert {one["status"] for one in await delivered()} == {200}


async def test_nothing_is_allowed_while_the_token_is_revoked(slack: Town) -> None:
    """Slack can't say who the user is; the user is told so."""
    await slack.switch("person", id="U08ERIN", name="erin")
    await slack.switch("channel", id=ADMIN, join=["U08ERIN"])
    await slack.switch("tokens", bot="token_revoked")
    await slack.say("U08ERIN", "/quay quota show team-alpha")
    refused = await slack.sees("U08ERIN", "Slack did not say who this is")
    assert (refused["ephemeral"], "GiB" in str(refused)) == (True, False)


async def test_ten_minutes_of_429_hold_up_no_change(slack: Town) -> None:
    """Cards can wait; the call to Quay, the requester's answer and the announcement don't."""
    await slack.say(DAVE, "/quay quota set team-alpha 106GiB")
    card = await slack.sees(BOB, "*106 GiB*", "change_approve")
    await slack.switch("faults", method="chat.update", status=429, retry_after=600, seconds=600)
    began = time.monotonic()
    await slack.press(BOB, card, "change_approve")

    async def done() -> bool:
        return limit_of(slack, "team-alpha") == 106 * GIB

    await slack.until(done)
    assert time.monotonic() - began < 5, "far less than the 600 s that Slack wants to be left alone"
    await slack.sees(DAVE, "<@U04DAVE>", "106 GiB")
    limited = [one for one in await calls(slack, "chat.update") if one["error"] == "ratelimited"]
    assert len(limited) <= 2, "each process asks once and then remembers"


async def test_an_outcome_is_announced_once_at_ordinary_latency(slack: Town) -> None:
    """Both processes deliver while the change moves on."""
    await slack.switch("latency", seconds=0.3)
    for gib in (107, 108, 109):
        await slack.say(DAVE, f"/quay quota set team-alpha {gib}GiB")
        card = await slack.sees(BOB, f"*{gib} GiB*", "change_approve")
        await slack.press(BOB, card, "change_approve")
        await slack.sees(DAVE, "<@U04DAVE>", f"{gib} GiB")
    query = {"channel": ADMIN, "user": BOB}
    shown = (await slack.page.get("/sandbox/slack/messages", params=query)).json()["messages"]
    for gib in (107, 108, 109):
        said = [one for one in shown if "<@U04DAVE>: " in str(one["blocks"]) and f"to {gib} GiB" in str(one["blocks"])]
        assert len(said) == 1
