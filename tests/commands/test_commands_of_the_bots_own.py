"""A command without an operation is for everyone who may use the bot, or for those who have its own permission."""

from dataclasses import replace
from typing import Any

import pytest

from bot.commands import CommandSet, Correction, Grammar
from bot.permissions import Actor, Person, Place, Policy
from bot.permissions.names import OWN_NAMES, OwnName
from bot.slack.messages import Message
from bot.views.errors import sentence
from handlers import all_commands
from handlers.arguments import operations_of
from handlers.context import Handed
from handlers.menu import is_offered
from tests.support.world import ADMIN, POLICY, TEAM, World, text_of

SWITCHES = CommandSet("switch", "Something of the bot itself.")


async def turn(*, here: Handed) -> Message:
    """Turn it."""
    return sentence(f"Turned by {here.person.label}.")


async def rest(*, here: Handed) -> Message:
    """Leave it."""
    return sentence("Left.")


SWITCHES.command("turn", permission="freeze", examples=("switch turn",))(turn)
SWITCHES.command("rest", examples=("switch rest",))(rest)
GRAMMAR = Grammar("/quay", [*all_commands(), SWITCHES])
HELD = GRAMMAR.commands["switch turn"]


def allowing(*may: str, **more: Any) -> Policy:
    """The usual policy, and a rule by which Frank may."""
    rule = {"name": "Frank", "who": ["frank"], "may": list(may), **more}
    groups = {**POLICY["groups"], "frank": ["U0FRANK"]}
    return Policy.model_validate({**POLICY, "groups": groups, "rules": [*POLICY["rules"], rule]})


@pytest.mark.parametrize("own", OWN_NAMES)
@pytest.mark.parametrize(
    ("may", "offered"),
    [
        (["read", "change"], []),
        (["all"], [*OWN_NAMES]),
        (["freeze"], ["freeze"]),
        (["audit", "alerts"], ["audit", "alerts"]),
    ],
)
def test_own_permissions_are_given_by_name_or_with_all(own: OwnName, may: list[str], offered: list[str]) -> None:
    """No other set holds them; without a rule nobody has them."""
    frank = Person(Actor(TEAM, "U0FRANK"), "member")
    command = replace(HELD, permission=own)
    assert is_offered(allowing(*may), frank, Place(ADMIN), command) is (own in offered)
    assert not is_offered(allowing(*may), frank, Place("C9"), command)
    assert not is_offered(allowing(*may), Person(Actor(TEAM, "U0CAROL"), "member"), Place(ADMIN), command)


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        (allowing("read"), "You may not do this here. No rule allows it."),
        (allowing("freeze"), "Turned by Frank."),
        (allowing("freeze", **{"in": ["dm"]}), "but not in this channel"),
    ],
)
async def test_it_is_checked_and_recorded_like_an_operation(world: World, policy: Policy, answer: str) -> None:
    """Denied by default; either way the audit has it."""
    world.policy = policy
    world.dispatcher = replace(world.dispatcher, bot=replace(world.dispatcher.bot, grammar=GRAMMAR))
    said = await world.type("U0FRANK", "switch turn")
    assert said is not None
    assert answer in text_of(said)
    assert await world.events() == ["command_allowed" if "Turned" in answer else "command_denied"]
    other = await world.type("U0FRANK", "switch rest")
    assert other is not None
    assert text_of(other).startswith("Left.")


def test_it_can_be_an_example_of_the_permissions_file_and_asked_about() -> None:
    """`expect: do: freeze …` and `/quay why freeze`; not so a command that is for everybody."""
    assert operations_of(GRAMMAR, "switch turn") == (("freeze",), {})
    with pytest.raises(ValueError, match="whoever may use the bot"):
        operations_of(GRAMMAR, "switch rest")
    with pytest.raises(Correction):
        GRAMMAR.parse("switch off")


@pytest.mark.parametrize(("who", "verdict"), [("<@U0FRANK>", "may use"), ("<@U0CAROL>", "may not use")])
async def test_why_explains_it(world: World, who: str, verdict: str) -> None:
    """By the permission's name, whatever command uses it."""
    world.policy = allowing("freeze")
    for asked in ("freeze", "switch turn"):
        world.dispatcher = replace(world.dispatcher, bot=replace(world.dispatcher.bot, grammar=GRAMMAR))
        said = await world.type("U0ALICE", f"why {asked} {who}")
        assert said is not None
        assert f"{verdict}* `freeze`" in text_of(said)
