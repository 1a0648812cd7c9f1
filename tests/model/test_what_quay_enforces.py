"""What Quay does with pushes at every use: a table of quotas as they were met, and the properties of all quotas.

The rows of the table are quotas that a real Quay answered with, and what its own check said of them.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.enforcement import Action, Enforcement, enforcement
from sandbox.quay.enforcement import check_push
from sandbox.quay.features import Features
from sandbox.quay.state import Limit, LimitType, Organization, Quota

GIB = 1024**3
NOTHING, WARN, UNSETTLED, REFUSE = Action
W, R = "Warning", "Reject"
DEFAULT = 3_000_000_000

TABLE = {
    "no quota, no default": (None, [], None, {0: NOTHING, 10**15: NOTHING}, None),
    "only the default, which refuses at its size": (
        None,
        [],
        DEFAULT,
        {DEFAULT - 1: NOTHING, DEFAULT: REFUSE, 9 * DEFAULT: REFUSE},
        DEFAULT,
    ),
    "a quota without limits, which hides the default": (
        200 * GIB,
        [],
        DEFAULT,
        {DEFAULT: NOTHING, 200 * GIB: NOTHING, 10**15: NOTHING},
        None,
    ),
    "a Warning alone": (100 * GIB, [(W, 80)], None, {79 * GIB: NOTHING, 80 * GIB: WARN, 500 * GIB: WARN}, None),
    "a Reject alone": (20 * GIB, [(R, 100)], None, {20 * GIB - 1: NOTHING, 20 * GIB: REFUSE}, 20 * GIB),
    "the usual pair": (
        500 * GIB,
        [(W, 80), (R, 100)],
        None,
        {399 * GIB: NOTHING, 400 * GIB: WARN, 500 * GIB - 1: WARN, 500 * GIB: REFUSE, 900 * GIB: REFUSE},
        500 * GIB,
    ),
    "a Warning above the Reject switches it off": (
        100 * GIB,
        [(R, 90), (W, 100)],
        DEFAULT,
        {89 * GIB: NOTHING, 90 * GIB: REFUSE, 100 * GIB - 1: REFUSE, 100 * GIB: WARN},
        None,
    ),
    "two Rejects refuse from the lower one on": (
        100 * GIB,
        [(W, 80), (R, 100), (R, 90)],
        None,
        {80 * GIB: WARN, 90 * GIB: REFUSE, 100 * GIB: REFUSE},
        90 * GIB,
    ),
    "a Warning between two Rejects leaves a gap": (
        100 * GIB,
        [(R, 90), (W, 95), (R, 100)],
        None,
        {90 * GIB: REFUSE, 95 * GIB: WARN, 100 * GIB: REFUSE},
        100 * GIB,
    ),
    "a Warning and a Reject at one percentage promise nothing": (
        100 * GIB,
        [(W, 80), (R, 100), (R, 90), (W, 50), (W, 100), (W, 60)],
        None,
        {50 * GIB: WARN, 90 * GIB: REFUSE, 100 * GIB - 1: REFUSE, 100 * GIB: UNSETTLED},
        None,
    ),
    "types in any case of letters": (100 * GIB, [("REJECT", 100)], None, {100 * GIB: REFUSE}, 100 * GIB),
    "a percentage that is no whole number of bytes": (1001, [(R, 50)], None, {499: NOTHING, 500: REFUSE}, 500),
}


@pytest.mark.parametrize(("size", "limits", "default", "at", "ceiling"), TABLE.values(), ids=TABLE.keys())
def test_the_table(
    size: int | None, limits: list[tuple[str, int]], default: int | None, at: dict[int, Action], ceiling: int | None
) -> None:
    """At each use what Quay does, and from which use on it takes no push any more."""
    found = enforcement(size, limits, default)
    assert {used: found.at(used) for used in at} == at
    assert found.ceiling_bytes == ceiling


@pytest.mark.parametrize(("size", "limits", "default", "at", "ceiling"), TABLE.values(), ids=TABLE.keys())
def test_with_the_features_off_nothing_is_refused_or_warned_of(
    size: int | None, limits: list[tuple[str, int]], default: int | None, at: dict[int, Action], ceiling: int | None
) -> None:
    """Neither by limits nor by the default."""
    found = enforcement(size, limits, default, checked=False)
    assert {found.at(used) for used in at} == {NOTHING}
    assert found.ceiling is None
    assert found.never_refuses


WEAKER = {
    "the same": ([(W, 80), (R, 100)], [(W, 80), (R, 100)], False),
    "no limits, then a Reject": ([], [(R, 100)], False),
    "no limits before and after": ([], [(W, 80)], False),
    "a Reject at a lower percentage": ([(R, 100)], [(R, 90)], False),
    "a Reject at a higher percentage": ([(R, 90)], [(R, 100)], True),
    "the Reject goes": ([(W, 80), (R, 100)], [(W, 80)], True),
    "the Warning goes": ([(W, 80), (R, 100)], [(R, 100)], False),
    "a Warning above the Reject comes": ([(R, 90)], [(R, 90), (W, 100)], True),
    "a Warning at the Reject comes": ([(R, 100)], [(R, 100), (W, 100)], True),
    "a Warning above the Reject goes": ([(R, 90), (W, 100)], [(R, 90)], False),
    "what refused in a band refuses higher up": ([(R, 90), (W, 100)], [(R, 95)], True),
    "what refused in a band refuses nothing": ([(R, 90), (W, 100)], [], True),
    "one of two Rejects goes, the higher": ([(R, 90), (R, 100)], [(R, 90)], False),
    "one of two Rejects goes, the lower": ([(R, 90), (R, 100)], [(R, 100)], True),
}


@pytest.mark.parametrize(("before", "after", "weaker"), WEAKER.values(), ids=WEAKER.keys())
@pytest.mark.parametrize("size", [50 * GIB, 100 * GIB, 200 * GIB])
def test_weaker_is_what_is_no_longer_refused_at_the_same_percentage(
    before: list[tuple[str, int]], after: list[tuple[str, int]], weaker: bool, size: int
) -> None:
    """Whatever becomes of the size."""
    assert enforcement(size, after, None).is_weaker_than(enforcement(100 * GIB, before, None)) is weaker


def test_the_default_counts_as_a_reject_at_100_percent() -> None:
    """A quota of its own without a Reject lifts it; deleting a quota brings it back."""
    default = enforcement(None, [], DEFAULT)
    assert enforcement(GIB, [(W, 80)], DEFAULT).is_weaker_than(default)
    assert not enforcement(400 * GIB, [(R, 100)], DEFAULT).is_weaker_than(default)
    assert default.is_weaker_than(enforcement(400 * GIB, [(R, 90)], DEFAULT))
    assert not default.is_weaker_than(enforcement(1, [(R, 100)], DEFAULT))


def test_warnings_that_a_reject_outweighs_are_not_told_as_warnings() -> None:
    """Quay heeds those below the Reject, and those above one, but none of two at the Reject's own percentage."""
    assert enforcement(GIB, [(W, 50), (W, 80), (R, 90)], None).warns_at == (50, 80)
    assert enforcement(GIB, [(R, 90), (W, 100)], None).warns_at == (100,)
    assert enforcement(GIB, [(W, 90), (R, 90)], None).warns_at == ()


