"""Whoever can write to Redis approves nothing: not by another value, and not by an older one that the bot sealed."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from bot.audit import HEAD, STREAM
from sandbox.quay.state import Organization
from tests.support.answers import forget_requests, requests_to_quay
from tests.support.mortals import NAMESPACE, Street
from tests.support.world import ADMIN, World, text_of

GIB = 1024**3
Story = Callable[[World, str], Awaitable[object]]


def limit_of(world: World) -> int:
    namespace = world.registry.organization("team-alpha")
    assert isinstance(namespace, Organization)
    assert namespace.quota
    return namespace.quota.limit_bytes


async def stored(world: World, record_id: str) -> bytes:
    value: bytes = await world.redis.get(world.confirmations.keys.record(record_id))
    return value


async def put_back(world: World, record_id: str, value: bytes) -> None:
    """Write an older value, and have a worker look at it."""
    await world.redis.set(world.confirmations.keys.record(record_id), value)
    await world.redis.zadd(world.confirmations.keys.due, {record_id: 0})


def reports(world: World) -> list[str]:
    return [shown for message in world.slack.messages.values() if "altered by somebody" in (shown := text_of(message))]


async def agreed(world: World, text: str) -> tuple[str, bytes]:
    """A change that enough people agreed to, as it is stored before a worker takes it."""
    await world.type("U0ALICE", text)
    record = await world.agree()
    return record.id, await stored(world, record.id)


@pytest.mark.parametrize("place", ["another record", "altered", "another deployment"])
async def test_a_forged_record_is_refused_reported_and_recorded(world: World, place: str) -> None:
    """Swapped, edited or sealed with another key: by a click as by a worker, reported once."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB", delivery="one")
    (victim,) = await world.confirmations.waiting()
    await world.type("U0DAVE", "quota set team-beta 90GiB", delivery="two")
    other = next(record for record in await world.confirmations.waiting() if record.id != victim.id)
    genuine = await stored(world, victim.id)
    forged = {
        "another record": await stored(world, other.id),
        "altered": genuine.replace(b'"needed":2', b'"needed":1'),
        "another deployment": b"A" * 43 + genuine[43:],
    }[place]
    await world.redis.set(world.confirmations.keys.record(victim.id), forged)
    answer = await world.click("U0BOB", "change_approve", victim.id)
    assert answer is not None
    assert "altered by somebody who is not the bot" in text_of(answer.message)
    assert await world.executor.execute(victim.id) is None
    entries = [entry async for entry in world.audit.entries() if entry.event == "record_tampered"]
    assert {entry.actor for entry in entries} == {"T1/U0BOB", None}
    assert len(reports(world)) == 1
    assert (await world.confirmations.get(other.id)).state == "pending"


async def test_what_stands_where_a_record_is_to_be_is_reported_once(world: World) -> None:
    """A key whose card somebody keeps from being posted is no silence: the watch says so, and goes on."""
    await world.key_requests.watch(ADMIN)
    record_id = str(await world.confirmations.live_for(f"waiting key {world.waiting_key()}"))
    await world.redis.flushdb()
    world.slack.messages.clear()
    await world.redis.set(world.confirmations.keys.record(record_id), b"forged")
    for _ in range(3):
        await world.key_requests.watch(ADMIN)
    assert (await world.events()).count("record_tampered") == 1
    assert len(reports(world)) == 1
    assert len(world.slack.messages) == 2, "the other key has its card"


async def test_an_index_says_only_where_to_look(world: World) -> None:
    """A change that waits is not due, over, running or half over since somebody wrote so."""
    await world.type("U0ALICE", "quota set team-alpha 600GiB")
    (record,) = await world.confirmations.waiting()
    keys = world.confirmations.keys
    for index in (keys.due, keys.waiting, keys.running, keys.reminders):
        await world.redis.zadd(index, {record.id: 0})
    await world.changes.expire_due()
    await world.reminders.run()
    assert (await world.recover(), await world.work()) == ([], [])
    assert await world.confirmations.get(record.id) == record
    assert world.slack.threads == []


@pytest.mark.parametrize(
    "text",
    ["quota set team-alpha 600GiB", "keys create clair_scanner --expires 90d", "users update jrivera --reset-password"],
)
async def test_a_done_change_that_is_put_back_is_not_done_again(world: World, text: str) -> None:
    """Not even one whose plan fits a second time: the audit tells of its call, whatever else happened since."""
    record_id, before = await agreed(world, text)
    await world.work()
    if text.startswith("quota"):
        namespace = world.registry.organization("team-alpha")
        assert isinstance(namespace, Organization)
        assert namespace.quota
        namespace.quota.limit_bytes = 80 * GIB
    await forget_requests(world)
    await put_back(world, record_id, before)
    (ended,) = await world.work()
    assert "over before" in ended.note
    assert [line for line in await requests_to_quay(world) if not line.startswith("GET")] == []
    events = await world.events()
    assert (events.count("change_intent"), events.count("record_tampered")) == (2, 1)
    assert events.count("change_outcome") == 2, "each intent has its outcome"
    assert len(reports(world)) == 1
    assert await world.work() == [], "no worker sees it again"


async def reject(world: World, record_id: str) -> None:
    await world.click("U0EVE", "change_reject", record_id)


async def withdraw(world: World, record_id: str) -> None:
    await world.click("U0ALICE", "change_reject", record_id)


