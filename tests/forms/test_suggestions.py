"""What a field suggests: from memory, for those who may read of it, the typed text last."""

from asyncio import Event
from typing import Any

import pytest
from httpx import AsyncClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.changes import Authorization
from bot.permissions import Actor, Policy
from bot.slack.directory import Directory
from bot.views import forms
from handlers.forms import Forms
from handlers.name_index import Names
from handlers.suggestions import MOST, Suggestions
from sandbox.quay.faults import Failure
from sandbox.slack.blocks import check_options
from tests.support.world import ADMIN, POLICY, TEAM, FakeWeb, World


async def suggestions_of(world: World) -> Suggestions:
    names = Names(world.quay, world.clock)
    await names.refresh()
    return Suggestions(names, world.authorization)


async def found(world: World, source: str, typed: str, user: str = "U0CAROL", channel: str = ADMIN) -> list[str]:
    suggestions = await suggestions_of(world)
    actor = (await world.person(user)).actor
    names = await suggestions.find(source, typed, actor, channel)
    options = forms.options(names)
    assert check_options({"options": options}) == []
    assert len(options) == len(names) <= MOST
    return [str(option["value"]) for option in options]


async def test_names_that_begin_so_come_first(world: World) -> None:
    """Then those that contain it, and last what was typed, since Slack lets people choose only what is suggested."""
    values = await found(world, "namespaces", "alpha")
    assert values[-1] == "alpha"
    assert "team-alpha" in values
    values = await found(world, "namespaces", "team-")
    begun = [value.startswith("team-") for value in values[:-1]]
    assert begun == sorted(begun, reverse=True)


@pytest.mark.parametrize(
    ("source", "typed", "expected"),
    [
        ("namespaces", "TEAM-ALPHA", "team-alpha"),
        ("namespaces", "user:quay", "user:quayadmin"),
        ("users", "quayad", "quayadmin"),
        ("organizations", "team-al", "team-alpha"),
        ("services", "clair", "clair_scanner"),
    ],
)
async def test_each_source_has_its_names(world: World, source: str, typed: str, expected: str) -> None:
    """Small and capital letters are the same."""
    assert expected in await found(world, source, typed)


async def test_a_key_is_found_by_its_id_its_service_and_its_name(world: World) -> None:
    """What is chosen is the id."""
    kid = world.waiting_key()
    key = world.registry.keys[kid]
    for typed in (kid[:8], key.service):
        assert kid in await found(world, "keys", typed)


async def test_nothing_typed_suggests_the_first(world: World) -> None:
    """A hundred at most."""
    assert 0 < len(await found(world, "namespaces", "")) <= MOST


async def test_what_is_no_name_can_still_be_chosen(world: World) -> None:
    """The registry may have learned a name since it was read; too long a text is no choice."""
    assert await found(world, "users", "  brand-new ") == ["brand-new"]
    assert await found(world, "users", "x" * 151) == []


def policy(*rules: dict[str, Any]) -> Policy:
    return Policy.model_validate({**POLICY, "rules": list(rules)})


async def test_nobody_is_told_names_that_they_may_not_read(world: World) -> None:
    """Only what they typed themselves; where rules name some namespaces, those alone."""
    world.policy = policy({"name": "r", "who": ["managers"], "may": ["keys.read"]})
    assert await found(world, "namespaces", "team") == ["team"]
    assert len(await found(world, "services", "clair")) > 1
    world.policy = policy(
        {"name": "r", "who": ["managers"], "may": ["quotas.read"], "where": {"namespace": ["team-al*", "user:quaya*"]}}
    )
    assert await found(world, "namespaces", "a") == ["team-alpha", "user:quayadmin", "a"]
    assert await found(world, "namespaces", "beta") == ["beta"]


async def test_people_of_whom_slack_says_nothing_are_suggested_nothing(world: World) -> None:
    """Nor are people of other companies."""
    world.web.users["U0STRANGER"] = {"is_stranger": True}
    assert await found(world, "namespaces", "team", user="U0STRANGER") == []
    suggestions = await suggestions_of(world)
    world.web.unreachable = True
    actor = (await world.person("U0LOST")).actor
    assert await suggestions.find("namespaces", "team", actor, ADMIN) == []


async def test_a_suggestion_asks_neither_quay_nor_redis(world: World) -> None:
    """It is its own acknowledgement, and has three seconds."""
    suggestions = await suggestions_of(world)
    actor = (await world.person("U0CAROL")).actor
    async with AsyncClient(base_url=world.quay_url) as client:
        await client.delete("/sandbox/quay/requests")
        await world.redis.config_resetstat()
        await suggestions.find("namespaces", "team", actor, ADMIN)
        assert (await client.get("/sandbox/quay/requests")).json()["requests"] == []
    calls = await world.redis.info("commandstats")
    assert set(calls) <= {"cmdstat_config", "cmdstat_config|resetstat", "cmdstat_info"}


async def opened_form(world: World) -> Actor:
    """Carol, whose form was opened just now."""
    person = await world.person("U0CAROL")
    forms_of_world = Forms(world.app.files.grammar, world.authorization)
    assert await forms_of_world.completing(person, ADMIN, "quota set") is not None
    return person.actor


async def test_whose_form_was_opened_is_remembered_for_five_minutes(world: World) -> None:
    """Suggestions need no answer of Slack's then; what somebody does is decided by a fresh one, or not at all."""
    suggestions = await suggestions_of(world)
    actor = await opened_form(world)
    world.web.unreachable = True
    world.clock.forward(minutes=4, seconds=59)
    assert len(await suggestions.find("namespaces", "team", actor, ADMIN)) > 1
    assert (await world.person("U0CAROL")).membership == "unknown"
    assert (await world.authorization.place(ADMIN)).unknown
    world.clock.forward(seconds=1)
    assert await suggestions.find("namespaces", "team", actor, ADMIN) == []


async def test_what_is_remembered_is_asked_anew_in_the_background(world: World) -> None:
    """After half a minute; who left the workspace gets one more answer from memory, and then none."""
    suggestions = await suggestions_of(world)
    actor = await opened_form(world)
    world.web.users["U0CAROL"] = {"deleted": True}
    world.clock.forward(seconds=30)
    assert len(await suggestions.find("namespaces", "team", actor, ADMIN)) > 1
    assert (await world.person("U0CAROL")).membership == "outsider"
    assert await suggestions.find("namespaces", "team", actor, ADMIN) == []


async def test_who_is_not_known_is_suggested_nothing_where_slack_is_slow(world: World) -> None:
    """The answer has to be there within three seconds."""

    class SlowSlack(FakeWeb):
        async def users_info(self, *, user: str, **_: Any) -> AsyncSlackResponse:
            await Event().wait()
            raise AssertionError(user)

    authorization = Authorization(lambda: world.policy, Directory(SlowSlack(), world.clock))
    suggestions = Suggestions((await suggestions_of(world)).names, authorization, seconds_for_people=0.01)
    assert await suggestions.find("namespaces", "team", Actor(TEAM, "U0CAROL"), ADMIN) == []


async def test_what_cannot_be_read_again_stays_known(world: World) -> None:
    """A Quay that fails for one list leaves the others to be read."""
    names = Names(world.quay, world.clock)
    await names.refresh()
    before, read_at = dict(names.known), names.read_at
    world.clock.forward(minutes=5)
    world.faults.failures.append(Failure("500", path="/api/v1/superuser/users/**"))
    await names.refresh()
    assert names.known.keys() == before.keys()
    assert names.known == before
    assert names.read_at == read_at
