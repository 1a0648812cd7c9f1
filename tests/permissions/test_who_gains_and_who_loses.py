"""What a changed file says of gains and losses that do not stand in the lines that were changed."""

from functools import partial

import pytest

from bot.loading import build_grammar
from bot.permissions.difference import difference
from bot.permissions.file import read_policy
from handlers.arguments import operations_of

READ_CALL = partial(operations_of, build_grammar("/quay"))
HEAD = """\
version: 1
workspace: T1
groups: {a: [UA], b: [UB], staff: ["*"]}
channels: {admin: [C1]}
"""
PLATFORM = "\n  - {for: [deleteOrganization], approvers: [a], where: {name: platform}}"
LAB = "\n  - {for: [deleteOrganization], approvers: [a], where: {name: lab}}"
OWN = "\n  - {for: [deleteOrganization], approvals: 0, where: {name: lab}}"
REST = "\n  - {for: [change], approvers: [b]}"
DENY = "\n  - {name: no, who: staff, deny: [freeze]}"


def told(old: str, new: str) -> list[str]:
    policies = (read_policy(HEAD + text, "permissions.yaml", READ_CALL) for text in (old, new))
    found = difference(*policies)
    return [f"{'+' if each.kind == 'gains' else '-'} {each.said}" for each in found if each.kind in {"gains", "loses"}]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            PLATFORM + REST,
            PLATFORM.replace("[a]", "[a, b]") + REST,
            ["+ b may now agree in more cases when others want to delete organizations, where name is platform."],
        ),
        (
            PLATFORM + REST,
            REST,
            [
                "+ b may now agree in more cases when others want to delete organizations.",
                "- a may no longer agree when others want to delete organizations, where name is platform.",
            ],
        ),
        (
            PLATFORM + REST,
            PLATFORM + LAB + REST,
            [
                "+ a may now agree in more cases when others want to delete organizations, where name is lab.",
                "- b may no longer agree in some cases when others want to delete organizations.",
            ],
        ),
        (
            PLATFORM + REST,
            PLATFORM + OWN + REST,
            ["- b may no longer agree in some cases when others want to delete organizations."],
        ),
        (PLATFORM + LAB + REST, LAB + PLATFORM + REST, []),
    ],
)
def test_an_entry_decides_for_those_below_it(old: str, new: str, said: list[str]) -> None:
    """An approver gains by what an entry above leaves to them, and by joining it; entries apart may change places."""
    assert told(f"confirmations:{old}", f"confirmations:{new}") == said


def test_a_deny_that_holds_everywhere_now_gives_nothing_back() -> None:
    """The place where it held before is one of all."""
    said = "staff may not freeze and thaw all changes any more, whatever rules allow"
    before = DENY.replace("}", ", in: admin}")
    assert told(f"rules:{before}", f"rules:{DENY}") == [f"- {said}."]
    assert told(f"rules:{DENY}", f"rules:{before}") == [
        "+ staff may freeze and thaw all changes again if a rule allows it."
    ]


MOVES = """version: 1
workspace: T1
groups: {managers: [%s], approvers: [%s]}
channels: {admin: [C1]}
rules:
  - {name: managers, who: [managers], may: [quotas.change]}
  - {name: approvers, who: [approvers], may: [keys.read]}
"""


@pytest.mark.parametrize(
    ("managers", "approvers", "said"),
    [
        (
            "U0DAVE",
            "U0BOB",
            {"U0DAVE (now in managers) may now change quotas", "U0CAROL (no longer in managers) may no longer change"},
        ),
        ("U0CAROL", "U0BOB, U0CAROL", {"U0CAROL (now in approvers) may now look at service keys"}),
        ("U0CAROL", "U0CAROL", {"U0BOB (no longer in approvers) may no longer look at service keys"}),
    ],
)
def test_whoever_joins_or_leaves_a_group_is_named(managers: str, approvers: str, said: set[str]) -> None:
    """Not the group, which has what it had; nor another group that happens to hold the same people."""
    texts = (MOVES % ("U0CAROL", "U0BOB"), MOVES % (managers, approvers))
    before, after = (read_policy(text, "permissions.yaml", READ_CALL) for text in texts)
    told = [each.said for each in difference(before, after) if each.kind in {"gains", "loses"}]
    assert all(any(line.startswith(words) for line in told) for words in said)
    assert not any(line.startswith(("managers", "approvers")) for line in told)
