"""One key: what other keys its service has, and what became of one that is gone."""

import pytest
from redis.asyncio import Redis

from bot.audit import STREAM
from bot.permissions import Policy
from bot.quay.answers import Page
from bot.quay.client import Quay
from bot.quay.errors import Unreachable
from bot.quay.models import ServiceKey
from tests.support.answers import asked, forget_requests, requests_to_quay, rows
from tests.support.world import ADMIN, POLICY, World, open_world, text_of

LIST = "GET /api/v1/superuser/keys"


async def test_a_key_is_shown_with_the_other_keys_of_its_service(world: World) -> None:
    """How many, and the newest of them."""
    shown = text_of(await asked(world, f"keys show {world.waiting_key()}"))
    assert "*Other keys of quay_builder:* 2 approved" in shown
    assert shown.index("builders eu · approved, created") < shown.index("builders us · expiring, created")
    alone = next(key.kid for key in world.registry.keys.values() if key.service == "mirror_worker")
    assert "*Other keys of mirror_worker:* none" in text_of(await asked(world, f"keys show {alone}"))


async def test_of_many_other_keys_the_newest_are_named(world: World) -> None:
    """The rest is a command."""
    for key in world.registry.keys.values():
        key.service = "quay_builder"
    shown = text_of(await asked(world, f"keys show {world.waiting_key()}"))
    assert "*Other keys of quay_builder:* 7 approved, 1 waiting" in shown
    assert "and 5 older: `keys list --service quay_builder`" in shown


@pytest.mark.parametrize("kid", ["a", "v1", "eu west#2", "scanner@eu:1=(neu)", "schlüssel", "-x", "k" * 255])
async def test_a_service_may_choose_any_id_for_its_key(world: World, kid: str) -> None:
    """A short one, one with blanks: the whole id names the key."""
    key = world.registry.keys.pop(world.waiting_key())
    key.kid = kid
    world.registry.keys[kid] = key
    assert "of quay_builder" in (await asked(world, f"keys show '{kid}'")).text
    await world.key_requests.watch(ADMIN)
    record_id = await world.confirmations.live_for(f"waiting key {kid}")
    assert await world.click("U0BOB", "key_approve", str(record_id)) is None
    (done,) = await world.work()
    assert (done.state, world.registry.keys[kid].approval is None) == ("done", False)


async def test_fewer_than_six_characters_do_not_name_a_longer_id(world: World) -> None:
    """Too many keys could begin so."""
    kid = world.waiting_key()
    said = (await asked(world, f"keys show {kid[:5]}")).text
    assert f"No service key has the ID '{kid[:5]}'" in said
    assert "first 6 characters" in said


async def test_the_other_keys_cost_one_request(world: World) -> None:
    """Beside the key's own; none where the id is short, since the list completes it."""
    kid = world.waiting_key()
    await asked(world, f"keys show {kid}")
    assert sorted(await requests_to_quay(world)) == [LIST, f"{LIST}/{kid}"]
    await forget_requests(world)
    await asked(world, f"keys show {kid[:8]}")
    assert await requests_to_quay(world) == [LIST]


async def test_who_may_not_list_keys_is_shown_the_one(world: World) -> None:
    """And the list is not asked for."""
    world.policy = Policy.model_validate(
        {**POLICY, "rules": [{"name": "one", "who": ["staff"], "may": ["getServiceKey"]}]}
    )
    kid = world.waiting_key()
    shown = text_of(await asked(world, f"keys show {kid}"))
    assert "waits for approval" in shown
    assert "Other keys" not in shown
    assert await requests_to_quay(world) == [f"{LIST}/{kid}"]


class WithoutList(Quay):
    """The client of a registry whose list of keys does not come."""

    async def list_service_keys(self) -> Page[ServiceKey]:
        raise Unreachable("Quay did not answer.", operation="listServiceKeys")


async def test_a_key_is_shown_even_if_the_others_cannot_be_read(redis: Redis) -> None:
    """The answer says what is missing."""
    async with open_world(redis, WithoutList) as world:
        shown = text_of(await asked(world, f"keys show {world.waiting_key()}"))
    assert "waits for approval" in shown
    assert "The other keys of quay_builder could not be read just now." in shown


@pytest.mark.parametrize("length", [8, 64])
async def test_a_rejected_key_is_said_to_be_rejected(world: World, length: int) -> None:
    """By whom and when, from the record of it, whether the id is whole or not."""
    kid = await rejected(world)
    shown = text_of(await asked(world, f"keys show {kid[:length]}"))
    assert f"Key {kid[:12]} of quay_builder is no longer in Quay" in shown
    assert "It was rejected by Bob (`U0BOB`), and deleted <!date^" in shown


async def test_a_deleted_key_is_said_to_be_deleted(world: World) -> None:
    """By whom, and who approved it."""
    kid = next(key.kid for key in world.registry.keys.values() if key.name == "mirror")
    await world.type("U0CAROL", f"keys delete {kid}")
    await world.agree()
    await world.work()
    shown = text_of(await asked(world, f"keys show {kid[:8]}"))
    assert "Carol asked for it, approved by Bob (`U0BOB`)." in shown


