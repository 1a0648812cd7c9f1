"""`why` in Slack and on the command line: may they, by which rule, who could agree. `check --diff`: what differs."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.loading import build_grammar
from bot.permissions import Policy
from bot.permissions.file import read_policy
from handlers.arguments import operations_of
from tests.support.cli import run
from tests.support.world import World, text_of

ROOT = Path(__file__).parents[2]
TEXT = """\
version: 1
workspace: T1
groups:
  askers: [U0DAVE]
  approvers: [U0BOB, U0EVE, S0SECURITY, kim@example.com]
channels: {admin: [C1]}
rules:
  # Dave asks, others decide.
  - name: ask for <quota>
    who: askers
    may_request: [quotas.change]     # never alone
    where: {limit: {max_increase: 20%}}
confirmations:
  - {for: [change], approvers: [approvers], approvals: 2}
"""


@pytest.fixture
def policy() -> Policy:
    return read_policy(TEXT, "permissions.yaml", partial(operations_of, build_grammar("/quay")))


async def test_it_names_the_rule_as_it_stands_and_the_approvers(world: World, policy: Policy) -> None:
    """Groups with the members that are ids; of the others their number, since Slack alone knows who they are."""
    world.policy = policy
    world.web.groups["S0SECURITY"] = []
    world.web.users["U0DAVE"] = {"profile": {"email": "dave@example.com"}}
    answer = await world.type("U0DAVE", "why quota set team-alpha 110GiB limit_now=100GiB")
    assert answer is not None
    said = text_of(answer)
    assert "*may ask for* `createUserQuotaSuperUser` and `changeUserQuotaSuperUser` here." in said
    assert "It needs 2 people of approvers (<@U0BOB>, <@U0EVE>, 1 user group, 1 e-mail address)" in said
    assert "kim@example.com" not in said
    assert "# permissions.yaml, line 9" in said
    assert "may_request: [quotas.change]     # never alone" in said
    assert "&lt;quota&gt;" in said


@pytest.mark.parametrize(
    ("supposed", "verdict", "hint"),
    [
        ("limit_now=100GiB", "may ask for", False),
        ("limit_now=10GiB", "may not use", False),
        ("limit_now=none", "may not use", False),
        ("", "may not use", True),
    ],
)
async def test_what_is_there_now_can_be_supposed(
    world: World, policy: Policy, supposed: str, verdict: str, *, hint: bool
) -> None:
    """Without it, the answer says that it matters."""
    world.policy = policy
    world.web.groups["S0SECURITY"] = []
    world.web.users["U0DAVE"] = {"profile": {"email": "dave@example.com"}}
    for asked in ("quota set team-alpha 110GiB", "changeUserQuotaSuperUser namespace=team-alpha limit=110GiB"):
        answer = await world.type("U0DAVE", f"why {asked} <@U0DAVE> {supposed}")
        assert answer is not None
        assert f"*{verdict}*" in text_of(answer)
        assert ("add `limit_now=80GiB`" in text_of(answer)) is hint


async def test_what_is_supposed_must_be_a_size(world: World) -> None:
    """The correction is that of any size."""
    answer = await world.type("U0DAVE", "why quota set team-alpha 110GiB limit_now=100")
    assert answer is not None
    assert "needs a unit" in text_of(answer)


@pytest.mark.parametrize("noun", ["keys", "Quota", "users"])
async def test_a_noun_alone_is_answered_by_its_commands(world: World, noun: str) -> None:
    """Of a noun nothing can be decided, with a person or without; the same on the command line."""
    for asked in (f"why {noun}", f"why {noun} <@U0DAVE>"):
        answer = await world.type("U0DAVE", asked)
        assert answer is not None
        said = text_of(answer)
        assert f"'{noun}' alone is no command. Ask about one of: {noun.lower()} " in said
        assert "whoever may use" not in said
    offline = run("why", "U0DAVE", noun, "--file", str(ROOT / "permissions.yaml"))
    assert (offline.returncode, "Ask about one of" in offline.stderr) == (2, True)


async def test_a_person_whom_slack_does_not_know_is_no_argument(world: World) -> None:
    """Slack turns a person who is picked into a mention; a name that was only typed is nobody."""
    answer = await world.type("U0DAVE", "why quota set team-alpha 5GiB @nobody")
    assert answer is not None
    assert "There is no person '@nobody'. Pick them from the list" in text_of(answer)


def test_the_command_line_explains_the_same_offline(tmp_path: Path) -> None:
    """For whoever writes the file."""
    file = tmp_path / "permissions.yaml"
    file.write_text(TEXT, encoding="utf-8")
    asked = ("why", "U0DAVE", "quota", "set", "team-a", "110GiB")
    supposed = run(*asked, "limit_now=100GiB", "--file", str(file)).stdout
    assert "changeUserQuotaSuperUser: request. The rule “ask for <quota>” lets them ask for it." in supposed
    assert "needs 2 of approvers (U0BOB, U0EVE, 1 user group and 1 e-mail address that Slack resolves)" in supposed
    assert "line 9\n- name: ask for <quota>" in supposed
    assert "suppose it with limit_now=80GiB" in run(*asked, "--file", str(file)).stdout
    assert run(*asked, "limit_now=much", "--file", str(file)).returncode == 2


@pytest.fixture
def changed(tmp_path: Path) -> tuple[str, str]:
    """The shipped file, and the same with another rule."""
    old, new = tmp_path / "old.yaml", tmp_path / "permissions.yaml"
    text = (ROOT / "permissions.yaml").read_text(encoding="utf-8")
    old.write_text(text, encoding="utf-8")
    new.write_text(text.replace("[keys.read, quotas.read]", "[keys.read, deleteInstallUser]"), encoding="utf-8")
    return str(old), str(new)


def test_check_says_who_gains_and_who_loses(changed: tuple[str, str]) -> None:
    """In words, or as data."""
    old, new = changed
    said = run("check", "--diff", old, new)
    assert said.returncode == 0
    assert said.stdout.splitlines() == [
        "+ staff may now delete users in admin channels.",
        "- staff may no longer look at quotas in admin channels.",
        "  The rule “staff may look at keys and quotas” was changed.",
    ]
    found: list[dict[str, Any]] = json.loads(run("check", "--diff", old, new, "--json").stdout)
    assert [each["kind"] for each in found] == ["gains", "loses", "rule"]
    assert found[0] | {"said": ""} == {
        "kind": "gains",
        "said": "",
        "effect": "may",
        "who": ["staff"],
        "members": ["*"],
        "operations": ["deleteInstallUser"],
        "in": ["C0REGADMIN", "C0REGOPS"],
        "where": "",
    }
    assert "more or less" in run("check", "--diff", old, old).stdout


def test_check_of_a_faulty_older_file_finds_it(changed: tuple[str, str], tmp_path: Path) -> None:
    """There is nothing to compare with then."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 3\n", encoding="utf-8")
    said = run("check", "--diff", str(bad), changed[1])
    assert said.returncode == 1
    assert "bad.yaml:1: version" in said.stderr
