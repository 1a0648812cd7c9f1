"""Users: created, changed and deleted; the truth is what Quay shows afterwards, field by field."""

from typing import Any

import pytest
from redis.asyncio import Redis

from bot.quay import models
from bot.quay.client import Quay
from sandbox.quay.faults import Failure
from sandbox.quay.state import Registry, User
from tests.support.answers import forget_requests, requests_to_quay
from tests.support.world import START, World, open_world, text_of


def user_of(registry: Registry, name: str) -> User:
    found = registry.user(name)
    assert found is not None
    return found


def user(world: World, name: str) -> User:
    return user_of(world.registry, name)


def logged(world: World) -> list[str]:
    """The kinds of what Quay has logged since the world began."""
    return [entry.kind for entry in world.registry.logs if entry.datetime >= START]


async def test_a_user_is_created_with_the_address_that_was_typed(world: World) -> None:
    """Quay tells letters apart; the bot changes none."""
    done = await world.carry_out("users create kim --email Kim@example.com")
    assert (done.state, user(world, "kim").email) == ("done", "Kim@example.com")
    assert "Quay has the user kim" in done.note


async def test_the_plan_of_a_new_user(world: World) -> None:
    """What will be there, and that the password is for the requester alone."""
    await world.type("U0ALICE", "users create kim --email kim@example.com")
    assert "does not exist → *kim*" in world.only_card()
    assert "none → *kim@example.com*" in world.only_card()
    assert "shown once" in world.only_card()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("users create Kim", "cannot be a name"),
        ("users create k", "2 to 255 characters"),
        (f"users create {'k' * 256}", "2 to 255 characters"),
        ("users create kim+robot", "cannot be a name"),
        ("users create <!channel>", "cannot be a name"),
        ("users create ki\u200bm", "cannot be a name"),
        ("users create kim --email nobody", "no e-mail address"),
        (f"users create kim --email {'k' * 250}@b.example", "no e-mail address"),
        ("users create jrivera", "is taken: there is a user"),
        ("users create platform", "is taken: there is an organization"),
        ("users create kim --email jrivera@example.com", "is the user jrivera's"),
        ("users update nobody --enable", "There is no user 'nobody'"),
        ("users update platform --enable", "There is no user 'platform'"),
        ("users update jrivera", "Say what is to change"),
        ("users update jrivera --enable", "That is so already"),
        ("users update jrivera --enable --disable", "together with its opposite"),
        ("users update jrivera --email quayadmin@example.com", "is the user quayadmin's"),
        ("users update quayadmin --disable", "is a superuser"),
        ("users delete quayadmin --type-the-name quayadmin", "is a superuser"),
        ("users delete nobody --type-the-name nobody", "There is no user 'nobody'"),
    ],
)
async def test_what_quay_would_refuse_is_refused_before(world: World, text: str, said: str) -> None:
    """In a sentence, to that person alone; nothing is stored and nothing pings anybody."""
    answer = await world.type("U0ALICE", text)
    assert answer is not None
    assert said in text_of(answer)
    assert "<!channel>" not in answer.text
    assert await world.confirmations.waiting() == []


async def test_a_disabled_user_is_not_planned_to_be_deleted(world: World) -> None:
    """Quay would answer 204 and keep them, so the plan says what to do first; with that it works."""
    await world.carry_out("users update jrivera --disable", "disable")
    answer = await world.type("U0ALICE", "users delete jrivera --type-the-name jrivera")
    assert answer is not None
    assert "Enable the user first: users update jrivera --enable" in answer.text
    assert await world.confirmations.waiting() == []
    await world.carry_out("users update jrivera --enable", "enable")
    assert (await world.carry_out("users delete jrivera --type-the-name jrivera", "delete")).state == "done"
    assert world.registry.user("jrivera") is None


async def test_a_user_who_is_disabled_after_the_plan_is_not_deleted(world: World) -> None:
    """What was approved no longer fits, so nothing is sent."""
    await world.type("U0ALICE", "users delete jrivera --type-the-name jrivera")
    await world.agree()
    user(world, "jrivera").enabled = False
    (ended,) = await world.work()
    assert (ended.state, logged(world)) == ("stale", [])


async def test_the_same_address_in_other_letters_is_a_warning(world: World) -> None:
    """Quay takes it, so it is no refusal."""
    await world.type("U0ALICE", "users create kim --email JRivera@example.com")
    assert "has the same address in other letters" in world.only_card()


async def test_a_name_whose_deletion_quay_has_not_finished(world: World) -> None:
    """Nothing in Quay's API shows it beforehand, so it is Quay's refusal, in words."""
    world.registry.features.background_workers = False
    await world.carry_out("users delete jrivera --type-the-name jrivera", "one")
    refused = await world.carry_out("users create jrivera", "two")
    assert refused.state == "failed"
    assert "kept by a deletion that Quay has not finished" in refused.note


async def test_a_user_whom_quay_created_although_it_refused(world: World) -> None:
    """Where Quay sends e-mails and cannot, it answers 400 and the user is there: the bot looks, and says so."""
    world.registry.features.mailing, world.registry.features.mail_server = True, False
    done = await world.carry_out("users create kim --email kim@example.com")
    assert done.state == "done"
    assert "The password is lost" in done.note
    assert "users update kim --reset-password" in done.note


