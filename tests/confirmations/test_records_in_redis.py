"""Records in a real Redis: sealed, compared and set as a whole, with their indexes."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.audit import STREAM, Audit
from bot.confirmations import (
    Confirmations,
    Missing,
    Noted,
    Offer,
    Record,
    Refused,
    approve,
    claim,
    expire,
    finish,
    make_stale,
    remind,
)
from bot.confirmations.freeze import Freezer
from bot.model.plans import Outcome, Plan
from bot.permissions import Actor
from bot.storage.sealing import Sealer, Tampered

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def make(id_: str = "r1", target: str = "quota team-a", minutes: int = 10) -> Record:
    return Record(
        id=id_,
        offers=(
            Offer(command="quota set", operation="createUserQuotaSuperUser", arguments={"namespace": "a"}, needed=1),
        ),
        requester=Actor("T1", "U1"),
        requester_label="Kim",
        channel="C1",
        plan=Plan(title="Set it", target=target),
        digest="d",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=minutes),
    )


@pytest.fixture
def confirmations(redis: Redis) -> Confirmations:
    return open_store(redis)


def open_store(redis: Redis) -> Confirmations:
    audit, sealer = Audit(redis, (b"a" * 32,), lambda: NOW), Sealer(b"k" * 32)
    return Confirmations(redis, sealer, audit, Freezer(redis, sealer, audit, lambda: NOW))


NOTED = Noted("change_proposed", None, {"change": "r"})


def agree(record: Record, user: str = "U2") -> Record:
    return approve(record, Actor("T1", user), user, record.offers[0], NOW)


async def test_a_record_comes_back_as_it_was_stored(confirmations: Confirmations) -> None:
    """Every field, through JSON and the seal."""
    stored = await confirmations.create(make(), NOTED)
    assert await confirmations.get("r1") == stored == make()


async def test_the_same_delivery_twice_is_one_record(confirmations: Confirmations) -> None:
    """The second creation returns the first record, as far as it has come."""
    await confirmations.create(make(), NOTED)
    approved = await confirmations.advance("r1", agree)
    assert await confirmations.create(make(), NOTED) == approved


async def test_an_unknown_id_is_missing(confirmations: Confirmations) -> None:
    """Neither read nor advanced."""
    with pytest.raises(Missing):
        await confirmations.get("nothing")
    with pytest.raises(Missing):
        await confirmations.advance("nothing", agree)


async def test_of_many_concurrent_clicks_one_wins(redis: Redis) -> None:
    """From several stores at once; everybody else is told how the record stands."""
    stores = [open_store(redis) for _ in range(5)]
    await stores[0].create(make(), NOTED)
    clicks = [stores[i % 5].advance("r1", partial(agree, user=f"U{i + 2}")) for i in range(100)]
    results = await asyncio.gather(*clicks, return_exceptions=True)
    winners = [result for result in results if isinstance(result, Record)]
    losers = [result for result in results if isinstance(result, Refused)]
    assert (len(winners), len(losers)) == (1, 99)
    assert all(loser.record.approvals == winners[0].approvals for loser in losers)


class LosesAnswers(Redis):
    """The answer to a script gets lost on the way, so that the client asks again."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] == "EVAL":
            await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


async def test_a_step_whose_answer_got_lost_is_known_for_ones_own(redis: Redis) -> None:
    """Nobody is told that somebody else was first, when it was they; it stands in the audit once."""
    store = open_store(LosesAnswers(connection_pool=redis.connection_pool))
    await store.create(make(), NOTED)
    agreed = await store.advance("r1", agree, lambda _: NOTED)
    assert agreed == await store.get("r1")
    assert await redis.xlen(STREAM) == 2


async def test_the_indexes_follow_the_state(confirmations: Confirmations) -> None:
    """Waiting, due, running and the target, each for as long as it is true."""

    async def indexes() -> tuple[int, int, int, str | None]:
        later = NOW + timedelta(days=1)
        return (
            len(await confirmations.waiting()),
            len(await confirmations.due(NOW)),
            len(await confirmations.running(later)),
            await confirmations.live_for("quota team-a"),
        )

    await confirmations.create(make(), NOTED)
    assert await indexes() == (1, 0, 0, "r1")
    await confirmations.advance("r1", agree)
    assert await indexes() == (1, 1, 0, "r1")
    await confirmations.advance("r1", lambda r: claim(r, "w1", NOW))
    assert await indexes() == (0, 0, 1, "r1")
    await confirmations.advance("r1", lambda r: finish(r, r, Outcome.DONE, NOW, "done"))
    assert await indexes() == (0, 0, 0, None)


