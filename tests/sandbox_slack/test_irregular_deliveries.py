"""Deliveries sent twice, replayed, acknowledged late or reordered, and the log of deliveries."""

import asyncio
from typing import Any

import pytest


async def deliveries(slack: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await slack.http.get("/sandbox/slack/deliveries")).json()
    return found


async def held(slack: Any) -> int:
    return int((await slack.http.get("/sandbox/slack/irregularities")).json()["held"])


async def test_the_log_has_each_delivery_and_its_acknowledgement(slack: Any, bot: Any) -> None:
    """With the time until it was acknowledged."""
    bot.says({"text": "here you are"})
    await slack.command("/quay help")
    bot.fails(500)
    await slack.command("/quay help")
    good, bad = await deliveries(slack)
    assert (good["number"], good["name"], good["way"], good["status"], good["failure"]) == (
        1,
        "command",
        "http",
        200,
        None,
    )
    assert (good["payload"]["text"], good["answer"]) == ("help", '{"text":"here you are"}')
    assert 0 < good["seconds"] < 1
    assert (bad["number"], bad["status"], bad["failure"]) == (2, 500, "http_service_error")
    await slack.http.delete("/sandbox/slack/deliveries")
    assert await deliveries(slack) == []


async def test_a_request_can_be_sent_twice_at_once(slack: Any, bot: Any) -> None:
    """The same bytes; only matching deliveries, only as often as requested."""
    await slack.switch("irregularities", how="twice", of="command")
    await slack.do("open_home")
    assert len(bot.got) == 1
    assert await slack.command("/quay help") == {"ok": True}
    await slack.command("/quay help")
    _, first, second, third = bot.got
    assert (first.body, first.headers["x-slack-signature"]) == (second.body, second.headers["x-slack-signature"])
    assert third.fields["trigger_id"] != first.fields["trigger_id"]


async def test_a_delivery_can_be_replayed(slack: Any, bot: Any, shapes: Any) -> None:
    """With the same signature or a new one."""
    await slack.command("/quay freeze")
    await slack.do("shortcut", callback_id="menu")
    replay = {"number": 1}
    bot.says({"text": "again"})
    answer = (await slack.http.post("/sandbox/slack/replay", json=replay)).json()
    assert (answer["ok"], answer["status"], answer["answer"]) == (True, 200, '{"text":"again"}')
    original, _, again = bot.got
    assert (again.body, again.headers["x-slack-signature"]) == (original.body, original.headers["x-slack-signature"])
    assert await slack.texts() == []
    slack.settings.signing_secret = "a new one"
    await slack.http.post("/sandbox/slack/replay", json=replay | {"anew": True})
    assert bot.got[-1].body == original.body
    assert bot.got[-1].headers["x-slack-signature"] != original.headers["x-slack-signature"]
    assert (await slack.http.post("/sandbox/slack/replay", json={"number": 99})).status_code == 400


@pytest.mark.parametrize(("latest_first", "order"), [(False, ["1", "2", "3"]), (True, ["3", "2", "1"])])
async def test_deliveries_can_be_held_and_reordered(slack: Any, bot: Any, latest_first: bool, order: list[str]) -> None:
    """Each is acknowledged before the next one is sent."""
    await slack.switch("irregularities", how="held", times=3)
    typed = []
    for number in (1, 2, 3):
        typed.append(asyncio.create_task(slack.command(f"/quay {number}")))
        async with asyncio.timeout(5):
            while await held(slack) < number:  # noqa: ASYNC110  # what is waited for is behind HTTP
                await asyncio.sleep(0.01)
    await slack.command("/quay not held")
    released = await slack.http.post("/sandbox/slack/release", json={"latest_first": latest_first})
    assert released.json() == {"ok": True, "released": 3}
    assert await asyncio.gather(*typed) == [{"ok": True}] * 3
    assert [one.fields["text"] for one in bot.got] == ["not held", *order]
    assert await held(slack) == 0


async def test_any_payload_can_be_delivered(slack: Any, bot: Any) -> None:
    """Such as one for another app. It is logged like the others."""
    payload = {"type": "view_closed", "api_app_id": "A0OTHER"}
    answer = await slack.http.post("/sandbox/slack/deliver", json={"kind": "interactive", "payload": payload})
    assert answer.json() == {"ok": True, "status": 200, "failure": None, "answer": ""}
    [got] = bot.got
    assert got.payload == payload
    assert [one["name"] for one in await deliveries(slack)] == ["view_closed"]
    refused = await slack.http.post("/sandbox/slack/deliver", json={"kind": "pigeon", "payload": {}})
    assert refused.status_code == 400


async def test_a_late_acknowledgement_is_a_timeout_for_the_user(slack: Any, bot: Any, shapes: Any) -> None:
    """Although the bot got the delivery."""
    posted = await slack.api("chat.postMessage", channel="C0REGADMIN", text="card", blocks=shapes.card())
    await slack.switch("irregularities", how="late", times=2)
    assert (await slack.command("/quay help"))["error"] == "operation_timeout"
    place = {"channel": "C0REGADMIN", "ts": posted["ts"], "block_id": "card"}
    assert (await slack.do("act", **place, action={"action_id": "change_approve"}))["error"] == "operation_timeout"
    assert len(bot.got) == 2
    [card, told] = (await slack.see("messages", channel="C0REGADMIN"))["messages"]
    assert "timed out" in card["warning"]["card"]
    assert told["text"] == '/quay failed with the error "operation_timeout"'


async def test_an_event_acknowledged_late_is_retried(slack: Any, bot: Any) -> None:
    """With the number of the retry."""
    await slack.switch("irregularities", how="late", of="app_home_opened", times=2)
    await slack.do("open_home")
    got = await bot.got_so_many(3)
    assert [one.headers.get("x-slack-retry-num") for one in got] == [None, "1", "2"]
    assert {one.headers["x-slack-retry-reason"] for one in got[1:]} == {"http_timeout"}
    assert len({one.event["event_id"] for one in got}) == 1


async def test_irregularities_can_be_cleared(slack: Any, bot: Any) -> None:
    """Also those without a count."""
    await slack.switch("irregularities", how="twice", times=None)
    for _ in range(2):
        await slack.command("/quay help")
    assert len(bot.got) == 4
    left = await slack.http.delete("/sandbox/slack/irregularities")
    assert left.json() == {"irregularities": [], "held": 0}
    await slack.command("/quay help")
    assert len(bot.got) == 5
    assert (await slack.http.post("/sandbox/slack/irregularities", json={"how": "sung"})).status_code == 400