async def test_disabling_shows_in_the_plan_and_is_read_back(world: World) -> None:
    """Quay's own answer still has the old state."""
    await world.type("U0ALICE", "users update jrivera --disable")
    assert "enabled → *disabled*" in world.only_card()
    await world.agree()
    (done,) = await world.work()
    assert (done.state, user(world, "jrivera").enabled) == ("done", False)
    assert "jrivera is now disabled" in done.note


async def test_only_what_differs_is_sent(world: World) -> None:
    """An address that is so already is not sent again."""
    done = await world.carry_out("users update jrivera --email jrivera@example.com --disable")
    assert done.state == "done"
    assert "user_change_email" not in logged(world)


class TakesTheAddress(Quay):
    """Somebody else gets the address after the bot has looked, and before it sends."""

    registry: Registry

    async def change_install_user(self, username: str, **fields: Any) -> models.User:
        user_of(self.registry, "quayadmin").email = "new@example.com"
        return await super().change_install_user(username, **fields)


async def test_a_refusal_is_told_field_by_field_and_no_password_is_changed_beside_it(redis: Redis) -> None:
    """Quay changes one field after the other; the bot sends first what may be refused, and the password last."""
    async with open_world(redis, TakesTheAddress) as world:
        world.quay.registry = world.registry  # type: ignore[attr-defined]
        done = await world.carry_out("users update jrivera --email new@example.com --disable --reset-password")
        assert done.state == "failed"
        assert "E-mail address already used" in done.note
        assert "E-mail: not changed, it is jrivera@example.com" in done.note
        assert "jrivera is still enabled" in done.note
        assert "Password: not changed" in done.note
        assert await world.vault.find(done.id) is None
        assert "user_change_password" not in logged(world)


async def test_a_password_and_an_address_are_two_calls_each_noted(world: World) -> None:
    """Each is sent once, and the audit has an intent for each."""
    done = await world.carry_out("users update jrivera --email new@example.com --reset-password")
    assert done.state == "done"
    assert "E-mail: it is now new@example.com" in done.note
    assert "Password: changed" in done.note
    assert (await world.events()).count("change_intent") == 2
    changes = [kind for kind in logged(world) if kind.startswith("user_change")]
    assert changes == ["user_change_email", "user_change_password"]


async def test_a_password_that_quay_may_have_changed_counts_as_unknown(world: World) -> None:
    """Nobody has the new one, if there is one; the way out is named."""
    await world.type("U0ALICE", "users update jrivera --reset-password")
    await world.agree()
    world.faults.failures.append(Failure("closed", method="PUT", after_effect=True))
    (done,) = await world.work()
    assert done.state == "unknown"
    assert "users update jrivera --reset-password" in done.note


async def test_a_user_who_changed_meanwhile_makes_the_plan_stale(world: World) -> None:
    """The digest covers the flags and the address."""
    await world.type("U0ALICE", "users update jrivera --disable")
    await world.agree()
    user(world, "jrivera").email = "moved@example.com"
    (stale,) = await world.work()
    assert stale.state == "stale"
    assert user(world, "jrivera").enabled


async def test_a_user_is_deleted(world: World) -> None:
    """The name typed once more; the requester is told."""
    done = await world.carry_out("users delete jrivera --type-the-name jrivera")
    assert (done.state, world.registry.user("jrivera")) == ("done", None)
    assert done.typed


async def test_users_are_looked_through_for_an_address_before_the_plan_and_not_again(world: World) -> None:
    """The call itself settles it: Quay refuses an address that is taken, in words."""
    for command, ready in {"create kim": "users create kim", "update jrivera": "users update jrivera"}.items():
        await world.type("U0ALICE", f"{ready} --email new@example.com", delivery=command)
        await world.agree()
        await forget_requests(world)
        (done,) = await world.work()
        assert done.state == "done"
        assert "GET /api/v1/superuser/users/" not in await requests_to_quay(world)
        user(world, command.split()[1]).email = "old@example.com"


async def test_an_address_that_was_taken_meanwhile_is_quays_refusal(world: World) -> None:
    """A 400 with the text of its database, cut down to what it says; there is no such user."""
    await world.type("U0ALICE", "users create kim --email new@example.com")
    await world.agree()
    user(world, "jrivera").email = "new@example.com"
    (refused,) = await world.work()
    assert refused.state == "failed"
    assert "Already taken: email new@example.com" in refused.note
    assert world.registry.user("kim") is None


async def test_a_large_registry_is_looked_through_in_part_and_it_is_said(world: World) -> None:
    """Quay has no search for an address; ten of its answers are looked at."""
    for number in range(1000):
        world.registry.add(User(world.registry.next_id(), f"many{number}", f"many{number}@example.com"))
    await world.type("U0ALICE", "users create kim --email many999@example.com")
    assert "Only the first 1,000 users were looked at for this e-mail address" in world.only_card()
    assert (await requests_to_quay(world)).count("GET /api/v1/superuser/users/") == 10
    await world.agree()
    (refused,) = await world.work()
    assert refused.state == "failed"
    assert "Already taken: email many999@example.com" in refused.note
