"""What was sealed with the key before is still opened, as long as SECRET_KEY_OLD names it; only the new one seals."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.audit import audit_keys
from bot.audit.exports import lines, verify_lines
from bot.confirmations import State
from bot.model.roots import Root
from bot.permissions import Actor
from bot.storage.sealing import Sealer, Tampered, derive_keys
from bot.storage.vault import SecretGone
from tests.support.world import ADMIN, TEAM, World, open_world

SIGNING, NEW = "s" * 32, "the key that comes after it, long enough"
ALICE = Actor(TEAM, "U0ALICE")

Opens = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
def bot(redis: Redis) -> Opens:
    """Opens the bot over the same Redis with one key or another; without any, the signing secret seals."""

    @asynccontextmanager
    async def opened(key: str | None = None, old: str | None = None) -> AsyncIterator[World]:
        given: dict[str, Any] = {
            name: SecretStr(value) for name, value in {"secret_key": key, "secret_key_old": old}.items() if value
        }
        async with open_world(redis, **given) as world:
            yield world

    return opened


async def test_a_pending_change_is_agreed_to_and_carried_out_with_the_new_key(bot: Opens) -> None:
    """From the signing secret to SECRET_KEY, as a move to Socket Mode needs it."""
    async with bot() as before:
        proposed = await before.propose("U0ALICE", "keys approve", kid=before.waiting_key())
    async with bot(NEW, SIGNING) as now:
        await now.click("U0BOB", "change_approve", proposed.id)
        await now.work()
        assert (await now.confirmations.get(proposed.id)).state is State.DONE
    async with bot(NEW) as later:
        assert (await later.confirmations.get(proposed.id)).state is State.DONE, "each step seals with the new key"


async def test_what_the_new_key_has_sealed_the_old_one_alone_does_not_open(bot: Opens) -> None:
    """So the first of two rolling restarts teaches every process the new key, before any of them seals with it."""
    async with bot(NEW, SIGNING) as now:
        proposed = await now.propose("U0ALICE", "keys approve", kid=now.waiting_key())
    async with bot() as unprepared:
        with pytest.raises(Tampered):
            await unprepared.confirmations.get(proposed.id)
    async with bot(SIGNING, NEW) as prepared:
        assert (await prepared.confirmations.get(proposed.id)).state is State.PENDING


async def test_without_the_old_key_everything_pending_is_void(bot: Opens) -> None:
    """After a theft it is not set: what the thief could have sealed is worth nothing."""
    async with bot() as before:
        proposed = await before.propose("U0ALICE", "keys approve", kid=before.waiting_key())
    async with bot(NEW) as now:
        with pytest.raises(Tampered):
            await now.confirmations.get(proposed.id)


async def test_a_secret_that_waits_can_still_be_seen(bot: Opens) -> None:
    """Its owner has until its end, with either key."""
    async with bot() as before:
        await before.vault.keep("change-1", ALICE, ADMIN, "the password", "users update", SecretStr("pass"))
    async with bot(NEW) as without:
        with pytest.raises(SecretGone):
            await without.vault.reveal("change-1", ALICE)
    async with bot(NEW, SIGNING) as now:
        _, secret = await now.vault.reveal("change-1", ALICE)
        assert secret.get_secret_value() == "pass"


async def test_a_freeze_holds_on(bot: Opens) -> None:
    """It is read before each change, and was sealed before."""
    async with bot() as before:
        await before.freezer.freeze(ALICE, "Alice", ADMIN, "the release")
    async with bot(NEW, SIGNING) as now:
        assert (await now.freezer.look()).on


async def test_the_audit_goes_on_in_one_chain(bot: Opens) -> None:
    """Entries of both keys, in Redis and in an export; without the old key, its entries carry no seal that is known."""
    async with bot() as before:
        await before.audit.record("command_denied", actor="T1/U1")
    async with bot(NEW, SIGNING) as now:
        await now.audit.record("command_denied", actor="T1/U2")
        assert (await now.audit.verify()).problems == ()
        exported = [line async for line in lines(now.audit.stored(), None, None)]
    assert verify_lines(exported, audit_keys(Root(NEW, SIGNING)), None).problems == ()
    async with bot(NEW) as without:
        first, *_ = (await without.audit.verify()).problems
        assert "does not carry our seal" in first


def test_the_old_key_never_seals() -> None:
    """Whatever its place, the key in use is the one that seals."""
    rotated, old = Sealer(*derive_keys(Root("new", "old"), "records")), Sealer(*derive_keys(Root("old"), "records"))
    assert rotated.unseal("name", old.seal("name", {"a": 1})) == {"a": 1}
    with pytest.raises(Tampered):
        old.unseal("name", rotated.seal("name", {"a": 1}))


def test_no_root_is_shown() -> None:
    """A traceback or a log line may show the object."""
    assert "secret-1" not in repr(Root("secret-1", "secret-1"))
