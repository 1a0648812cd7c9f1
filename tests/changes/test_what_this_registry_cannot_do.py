"""What a registry is configured not to do is refused at the plan: by its configuration, or once it was seen."""

import dataclasses

import pytest

from sandbox.quay.features import Authentication
from tests.support.answers import asked
from tests.support.world import World, text_of

CREATE, RESET = "users create kim --email kim@example.com", "users update jrivera --reset-password"
READDRESS = "users update jrivera --email new@example.com"
WITHOUT_ADDRESS = "users create kim"


def configure(world: World, **features: object) -> None:
    world.registry.features = dataclasses.replace(world.registry.features, **features)  # type: ignore[arg-type]  # by name


async def refused(world: World, command: str, delivery: str) -> str:
    """What Alice is told who asks for something that is refused at the plan: nobody else hears of it."""
    before = len(world.slack.messages)
    answer = await world.type("U0ALICE", command, delivery=delivery)
    assert answer is not None, "a card was posted"
    assert len(world.slack.messages) == before
    assert await world.confirmations.waiting() == []
    return text_of(answer)


@pytest.mark.parametrize("kind", ["LDAP", "JWT", "Keystone", "OIDC", "AppToken"])
@pytest.mark.parametrize(("command", "what"), [(CREATE, "create users"), (RESET, "change passwords")])
async def test_users_from_an_identity_provider_are_changed_there(
    world: World, kind: Authentication, command: str, what: str
) -> None:
    """Where Quay shows its configuration, nobody has to find out by an approval."""
    configure(world, authentication=kind)
    said = await refused(world, command, "first")
    assert f"This Quay can't {what}" in said
    assert "AUTHENTICATION_TYPE" in said


async def test_disabling_works_for_users_from_an_identity_provider(world: World) -> None:
    """So does changing an address where only the tokens are from elsewhere."""
    configure(world, authentication="LDAP")
    assert "can't change email addresses" in await refused(world, READDRESS, "first")
    done = await world.carry_out("users update jrivera --disable", "second")
    assert done.state == "done"
    configure(world, authentication="AppToken")
    assert (await world.carry_out(READDRESS, "third")).state == "done"


async def test_a_new_user_needs_an_address_where_quay_sends_email(world: World) -> None:
    """Said with the option to add."""
    configure(world, mailing=True)
    assert "Add --email EMAIL" in await refused(world, WITHOUT_ADDRESS, "first")
    assert (await world.carry_out(CREATE, "second")).state == "done"


@pytest.mark.parametrize(
    ("features", "command"),
    [
        ({"authentication": "LDAP"}, CREATE),
        ({"authentication": "LDAP"}, RESET),
        ({"authentication": "OIDC"}, READDRESS),
        ({"mailing": True}, WITHOUT_ADDRESS),
    ],
)
async def test_what_quay_refused_once_is_not_planned_again_for_a_day(
    world: World, features: dict[str, object], command: str
) -> None:
    """Where the configuration is not shown. Afterwards the registry may have been configured otherwise."""
    configure(world, config_dump=False, **features)
    assert (await world.carry_out(command, "first")).state == "failed"
    world.clock.forward(hours=23)
    assert "Quay refused it on 2026-11-24 at 12:00 UTC" in await refused(world, command, "second")
    world.clock.forward(hours=2)
    assert (await world.carry_out(command, "third")).state == "failed"


async def test_one_refusal_tells_of_the_others(world: World) -> None:
    """Quay creates no users where it changes no passwords."""
    configure(world, config_dump=False, authentication="LDAP")
    await world.carry_out(RESET, "first")
    assert "can't create users" in await refused(world, CREATE, "second")


async def test_status_shows_what_was_seen_and_has_it_tried_again(world: World) -> None:
    """What a registry ignores, too."""
    configure(world, config_dump=False, authentication="LDAP")
    assert "was seen not to do" not in text_of(await asked(world, "status"))
    await world.carry_out(RESET, "first")
    await world.memory.ignored.remember("changeOrganization", ["email"])
    shown = text_of(await asked(world, "status"))
    assert "• create users (refused <!date^" in shown
    assert "• change email by changeOrganization" in shown
    assert "`status --recheck` has it tried again" in shown
    configure(world, authentication="Database")
    assert "can't change passwords" in await refused(world, RESET, "second")
    assert "was seen not to do" not in text_of(await asked(world, "status --recheck"))
    assert (await world.carry_out(RESET, "third")).state == "done"


async def test_the_configuration_is_believed_rather_than_the_memory(world: World) -> None:
    """It is as new as Quay's last start."""
    configure(world, config_dump=False, authentication="LDAP")
    await world.carry_out(RESET, "first")
    configure(world, config_dump=True, authentication="Database")
    assert (await world.carry_out(RESET, "second")).state == "done"


async def test_another_registry_is_asked_itself(world: World) -> None:
    """The memory is of one address."""
    configure(world, config_dump=False, authentication="LDAP")
    await world.carry_out(RESET, "first")
    elsewhere = dataclasses.replace(world.memory.limitations, quay_url="https://other.example")
    assert await elsewhere.seen() == ()
    await elsewhere.forget()
    assert await world.memory.limitations.seen() != ()
