"""`status` is not well with a token that Quay refuses, and says which one it is and what still works."""

from dataclasses import replace

import pytest

from bot.quay.client import Quay, open_client
from tests.support.answers import asked
from tests.support.world import World, text_of

SUPERUSER, READ_ONLY, ORDINARY = "sandbox-superuser", "sandbox-readonly", "sandbox-user"


def by_tokens(world: World, quay: Quay) -> None:
    """Let commands go by a client with other tokens."""
    world.dispatcher = replace(world.dispatcher, bot=replace(world.dispatcher.bot, quay=quay))


@pytest.mark.parametrize(
    ("token", "read_token", "revoked", "said"),
    [
        (SUPERUSER, None, [], ""),
        (SUPERUSER, READ_ONLY, [], ""),
        (
            SUPERUSER,
            READ_ONLY,
            [READ_ONLY],
            "QUAY_READ_TOKEN is wrong, expired or revoked. The bot reads with",
        ),
        (SUPERUSER, ORDINARY, [], "QUAY_READ_TOKEN isn't allowed to do this. The bot reads with QUAY_TOKEN instead."),
        (SUPERUSER, READ_ONLY, [SUPERUSER], "QUAY_TOKEN is wrong, expired or revoked. No change can run"),
        (READ_ONLY, None, [], "QUAY_TOKEN isn't allowed to do this. No change can run"),
        (READ_ONLY, READ_ONLY, [], "QUAY_TOKEN isn't allowed to do this. No change can run"),
        (SUPERUSER, None, [SUPERUSER], "The token in QUAY_TOKEN is wrong, expired or revoked."),
        (SUPERUSER, READ_ONLY, [SUPERUSER, READ_ONLY], "The tokens in QUAY_READ_TOKEN and QUAY_TOKEN are wrong"),
    ],
)
async def test_status_says_which_token_is_refused(
    world: World, token: str, read_token: str | None, revoked: list[str], said: str
) -> None:
    """Also of a token that may read everything and change nothing, which no read shows."""
    world.faults.revoked_tokens.update(revoked)
    async with open_client(world.quay_url) as http:
        by_tokens(world, Quay(http, token, read_token))
        answer = await asked(world, "status")
    assert said in text_of(answer)
    assert ("Quay does not do what the bot asks" in text_of(answer)) == bool(said)


async def test_every_command_goes_on_without_the_token_for_reading(world: World) -> None:
    """Even the one that would enable its owner again."""
    world.faults.revoked_tokens.add(READ_ONLY)
    async with open_client(world.quay_url) as http:
        by_tokens(world, Quay(http, SUPERUSER, READ_ONLY))
        name = world.registry.users()[5].name
        assert (await asked(world, f"users show {name}")).text.startswith(name)
