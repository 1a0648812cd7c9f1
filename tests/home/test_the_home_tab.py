"""The Home tab: what its reader may decide, what they asked for, how full the registry is, and what they may do."""

import asyncio
import json
from typing import Any

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis

from bot.confirmations import Record
from bot.confirmations.store import READ_AT_ONCE
from bot.permissions import Actor, Policy
from bot.views.text import size
from handlers.home import LOOKED_AT, Home
from handlers.name_index import Names
from sandbox.slack.blocks import check_view
from tests.support.world import ADMIN, POLICY, TEAM, World

GIB = 1024**3
AT_HOME = {"name": "staff may look from home", "who": ["staff"], "may": ["read"], "in": ["home"]}
CHANGING_AT_HOME = {"name": "managers at home", "who": ["managers"], "may": ["quotas.change"], "in": ["home"]}


class Counting(Redis):
    """Counts the values that are read together."""

    read = 0

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.read += len(args) - 1 if args[0] == "MGET" else 0
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


async def home_of(world: World, user: str, names: Names | None = None, *, answered: str = "") -> dict[str, Any]:
    names = names or Names(world.quay, world.clock)
    home = Home(
        world.confirmations, world.authorization, names, world.app.files.grammar, world.measurement, world.clock
    )
    view = await home.view(await world.person(user), answered=answered)
    assert check_view(view) == []
    return view


