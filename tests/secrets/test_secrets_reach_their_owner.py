"""Secrets on their way to their owners: no refusal of Slack's and no lost answer of Redis's keeps one from them."""

import json
from dataclasses import replace
from typing import Any

import pytest
import stamina
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.confirmations import Record
from bot.permissions import Place, Policy
from bot.slack.messages import HOME
from bot.storage.vault import SecretGone, Vault
from tests.support.world import ADMIN, POLICY, World, text_of

RESET = "users update jrivera --reset-password"
DIRECT = "DU0ALICE"


def told_in(world: World, channel: str) -> str:
    """Everything that was posted in a channel."""
    return "".join(text_of(message) for (where, _), message in world.slack.messages.items() if where == channel)


def direct_messages(world: World, user: str) -> list[str]:
    return [text_of(message) for (where, _), message in world.slack.messages.items() if where == f"D{user}"]


async def shows(view: dict[str, Any]) -> bool:
    """Slack takes the modal."""
    return bool(view)


async def refuses(view: dict[str, Any]) -> bool:
    """Slack does not take the modal."""
    return not view


async def agreed(world: World, command: str = RESET) -> Record:
    """A change that is due."""
    assert await world.type("U0ALICE", command) is None
    return await world.agree()


class TestTheOffer:
    """It is made until Slack took it."""

    async def test_a_refused_whisper_becomes_a_direct_message(self, world: World) -> None:
        """Slack says `user_not_in_channel`, or the bot is in no such channel."""
        record = await agreed(world)
        world.slack.refuses.add(ADMIN)
        await world.executor.execute(record.id)
        assert world.slack.whispers == []
        (offer,) = [said for said in direct_messages(world, "U0ALICE") if "secret_reveal" in said]
        assert "The password of jrivera" in offer

    async def test_the_outcome_says_that_it_waits_in_pending(self, world: World) -> None:
        """So whoever missed the offer knows where to look."""
        done = await world.carry_out(RESET)
        assert "'pending' lists it until then" in done.note
        assert "lists it until then" in "".join(text_of(message) for _, _, message in world.slack.threads)

    async def test_the_worker_makes_it_when_slack_is_back(self, world: World) -> None:
        """Neither way was open; then it is made once."""
        record = await agreed(world)
        world.slack.fails = "ratelimited"
        await world.executor.execute(record.id)
        world.slack.fails = None
        assert world.slack.whispers == []
        await world.forget_who_tells()
        await world.expiry.run()
        await world.forget_who_tells()
        await world.expiry.run()
        ((_, user, _),) = world.slack.whispers
        assert user == "U0ALICE"

    async def test_of_two_workers_one_makes_it(self, world: World) -> None:
        """Whoever takes it on has half a minute."""
        record = await agreed(world)
        world.slack.fails = "ratelimited"
        await world.executor.execute(record.id)
        world.slack.fails = None
        await world.forget_who_tells()
        assert len(await world.vault.unoffered()) == 1
        assert await world.vault.unoffered() == []

    async def test_what_was_seen_meanwhile_is_not_offered(self, world: World) -> None:
        """Its owner found it in `pending`."""
        record = await agreed(world)
        world.slack.fails = "ratelimited"
        await world.executor.execute(record.id)
        world.slack.fails = None
        await world.reveal("U0ALICE", record.id)
        await world.forget_who_tells()
        await world.expiry.run()
        assert world.slack.whispers == []


class TestWhatOneReadsAlone:
    """What concerns one person goes to their direct messages, not to the channel of last resort."""

    async def test_expired_unseen_is_a_direct_message(self, world: World) -> None:
        """Wherever it was asked for."""
        await world.carry_out(RESET)
        world.slack.messages.clear()
        world.clock.forward(hours=13)
        await world.expiry.run()
        assert [where for where, _ in world.slack.messages] == [DIRECT]
        assert "expired unseen" in told_in(world, DIRECT)

    async def test_it_counts_as_told_only_when_slack_took_it(self, world: World) -> None:
        """A lasting refusal does not count as told either."""
        await world.carry_out(RESET)
        world.slack.messages.clear()
        world.clock.forward(hours=13)
        world.slack.refuses.add(DIRECT)
        await world.expiry.run()
        assert world.slack.messages == {}
        assert (await world.events())[-1] != "secret_expired"
        world.slack.refuses.clear()
        await world.forget_who_tells()
        await world.expiry.run()
        assert "expired unseen" in told_in(world, DIRECT)
        assert (await world.events())[-1] == "secret_expired"

    @pytest.mark.parametrize(
        ("asked_in", "told"),
        [
            (Place(HOME, kind="home"), "DU0CAROL"),
            (Place("D7", kind="dm"), "DU0CAROL"),
            (Place(ADMIN), ADMIN),
        ],
    )
    async def test_the_outcome_of_a_private_change_stays_where_it_was_asked_for(
        self, world: World, asked_in: Place, told: str
    ) -> None:
        """From Home and from direct messages: to the person; from a channel: in the channel."""
        anywhere = {"name": "anywhere", "who": ["managers"], "may": ["quotas.change"], "in": [ADMIN, "dm", "home"]}
        world.policy = Policy.model_validate({**POLICY, "rules": [anywhere]})
        world.slack.refuses |= {HOME, "D7"}
        record = await world.changes.propose(
            "d1",
            await world.person("U0CAROL"),
            asked_in,
            "quota set",
            {"namespace": "team-alpha", "limit": 100 * 1024**3},
        )
        await world.click("U0CAROL", "change_confirm", record.id)
        await world.work()
        assert [where for where, _ in world.slack.messages] == [told]


