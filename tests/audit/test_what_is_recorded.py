"""Every decision, intent and outcome is recorded: by whom, where, by which rule, of which plan, Quay's answer."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, get_args

import pytest

from bot.audit import Entry
from bot.audit.entry import Event
from bot.confirmations import Record
from bot.permissions import Policy
from handlers.key_details import Details
from sandbox.quay.faults import Failure
from tests.support.world import ADMIN, POLICY, World

GIB = 1024**3
GUARDS = {"name": "admins may stop everything", "who": ["admins"], "may": ["freeze", "audit"]}
Scenario = Callable[[World], Awaitable[object]]


@pytest.fixture
def world(world: World) -> World:
    """With admins who may freeze."""
    world.policy = Policy.model_validate({**POLICY, "rules": [*POLICY["rules"], GUARDS]})
    return world


async def latest(world: World, event: str) -> Entry:
    return next(entry for entry in [e async for e in world.audit.entries()] if entry.event == event)


async def reads(world: World) -> None:
    await world.type("U0CAROL", "keys list")


async def tries(world: World) -> None:
    await world.type("U0MALLORY", "quota set team-alpha 90GiB")


async def asks(world: World) -> Record:
    return await world.propose("U0DAVE", "quota set", namespace="team-alpha", limit=900 * GIB)


async def tries_to_agree(world: World) -> None:
    await world.click("U0MALLORY", "change_approve", (await asks(world)).id)


async def agrees(world: World) -> None:
    await world.click("U0BOB", "change_approve", (await asks(world)).id)


async def rejects(world: World) -> None:
    await world.click("U0BOB", "change_reject", (await asks(world)).id)


async def withdraws(world: World) -> None:
    await world.click("U0DAVE", "change_cancel", (await asks(world)).id)


async def lets_expire(world: World) -> None:
    await asks(world)
    world.clock.forward(hours=2)
    await world.changes.expire_due()


async def carries_out(world: World) -> None:
    await asks(world)
    await world.agree()
    await world.work()


async def quay_refuses(world: World) -> None:
    await asks(world)
    await world.agree()
    world.faults.failures.append(Failure("429", method="PUT"))
    await world.work()


async def the_state_changes(world: World) -> None:
    await asks(world)
    await world.agree()
    (quota,) = (await world.quay.get_organization("team-alpha")).quotas or ()
    assert quota.id is not None
    await world.quay.change_user_quota_super_user("team-alpha", quota.id, 70 * GIB)
    await world.work()


async def a_key_arrives(world: World) -> None:
    await world.key_requests.watch(ADMIN)


async def adds_notes(world: World) -> None:
    await a_key_arrives(world)
    await world.type("U0EVE", f"keys approve {world.waiting_key()} --notes 'seen the ticket'")


async def resets_a_password(world: World) -> str:
    return (await world.carry_out("users update jrivera --reset-password")).id


async def looks_at_it(world: World) -> None:
    await world.reveal("U0ALICE", await resets_a_password(world))


async def somebody_else_looks(world: World) -> None:
    await world.reveal("U0MALLORY", await resets_a_password(world))


async def nobody_looks(world: World) -> None:
    await resets_a_password(world)
    world.clock.forward(days=1)
    await world.expiry.run()


async def freezes(world: World) -> None:
    await world.type("U0ALICE", "freeze for an upgrade")


async def thaws(world: World) -> None:
    await freezes(world)
    await world.type("U0ALICE", "thaw")


async def clicks_while_frozen(world: World) -> None:
    record = await asks(world)
    await freezes(world)
    await world.click("U0BOB", "change_approve", record.id)


async def asks_while_frozen(world: World) -> None:
    await freezes(world)
    await world.type("U0DAVE", "quota set team-alpha 90GiB")


async def looks(world: World, user: str) -> None:
    await a_key_arrives(world)
    record_id = await world.confirmations.live_for(f"waiting key {world.waiting_key()}")
    details = Details(world.confirmations, world.authorization, world.quay, world.audit, world.clock)
    await details.show(str(record_id), await world.person(user))


async def looks_who_may(world: World) -> None:
    await looks(world, "U0BOB")


async def looks_who_may_not(world: World) -> None:
    world.web.users["U0VISITOR"] = {"is_restricted": True}
    await looks(world, "U0VISITOR")


async def writes_to_redis(world: World) -> None:
    record = await asks(world)
    await world.redis.set(f"quaymaster:confirmation:{record.id}", b"forged")
    await world.click("U0BOB", "change_approve", record.id)


async def floods(world: World) -> None:
    for _ in range(25):
        await tries(world)
    world.clock.forward(hours=1)
    await world.audit.denials.sum_up()


async def reads_much(world: World) -> None:
    for _ in range(8):
        await reads(world)
    world.clock.forward(minutes=1)
    await world.audit.reads.sum_up()


async def a_month_ends(world: World) -> None:
    await reads(world)
    world.clock.forward(days=30)
    await world.audit.segments.keep_up(None)


async def a_month_is_old(world: World) -> None:
    await a_month_ends(world)
    await world.audit.segments.keep_up(timedelta(days=20))


ABOUT = {"change": ..., "operation": "changeUserQuotaSuperUser", "channel": ADMIN, "digest": ...}
LOOK = {"change": ..., "command": "key_details", "operation": "getServiceKey", "channel": ADMIN}
RESET = {"change": ...}
TABLE: list[tuple[Event, Scenario, str | None, Mapping[str, Any]]] = [
    (
        "command_allowed",
        reads,
        "U0CAROL",
        {"channel": ADMIN, "command": "keys list", "operations": ["listServiceKeys"], "rule": "staff may look"},
    ),
    (
        "command_denied",
        tries,
        "U0MALLORY",
        {"channel": ADMIN, "command": "quota set", "operations": ..., "reason": ...},
    ),
    ("command_denied", tries_to_agree, "U0MALLORY", {**ABOUT, "command": "change_approve", "reason": ...}),
    ("command_denied", clicks_while_frozen, "U0BOB", {**ABOUT, "command": "change_approve", "reason": ...}),
    ("command_denied", asks_while_frozen, "U0DAVE", {"channel": ADMIN, "command": "quota set", "reason": ...}),
    ("command_denied", looks_who_may_not, "U0VISITOR", {**LOOK, "reason": ...}),
    ("command_allowed", looks_who_may, "U0BOB", {**LOOK, "rule": "staff may look"}),
    (
        "reads_counted",
        reads_much,
        "U0CAROL",
        {
            "channel": ADMIN,
            "command": "keys list",
            "operations": ["listServiceKeys"],
            "rule": "staff may look",
            "verdict": "allow",
            "count": 3,
            "since": ...,
            "until": ...,
        },
    ),
    ("denials_counted", floods, "U0MALLORY", {"count": 5, "since": ..., "until": ...}),
    (
        "change_proposed",
        asks,
        "U0DAVE",
        {**ABOUT, "arguments": {"namespace": "team-alpha", "limit": 900 * GIB}, "rule": "askers may ask", "needed": 2},
    ),
    ("change_approved", agrees, "U0BOB", {**ABOUT, "approvals": 1, "needed": 2, "approvers": ["approvers"]}),
    ("change_rejected", rejects, "U0BOB", ABOUT),
    ("change_cancelled", withdraws, "U0DAVE", ABOUT),
    ("change_expired", lets_expire, None, {**ABOUT, "approvals": 0}),
    ("change_stale", the_state_changes, None, {**ABOUT, "note": ...}),
    (
        "change_intent",
        carries_out,
        None,
        {**ABOUT, "requested_by": "T1/U0DAVE", "approved_by": ["T1/U0BOB", "T1/U0EVE"], "arguments": ...},
    ),
    ("change_outcome", carries_out, None, {**ABOUT, "outcome": "done", "answer": "accepted", "said": ...}),
    ("change_outcome", quay_refuses, None, {**ABOUT, "outcome": "failed", "answer": ..., "said": ...}),
    (
        "key_arrived",
        a_key_arrives,
        None,
        {"change": ..., "operation": "approveServiceKey", "digest": ..., "channel": ADMIN},
    ),
    (
        "key_noted",
        adds_notes,
        "U0EVE",
        {"change": ..., "operation": "approveServiceKey", "digest": ..., "channel": ADMIN, "arguments": ...},
    ),
    ("secret_shown", looks_at_it, "U0ALICE", RESET),
    ("secret_withheld", somebody_else_looks, "U0MALLORY", RESET),
    ("secret_expired", nobody_looks, None, RESET),
    ("record_tampered", writes_to_redis, "U0BOB", {"change": ...}),
    ("changes_frozen", freezes, "U0ALICE", {"channel": ADMIN, "reason": "for an upgrade"}),
    ("changes_thawed", thaws, "U0ALICE", {"channel": ADMIN}),
    ("segment_sealed", a_month_ends, None, {"segment": "2026-11", "first": 1, "last": 1, "head": ...}),
    ("segment_trimmed", a_month_is_old, None, {"segment": "2026-11", "first": 1, "last": 1, "head": ...}),
]


@pytest.mark.parametrize(
    ("event", "scenario", "user", "expected"), TABLE, ids=[f"{event}, {by.__name__}" for event, by, *_ in TABLE]
)
async def test_what_an_entry_says(
    world: World, event: Event, scenario: Scenario, user: str | None, expected: Mapping[str, Any]
) -> None:
    """Each field; … stands for something that is there and not empty."""
    await scenario(world)
    entry = await latest(world, event)
    assert entry.actor == (f"T1/{user}" if user else None)
    for name, value in expected.items():
        found = entry.details.get(name)
        assert found if value is ... else found == value, (name, found)
    assert (await world.audit.verify()).problems == ()


def test_the_table_is_whole() -> None:
    """Each event stands in it, but for those of files that are read again, of alerts and of the command line."""
    listed = {event for event, *_ in TABLE}
    elsewhere = {event for event in get_args(Event) if event.startswith(("policy_", "alert", "audit_"))}
    assert set(get_args(Event)) - listed == elsewhere


async def test_quays_own_words_are_kept(world: World) -> None:
    """With the status."""
    await quay_refuses(world)
    answer = str((await latest(world, "change_outcome")).details["answer"])
    assert answer == "Quay is limiting requests. (HTTP 429)"


async def test_quays_own_record_names_the_people_too(world: World) -> None:
    """In the notes of an approval, where Quay has a place for it; and the change, so that both can be joined."""
    await world.key_requests.watch(ADMIN)
    kid = world.waiting_key()
    record_id = await world.confirmations.live_for(f"waiting key {kid}")
    assert record_id is not None
    await world.click("U0BOB", "key_approve", record_id)
    await world.work()
    approval = (await world.quay.get_service_key(kid)).approval
    assert approval is not None
    assert "Bob (U0BOB)" in (approval.notes or "")
    assert record_id in (approval.notes or "")