async def test_a_key_that_quay_deleted_is_said_to_have_waited_in_vain(world: World) -> None:
    """As its card says, once Quay has deleted it: when another key of its service came."""
    await world.key_requests.watch(ADMIN)
    kid = world.waiting_key()
    world.clock.forward(days=2)
    world.registry.collect_keys(world.registry.keys[kid].service)
    await world.key_requests.watch(ADMIN)
    assert "Quay removed it unapproved after a day" in text_of(await asked(world, f"keys show {kid}"))


async def test_the_end_of_a_key_is_told_to_whoever_may_look_at_it(world: World) -> None:
    """A rule about services holds for keys that are gone, too; what the bot never saw it does not know."""
    kid = await rejected(world)
    rule = {"name": "clair", "who": ["staff"], "may": ["getServiceKey"], "where": {"service": ["clair*"]}}
    world.policy = Policy.model_validate({**POLICY, "rules": [rule]})
    assert "You may not do this here" in (await asked(world, f"keys show {kid}")).text
    assert "the bot doesn't remember one that did" in (await asked(world, "keys show abcdefgh")).text


async def test_an_audit_that_was_tampered_with_tells_nothing(world: World) -> None:
    """Its entries are believed only with their seal."""
    kid = await rejected(world)
    await world.redis.xadd(STREAM, {"body": "{}", "hash": "x", "seal": "x"})
    assert "the bot doesn't remember one that did" in (await asked(world, f"keys show {kid}")).text


@pytest.mark.parametrize(
    ("pattern", "services"),
    [
        ("quay_builder", {"quay_builder"}),
        ("Builder", {"quay_builder"}),
        ("scanner", {"clair_scanner", "security_scanner"}),
        ("*scanner", {"clair_scanner", "security_scanner"}),
        ("quay*", {"quay", "quay_builder"}),
        ("quay_*", {"quay_builder"}),
        ("*_*er", {"clair_scanner", "quay_builder", "mirror_worker", "security_scanner"}),
        ("[a-z]", set()),
        ("?", set()),
    ],
)
async def test_keys_are_listed_by_a_part_of_the_services_name(world: World, pattern: str, services: set[str]) -> None:
    """In any case; with a * the pattern is the whole name."""
    answer = await asked(world, f"keys list --service '{pattern}'")
    assert {row[1] for row in rows(answer)} == services if services else "No service keys" in answer.text


async def test_a_part_of_a_name_leads_to_no_service_that_a_rule_leaves_out(world: World) -> None:
    """Each service that is found is asked about by its own name."""
    rule = {"name": "quay's own", "who": ["staff"], "may": ["listServiceKeys"], "where": {"service": ["quay"]}}
    world.policy = Policy.model_validate({**POLICY, "rules": [rule]})
    assert {row[1] for row in rows(await asked(world, "keys list --service quay"))} == {"quay"}
    assert "You may not do this here" in (await asked(world, "keys list --service 'qua*'")).text


@pytest.mark.parametrize("asked_for", ["keys list", "keys list --service quay", "keys list --service 'quay*'"])
async def test_a_list_leaves_out_the_services_that_a_rule_denies(world: World, asked_for: str) -> None:
    """However it is asked for: a deny is no riddle that leaving out an argument solves."""
    denied = {"name": "hidden", "who": ["staff"], "deny": ["listServiceKeys"], "where": {"service": ["quay_builder"]}}
    world.policy = Policy.model_validate({**POLICY, "rules": [*POLICY["rules"], denied]})
    services = {row[1] for row in rows(await asked(world, asked_for))}
    assert "quay" in services
    assert "quay_builder" not in services


@pytest.mark.parametrize("by", ["kid", "service"])
@pytest.mark.parametrize("effect", ["may", "deny"])
async def test_a_rule_sees_the_whole_key_that_a_few_characters_name(world: World, by: str, effect: str) -> None:
    """Its whole id and its service: neither is what was typed."""
    named, other = list(world.registry.keys.values())[:2]
    assert named.service != other.service
    about = {"name": "about one", "who": ["staff"], effect: ["getServiceKey"], "where": {by: [getattr(named, by)]}}
    usual = POLICY["rules"] if effect == "deny" else []
    world.policy = Policy.model_validate({**POLICY, "rules": [*usual, about]})
    shown = {
        key.kid
        for key in (named, other)
        if "You may not do this here" not in (await asked(world, f"keys show {key.kid[:10]}")).text
    }
    assert shown == {named.kid if effect == "may" else other.kid}


async def rejected(world: World) -> str:
    """The id of a waiting key that Bob rejected."""
    await world.key_requests.watch(ADMIN)
    kid = world.waiting_key()
    record_id = await world.confirmations.live_for(f"waiting key {kid}")
    assert record_id is not None
    await world.click("U0BOB", "key_reject", record_id)
    await world.work()
    assert kid not in world.registry.keys
    return kid