def buttons(view: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [block["elements"] for block in view["blocks"] if block["type"] == "actions"]
    return [(button["action_id"], button["value"]) for row in rows for button in row]


def text(view: dict[str, Any]) -> str:
    return json.dumps(view, ensure_ascii=False)


def let(world: World, *rules: dict[str, Any]) -> None:
    world.policy = Policy.model_validate({**POLICY, "rules": [*POLICY["rules"], *rules]})


async def test_who_may_nothing_gets_a_plain_sentence(world: World) -> None:
    """No rule speaks of the Home tab, and nothing waits."""
    view = await home_of(world, "U0MALLORY")
    assert "Nothing waits for you" in text(view)
    assert buttons(view) == []


async def test_an_approver_sees_what_they_may_decide(world: World) -> None:
    """Judged in the record's own channel, with the same buttons as its card; others do not see it."""
    record = await world.propose("U0DAVE", "quota set", namespace="team-alpha", limit=100 * GIB)
    assert buttons(await home_of(world, "U0BOB")) == [("change_approve", record.id), ("change_reject", record.id)]
    assert buttons(await home_of(world, "U0MALLORY")) == []
    await world.click("U0BOB", "change_approve", record.id)
    assert buttons(await home_of(world, "U0BOB")) == []
    assert len(buttons(await home_of(world, "U0EVE"))) == 2


async def test_waiting_keys_are_decided_from_there(world: World) -> None:
    """Approve, Reject and Details of every key that waits, until it does not."""
    await world.key_requests.watch(ADMIN)
    waiting = buttons(await home_of(world, "U0BOB"))
    assert {action for action, _ in waiting} == {"key_approve", "key_reject", "key_details"}
    first = waiting[0][1]
    await world.click("U0BOB", "key_approve", first)
    assert first not in text(await home_of(world, "U0BOB"))


async def test_people_see_what_they_asked_for(world: World) -> None:
    """To confirm where that is enough, else to withdraw; until it expires."""
    own = await world.propose("U0CAROL", "quota set", "d1", namespace="team-alpha", limit=100 * GIB)
    asked = await world.propose("U0CAROL", "quota set", "d2", namespace="team-beta", limit=900 * GIB)
    view = await home_of(world, "U0CAROL")
    assert buttons(view) == [
        ("change_confirm", own.id),
        ("change_cancel", own.id),
        ("change_cancel", asked.id),
    ]
    assert "0 of 2 approvals" in text(view)
    world.clock.forward(minutes=11)
    assert own.id not in text(await home_of(world, "U0CAROL"))


async def test_the_registry_is_shown_from_memory(world: World) -> None:
    """The fullest namespaces and the size, with a way to change a limit for those who may; Quay is not asked."""
    let(world, AT_HOME, CHANGING_AT_HOME)
    names = Names(world.quay, world.clock)
    await names.refresh()
    async with AsyncClient(base_url=world.quay_url) as client:
        await client.delete("/sandbox/quay/requests")
        view = await home_of(world, "U0CAROL", names)
        assert (await client.get("/sandbox/quay/requests")).json()["requests"] == []
    assert "The registry holds" in text(view)
    raised = [
        b["accessory"]["value"] for b in view["blocks"] if b.get("accessory", {}).get("action_id") == "quota_raise"
    ]
    assert raised == [reading.namespace for reading in names.fullest[:5]]
    assert "quota_raise" not in text(await home_of(world, "U0MALLORY", names))


async def test_a_measurement_is_shown_as_soon_as_it_is_done(world: World) -> None:
    """The worker learns of it; the process that shows the tab has read the size before, and asks Quay no sooner."""
    let(world, AT_HOME)
    names = Names(world.quay, world.clock)
    await names.refresh()
    before = text(await home_of(world, "U0CAROL", names))
    world.registry.namespaces["team-alpha"].quota_bytes += 10 * 1024**4
    await world.carry_out("registry measure")
    assert "The registry holds" in before
    for _ in range(6):
        world.clock.forward(seconds=11)
        await world.measurement.follow()
    measured = size((await world.quay.get_registry_size()).size_bytes)
    assert f"The registry holds *{measured}*" not in before
    assert f"The registry holds *{measured}*" in text(await home_of(world, "U0CAROL", names))
    await names.refresh()
    assert f"The registry holds *{measured}*" in text(await home_of(world, "U0CAROL", names))


async def test_figures_are_for_those_who_may_read_them_there(world: World) -> None:
    """A rule for the admin channels is none for the Home tab."""
    names = Names(world.quay, world.clock)
    await names.refresh()
    assert "The registry holds" not in text(await home_of(world, "U0CAROL", names))
    assert "fullest" not in text(await home_of(world, "U0CAROL", names))


async def test_the_menu_of_the_home_tab_is_what_one_may_do_there(world: World) -> None:
    """As the slash command alone offers it in a channel."""
    let(world, AT_HOME)
    offered = [value for action, value in buttons(await home_of(world, "U0CAROL")) if action.startswith("menu:")]
    assert "quota show" in offered
    assert "quota set" not in offered


async def test_the_menu_says_where_its_answers_are(world: World) -> None:
    """In the Messages tab: before anything was pressed, and beside the buttons after it."""
    let(world, AT_HOME)
    assert "What you press here is answered in the *Messages* tab" in text(await home_of(world, "U0CAROL"))
    view = await home_of(world, "U0CAROL", answered="keys list")
    assert "`keys list` is answered in the *Messages* tab" in text(view)
    titles = [block.get("text", {}).get("text") for block in view["blocks"]]
    assert titles.index("What you may do from here") < next(i for i, t in enumerate(titles) if "Messages" in str(t))


async def test_a_change_from_the_home_tab_is_judged_there(world: World) -> None:
    """At each step: a rule for the Home tab is enough, and where it goes the change can no longer be confirmed."""
    let(world, CHANGING_AT_HOME)
    plan = await world.type("U0CAROL", "quota set team-alpha 100GiB", channel="home")
    assert plan is not None
    (record,) = await world.confirmations.waiting()
    assert (record.channel, record.private) == ("home", True)
    let(world)
    refused = await world.click("U0CAROL", "change_confirm", record.id)
    assert refused is not None
    assert "You may no longer confirm this" in refused.message.text
    let(world, CHANGING_AT_HOME)
    await world.click("U0CAROL", "change_confirm", record.id)
    (done,) = await world.work()
    assert done.state == "done"


async def many(world: World, number: int, user: str = "U0DAVE") -> list[Record]:
    """So many pending changes of one person, each with an id of its own; the first expires first."""
    first = await world.propose(user, "quota set", user, namespace="team-alpha", limit=900 * GIB)
    others = [first.model_copy(update={"id": f"{user}{place:06}"}) for place in range(1, number)]
    async with world.redis.pipeline(transaction=False) as pipeline:
        for place, record in enumerate(others, 1):
            key = world.confirmations.keys.record(record.id)
            pipeline.set(key, world.confirmations.sealer.seal(key, record.model_dump(mode="json")))
            pipeline.zadd(world.confirmations.keys.waiting, {record.id: record.expires_at.timestamp() + place / 1000})
        await pipeline.execute()
    return [first, *others]


@pytest.mark.parametrize("number", [1, 16, 24, 40, 200])
async def test_a_view_holds_as_many_records_as_its_hundred_blocks(world: World, number: int) -> None:
    """Of the others it says how many there are; what else the tab shows is always there."""
    let(world, AT_HOME)
    await many(world, number)
    await world.freezer.freeze(Actor(TEAM, "U0ALICE"), "Alice", ADMIN, "for an upgrade")
    view = await home_of(world, "U0BOB")
    shown = sum(action == "change_approve" for action, _ in buttons(view))
    assert f"Waiting for you: {number}" in text(view)
    assert ("more, which expire later" in text(view)) == (shown < number)
    assert shown == number or f"And {number - shown} more" in text(view)
    assert shown == number or 95 <= len(view["blocks"]) <= 100
    assert "Changes are frozen" in text(view)
    assert "What you may do from here" in text(view)


async def test_ones_own_requests_have_room_beside_what_one_decides(world: World) -> None:
    """However much waits: a quarter of it, and less where less is needed."""
    let(world, {"name": "approvers may ask", "who": ["approvers"], "may_request": ["quotas.change"]})
    await many(world, 100)
    own = await many(world, 100, "U0BOB")
    view = await home_of(world, "U0BOB")
    shown = [value for action, value in buttons(view) if action == "change_cancel"]
    assert shown == [record.id for record in own[: len(shown)]]
    assert 10 <= len(shown) <= 13
    assert f"And {100 - len(shown)} more" in text(view)


async def test_eight_tabs_at_once_leave_turns_to_others(world: World) -> None:
    """With a thousand pending changes: each tab reads the first 300, and says how many more there are."""
    await many(world, 1000)
    counting = Counting(connection_pool=world.redis.connection_pool)
    world.confirmations.redis = counting
    turns, over = 0, False

    async def others() -> None:
        nonlocal turns
        while not over:
            await asyncio.sleep(0)
            turns += 1

    ticking = asyncio.create_task(others())
    views = await asyncio.gather(*(home_of(world, "U0BOB") for _ in range(8)))
    over = True
    await ticking
    assert counting.read == 8 * LOOKED_AT
    assert turns > 8 * LOOKED_AT / READ_AT_ONCE
    assert {f"{1000 - LOOKED_AT} more changes are pending" in text(view) for view in views} == {True}


async def test_a_slack_that_does_not_say_who_one_is_takes_nothing_away(world: World) -> None:
    """The tab says that Slack isn't answering, not that there is nothing; what came of a click is still shown."""
    world.web.unreachable = True
    view = await home_of(world, "U0BOB")
    assert "Slack isn't answering, so I can't tell who you are or what you can do here" in text(view)
    assert "there is nothing that you may do" not in text(view)
    assert buttons(view) == []


async def test_changes_whose_requester_slack_does_not_know_are_counted(world: World) -> None:
    """They can't be judged, so the tab doesn't claim that nothing waits."""
    await many(world, 3)
    world.clock.forward(minutes=1)
    world.web.silent_about.add("U0DAVE")
    view = await home_of(world, "U0BOB")
    assert "Slack didn't say who requested 3 more pending changes" in text(view)
    assert "Nothing waits for you" not in text(view)