async def let_expire(world: World, record_id: str) -> None:
    assert record_id
    world.clock.forward(hours=2)
    await world.changes.expire_due()
    world.clock.forward(hours=-2)


@pytest.mark.parametrize("end", [reject, withdraw, let_expire])
async def test_an_ended_change_that_is_put_back_is_not_executed(world: World, end: Story) -> None:
    """Even if people agree to it then: what the audit has as over stays over."""
    await world.type("U0ALICE", "quota set team-alpha 600GiB")
    (record,) = await world.confirmations.waiting()
    before = await stored(world, record.id)
    await end(world, record.id)
    await world.redis.set(world.confirmations.keys.record(record.id), before)
    for user in ("U0BOB", "U0EVE"):
        await world.click(user, "change_approve", record.id)
    (ended,) = await world.work()
    assert "over before" in ended.note
    assert limit_of(world) == 80 * GIB
    assert len(reports(world)) == 1


async def test_an_approval_cannot_be_taken_back_to_be_counted_twice(world: World) -> None:
    """An older value has fewer approvals, never one more: what is put back is what people agreed to then."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    (record,) = await world.confirmations.waiting()
    before = await stored(world, record.id)
    await world.click("U0BOB", "change_approve", record.id)
    await world.redis.set(world.confirmations.keys.record(record.id), before)
    await world.click("U0BOB", "change_approve", record.id)
    assert len((await world.confirmations.get(record.id)).approvals) == 1
    assert await world.work() == []


async def test_a_claim_that_is_put_back_is_worth_nothing_after_its_expiry(world: World) -> None:
    """The time is in the sealed value: a change that was agreed to once is not agreed to for ever."""
    record_id, before = await agreed(world, "quota set team-alpha 600GiB")
    world.clock.forward(hours=1)
    await put_back(world, record_id, before)
    assert await world.work() == []
    await world.changes.expire_due()
    assert (await world.confirmations.get(record_id)).state == "expired"


async def test_notes_that_were_added_since_hide_nothing(world: World) -> None:
    """The audit is read back to the key's arrival, which is recorded once."""
    await world.key_requests.watch(ADMIN)
    kid = world.waiting_key()
    record_id = str(await world.confirmations.live_for(f"waiting key {kid}"))
    before = await stored(world, record_id)
    await world.click("U0BOB", "key_approve", record_id)
    await world.work()
    world.registry.keys[kid].approval = None
    await world.redis.set(world.confirmations.keys.record(record_id), before)
    await world.type("U0EVE", f"keys approve {kid} --notes again")
    await world.click("U0BOB", "key_approve", record_id)
    (ended,) = await world.work()
    assert "over before" in ended.note
    assert world.registry.keys[kid].approval is None


async def alter_the_last(world: World) -> None:
    (id_, fields), *_ = await world.redis.xrevrange(STREAM, count=1)
    await world.redis.xdel(STREAM, id_)
    await world.redis.xadd(STREAM, {**fields, b"body": b"{}"})


async def take_one_out(world: World) -> None:
    (id_, _), *_ = (await world.redis.xrevrange(STREAM, count=2))[1:]
    await world.redis.xdel(STREAM, id_)


async def cut_off_the_beginning(world: World) -> None:
    await world.redis.xtrim(STREAM, maxlen=1, approximate=False)


async def cut_off_the_end(world: World) -> None:
    """As if the last two had never been recorded."""
    last, before, left = await world.redis.xrevrange(STREAM, count=3)
    await world.redis.xdel(STREAM, last[0], before[0])
    sequence = json.loads(left[1][b"body"])["sequence"]
    await world.redis.set(HEAD, f"{sequence} {left[1][b'hash'].decode()}")


@pytest.mark.parametrize("tamper", [alter_the_last, take_one_out, cut_off_the_beginning, cut_off_the_end])
async def test_where_the_audit_was_altered_nothing_is_sent(
    world: World, tamper: Callable[[World], Awaitable[None]]
) -> None:
    """It could no longer tell whether the change was done before."""
    record_id, _ = await agreed(world, "quota set team-alpha 600GiB")
    await tamper(world)
    ended = await world.executor.execute(record_id)
    assert ended is not None
    assert ended.state == "failed"
    assert "quaymaster audit verify" in ended.note
    assert limit_of(world) == 80 * GIB


async def test_putting_back_while_two_workers_are_at_it_sends_nothing_twice(redis_url: str) -> None:
    """One is held up at any step; meanwhile the record is put back, another works on it, and all is put back again."""
    writes: Counter[int] = Counter()
    far_enough = True
    for steps in range(3, 100, 2):
        street = await Street.open(redis_url, 2)
        first, second = street.processes
        fate = street.fates[0]
        record_id, before = await agreed(street.office.reader, f"quota set {NAMESPACE} 600GiB")
        fate.held_up_at = steps
        working = asyncio.create_task(first.executor.execute(record_id))
        held_up = asyncio.create_task(fate.held_up.wait())
        await asyncio.wait([working, held_up], return_when=asyncio.FIRST_COMPLETED)
        far_enough = not working.done()
        as_claimed = await stored(street.office.reader, record_id)
        await put_back(street.office.reader, record_id, before)
        await second.executor.execute(record_id)
        await put_back(street.office.reader, record_id, as_claimed)
        fate.go_on.set()
        await working
        held_up.cancel()
        writes[street.office.writes[record_id]] += 1
        await street.close()
        if not far_enough:
            break
    assert set(writes) <= {0, 1}
    assert writes[1] > 0
