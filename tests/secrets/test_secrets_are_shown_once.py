"""Secrets that changes bring forth: for the requester alone, once, for a while, and nowhere in the clear."""

import json
import logging
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.quay.client import Quay
from bot.views import secrets as views
from sandbox.slack.blocks import check_view
from tests.support.world import World, open_world, text_of

CREATE = "users create kim --email kim@example.com"
RESET = "users update jrivera --reset-password"
KEY = "keys create clair_scanner --expires 90d"
COMMANDS = [CREATE, RESET, KEY]


def secret_in(view: dict[str, Any]) -> str:
    """The secret that a modal shows, as it would be copied from it."""
    parts = [block for block in view["blocks"] if block["type"] == "rich_text"]
    return "\n".join(part["elements"][0]["elements"][0]["text"] for part in parts)


async def everything_in_redis(redis: Redis) -> bytes:
    """Every value of every key, whatever its type."""
    found = b""
    async for key in redis.scan_iter():
        match (await redis.type(key)).decode():
            case "string":
                found += await redis.get(key) or b""
            case "hash":
                found += repr(await redis.hgetall(key)).encode()  # type: ignore[misc]
            case "set":
                found += repr(await redis.smembers(key)).encode()  # type: ignore[misc]
            case "zset":
                found += repr(await redis.zrange(key, 0, -1)).encode()
            case "stream":
                found += repr(await redis.xrange(key)).encode()
            case kind:
                raise AssertionError(f"{key!r} is a {kind}")
    return found


@pytest.mark.parametrize("command", COMMANDS)
async def test_the_requester_alone_is_offered_it_and_sees_it_once(world: World, command: str) -> None:
    """A whisper with a button; the second click is told that it was seen."""
    done = await world.carry_out(command)
    assert done.state == "done"
    ((_, user, offer),) = world.slack.whispers
    assert user == "U0ALICE"
    assert "secret_reveal" in text_of(offer)
    (view,), instead = await world.reveal("U0ALICE", done.id)
    assert len(secret_in(view)) >= 24
    assert instead is not None
    assert instead.replaces
    (again,), _ = await world.reveal("U0ALICE", done.id)
    assert "was seen already" in json.dumps(again)
    assert (await world.events())[-1] == "secret_shown"


