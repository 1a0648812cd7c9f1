"""The real processes at a registry that answers badly, late, in circles, or says no between plan and call."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.system.conftest import Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]

CAROL = "U03CAROL"
CHANGE_OF_A_QUOTA = "changeUserQuotaSuperUser"
Door = httpx.AsyncClient


@pytest_asyncio.fixture(loop_scope="module")
async def door(town: Town) -> Any:
    """The control door of the simulated Quay that the bot talks to; what a test switched is over with it."""
    async with httpx.AsyncClient(base_url=f"{town.environment['QUAY_URL']}/sandbox/quay") as quay:
        yield quay
        assert (await quay.post("faults", json={})).is_success


async def switch(door: Door, **faults: Any) -> None:
    answer = await door.post("faults", json=faults)
    assert answer.is_success, answer.text


async def plan(town: Town, size: str) -> dict[str, Any]:
    """The plan of a new quota that Carol may confirm herself."""
    await town.say(CAROL, f"/quay quota set team-beta {size}")
    return await town.sees(CAROL, "team-beta", size.replace("GiB", " GiB"), "change_confirm")


def limit(town: Town) -> int:
    quota = town.registry.namespaces["team-beta"].quota
    assert quota is not None
    return quota.limit_bytes // 2**30


@pytest.mark.parametrize(
    ("kind", "namespace", "said"),
    [
        ("502", "platform", "returned 502 instead of Quay's answer"),
        ("503", "team-alpha", "returned 503 instead of Quay's answer"),
        ("504", "team-beta", "returned 504 instead of Quay's answer"),
        ("500", "team-billing", "Quay returned an error (500)"),
        ("429", "team-checkout", "Quay is limiting requests"),
        ("html", "team-data", "Quay's answer can't be read"),
        ("foreign", "team-edge", "Quay's answer can't be read"),
        ("garbled", "team-mobile", "Quay's answer can't be read"),
        ("cut", "team-ml-vision", "The connection to Quay broke"),
        ("closed", "team-ml-speech", "The connection to Quay broke"),
        ("reset", "library", "The connection to Quay broke"),
    ],
)
async def test_whatever_answers_instead_of_quay_is_told_in_words(
    town: Town, door: Door, kind: str, namespace: str, said: str
) -> None:
    """A gateway, something that is no Quay at all, a wire that breaks: none of it is taken for an answer."""
    await switch(door, failures=[{"kind": kind, "operation": "getOrganization", "remaining": None}])
    await town.say(CAROL, f"/quay quota show {namespace}")
    message = await town.sees(CAROL, f"quota show {namespace} did not work", said)
    assert message["ephemeral"]


async def test_a_slow_operation_is_waited_for(town: Town, door: Door) -> None:
    """Its answer comes as it always does."""
    await switch(door, slow=[{"operation": "getConfigDump", "seconds": 1}])
    await town.say(CAROL, "/quay config registry_title")
    await town.sees(CAROL, "REGISTRY_TITLE", "Sandbox Quay")


async def test_whoever_waits_for_quay_is_told_so_and_then_answered(town: Town, door: Door) -> None:
    """After two and a half seconds, to them alone; the answer is not lost with it."""
    await switch(door, slow=[{"operation": "getRegistrySize", "seconds": 4}])
    await town.say(CAROL, "/quay registry size")
    notice = await town.sees(CAROL, "Still waiting for Quay…")
    assert notice["ephemeral"]
    await town.sees(CAROL, "The registry holds", after=notice["ts"])


async def test_a_revoked_read_token_stops_nothing(town: Town, door: Door) -> None:
    """Reads go by the token for changes, which status says."""
    await switch(door, revoked_tokens=["sandbox-readonly"])
    await town.say(CAROL, "/quay users show registry-auditor")
    await town.sees(CAROL, "registry-auditor", "read-only superuser")
    await town.say(CAROL, "/quay status")
    await town.sees(CAROL, "QUAY_READ_TOKEN is wrong, expired or revoked. The bot reads with QUAY_TOKEN instead.")


@pytest.mark.parametrize(("kind", "person"), [("repeat", "nobody"), ("alternate", "noone")])
async def test_a_list_that_does_not_advance_is_given_up(town: Town, door: Door, kind: str, person: str) -> None:
    """After the few pages that it takes to see it; the probable cause is named."""
    await switch(door, stuck_pages=[{"kind": kind, "operation": "listAllLogs"}])
    await door.delete("requests")
    await town.say(CAROL, f"/quay logs --since 30d --user {person}")
    await town.sees(CAROL, f"--user {person} did not work", "PAGE_TOKEN_KEY")
    asked = [one for one in (await door.get("requests")).json()["requests"] if one["path"].endswith("/logs")]
    assert len(asked) <= 4


async def test_odd_entries_hide_no_others(town: Town, door: Door) -> None:
    """Neither a value that is null nor an entry that has no name keeps a list from being shown."""
    odd = [{"field": "quota_report.quota_bytes", "every": 3}, {"field": "username", "missing": True, "every": 4}]
    await switch(door, odd_entries=odd)
    await town.say(CAROL, "/quay users list")
    await town.sees(CAROL, "More than 20 users", "registry-auditor")


@pytest.mark.parametrize(
    ("kind", "said"),
    [("unauthorized", "token in QUAY_TOKEN is wrong, expired or revoked"), ("readonly", "currently read-only")],
)
async def test_a_registry_that_says_no_between_plan_and_call(town: Town, door: Door, kind: str, said: str) -> None:
    """The change is not done, is told as not done, and was sent once."""
    before = limit(town)
    card = await plan(town, f"{before + 1}GiB")
    await switch(door, failures=[{"kind": kind, "operation": CHANGE_OF_A_QUOTA, "remaining": None}])
    await door.delete("requests")
    await town.press(CAROL, card, "change_confirm")
    await town.sees(CAROL, f"{before + 1} GiB: not done", said, after=card["ts"])
    requests = (await door.get("requests")).json()["requests"]
    sent = [one for one in requests if one["method"] == "PUT" and "/team-beta/" in one["path"]]
    assert (len(sent), limit(town)) == (1, before)


async def test_a_gateway_that_gives_up_on_a_write_that_lands_is_put_right(town: Town, door: Door) -> None:
    """Unknown at first; seconds later the bot has looked again, and says so, on the card and as a correction."""
    wanted = limit(town) + 1
    card = await plan(town, f"{wanted}GiB")
    await switch(door, failures=[{"kind": "504", "operation": CHANGE_OF_A_QUOTA, "late_seconds": 3}])
    await door.delete("requests")
    await town.press(CAROL, card, "change_confirm")
    unknown = await town.sees(CAROL, f"{wanted} GiB*: outcome unknown", "three times within 90 s", after=card["ts"])
    await town.sees(CAROL, f"Correction: *Set the quota of team-beta to {wanted} GiB*: done", after=unknown["ts"])
    sent = [one for one in (await door.get("requests")).json()["requests"] if one["method"] == "PUT"]
    assert (len(sent), limit(town)) == (1, wanted)


@pytest.mark.parametrize("kind", ["closed", "502", "504"])
async def test_a_write_whose_answer_is_lost_lands_later_and_is_found(town: Town, door: Door, kind: str) -> None:
    """Unknown at first, never "not done"; whoever looks again after it landed is shown that it did."""
    wanted = limit(town) + 1
    card = await plan(town, f"{wanted}GiB")
    await switch(door, failures=[{"kind": kind, "operation": CHANGE_OF_A_QUOTA, "late_seconds": 3600}])
    await town.press(CAROL, card, "change_confirm")
    unknown = await town.sees(CAROL, f"{wanted} GiB: outcome unknown", after=card["ts"])
    assert limit(town) == wanted - 1
    assert (await door.post("late")).status_code == 204
    await town.press(CAROL, unknown, "look_again")
    await town.sees(CAROL, f"of {wanted} GiB", after=unknown["ts"])
    assert limit(town) == wanted
