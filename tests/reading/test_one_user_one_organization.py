"""One user or organization: how full it is, who is in it, and its page in the registry."""

import dataclasses

from bot.permissions import Policy
from tests.support.answers import asked, requests_to_quay
from tests.support.world import POLICY, World, text_of


async def test_an_organization_is_shown_with_its_use_and_teams(world: World) -> None:
    """The use first."""
    answer = await asked(world, "orgs show team-alpha")
    assert answer.text.startswith("team-alpha: 96.9 % of its quota, 77.5 GiB of 80 GiB")
    assert "Teams: owners (admin, 1), developers (member, 1)" in text_of(answer)
    assert "<https://quay.test/organization/team-alpha|Open in Quay>" in text_of(answer)


async def test_a_user_is_shown_with_what_is_unusual(world: World) -> None:
    """Whether they may log in, whether they are a superuser."""
    answer = await asked(world, "users show quayadmin")
    assert answer.text == "quayadmin may log in: superuser"
    assert "<https://quay.test/user/quayadmin|Open in Quay>" in text_of(answer)


async def test_a_disabled_user_is_said_to_be_disabled(world: World) -> None:
    """In the first line."""
    user = next(user for user in world.registry.users() if not user.super_user)
    user.enabled = False
    assert "is disabled and cannot log in" in (await asked(world, f"users show {user.name}")).text


async def test_what_does_not_exist_is_said_not_to(world: World) -> None:
    """With the way to the other kind of namespace."""
    assert "`users show nosuch`" in (await asked(world, "orgs show nosuch")).text
    assert "`orgs show team-alpha`" in (await asked(world, "users show team-alpha")).text


async def test_figures_that_quay_is_still_counting_are_not_shown(world: World) -> None:
    """They would be too small."""
    world.registry.namespaces["team-alpha"].backfill = "running"
    answer = await asked(world, "orgs show team-alpha")
    assert "Quay is still counting its use" in answer.text
    assert "77.5" not in text_of(answer)


async def test_with_quotas_switched_off_the_rest_is_still_shown(world: World) -> None:
    """Quay leaves both fields out then."""
    world.registry.features = dataclasses.replace(world.registry.features, quota_management=False)
    answer = await asked(world, "orgs show team-alpha")
    assert "its use is not shown" in answer.text
    assert "owners" in text_of(answer)


async def test_whoever_may_list_may_look(world: World) -> None:
    """There is no superuser operation for one of them: the permission is the list's."""
    rule = {"name": "users only", "who": ["staff"], "may": ["listAllUsers"]}
    world.policy = Policy.model_validate({**POLICY, "rules": [rule]})
    assert "may log in" in (await asked(world, "users show quayadmin")).text
    assert "You may not do this here" in (await asked(world, "orgs show team-alpha")).text


async def test_keys_and_quotas_lead_to_their_pages_too(world: World) -> None:
    """Service keys have only the superusers' list."""
    shown = await asked(world, f"keys show {world.waiting_key()}")
    assert "https://quay.test/superuser?tab=servicekeys" in text_of(shown)
    assert "https://quay.test/organization/team-alpha" in text_of(await asked(world, "quota show team-alpha"))
    assert "https://quay.test/user/quayadmin" in text_of(await asked(world, "quota show user:quayadmin"))
    assert await requests_to_quay(world)
