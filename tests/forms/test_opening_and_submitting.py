"""A command that lacks something opens a form; what is wrong is said at the field; a good one is the command."""

from typing import Any

import pytest

from handlers.forms import Filled, Forms
from sandbox.slack.blocks import check_view
from sandbox.slack.entered import entered_values
from tests.support.world import ADMIN, World, text_of

Values = dict[str, str]


def forms_of(world: World) -> Forms:
    return Forms(world.app.files.grammar, world.authorization)


async def opened(world: World, user: str, text: str, channel: str = ADMIN) -> dict[str, Any] | None:
    view = await forms_of(world).completing(await world.person(user), channel, text)
    assert view is None or check_view(view) == []
    return view


def filled(view: dict[str, Any], **entered: Any) -> dict[str, Any]:
    """The view as Slack delivers it when somebody has filled it in and submits it."""
    given = {}
    for block in view["blocks"]:
        name = block.get("block_id", "").removeprefix("field:")
        if name in entered:
            value = entered[name]
            picked = block["element"]["type"] in {"external_select", "static_select"}
            held = {"selected_option": {"value": value}} if picked else {"value": value}
            given[block["block_id"]] = {block["element"]["action_id"]: held}
    return {**view, "state": {"values": entered_values(view["blocks"], given)}}


async def test_a_command_without_arguments_opens_its_form(world: World) -> None:
    """With the inputs of its arguments; the channel and the command come back with the submission."""
    view = await opened(world, "U0CAROL", "quota set")
    assert view is not None
    kinds = [block["element"]["type"] for block in view["blocks"] if block["type"] == "input"]
    assert kinds == ["external_select", *["plain_text_input"] * 3, "checkboxes"]
    filled_in = filled(view, namespace="team-alpha", limit="100 GiB")
    assert forms_of(world).errors(filled_in) == {}
    assert forms_of(world).read(filled_in) == Filled('quota set team-alpha "100 GiB"', ADMIN)


async def test_the_button_of_a_form_says_what_comes_of_it(world: World) -> None:
    """A read is shown at once; of a change there is a plan first."""
    for text, word in (("quota show", "Show"), ("quota set", "Continue"), ("why", "Continue")):
        view = await opened(world, "U0CAROL", text)
        assert view is not None
        assert view["submit"]["text"] == word


async def test_what_was_typed_already_stands_in_the_form(world: World) -> None:
    """And is submitted with the rest."""
    view = await opened(world, "U0CAROL", "quota set team-alpha")
    assert view is not None
    assert forms_of(world).read(filled(view, limit="5GiB")) == Filled("quota set team-alpha 5GiB", ADMIN)


@pytest.mark.parametrize(
    ("user", "text", "channel"),
    [
        ("U0CAROL", "quota set team-alpha 5GiB", ADMIN),
        ("U0CAROL", "quota set Team", ADMIN),
        ("U0CAROL", "keys list", ADMIN),
        ("U0CAROL", "quota", ADMIN),
        ("U0CAROL", "quota set", "C9"),
        ("U0MALLORY", "quota set", ADMIN),
    ],
)
async def test_no_form_is_opened(world: World, user: str, text: str, channel: str) -> None:
    """Where nothing is missing, where something is wrong, and for those who could not be allowed it there."""
    assert await opened(world, user, text, channel) is None


@pytest.mark.parametrize(
    ("text", "entered", "block", "said"),
    [
        ("quota set", {"namespace": "Team A", "limit": "5GiB"}, "field:namespace", "cannot be a namespace"),
        ("quota set", {"namespace": "a", "limit": "100"}, "field:limit", "100 of what? A size needs a unit"),
        ("quota set", {"namespace": "a", "limit": "0"}, "field:limit", "A size of 0 is not a limit"),
        ("quota set", {"namespace": "a", "limit": "9EiB"}, "field:limit", "more than Quay can store"),
        ("keys create", {"service": "clair", "expires": "soon"}, "field:expires", "'soon' is no date"),
        ("keys create", {"service": "clair", "expires": "1d", "meta": "x"}, "field:meta", "is no KEY=VALUE"),
        ("keys approve", {"kid": "abc/def"}, "field:kid", "isn't a key ID"),
        ("keys approve", {}, "field:kid", "KID is missing"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    world: World, text: str, entered: Values, block: str, said: str
) -> None:
    """In the sentence of what refused it, without the usage of the typed command; nothing is read."""
    view = await opened(world, "U0CAROL", text)
    assert view is not None
    submitted = filled(view, **entered)
    errors = forms_of(world).errors(submitted)
    assert list(errors) == [block]
    assert said in errors[block]
    assert forms_of(world).read(submitted) is None


async def test_a_form_of_a_command_that_is_gone_says_so(world: World) -> None:
    """After a deployment, say."""
    view = await opened(world, "U0CAROL", "quota set")
    assert view is not None
    old = {**filled(view), "private_metadata": '{"command": "quota put", "channel": "C1"}'}
    assert "no such command any more" in str(forms_of(world).errors(old))


async def test_a_submitted_form_is_the_typed_command(world: World) -> None:
    """The same permission, the same plan, asked anew when it is submitted; the channel that it names gives no right."""
    view = await opened(world, "U0CAROL", "quota set team-alpha")
    assert view is not None
    submitted = forms_of(world).read(filled(view, limit="100GiB"))
    assert submitted is not None
    plan = await world.type("U0CAROL", submitted.text, channel=submitted.channel)
    assert plan is not None
    assert "80 GiB → *100 GiB*" in text_of(plan)
    for user, channel in (("U0MALLORY", ADMIN), ("U0CAROL", "C9"), ("U0CAROL", "home")):
        refused = await world.type(user, submitted.text, channel=channel, delivery="d2")
        assert refused is not None
        assert "You may not do this here" in refused.text


async def test_a_form_can_be_opened_with_something_given(world: World) -> None:
    """Another limit for a namespace, say; not for those who could not be allowed it."""
    forms, given = forms_of(world), {"namespace": "team-alpha"}
    view = await forms.asking(await world.person("U0CAROL"), ADMIN, "quota set", given)
    assert view is not None
    assert forms.read(filled(view, limit="5GiB")) == Filled("quota set team-alpha 5GiB", ADMIN)
    assert await forms.asking(await world.person("U0MALLORY"), ADMIN, "quota set", given) is None


@pytest.mark.parametrize("kid", ["4f2a9c00", "-starts-with-a-dash", "has a <space>"])
async def test_the_form_of_a_key_holds_whatever_id_it_has(world: World, kid: str) -> None:
    """A service chooses the id of its key; whoever may only ask gets the form as well."""
    given = {"kid": kid, "expires": "90d"}
    for user in ("U0CAROL", "U0DAVE"):
        view = await forms_of(world).asking(await world.person(user), ADMIN, "keys update", given)
        assert view is not None
        assert check_view(view) == []
        assert kid in str(view)
    assert await forms_of(world).asking(await world.person("U0MALLORY"), ADMIN, "keys update", given) is None