@pytest.mark.parametrize("command", COMMANDS)
async def test_it_stands_nowhere_in_the_clear(world: World, command: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not in Redis, in no message, in no log line, not in the audit, before and after it was seen."""
    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        done = await world.carry_out(command)
        before = await everything_in_redis(world.redis)
        (view,), instead = await world.reveal("U0ALICE", done.id)
        after = await everything_in_redis(world.redis)
        pending = await world.type("U0ALICE", "pending")
    assert pending is not None
    assert instead is not None
    secret = secret_in(view)
    lines = [line for line in secret.splitlines() if len(line) > 20 and "PRIVATE KEY" not in line] or [secret]
    shown = [*world.slack.messages.values(), pending, instead.message]
    shown += [message for _, _, message in (*world.slack.threads, *world.slack.whispers)]
    said = "".join(map(text_of, shown)) + repr(logs) + caplog.text
    for line in lines:
        assert line not in said
        assert line.encode() not in before
        assert line.encode() not in after


@pytest.mark.parametrize("command", COMMANDS)
async def test_anybody_else_is_told_that_it_is_not_theirs(world: World, command: str) -> None:
    """The approver as well; it stays for its owner, and the attempt is recorded."""
    done = await world.carry_out(command)
    (view,), instead = await world.reveal("U0BOB", done.id)
    assert "for somebody else" in json.dumps(view)
    assert instead is None
    assert (await world.events())[-1] == "secret_withheld"
    (view,), _ = await world.reveal("U0ALICE", done.id)
    assert secret_in(view)


async def test_the_password_that_is_shown_is_the_one_that_quay_has(world: World) -> None:
    """A reset one is made by the bot: long, and without blanks, so that Quay never refuses it."""
    seen: list[str] = []

    class Watching(Quay):
        async def change_install_user(self, username: str, **fields: Any) -> Any:
            seen.append(fields["password"].get_secret_value())
            return await super().change_install_user(username, **fields)

    async with open_world(world.redis, Watching) as watched:
        done = await watched.carry_out(RESET)
        (view,), _ = await watched.reveal("U0ALICE", done.id)
    assert seen == [secret_in(view)]
    assert len(seen[0]) >= 24
    assert not any(letter.isspace() for letter in seen[0])


async def test_a_private_key_comes_whole(world: World) -> None:
    """As Quay sent it, ready to be put in a file."""
    done = await world.carry_out(KEY)
    (view,), _ = await world.reveal("U0ALICE", done.id)
    lines = secret_in(view).splitlines()
    assert lines[0] == "-----BEGIN RSA PRIVATE KEY-----"
    assert lines[-1] == "-----END RSA PRIVATE KEY-----"


async def test_a_long_key_is_cut_between_lines_into_what_slack_takes(world: World) -> None:
    """Joined with line breaks, the pieces are the key."""
    done = await world.carry_out(CREATE)
    kept = await world.vault.find(done.id)
    assert kept is not None
    key = "\n".join(["-----BEGIN-----", *["x" * 64] * 200, "-----END-----"])
    view = views.shown(kept, key)
    assert check_view(view) == []
    assert secret_in(view) == key
    assert max(map(len, views.pieces(key))) <= 2500


async def test_pending_lists_what_was_not_seen_yet(world: World) -> None:
    """To its owner alone, since a whisper may get lost."""
    await world.carry_out(CREATE)
    own, other = await world.type("U0ALICE", "pending"), await world.type("U0BOB", "pending")
    assert own is not None
    assert other is not None
    assert "secret_reveal" in text_of(own)
    assert "The password of kim" in text_of(own)
    assert "kim" not in text_of(other)


@pytest.mark.parametrize(("command", "way_out"), [(CREATE, "users update kim --reset-password"), (KEY, "keys delete ")])
async def test_what_expires_unseen_is_destroyed_and_its_owner_told(world: World, command: str, way_out: str) -> None:
    """Twelve hours after the change was done, with the way out, once."""
    done = await world.carry_out(command)
    world.slack.messages.clear()
    world.clock.forward(hours=11, minutes=59)
    await world.expiry.run()
    assert world.slack.messages == {}
    world.clock.forward(minutes=2)
    (view,), _ = await world.reveal("U0ALICE", done.id)
    assert "expired unseen" in json.dumps(view)
    await world.expiry.run()
    await world.expiry.run()
    (told,) = world.slack.messages.values()
    assert "<@U0ALICE>" in text_of(told)
    assert way_out in text_of(told)
    assert (await world.events())[-1] == "secret_expired"


async def test_telling_that_it_expired_is_tried_again(world: World) -> None:
    """Slack did not take it at first; the secret is destroyed all the same."""
    await world.carry_out(CREATE)
    world.slack.messages.clear()
    world.clock.forward(hours=13)
    world.slack.fails = "ratelimited"
    await world.expiry.run()
    world.slack.fails = None
    await world.forget_who_tells()
    await world.expiry.run()
    assert "expired unseen" in world.only_card()


async def test_a_modal_that_slack_does_not_take_leaves_the_secret_where_it_was(world: World) -> None:
    """It was not seen, so it is not gone; its time is not longer for that."""
    done = await world.carry_out(CREATE)
    kept = await world.vault.find(done.id)

    async def refuses(_: dict[str, Any]) -> bool:
        return False

    said = await world.reveals.reveal(done.id, await world.person("U0ALICE"), refuses)
    assert said is not None
    assert "still waits" in said.message.text
    assert await world.vault.find(done.id) == kept
    (view,), _ = await world.reveal("U0ALICE", done.id)
    assert secret_in(view)


class Death(BaseException):
    """The process ends here."""


class DiesWithTheAnswer(Quay):
    """The worker dies between Quay's answer and keeping what was in it."""

    async def create_install_user(self, username: str, *, email: str | None = None) -> Any:
        await super().create_install_user(username, email=email)
        raise Death

    async def create_service_key(self, *arguments: Any, **fields: Any) -> Any:
        await super().create_service_key(*arguments, **fields)
        raise Death

    async def change_install_user(self, username: str, **fields: Any) -> Any:
        await super().change_install_user(username, **fields)
        raise Death


@pytest.mark.parametrize(
    ("command", "state", "said"),
    [
        (CREATE, "done", "The password is lost, since Quay tells it only once"),
        (RESET, "unknown", "the new one is lost"),
        (KEY, "done", "Its private key is lost"),
    ],
)
async def test_what_died_with_the_worker_is_lost_and_the_outcome_says_so(
    redis: Redis, command: str, state: str, said: str
) -> None:
    """With what to do about it; nothing is sent twice."""
    async with open_world(redis, DiesWithTheAnswer) as world:
        await world.type("U0ALICE", command)
        record = await world.agree()
        with pytest.raises(Death):
            await world.executor.execute(record.id)
        world.clock.forward(minutes=5)
        (settled,) = await world.recover()
    assert settled.state == state
    assert said in settled.note
    assert world.slack.whispers == []


class DiesLater(Quay):
    """The worker dies after keeping the secret, while it reads back."""

    dies = False

    async def create_install_user(self, username: str, *, email: str | None = None) -> Any:
        created = await super().create_install_user(username, email=email)
        self.dies = True
        return created

    async def get_install_user(self, username: str) -> Any:
        if self.dies:
            self.dies = False
            raise Death
        return await super().get_install_user(username)


async def test_what_was_kept_before_the_worker_died_is_offered_by_the_next(redis: Redis) -> None:
    """The one thing that could not be fetched again is put in safety first."""
    async with open_world(redis, DiesLater) as world:
        await world.type("U0ALICE", CREATE)
        record = await world.agree()
        with pytest.raises(Death):
            await world.executor.execute(record.id)
        world.clock.forward(minutes=5)
        (settled,) = await world.recover()
        assert settled.state == "done"
        assert "lost" not in settled.note
        assert len(world.slack.whispers) == 1
        (view,), _ = await world.reveal("U0ALICE", record.id)
    assert secret_in(view)


async def test_a_second_click_after_the_modal_was_taken_shows_nothing(world: World) -> None:
    """Shown once is shown once."""
    done = await world.carry_out(CREATE)
    first, second = await world.reveal("U0ALICE", done.id), await world.reveal("U0ALICE", done.id)
    assert [bool(secret_in(view)) for (view,), _ in (first, second)] == [True, False]


async def test_a_stored_secret_that_was_moved_to_another_change_opens_nothing(world: World) -> None:
    """Write access to Redis reads no secret."""
    done = await world.carry_out(CREATE)
    stored = await world.redis.get(f"quaymaster:secret:{done.id}")
    await world.redis.set("quaymaster:secret:other", stored)
    (view,), _ = await world.reveal("U0ALICE", "other")
    assert "knows of no such secret" in json.dumps(view)
