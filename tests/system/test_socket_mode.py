"""Socket Mode through two real processes: a bad line loses nothing, and nothing is done twice."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.system.conftest import ADMIN, Town, Transport
from tests.system.test_a_restart_answers_everyone import another_web, slow_quay

pytestmark = pytest.mark.asyncio(loop_scope="module")
PROCESSES = 2
CONNECTIONS = 2
"""Of each process."""


@pytest.fixture(scope="module")
def transport() -> Transport:
    return "socket"


@pytest.fixture(scope="module")
def serving_processes() -> int:
    return PROCESSES


async def connections(town: Town) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await town.page.get("/sandbox/slack/socket")).json()["connections"]
    return found


async def connected(town: Town, *, besides: set[int] | None = None) -> set[int]:
    """Wait until every process has its connections, without these."""

    async def look() -> set[int]:
        numbers = {one["number"] for one in await connections(town)}
        enough = len(numbers) == PROCESSES * CONNECTIONS and not numbers & (besides or set())
        return numbers if enough else set()

    found: set[int] = await town.until(look)
    return found


async def deliveries(town: Town, names: set[str]) -> list[dict[str, Any]]:
    """What Slack sent of these commands."""
    log: list[dict[str, Any]] = (await town.page.get("/sandbox/slack/deliveries")).json()
    return [one for one in log if one["payload"].get("text") in names]


async def answers(town: Town, names: set[str]) -> Counter[str]:
    """How often each of these wrong commands was corrected."""
    found = await town.page.get("/sandbox/slack/messages", params={"channel": ADMIN, "user": "U03CAROL"})
    texts = [message["text"] for message in found.json()["messages"] if message["is_bot"]]
    return Counter({name: sum(f"'{name}'" in text for text in texts) for name in names})


@asynccontextmanager
async def typing(town: Town) -> AsyncIterator[set[str]]:
    """Carol types wrong commands without a break, four at a time; yields their names."""
    names: set[str] = set()
    ended = asyncio.Event()

    async def type_on() -> None:
        while not ended.is_set():
            names.add(name := f"x{secrets.token_hex(6)}")
            await town.page.post(
                "/sandbox/slack/say", json={"user": "U03CAROL", "channel": ADMIN, "text": f"/quay {name}"}, timeout=30
            )

    typists = [asyncio.create_task(type_on()) for _ in range(4)]
    try:
        yield names
    finally:
        ended.set()
        await asyncio.gather(*typists)


async def answered_once(town: Town, names: set[str]) -> None:
    """Wait until each of these commands was answered, and see that none was twice."""

    async def all_answered() -> bool:
        return all((await answers(town, names)).values())

    await town.until(all_answered)
    assert set((await answers(town, names)).values()) == {1}


async def test_there_is_no_address_for_deliveries(town: Town) -> None:
    """Whoever watches the processes is answered, and nobody else."""
    for door in town.doors:
        assert (await town.page.post(f"{door}/slack/events", content="command=%2Fquay")).status_code == 404
        assert (await town.page.get(f"{door}/healthz")).json() == {"ok": True}


async def test_processes_share_the_envelopes(town: Town) -> None:
    """Each is acknowledged by the process that got it, and answered once."""
    await connected(town)
    before = {one["number"]: one["delivered"] for one in await connections(town)}
    async with typing(town) as names:

        async def enough() -> bool:
            return len(names) > 40

        await town.until(enough)
    assert all(one["delivered"] > before[one["number"]] for one in await connections(town))
    await answered_once(town, names)


async def test_a_forced_refresh_under_load_loses_nothing(town: Town) -> None:
    """All connections of all processes at once, with two seconds' warning."""
    before = await connected(town)
    async with typing(town) as names:
        await town.switch("socket", do="refresh", warning_seconds=2)
        await connected(town, besides=before)
    assert len(names) > 40
    assert {one["failure"] for one in await deliveries(town, names)} == {None}
    await answered_once(town, names)


async def test_connections_that_break_under_load_lose_nothing(town: Town) -> None:
    """All but one: what was on its way goes over that one, and nothing is done twice."""
    before = await connected(town)
    async with typing(town) as names:
        for number in sorted(before)[1:]:
            await town.switch("socket", do="reset", connection=number)
        await connected(town, besides=before - {min(before)})
    assert {one["failure"] for one in await deliveries(town, names)} == {None}
    await answered_once(town, names)


async def test_an_outage_is_survived(town: Town) -> None:
    """Slack tells people that their command failed; the processes stay, say why they aren't ready, and come back."""
    before = await connected(town)
    await town.say("U03CAROL", "/quay quota set team-alpha 100GiB")
    plan = await town.sees("U03CAROL", "80 GiB → *100 GiB*", "change_confirm")
    await town.switch("socket", do="refuse")
    await town.switch("socket", do="reset")

    async def unready() -> bool:
        answers = [await town.page.get(f"{door}/readyz") for door in town.doors]
        return all(each.status_code == 503 and "Slack can't be reached" in each.text for each in answers)

    await town.until(unready)
    typed = {"user": "U03CAROL", "channel": ADMIN, "text": "/quay help"}
    assert (await town.page.post("/sandbox/slack/say", json=typed)).json()["error"] == "dispatch_failed"
    await asyncio.sleep(2)
    await town.switch("socket", do="accept")
    await connected(town, besides=before)
    await town.press("U03CAROL", plan, "change_confirm")
    await town.sees("U04DAVE", "<@U03CAROL>", "Quay confirms a quota of 100 GiB for team-alpha")


