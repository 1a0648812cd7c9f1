"""What answers at once offers a form of its filters, with those in force, which is answered as if it had been typed."""

from typing import Any

import pytest

from bot.permissions import Policy
from bot.slack.messages import Message
from handlers.filters import Asked, filter_value, has_filters
from handlers.forms import Forms
from sandbox.slack.blocks import check_view
from sandbox.slack.entered import entered_values
from tests.support.answers import asked, buttons, rows
from tests.support.world import ADMIN, POLICY, World


def filter_of(answer: Message) -> Asked:
    return Asked.model_validate_json(buttons(answer)["list_filter"])


async def opened(world: World, value: Asked, user: str = "U0CAROL") -> dict[str, Any] | None:
    forms = Forms(world.app.files.grammar, world.authorization)
    view = await forms.filtering(await world.person(user), value)
    assert view is None or check_view(view) == []
    return view


def prefilled(view: dict[str, Any]) -> dict[str, str | None]:
    """What stands in a form's fields before anybody enters anything."""
    given: dict[str, str | None] = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            held: dict[str, str] = element.get("initial_option") or next(iter(element.get("initial_options", [])), {})
            given[block["block_id"].removeprefix("field:")] = element.get("initial_value") or held.get("value")
    return given


async def test_only_reads_that_need_nothing_but_take_something_have_filters(world: World) -> None:
    """Whatever else is typed has its form already, changes something, or takes nothing."""
    commands = world.app.files.grammar.commands.values()
    assert {command.path for command in commands if has_filters(command)} == {
        "keys list",
        "users list",
        "orgs list",
        "logs",
        "config",
        "audit",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("keys list", {"pending": None, "expiring": None, "service": None}),
        ("keys list --pending --expiring=30d", {"pending": "yes", "expiring": "30d", "service": None}),
        ("users list --match ali --enabled-only", {"match": "ali", "enabled_only": "yes"}),
        ("orgs list --match “team &amp; co”", {"match": "team & co"}),
        ("Logs --since 7d --user jrivera", {"since": "7d", "until": None, "user": "jrivera", "namespace": None}),
        ("config", {"key": None}),
        ("config FEATURE_MAILING", {"key": "FEATURE_MAILING"}),
    ],
)
async def test_an_answer_opens_the_form_of_its_filters(world: World, text: str, shown: dict[str, str | None]) -> None:
    """Made from the signature, with the filters in force as they were typed."""
    view = await opened(world, filter_of(await asked(world, text)))
    assert view is not None
    assert shown.items() <= prefilled(view).items()


async def test_the_submitted_form_is_the_typed_command(world: World) -> None:
    """Filters that were emptied are gone; the next answer offers the form again."""
    view = await opened(world, filter_of(await asked(world, "keys list --expiring 90d --service quay_builder")))
    assert view is not None
    ticked = {"selected_options": [{"value": "yes"}]}
    given = {"field:expiring": {"value": {"value": None}}, "field:pending": {"value": ticked}}
    state = {"values": entered_values(view["blocks"], given)}
    submitted = Forms(world.app.files.grammar, world.authorization).read({**view, "state": state})
    assert submitted is not None
    assert (submitted.text, submitted.channel) == ("keys list --pending --service=quay_builder", ADMIN)
    answer = await asked(world, submitted.text)
    assert [row[1] for row in rows(answer)] == ["quay_builder"]
    assert filter_of(answer) == Asked(channel=ADMIN, text=submitted.text)


async def test_each_page_offers_the_filters(world: World) -> None:
    """Of the command that the list was asked for by."""
    first = await asked(world, "users list --enabled-only")
    second = await world.turn("U0CAROL", "page_next", buttons(first)["page_next"])
    assert filter_of(second.message) == filter_of(first) == Asked(channel=ADMIN, text="users list --enabled-only")


async def test_no_form_is_opened_for_somebody_who_may_not(world: World) -> None:
    """The permission is asked when the button is pressed, where the command was asked; nor for what is no list."""
    value = filter_of(await asked(world, "keys list"))
    for unwanted in ("quota set team-alpha 5GiB", "keys show", "nosuch", "help keys", ""):
        assert await opened(world, Asked(channel=ADMIN, text=unwanted)) is None
    assert await opened(world, Asked(channel="C9", text="keys list")) is None
    world.policy = Policy.model_validate({**POLICY, "rules": POLICY["rules"][1:]})
    assert await opened(world, value) is None


@pytest.mark.parametrize("text", ["keys list --nosuch", "config NO_SUCH_SETTING"])
async def test_what_was_not_answered_has_no_filters(world: World, text: str) -> None:
    """A correction says what to type."""
    assert not buttons(await asked(world, text))


async def test_a_long_command_is_not_carried_whole(world: World) -> None:
    """Slack's limit of a button's value; the form is empty then."""
    command = world.app.files.grammar.commands["orgs list"]
    value = filter_value(command, ADMIN, f"orgs list --match {'x' * 3000}")
    assert Asked.model_validate_json(value).text == "orgs list"
