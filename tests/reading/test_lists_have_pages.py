"""A list is read as far as somebody looks; its place survives a restart, belongs to one person, and ends."""

from bot.permissions import Policy
from bot.slack.messages import Message
from tests.support.answers import asked, buttons, forget_requests, requests_to_quay, rows
from tests.support.world import POLICY, World, text_of


async def turned(world: World, action: str, message: Message) -> Message:
    answer = await world.turn("U0CAROL", action, buttons(message)[action])
    assert answer.replaces
    return answer.message


async def test_where_quay_has_more_the_list_says_that_more_follow(world: World) -> None:
    """Quay gives a hundred at a time and no total; the bot shows twenty of them."""
    first = await asked(world, "users list")
    assert "More than 20 users" in text_of(first)
    assert "Showing 1–20, more follow." in text_of(first)
    assert set(buttons(first)) == {"page_next", "page_file", "list_filter"}
    assert len(rows(first)) == 20


async def test_the_last_page_tells_how_many_there_are(world: World) -> None:
    """Turned to the end, nobody is missing, nobody comes twice."""
    page = await asked(world, "users list")
    seen = [row[0] for row in rows(page)]
    while "page_next" in buttons(page):
        page = await turned(world, "page_next", page)
        seen += [row[0] for row in rows(page)]
    names = [user.name for user in world.registry.users()]
    assert sorted(seen) == sorted(names)
    assert f"of {len(names)}" in text_of(page)
    assert set(buttons(page)) == {"page_previous", "page_file", "list_filter"}


async def test_one_can_turn_back(world: World) -> None:
    """To the same rows."""
    first = await asked(world, "users list")
    second = await turned(world, "page_next", first)
    assert "Showing 21–40" in text_of(second)
    assert rows(await turned(world, "page_previous", second)) == rows(first)


async def test_filters_are_kept_and_the_total_is_known(world: World) -> None:
    """With --match everything was looked through."""
    first = await asked(world, "orgs list --match team-")
    matching = [one for one in world.registry.organizations() if "team-" in one.name]
    assert f"{len(matching)} organizations matching “team-”" in text_of(first)
    assert f"Showing 1–20 of {len(matching)}." in text_of(first)
    second = await turned(world, "page_next", first)
    assert all("team-" in row[0] for row in rows(second))


async def test_the_fullest_organizations_come_first(world: World) -> None:
    """As far as Quay tells of them all."""
    first = await asked(world, "orgs list --match team-")
    assert [row[0] for row in rows(first)][:2] == ["team-edge", "team-alpha"]


async def test_a_list_that_fits_has_no_pages_and_leaves_nothing_behind(world: World) -> None:
    """A cursor is kept only for a further page."""
    answer = await asked(world, "keys list --pending")
    assert set(buttons(answer)) == {"list_filter"}
    assert not await world.redis.keys("quaymaster:page:*")


async def test_a_list_ends_after_a_quarter_of_an_hour(world: World) -> None:
    """By the application's clock."""
    first = await asked(world, "users list")
    world.clock.forward(minutes=15)
    answer = await world.turn("U0CAROL", "page_next", buttons(first)["page_next"])
    assert "This list has ended" in answer.message.text
    assert not answer.replaces


async def test_a_list_is_its_askers_alone(world: World) -> None:
    """Also where somebody else may ask for the same."""
    first = await asked(world, "users list")
    answer = await world.turn("U0BOB", "page_next", buttons(first)["page_next"])
    assert "somebody else's" in answer.message.text


async def test_permission_is_asked_again_at_each_click(world: World) -> None:
    """A right that was taken away in between is gone."""
    first = await asked(world, "users list")
    world.policy = Policy.model_validate({**POLICY, "rules": POLICY["rules"][1:]})
    answer = await world.turn("U0CAROL", "page_next", buttons(first)["page_next"])
    assert "You may not do this here" in answer.message.text
    assert (await world.events())[-1] == "command_denied"


async def test_what_is_no_cursor_is_an_ended_list(world: World) -> None:
    """Whatever somebody wrote to Redis."""
    for stored in [b"", b"{", b"[]", b'{"page": -1}']:
        await world.redis.set("quaymaster:page:x", stored)
        assert "has ended" in (await world.turn("U0CAROL", "page_next", "x")).message.text


async def test_a_cursor_that_holds_a_change_is_refused(world: World) -> None:
    """Only what reads has pages."""
    first = await asked(world, "users list")
    id_ = buttons(first)["page_next"]
    stored = await world.redis.get(f"quaymaster:page:{id_}")
    await world.redis.set(f"quaymaster:page:{id_}", stored.replace(b"users list", b"quota set team-alpha 100GiB"))
    assert "has ended" in (await world.turn("U0CAROL", "page_next", id_)).message.text
    assert not await world.confirmations.waiting()


async def test_a_further_page_costs_one_request(world: World) -> None:
    """Quay's hundred is asked for with the token by which it was found."""
    page = await asked(world, "users list")
    await forget_requests(world)
    await turned(world, "page_next", page)
    assert len(await requests_to_quay(world)) == 1
