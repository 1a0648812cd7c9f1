"""A quota that takes three writes: each is noted before it is sent, and sent once; a failure between is told whole."""

from typing import Any

import pytest

from bot.confirmations import TAKEN_OVER_AFTER
from sandbox.quay.state import Quota
from tests.support.mortals import Death
from tests.support.quotas import GIB, Way, prepare, pushes
from tests.support.world import World

CREATING = ("none", "quota set team-alpha 100GiB --warn 80 --reject 100")
CHANGING = ("own with limits", "quota set team-alpha 200GiB --warn 70 --reject 90")
SENT: dict[tuple[str, str], list[tuple[str, Any]]] = {
    CREATING: [
        ("POST", {"limit_bytes": 100 * GIB}),
        ("POST", {"type": "Reject", "threshold_percent": 100}),
        ("POST", {"type": "Warning", "threshold_percent": 80}),
    ],
    CHANGING: [
        ("PUT", {"threshold_percent": 90}),
        ("PUT", {"threshold_percent": 70}),
        ("PUT", {"limit_bytes": 200 * GIB}),
    ],
}
NOTED = {
    CREATING: ["createUserQuotaSuperUser", "createOrganizationQuotaLimit", "createOrganizationQuotaLimit"],
    CHANGING: ["changeOrganizationQuotaLimit", "changeOrganizationQuotaLimit", "changeUserQuotaSuperUser"],
}
HELD: dict[tuple[str, str], list[tuple[str, str]]] = {
    # after so many writes: the quota and its limits as they are told, and how pushes fare at 50, 85, 95, 105, 150, 250
    CREATING: [
        ("team-alpha has no quota of its own.", "......"),
        ("The quota of team-alpha is 100 GiB, with limits: none.", "......"),
        ("The quota of team-alpha is 100 GiB, with limits: reject 100%.", "...RRR"),
        ("Quay confirms a quota of 100 GiB for team-alpha.", ".wwRRR"),
    ],
    CHANGING: [
        ("The quota of team-alpha is 100 GiB, with limits: warning 80%, reject 100%.", ".wwRRR"),
        ("The quota of team-alpha is 100 GiB, with limits: warning 80%, reject 90%.", ".wRRRR"),
        ("The quota of team-alpha is 100 GiB, with limits: warning 70%, reject 90%.", ".wRRRR"),
        ("Quay confirms a quota of 200 GiB for team-alpha.", "....wR"),
    ],
}
FINISH = {
    CREATING: "To finish, run: quota set team-alpha 100GiB --warn 80 --reject 100",
    CHANGING: "To finish, run: quota set team-alpha 200GiB --warn 70 --reject 90",
}


async def confirmed(world: World, text: str) -> str:
    await world.type("U0CAROL", text)
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_confirm", record.id)
    return record.id


async def intents(world: World) -> list[str]:
    """What the audit says was about to be sent, in order."""
    entries = [entry async for entry in world.audit.entries() if entry.event == "change_intent"]
    return [str(entry.details["operation"]) for entry in entries][::-1]


