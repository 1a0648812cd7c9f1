"""What a registry has switched off is named as such, as far as anybody can tell; what can be seen is shown."""

import dataclasses
from typing import Any

import pytest

from tests.support.answers import asked, rows
from tests.support.world import World, text_of

MANAGEMENT, EDITING = "FEATURE_QUOTA_MANAGEMENT", "FEATURE_EDIT_QUOTA"
SHOWS_NONE: list[tuple[dict[str, Any], str]] = [
    ({"quota_management": False, "edit_quota": True}, f"{MANAGEMENT} is off"),
    ({"quota_management": True, "edit_quota": False}, f"{EDITING} is off"),
    ({"quota_management": False, "edit_quota": False}, f"{MANAGEMENT} and {EDITING} are off"),
]


def configure(world: World, **features: object) -> None:
    world.registry.features = dataclasses.replace(world.registry.features, **features)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("full_access", [True, False])
@pytest.mark.parametrize(
    "command", ["quota show team-alpha", "quota show user:jrivera", "orgs show team-alpha", "users show jrivera"]
)
@pytest.mark.parametrize(("off", "why"), SHOWS_NONE)
async def test_which_feature_hides_the_quotas_is_read_from_the_configuration(
    world: World, off: dict[str, Any], why: str, command: str, full_access: bool
) -> None:
    """Nobody is told that a namespace has no quota, or that management is off where only editing is."""
    configure(world, config_dump=True, superusers_full_access=full_access, **off)
    said = text_of(await asked(world, command))
    assert why in said
    assert "no quota of its own" not in said
    assert "token" not in said


@pytest.mark.parametrize("command", ["quota show team-alpha", "orgs show team-alpha", "users show jrivera"])
@pytest.mark.parametrize("off", [off for off, _ in SHOWS_NONE])
async def test_where_the_configuration_is_not_shown_both_features_are_named(
    world: World, off: dict[str, Any], command: str
) -> None:
    """One of them is off, and nothing tells which."""
    configure(world, config_dump=False, **off)
    assert f"{MANAGEMENT} or {EDITING} is off" in text_of(await asked(world, command))


@pytest.mark.parametrize("managed", [True, False])
async def test_quotas_that_are_not_shown_may_still_be_enforced(world: World, managed: bool) -> None:
    """Without editing alone, Quay goes on refusing."""
    configure(world, config_dump=True, quota_management=managed, edit_quota=False)
    said = text_of(await asked(world, "quota show team-alpha"))
    assert ("It still enforces those that exist." in said) is managed


@pytest.mark.parametrize("command", ["quota set team-alpha 100GiB", "quota delete team-alpha"])
async def test_quotas_that_are_not_shown_are_not_planned_to_change(world: World, command: str) -> None:
    """The reason is the feature, for whoever asks."""
    configure(world, config_dump=True, quota_management=False)
    assert f"{MANAGEMENT} is off" in text_of(await asked(world, command, "U0ALICE"))
    assert await world.confirmations.waiting() == []


@pytest.mark.parametrize("command", ["orgs list", "users list"])
async def test_a_list_without_figures_says_why(world: World, command: str) -> None:
    """Once, beneath it."""
    configure(world, quota_management=False)
    assert f"Quay shows no quotas: {MANAGEMENT} or {EDITING} is off" in text_of(await asked(world, command))
    configure(world, quota_management=True, edit_quota=True)
    assert "Quay shows no quotas" not in text_of(await asked(world, command))


@pytest.mark.parametrize("command", ["quota show team-alpha", "orgs show team-alpha"])
async def test_without_full_access_the_use_is_shown_as_lists_show_it(world: World, command: str) -> None:
    """Quay keeps it from an organization's own page then, and from nowhere else."""
    configure(world, quota_management=True, superusers_full_access=True)
    shown = (await asked(world, command)).text
    assert "77.5 GiB" in shown
    configure(world, superusers_full_access=False, config_dump=False)
    assert (await asked(world, command)).text == shown
    (row,) = [row for row in rows(await asked(world, "orgs list --match team-alpha")) if row[0] == "team-alpha"]
    assert "77.5 GiB" in row


async def test_without_full_access_plans_show_the_use(world: World) -> None:
    """Of a quota, and of an organization that is to be deleted."""
    configure(world, quota_management=True, superusers_full_access=False, config_dump=False)
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=100 * 1024**3)
    shown = {line.label: line.now for line in record.plan.lines}
    assert str(shown["In use"]).startswith("77.5 GiB")
    await world.type("U0ALICE", "orgs delete team-beta --type-the-name team-beta", delivery="d2")
    assert "*In use:* 34 GiB" in text_of(list(world.slack.messages.values())[-1])


async def test_a_configuration_that_nobody_is_shown_is_the_features_fault(world: World) -> None:
    """Other reads prove the token."""
    configure(world, config_dump=False)
    said = (await asked(world, "config")).text
    assert "FEATURE_SUPERUSER_CONFIGDUMP is off" in said
    assert "token" not in said


async def test_a_token_that_is_refused_everything_is_the_tokens_fault(world: World) -> None:
    """Its owner is no superuser any more."""
    owner = world.registry.user("quayadmin")
    assert owner is not None
    owner.super_user = False
    said = text_of(await asked(world, "config"))
    assert "QUAY_TOKEN" in said
    assert "CONFIGDUMP" not in said