class LosesAnAnswer(Redis):
    """Redis does what a script says, and its answer gets lost."""

    loses = True

    async def eval(self, *arguments: Any) -> Any:
        answer = await super().eval(*arguments)  # type: ignore[misc]
        if self.loses:
            self.loses = False
            raise RedisError("the connection broke")
        return answer


class TestShownOnce:
    """It is gone when its owner has it, and no earlier."""

    async def test_a_lost_answer_of_redis_destroys_nothing(self, world: World, redis_url: str) -> None:
        """The next click shows it."""
        done = await world.carry_out(RESET)
        alice = (await world.person("U0ALICE")).actor
        async with LosesAnAnswer.from_url(redis_url) as redis:
            vault = Vault(redis, world.vault.keys, world.vault.lifetime, world.clock)
            with pytest.raises(RedisError):
                await vault.reveal(done.id, alice)
            _, secret = await vault.reveal(done.id, alice)
        assert secret.get_secret_value()

    async def test_what_was_taken_out_can_be_taken_out_again_for_two_minutes(self, world: World) -> None:
        """By its owner; `pending` lists it so long."""
        done = await world.carry_out(RESET)
        alice = (await world.person("U0ALICE")).actor
        _, first = await world.vault.reveal(done.id, alice)
        world.clock.forward(minutes=1, seconds=59)
        assert [kept.id for kept in await world.vault.unseen_of(alice)] == [done.id]
        _, second = await world.vault.reveal(done.id, alice)
        assert first == second
        world.clock.forward(seconds=1)
        with pytest.raises(SecretGone):
            await world.vault.reveal(done.id, alice)
        assert await world.vault.unseen_of(alice) == []

    async def test_what_lapsed_is_destroyed_and_its_owner_told_the_truth(self, world: World) -> None:
        """Nobody knows whether it was seen: the process died while it showed it."""
        done = await world.carry_out(RESET)
        await world.vault.reveal(done.id, (await world.person("U0ALICE")).actor)
        world.clock.forward(minutes=2)
        await world.expiry.run()
        assert "never heard whether it was seen" in told_in(world, DIRECT)
        assert RESET in told_in(world, DIRECT)
        (view,), _ = await world.reveal("U0ALICE", done.id)
        assert "never heard whether it was seen" in json.dumps(view)

    async def test_of_two_clicks_at_once_the_one_that_fails_brings_nothing_back(self, world: World) -> None:
        """Slack took the modal of the other."""
        done = await world.carry_out(RESET)
        alice = await world.person("U0ALICE")

        async def refuses_after_another_click(_: dict[str, Any]) -> bool:
            await world.reveals.reveal(done.id, alice, shows)
            return False

        await world.reveals.reveal(done.id, alice, refuses_after_another_click)
        with pytest.raises(SecretGone) as missing:
            await world.vault.reveal(done.id, alice.actor)
        assert missing.value.kept
        assert missing.value.kept.fate == "seen"

    async def test_of_two_clicks_at_once_the_one_that_succeeds_ends_it(self, world: World) -> None:
        """The other put it back meanwhile."""
        done = await world.carry_out(RESET)
        alice = await world.person("U0ALICE")

        async def shows_after_another_click(_: dict[str, Any]) -> bool:
            return bool(await world.reveals.reveal(done.id, alice, refuses))

        await world.reveals.reveal(done.id, alice, shows_after_another_click)
        with pytest.raises(SecretGone):
            await world.vault.reveal(done.id, alice.actor)

    async def test_redis_gone_after_the_modal_leaves_the_modal(self, world: World, redis_url: str) -> None:
        """Its owner reads the secret in it; it is destroyed all the same, within two minutes."""
        done = await world.carry_out(RESET)
        alice = await world.person("U0ALICE")
        async with BreaksAfterShowing.from_url(redis_url) as redis:
            vault = Vault(redis, world.vault.keys, world.vault.lifetime, world.clock)
            said = await type(world.reveals)(vault, world.audit).reveal(done.id, alice, shows)
        assert said
        assert "was shown to you" in said.message.text
        world.clock.forward(minutes=2)
        with pytest.raises(SecretGone):
            await world.vault.reveal(done.id, alice.actor)


class BreaksAfterShowing(Redis):
    """The first script is run; then Redis is gone."""

    calls = 0

    async def eval(self, *arguments: Any) -> Any:
        self.calls += 1
        if self.calls > 1:
            raise RedisError("gone")
        return await super().eval(*arguments)  # type: ignore[misc]


class TakesNoSecret(Redis):
    """Redis that takes nothing in a transaction."""

    def pipeline(self, *_: Any, **__: Any) -> Any:
        raise RedisError("read only")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (RESET, "Password: changed. Quay took it, but the password of jrivera could not be kept and is lost."),
        ("users create kim --email kim@example.com", "the password of kim could not be kept and is lost."),
        ("keys create clair_scanner --expires 90d", "of clair_scanner could not be kept and is lost."),
    ],
)
async def test_what_quay_took_and_redis_did_not_is_done_and_lost(
    world: World, redis_url: str, command: str, said: str
) -> None:
    """The outcome is certain, and says that nobody will see the secret, with the way out."""
    record = await agreed(world, command)
    async with TakesNoSecret.from_url(redis_url) as redis:
        vault = Vault(redis, world.vault.keys, world.vault.lifetime, world.clock)
        with stamina.set_testing(True, attempts=3):
            tools = replace(world.executor.tools, vault=vault)
            done = await replace(world.executor, tools=tools).execute(record.id)
    assert done
    assert done.state == "done"
    assert said in done.note
    assert "The way out: " in done.note
    assert "does not tell" not in done.note
    assert world.slack.whispers == []