sizes = st.integers(100, 2**62)
"""Below 100 bytes two percentages can be the same number of bytes; nobody has such a quota."""
sets = st.lists(st.tuples(st.sampled_from([W, R]), st.integers(1, 100)), max_size=6)
defaults = st.none() | st.just(0) | sizes
anything = st.builds(enforcement, st.none() | sizes, sets, defaults)


@given(sizes, sets, st.integers(0, 2**63), defaults)
def test_the_highest_limit_that_is_reached_decides(
    size: int, limits: list[tuple[str, int]], used: int, default: int | None
) -> None:
    """The rule itself, limit by limit, against the bands that are made of it."""
    reached = [(percent, kind) for kind, percent in limits if used >= size * percent // 100]
    highest = {kind for percent, kind in reached if percent == max(reached)[0]}
    expected = {frozenset(): NOTHING, frozenset({W}): WARN, frozenset({R}): REFUSE}.get(frozenset(highest), UNSETTLED)
    assert enforcement(size, limits, default).at(used) is expected


@given(sizes, sets, st.integers(0, 2**63), st.integers(0, 2**40), st.booleans())
def test_the_simulated_quay_says_the_same_of_a_push(
    size: int, limits: list[tuple[str, int]], used: int, default: int, own: bool
) -> None:
    """Written down apart from this, from what the real one was seen to do; of a tie it promises one of the two."""
    kinds: dict[str, LimitType] = {W: "Warning", R: "Reject"}
    listed = [Limit(number, kinds[kind], percent) for number, (kind, percent) in enumerate(limits)]
    team = Organization(1, "team", "team@example.com", quota=Quota(1, size, listed) if own else None, quota_bytes=used)
    said = check_push(team, Features(default_quota_bytes=default))
    found = enforcement(size if own else None, limits, default).at(used)
    assert said.refused or found is not REFUSE
    assert said.warned or found is not WARN
    assert not (said.refused or said.warned) or found is not NOTHING


@given(anything, st.integers(0, 2**63))
def test_from_the_ceiling_on_everything_is_refused_and_just_below_it_is_not(found: Enforcement, more: int) -> None:
    """Without a ceiling there is a use, however high, at which a push is not sure to be refused."""
    if found.ceiling_bytes is None:
        assert found.at(2**70) is not REFUSE
        return
    assert found.at(found.ceiling_bytes + more) is REFUSE
    assert found.at(found.ceiling_bytes - 1) is not REFUSE


@given(anything, anything, anything)
def test_not_weaker_is_an_order(one: Enforcement, two: Enforcement, three: Enforcement) -> None:
    """Nothing is weaker than itself, and steps of which none weakens do not weaken together."""
    assert not one.is_weaker_than(one)
    if not two.is_weaker_than(one) and not three.is_weaker_than(two):
        assert not three.is_weaker_than(one)


@given(anything, anything)
def test_weaker_shows_at_some_percentage(before: Enforcement, after: Enforcement) -> None:
    """The comparison by bands agrees with one percentage after the other."""
    lost = [
        percent for percent in range(102) if after.at_percent(percent) < before.at_percent(percent) >= Action.UNSETTLED
    ]
    assert after.is_weaker_than(before) is bool(lost)
