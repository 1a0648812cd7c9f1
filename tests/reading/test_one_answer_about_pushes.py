"""Whether Quay refuses pushes, and what a namespace is measured by, is told alike wherever it is told."""

import json
from datetime import UTC, datetime

import pytest

from bot.model.alert_facts import Alert
from bot.model.usage import Usage
from bot.permissions import Policy
from bot.views import files
from bot.views.alerts import quota_alert
from handlers.name_index import Names
from sandbox.quay.state import Limit, Quota
from tests.home.test_the_home_tab import AT_HOME, home_of, let
from tests.support.answers import asked, rows
from tests.support.world import POLICY, World, text_of

GIB = 1024**3
NOW = datetime(2026, 11, 24, tzinfo=UTC)
USUAL = [Limit(1, "Warning", 80), Limit(2, "Reject", 100)]
SWITCHED_OFF = [Limit(1, "Reject", 90), Limit(2, "Warning", 100)]
STATES = {
    # its own quota in GiB and its limits, the system default in GiB, whether quotas are checked;
    # what it is measured by, its cell of the list, what is said at length, and in short in alerts and Home
    "own with limits": (
        (20, USUAL, 10, True),
        ("95 % of its quota", "20 GiB"),
        "Pushes are refused at 100% (20 GiB).",
        "pushes are refused at 100%",
    ),
    "own without limits": (
        (20, [], 10, True),
        ("95 % of its quota", "20 GiB"),
        "Nothing stops it: Quay never refuses pushes (the quota has no limits).",
        "nothing stops it",
    ),
    "own with a warning above its reject": (
        (20, SWITCHED_OFF, 10, True),
        ("95 % of its quota", "20 GiB"),
        "Pushes are refused from 90% to 100%, but not above.",
        "Pushes are refused",
    ),
    "only the default, not reached": (
        (None, [], 20, True),
        ("95 % of the system default", "20 GiB (default)"),
        "Pushes are refused at the system default, 20 GiB.",
        "pushes are refused at 100%",
    ),
    "only the default, reached": (
        (None, [], 10, True),
        ("190 % of the system default", "10 GiB (default)"),
        "Pushes are blocked now.",
        "Pushes are refused",
    ),
    "quotas not checked": (
        (20, USUAL, 10, False),
        ("95 % of its quota", "20 GiB"),
        "Nothing stops it: Quay never refuses pushes (FEATURE_VERIFY_QUOTA is off).",
        "nothing stops it",
    ),
}
State = tuple[tuple[int | None, list[Limit], int, bool], tuple[str, str], str, str]


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
async def test_every_answer_says_the_same(world: World, state: State) -> None:
    """`quota show`, `orgs show`, `orgs list` and its file, an alert, and Home."""
    (own, limits, default, checked), (measured, cell), at_length, in_short = state
    namespace = world.registry.organization("team-alpha")
    assert namespace is not None
    namespace.quota = Quota(900, own * GIB, limits) if own else None
    namespace.quota_bytes, namespace.backfill = 19 * GIB, "complete"
    world.registry.features.default_quota_bytes = default * GIB
    world.registry.features.verify_quota = checked

    for command in ("quota show team-alpha", "orgs show team-alpha"):
        shown = text_of(await asked(world, command))
        assert measured in shown, command
        assert at_length in shown, command
    (row,) = rows(await asked(world, "orgs list --match team-alpha"))
    assert row == ["team-alpha", measured.partition(" of ")[0], "19 GiB", cell]

    entry = await world.quay.get_organization("team-alpha")
    assert files.organization_cells(entry)[2:] == (
        str(19 * GIB),
        "complete",
        str((own or default) * GIB),
        "own" if own else "default",
    )
    usage = Usage.of(entry, checked=await world.quay.quota_settings.are_checked())
    alert = quota_alert(Alert("a1", usage, 90, NOW), NOW)
    assert measured in alert.text
    assert in_short in alert.text

    let(world, AT_HOME)
    names = Names(world.quay, world.clock)
    for other in world.registry.namespaces.values():
        other.quota_bytes = other.quota_bytes if other is namespace else 0
    await names.refresh()
    home = json.dumps(await home_of(world, "U0CAROL", names), ensure_ascii=False)
    assert f"19 GiB of {cell.replace('(default)', '(the system default)')} · {in_short}" in home


async def test_without_a_quota_and_a_default_nothing_stops_it(world: World) -> None:
    """There is nothing that it could be measured by."""
    shown = text_of(await asked(world, "quota show team-mobile"))
    assert "team-mobile has no quota and uses 12 GiB" in shown
    assert "Nothing stops it: Quay never refuses pushes (no quota)." in shown


async def test_what_weakens_is_marked_in_home_too(world: World) -> None:
    """For the one who confirms it there, and for those who approve."""
    world.policy = Policy.model_validate(POLICY)
    await world.type("U0DAVE", "quota delete team-alpha")
    let(world, AT_HOME)
    names = Names(world.quay, world.clock)
    for user in ("U0DAVE", "U0BOB"):
        home = json.dumps(await home_of(world, user, names), ensure_ascii=False)
        assert "🚨 *This weakens enforcement." in home, user