CASES = [CREATING, CHANGING]
NAMES = ["creating", "changing"]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
async def test_each_write_is_noted_and_sent_once_in_its_order(way: tuple[World, Way], case: tuple[str, str]) -> None:
    """What refuses more comes first, the Reject before the Warning, what refuses less last."""
    world, way_ = way
    namespace = prepare(world, case[0])
    await confirmed(world, case[1])
    (done,) = await world.work()
    assert (done.state, way_.sent, await intents(world)) == ("done", SENT[case], NOTED[case])
    assert pushes(world, namespace) == HELD[case][3][1]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize(
    ("broken", "state", "took"),
    [
        ("refused", "failed", 0),
        ("500 before", "failed", 0),
        ("500 after", None, 1),
        ("lost before", "unknown", 0),
        ("lost after", None, 1),
    ],
)
async def test_what_fails_in_between_ends_it_and_what_holds_is_told(
    way: tuple[World, Way], case: tuple[str, str], place: int, broken: str, state: str | None, took: int
) -> None:
    """Nothing that follows is sent; of what was lost nobody can be sure, unless all of it is there."""
    world, way_ = way
    namespace = prepare(world, case[0])
    way_.breaks[place] = broken
    await confirmed(world, case[1])
    (ended,) = await world.work()
    landed = place + took
    if state is None:
        state = "done" if landed == 3 else "unknown" if broken == "lost after" else "failed"
    assert (ended.state, way_.sent) == (state, SENT[case][: place + 1])
    assert await intents(world) == NOTED[case][: place + 1]
    held, fares = HELD[case][landed]
    assert pushes(world, namespace) == fares
    if broken != "refused" or place > 0:
        assert held in ended.note
    if 0 < landed < 3:
        assert "Only part of it was done." in ended.note
        assert FINISH[case] in ended.note


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize(("broken", "took"), [("killed before", 0), ("killed after", 1)])
async def test_a_worker_that_dies_in_between_is_followed_by_one_that_only_looks(
    way: tuple[World, Way], case: tuple[str, str], place: int, broken: str, took: int
) -> None:
    """No write is sent a second time, and none that is missing is sent later."""
    world, way_ = way
    namespace = prepare(world, case[0])
    way_.breaks[place] = broken
    record_id = await confirmed(world, case[1])
    with pytest.raises(Death):
        await world.work()
    world.clock.forward(seconds=TAKEN_OVER_AFTER.total_seconds() + 1)
    (ended,) = await world.recover()
    landed = place + took
    assert (ended.id, ended.state) == (record_id, "done" if landed == 3 else "unknown")
    ended = await world.conclude(ended)
    assert ended.state == ("done" if landed == 3 else "failed")
    held, fares = HELD[case][landed]
    assert held in ended.note
    assert pushes(world, namespace) == fares
    assert way_.sent == SENT[case][: place + 1]
    assert await world.recover() == await world.work() == []
    assert way_.sent == SENT[case][: place + 1]


async def test_the_rest_is_a_new_change_through_the_gate(way: tuple[World, Way]) -> None:
    """With the command that the end of the first one names."""
    world, way_ = way
    namespace = prepare(world, CREATING[0])
    way_.breaks[1] = "refused"
    await confirmed(world, CREATING[1])
    (ended,) = await world.work()
    way_.sent.clear()
    way_.breaks.clear()
    await world.type("U0CAROL", ended.note.partition("run: ")[2], delivery="d2")
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_confirm", record.id)
    (done,) = await world.work()
    assert (done.state, way_.sent) == ("done", SENT[CREATING][1:])
    assert pushes(world, namespace) == ".wwRRR"


async def test_another_users_quota_is_not_given_limits(way: tuple[World, Way]) -> None:
    """A quota that got another size at the same moment: nothing more is written."""
    world, way_ = way
    namespace = prepare(world, CREATING[0])

    def resize() -> None:
        assert namespace.quota
        namespace.quota.limit_bytes = 7 * GIB

    way_.after_first = resize
    await confirmed(world, CREATING[1])
    (ended,) = await world.work()
    assert (ended.state, len(way_.sent)) == ("failed", 1)
    assert "The quota of team-alpha is 7 GiB, with limits: none." in ended.note


async def test_a_quota_made_anew_behind_a_deletion_is_not_the_one_that_was_to_go(way: tuple[World, Way]) -> None:
    """It went, and another user made another: nobody is told that Quay still has it."""
    world, way_ = way
    namespace = prepare(world, "own with limits")

    def make_another() -> None:
        namespace.quota = Quota(901, 7 * GIB, [])

    way_.after_first = make_another
    await confirmed(world, "quota delete team-alpha")
    (ended,) = await world.work()
    assert ended.state != "done"
    assert "Another user gave team-alpha a new quota in the meantime." in ended.note
    assert "still has it" not in ended.note
