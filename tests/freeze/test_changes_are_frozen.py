"""A freeze stops every change at once, in every process; reads go on, and what is pending waits."""

from dataclasses import replace
from typing import Any

import pytest

from bot.confirmations import State, intend
from bot.permissions import Policy
from handlers.home import Home
from handlers.name_index import Names
from tests.support.world import ADMIN, POLICY, World, text_of

GIB = 1024**3
GUARDS = {"name": "admins may stop everything", "who": ["admins"], "may": ["freeze", "audit"]}
REASON = "Quay is being upgraded <!channel>"


@pytest.fixture
def world(world: World) -> World:
    """With admins who may freeze."""
    world.policy = Policy.model_validate({**POLICY, "rules": [*POLICY["rules"], GUARDS]})
    return world


async def said(world: World, user: str, text: str, delivery: str = "d9") -> str:
    answer = await world.type(user, text, delivery=delivery)
    assert answer is not None
    return text_of(answer)


async def freeze(world: World) -> None:
    await world.type("U0ALICE", f"freeze {REASON}", delivery="d9")
    assert (await world.freezer.look()).on


async def quota_of(world: World) -> int | None:
    found = await world.quay.get_organization("team-alpha")
    return found.quotas[0].limit_bytes if found.quotas else None


async def clicked(world: World, user: str, action: str, record_id: str) -> str:
    answer = await world.click(user, action, record_id)
    assert answer is not None
    return text_of(answer.message)


async def home_of(world: World, user: str) -> str:
    names, grammar = Names(world.quay, world.clock), world.app.files.grammar
    home = Home(world.confirmations, world.authorization, names, grammar, world.measurement, world.clock)
    return str(await home.view(await world.person(user)))


async def test_nothing_is_proposed_and_the_person_is_told_by_whom_and_why(world: World) -> None:
    """In escaped words; and how it ends."""
    await freeze(world)
    answer = await said(world, "U0DAVE", "quota set team-alpha 90GiB")
    for part in ("Changes are frozen", "U0ALICE", "<!date^", "Quay is being upgraded", "Nothing was proposed"):
        assert part in answer
    assert "<!channel>" not in answer
    assert await world.confirmations.waiting() == []


@pytest.mark.parametrize(
    "text",
    [
        "orgs delete team-beta --type-the-name team-beta",
        "keys create clair --expires 90d",
        "users create kim",
        "registry measure",
    ],
)
async def test_every_kind_of_change_is_stopped(world: World, text: str) -> None:
    """Also for those who froze."""
    await freeze(world)
    assert "Nothing was proposed" in await said(world, "U0ALICE", text)
    assert await world.confirmations.waiting() == []


async def test_a_waiting_keys_approval_is_a_change(world: World) -> None:
    """Typed or clicked; its card is posted nevertheless, so that people know of the key."""
    await freeze(world)
    await world.key_requests.watch(ADMIN)
    kid = world.waiting_key()
    record_id = await world.confirmations.live_for(f"waiting key {kid}")
    assert record_id is not None
    for action in ("key_approve", "key_reject"):
        assert "Changes are frozen" in await clicked(world, "U0BOB", action, record_id)
    assert "Changes are frozen" in await said(world, "U0BOB", f"keys approve {kid[:12]}")
    assert (await world.confirmations.get(record_id)).approvals == ()


async def test_reads_go_on(world: World) -> None:
    """Nothing of a freeze is asked for there."""
    await freeze(world)
    assert "frozen" not in await said(world, "U0CAROL", "quota show team-alpha")


