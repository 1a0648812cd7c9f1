"""The real processes at a registry that is configured otherwise, enforces quotas, or no longer knows their token.

The stories of this module go from a registry that works to one that refuses the bot.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import pytest

from sandbox.quay.jwk import pseudo_jwk, thumbprint
from sandbox.quay.state import ServiceKey
from tests.system.conftest import Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]


async def control(town: Town, method: str, path: str, **options: Any) -> Any:
    """Use the control door of the simulated Quay that the bot talks to."""
    async with httpx.AsyncClient(base_url=town.environment["QUAY_URL"]) as quay:
        return (await quay.request(method, f"/sandbox/quay/{path}", **options)).json()


async def test_pushes_are_accepted_again_after_a_quota_was_raised(town: Town) -> None:
    """Quay refuses at the Reject limit until the bot has changed the quota, whose limits it keeps."""
    push = ("GET", "push?namespace=team-edge")
    assert (await control(town, *push))["refused"]
    await town.say("U03CAROL", "/quay quota set team-edge 30GiB")
    plan = await town.sees("U03CAROL", "team-edge", "change_confirm")
    await town.press("U03CAROL", plan, "change_confirm")
    await town.sees("U04DAVE", "<@U03CAROL>", "team-edge", "30 GiB")
    after = await control(town, *push)
    assert (after["refused"], after["warned"]) == (False, False), after["why"]


async def test_with_quays_own_defaults_quotas_are_a_feature_that_is_off(town: Town) -> None:
    """And the bot says so, until the feature is on."""
    before = (await control(town, "GET", "state"))["features"]
    await control(town, "POST", "features/quay-defaults")
    await town.say("U03CAROL", "/quay quota show team-beta")
    refusal = await town.sees("U03CAROL", "FEATURE_QUOTA_MANAGEMENT or FEATURE_EDIT_QUOTA is off")
    await town.say("U03CAROL", "/quay config")
    await town.sees("U03CAROL", "FEATURE_SUPERUSER_CONFIGDUMP is off")
    await control(town, "POST", "features", json=before)
    await town.say("U03CAROL", "/quay quota show team-beta")
    await town.sees("U03CAROL", "team-beta", "100 GiB", after=refusal["ts"])


async def test_what_a_registry_refused_is_refused_at_the_next_plan_until_it_is_rechecked(town: Town) -> None:
    """Users come from LDAP, and the configuration is not shown: the first request finds out, by its approval."""
    before = (await control(town, "GET", "state"))["features"]
    await control(town, "POST", "features", json={"authentication": "LDAP", "config_dump": False})
    await town.say("U03CAROL", "/quay users update jrivera --reset-password")
    card = await town.sees("U02BOB", "jrivera", "change_approve")
    await town.press("U02BOB", card, "change_approve")
    await town.sees("U03CAROL", "Cannot change password in non-database auth")
    await town.say("U03CAROL", "/quay users create kim --email kim@example.com")
    refused = await town.sees("U03CAROL", "This Quay can't create users", "status --recheck")
    assert refused["ephemeral"]
    await town.say("U03CAROL", "/quay status --recheck")
    await control(town, "POST", "features", json=before)
    await town.say("U03CAROL", "/quay users create kim --email kim@example.com")
    await town.sees("U02BOB", "Create the user kim", "change_approve")


async def test_a_disabled_user_is_enabled_before_they_are_deleted(town: Town) -> None:
    """Quay reports the deletion of a disabled user as done and keeps them."""
    user = town.registry.user("jrivera")
    assert user is not None
    user.enabled = False
    await town.say("U03CAROL", "/quay users delete jrivera")
    await town.sees("U03CAROL", "users update jrivera --enable")
    user.enabled = True


async def test_a_deletion_says_what_is_lost_with_the_user(town: Town) -> None:
    """The bot's own reads, and organizations that nobody else owns."""
    organization = town.registry.organization("team-beta")
    assert organization is not None
    organization.teams = {"owners": ["registry-auditor"]}
    await town.say("U03CAROL", "/quay users delete registry-auditor")
    await town.sees(
        "U02BOB", "If QUAY_READ_TOKEN belongs to this user", "registry-auditor is the only owner of team-beta"
    )


async def test_a_key_that_nobody_approved_for_days_is_offered_until_quay_removes_it(town: Town) -> None:
    """Quay removes it when another key of its service arrives; until then its card says from when on it may."""
    jwk = pseudo_jwk(Random(3))  # noqa: S311  # the same key every time
    old = ServiceKey(thumbprint(jwk).hex(), "quay_builder", jwk, datetime.now(UTC) - timedelta(days=3))
    town.registry.keys[old.kid] = old
    card = await town.sees("U04DAVE", old.kid, "Quay may remove it from", "key_approve")
    arrived = await control(town, "POST", "keys", json={"service": "quay_builder"})
    assert old.kid not in town.registry.keys
    await town.sees("U04DAVE", arrived["kid"], "key_approve")
    ended = await town.sees("U04DAVE", old.kid, "Quay removed it unapproved after a day")
    assert (ended["ts"], "key_approve" in str(ended)) == (card["ts"], False)


async def test_without_the_organization_of_its_application_the_bots_token_is_refused(town: Town) -> None:
    """Deleting that organization is all it takes: the bot then names the token."""
    town.registry.delete_later("registry-automation")
    await town.say("U03CAROL", "/quay users list")
    await town.sees("U03CAROL", "QUAY_TOKEN")