async def test_what_is_over_is_found_by_the_applications_time(confirmations: Confirmations) -> None:
    """Redis's own expiry only cleans up: nothing live has one, what is closed keeps 30 days."""
    await confirmations.create(make("early", minutes=5), NOTED)
    await confirmations.create(make("late", target="quota b", minutes=50), NOTED)
    later = NOW + timedelta(minutes=5)
    assert await confirmations.expired(NOW) == []
    assert await confirmations.expired(later) == ["early"]
    key = confirmations.keys.record("early")
    assert await confirmations.redis.pttl(key) == -1
    await confirmations.advance("early", lambda r: expire(r, later))
    assert await confirmations.redis.pttl(key) > 29 * 86_400_000
    assert await confirmations.expired(later) == []


@pytest.mark.parametrize(("closed", "left"), [("old", "recent"), ("recent", "old")])
async def test_a_target_knows_every_live_record_that_speaks_of_it(
    confirmations: Confirmations, closed: str, left: str
) -> None:
    """The newest is named first; closing one leaves the other, and closing all leaves nothing behind."""
    await confirmations.create(make("old"), NOTED)
    await confirmations.create(make("recent").model_copy(update={"created_at": NOW + timedelta(seconds=1)}), NOTED)
    await confirmations.advance("old", agree)
    assert await confirmations.live_for("quota team-a") == "recent"
    assert await confirmations.live_for("quota team-a", besides="recent") == "old"
    await confirmations.advance(closed, lambda r: make_stale(r, NOW, "moved"))
    assert await confirmations.live_for("quota team-a") == left
    await confirmations.advance(left, lambda r: make_stale(r, NOW, "moved"))
    assert not await confirmations.redis.exists(confirmations.keys.target("quota team-a"))


async def test_reminders_are_indexed_while_they_are_owed(confirmations: Confirmations) -> None:
    """By their moment, until they were given or the record was decided."""
    half = NOW + timedelta(minutes=5)
    for id_ in ("r1", "r2"):
        await confirmations.create(make(id_).model_copy(update={"remind_at": half}), NOTED)
    assert await confirmations.to_remind_of(NOW) == []
    assert await confirmations.to_remind_of(half) == ["r1", "r2"]
    await confirmations.advance("r1", lambda r: remind(r, half))
    await confirmations.advance("r2", agree)
    assert await confirmations.to_remind_of(half) == []


@pytest.mark.parametrize("forgery", ["edited", "unsealed", "of another record", "with another key"])
async def test_what_the_bot_did_not_write_is_refused(redis: Redis, confirmations: Confirmations, forgery: str) -> None:
    """Write access to Redis approves nothing."""
    await confirmations.create(make(), NOTED)
    await confirmations.create(make("r2", target="quota b"), NOTED)
    key, other = confirmations.keys.record("r1"), confirmations.keys.record("r2")
    stored = await redis.get(key)
    approved = agree(make()).model_dump(mode="json")
    forged = {
        "edited": stored.replace(b'"state":"pending"', b'"state":"approved"'),
        "unsealed": b"." + stored.partition(b".")[2],
        "of another record": await redis.get(other),
        "with another key": Sealer(b"x" * 32).seal(key, approved),
    }[forgery]
    await redis.set(key, forged)
    with pytest.raises(Tampered):
        await confirmations.get("r1")
    with pytest.raises(Tampered):
        await confirmations.advance("r1", agree)
    assert [record.id for record in await confirmations.waiting()] == ["r2"]


async def test_a_click_costs_two_round_trips(redis: Redis, confirmations: Confirmations) -> None:
    """One to read, one to compare and set."""
    await confirmations.create(make(), NOTED)
    await redis.config_resetstat()
    await confirmations.advance("r1", agree)
    calls = {name: figures["calls"] for name, figures in (await redis.info("commandstats")).items()}
    assert calls["cmdstat_eval"] == 1
    assert calls["cmdstat_get"] == 2, "one of the bot's own, one inside the script"