async def test_a_click_moves_nothing_and_the_person_is_told(world: World) -> None:
    """What is pending can still be agreed to after the thaw."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    own = await world.propose("U0CAROL", "quota set", "d2", namespace="team-beta", limit=90 * GIB)
    (asked,) = [record for record in await world.confirmations.waiting() if record.id != own.id]
    await freeze(world)
    for user, action, record_id in (
        ("U0BOB", "change_approve", asked.id),
        ("U0CAROL", "change_confirm", own.id),
    ):
        assert "Nothing was done; it waits as it is" in await clicked(world, user, action, record_id)
        assert (await world.confirmations.get(record_id)).state is State.PENDING
    assert await world.confirmations.due(world.clock()) == []
    await world.type("U0ALICE", "thaw")
    await world.click("U0CAROL", "change_confirm", own.id)
    (done,) = await world.work()
    assert done.state is State.DONE


async def test_whoever_may_not_agree_is_told_that_first(world: World) -> None:
    """A freeze tells nobody more than they may know."""
    await world.propose("U0DAVE", "quota set", namespace="team-alpha", limit=900 * GIB)
    (record,) = await world.confirmations.waiting()
    await freeze(world)
    assert "frozen" not in await clicked(world, "U0MALLORY", "change_approve", record.id)


async def test_saying_no_stays_possible(world: World) -> None:
    """So that what should never happen is gone before the thaw."""
    first = await world.propose("U0DAVE", "quota set", "d1", namespace="team-alpha", limit=900 * GIB)
    second = await world.propose("U0DAVE", "quota set", "d2", namespace="team-beta", limit=900 * GIB)
    await freeze(world)
    await world.click("U0BOB", "change_reject", first.id)
    await world.click("U0DAVE", "change_cancel", second.id)
    assert (await world.confirmations.get(first.id)).state is State.REJECTED
    assert (await world.confirmations.get(second.id)).state is State.CANCELLED


async def test_what_was_agreed_to_waits_and_is_done_after_the_thaw(world: World) -> None:
    """Its card says why, once; nothing is sent to Quay meanwhile."""
    record = await world.propose("U0DAVE", "quota set", namespace="team-alpha", limit=900 * GIB)
    before = await quota_of(world)
    await world.agree()
    await freeze(world)
    edits = len(world.slack.edits)
    for _ in range(3):
        assert await world.work() == []
    assert "It waits, since changes are frozen" in text_of(world.slack.edits[-1])
    assert len(world.slack.edits) == edits + 1
    assert await quota_of(world) == before
    await world.type("U0ALICE", "thaw")
    (done,) = await world.work()
    assert (done.id, done.state) == (record.id, State.DONE)
    assert "frozen" not in text_of(world.slack.edits[-1])
    assert await quota_of(world) == 900 * GIB


async def test_time_goes_on_and_what_has_expired_is_not_done(world: World) -> None:
    """Agreed to or not."""
    agreed = await world.propose("U0DAVE", "quota set", "d1", namespace="team-alpha", limit=900 * GIB)
    await world.agree()
    pending = await world.propose("U0DAVE", "quota set", "d2", namespace="team-beta", limit=900 * GIB)
    await freeze(world)
    world.clock.forward(hours=2)
    await world.changes.expire_due()
    await world.type("U0ALICE", "thaw")
    assert await world.work() == []
    for record in (agreed, pending):
        assert (await world.confirmations.get(record.id)).state is State.EXPIRED


class FreezesAtTheLook:
    """Somebody freezes between a worker's claim and its call."""

    def __init__(self, effect: Any, world: World) -> None:
        self.effect, self.world = effect, world

    def __getattr__(self, name: str) -> Any:
        return getattr(self.effect, name)

    async def plan(self, *args: Any) -> Any:
        await self.world.type("U0ALICE", "freeze at once")
        return await self.effect.plan(*args)


async def test_a_claim_is_given_back_when_a_freeze_comes_before_the_call(world: World) -> None:
    """The last look is in the step that notes the intent; nothing is sent."""
    record = await world.propose("U0DAVE", "quota set", namespace="team-alpha", limit=900 * GIB)
    before = await quota_of(world)
    await world.agree()
    effects = {**world.effects, "quota set": FreezesAtTheLook(world.effects["quota set"], world)}
    executor = replace(world.executor, tools=replace(world.executor.tools, effects=effects))
    assert await executor.execute(record.id) is None
    waiting = await world.confirmations.get(record.id)
    assert (waiting.state, waiting.intended, waiting.claimed_at) == (State.APPROVED, False, None)
    assert await quota_of(world) == before
    assert "change_intent" not in await world.events()
    await world.type("U0ALICE", "thaw")
    world.clock.forward(minutes=1)
    (done,) = await world.work()
    assert done.state is State.DONE


async def test_a_claim_whose_worker_died_is_given_back_and_expires_like_any_other(world: World) -> None:
    """Else it would be done, long out of date, after the thaw."""
    record = await world.propose("U0DAVE", "quota set", namespace="team-alpha", limit=900 * GIB)
    await world.agree()
    await world.executor._claim(record.id)
    await freeze(world)
    world.clock.forward(minutes=5)
    (given_back,) = await world.recover()
    assert given_back.state is State.APPROVED
    assert await world.work() == []
    world.clock.forward(hours=2)
    await world.changes.expire_due()
    await world.type("U0ALICE", "thaw")
    assert await world.recover() == []
    assert (await world.confirmations.get(record.id)).state is State.EXPIRED