async def test_a_silent_connection_is_replaced(town: Town) -> None:
    """It stays open and sends nothing. People are told by Slack what failed; what was answered was answered once."""
    before = await connected(town)
    async with typing(town) as names:
        await town.switch("socket", do="mute", connection=min(before))
        await connected(town, besides={min(before)})
    sent = await deliveries(town, names)
    assert {one["failure"] for one in sent} <= {None, "operation_timeout"}
    failed = {one["payload"]["text"] for one in sent if one["failure"]}
    assert failed
    await answered_once(town, names - failed)


async def test_what_comes_twice_is_done_once(town: Town) -> None:
    """The same envelope, at the same time over connections of two processes, and again."""
    await connected(town)
    await town.page.delete("/sandbox/slack/deliveries")
    await town.switch("irregularities", how="twice")
    await town.say("U03CAROL", "/quay quota set team-edge 50GiB")
    plan = await town.sees("U03CAROL", "*50 GiB*", "change_confirm")
    await town.switch("irregularities", how="twice")
    await town.press("U03CAROL", plan, "change_confirm")
    await town.sees("U04DAVE", "Quay confirms a quota of 50 GiB for team-edge")
    for one in (await town.page.get("/sandbox/slack/deliveries")).json():
        assert one["failure"] is None
        assert (await town.switch("replay", number=one["number"]))["failure"] is None
    await town.say("U03CAROL", "/quay pending")
    assert "team-edge" not in str(await town.sees("U03CAROL", "pending change"))
    asked = (await town.page.get(f"{town.environment['QUAY_URL']}/sandbox/quay/requests")).json()["requests"]
    writes = [one["path"] for one in asked if one["method"] in {"POST", "PUT"} and "team-edge" in one["path"]]
    assert len([path for path in writes if path.endswith("/quota") or "/quota/" in path]) == 1


async def test_what_is_for_another_app_is_not_done(town: Town) -> None:
    """It is acknowledged; the same for the bot's own app is done."""
    kid = next(k.kid for k in town.registry.keys.values() if k.service == "quay_builder" and k.approval is None)
    card = await town.sees("U02BOB", kid, "waits for approval")
    button = next(e for e in card["blocks"][-1]["elements"] if e["action_id"] == "key_approve")
    click = town.click("U02BOB", card, button)
    assert await town.deliver(click.replace("A0SANDBOX", "A0OTHER")) == 200
    await town.say("U02BOB", "/quay status")
    await town.sees("U02BOB", "pending ·")
    assert town.registry.keys[kid].approval is None
    assert await town.deliver(click) == 200
    await town.sees("U04DAVE", kid, "✅", "*Approved* by Bob Brandt")


async def test_a_form_offers_names_and_says_what_is_wrong(town: Town) -> None:
    """In the acknowledgement."""
    await town.say("U03CAROL", "/quay quota set")
    view = await town.modal("U03CAROL", "quota set")
    asked = {"block_id": "field:namespace", "action_id": "search:namespaces", "value": "team-al"}
    typed = {"user": "U03CAROL", "view_id": view["id"], **asked}
    found = (await town.page.post("/sandbox/slack/suggest", json=typed)).json()["options"]
    chosen = {"search:namespaces": {"type": "external_select", "selected_option": found[0]}}
    values = {"field:namespace": chosen, "field:limit": {"value": {"value": "100"}}}
    refused = await town.page.post(
        "/sandbox/slack/submit", json={"user": "U03CAROL", "view_id": view["id"], "values": values}
    )
    assert "A size needs a unit" in refused.json()["errors"]["field:limit"]
    values["field:limit"] = {"value": {"value": "90GiB"}}
    await town.submit("U03CAROL", view, values)
    await town.sees("U03CAROL", "*90 GiB*", "change_confirm")


async def test_a_process_that_ends_closes_its_connections_first(town: Town) -> None:
    """What it has begun is answered; what comes meanwhile goes to the others."""
    before = await connected(town)
    await slow_quay(town, 1)
    async with another_web(town) as web:

        async def joined() -> set[int]:
            return {one["number"] for one in await connections(town)} - before

        mine = await town.until(joined)
        lists = [f"nobody{number}" for number in range(8)]
        await asyncio.gather(*(town.say("U03CAROL", f"/quay users list --match {name}") for name in lists))
        assert any(one["delivered"] for one in await connections(town) if one["number"] in mine)
        web.process.terminate()

        async def left() -> bool:
            return {one["number"] for one in await connections(town)} == before

        async with typing(town) as names:
            await town.until(left)
            with pytest.raises(httpx.TransportError):
                await town.page.get(f"{web.url}/healthz")
        assert await asyncio.wait_for(web.process.wait(), 15) == 0
    await slow_quay(town, 0)
    for name in lists:
        await town.sees("U03CAROL", f"No users matching “{name}”")
    await answered_once(town, names)