async def test_a_change_whose_call_was_sent_is_settled(world: World) -> None:
    """What Quay may have done already is read back and told, frozen or not."""
    record = await world.propose("U0DAVE", "quota set", namespace="team-alpha", limit=900 * GIB)
    await world.agree()
    claimed, now = await world.executor._claim(record.id), world.clock()
    await world.confirmations.advance(record.id, lambda stored: intend(stored, claimed, now))
    await freeze(world)
    world.clock.forward(minutes=5)
    (settled,) = await world.recover()
    assert settled.state is State.UNKNOWN
    assert "worker that was to send it is gone" in settled.note
    assert (await world.conclude(settled)).state is State.FAILED


async def test_each_way_round_twice_gets_a_sentence(world: World) -> None:
    """Nothing is recorded or announced for it, and the first reason stays."""
    assert "Changes are not frozen" in await said(world, "U0ALICE", "thaw")
    await freeze(world)
    again = await said(world, "U0ALICE", "freeze another reason")
    assert "Quay is being upgraded" in again
    assert "another reason" not in again
    await world.type("U0ALICE", "thaw")
    assert "Changes are not frozen" in await said(world, "U0ALICE", "thaw")
    events = await world.events()
    assert (events.count("changes_frozen"), events.count("changes_thawed")) == (1, 1)
    assert len(world.slack.messages) == 2


async def test_only_those_whom_the_file_names_freeze_and_thaw(world: World) -> None:
    """`change` is not `freeze`."""
    assert "You may not do this here" in await said(world, "U0CAROL", "freeze now")
    await freeze(world)
    assert "You may not do this here" in await said(world, "U0CAROL", "thaw")
    assert "Changes are frozen" in await said(world, "U0DAVE", "quota set team-alpha 90GiB")


@pytest.mark.parametrize(("text", "part"), [("freeze", "REASON is missing"), ("freeze " + "x" * 301, "at most 300")])
async def test_a_freeze_needs_a_reason_that_can_be_shown(world: World, text: str, part: str) -> None:
    """Everybody reads it."""
    assert part in await said(world, "U0ALICE", text)
    assert not (await world.freezer.look()).on


async def test_it_is_announced_once_even_if_slack_refuses_at_first(world: World) -> None:
    """The worker's next tick tells what was not told, whoever died."""
    world.slack.fails = "ratelimited"
    await freeze(world)
    assert world.slack.messages == {}
    world.slack.fails = None
    await world.freeze_notices.tell()
    assert world.slack.messages == {}, "another process has half a minute"
    for key in await world.redis.keys("quaymaster:freeze:telling:*"):
        await world.redis.delete(key)
    for _ in range(3):
        await world.freeze_notices.tell()
    assert "Quay is being upgraded" in world.only_card()
    await world.type("U0ALICE", "thaw")
    assert len(world.slack.messages) == 2


async def test_pending_and_home_say_so(world: World) -> None:
    """On top of what waits."""
    await world.propose("U0CAROL", "quota set", namespace="team-beta", limit=90 * GIB)
    assert "frozen" not in await said(world, "U0CAROL", "pending")
    await freeze(world)
    assert "Changes are frozen" in await said(world, "U0CAROL", "pending")
    assert "Changes are frozen" in await home_of(world, "U0CAROL")
    assert "frozen" not in await home_of(world, "U0MALLORY")


async def test_whoever_froze_reads_it_once(world: World) -> None:
    """In the admin channel with everybody; elsewhere in an answer of their own."""
    for channel, texts in ((ADMIN, None), ("C2", ("Changes are frozen", "Changes go on"))):
        frozen = await world.type("U0ALICE", "freeze now", channel=channel)
        thawed = await world.type("U0ALICE", "thaw", channel=channel)
        if texts is None:
            assert (frozen, thawed) == (None, None)
        else:
            assert frozen is not None
            assert thawed is not None
            assert (frozen.text[: len(texts[0])], thawed.text[: len(texts[1])]) == texts
    assert len(world.slack.messages) == 4
