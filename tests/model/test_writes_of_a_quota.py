"""From the quota that is there to the one that is wanted: as few writes as possible, in an order without a gap."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.model.enforcement import Action, Threshold
from bot.model.quota_writes import Limit, QuotaNow, Write, after, writes

GIB = 1024**3


def there(*limits: str) -> tuple[Limit, ...]:
    """Limits as they are listed, such as W80 and R100."""
    return tuple(
        Limit(at, "Warning" if each[0] == "W" else "Reject", int(each[1:])) for at, each in enumerate(limits, 1)
    )


def wanted(*limits: str) -> list[Threshold]:
    return [limit.threshold for limit in there(*limits)]


def written(planned: tuple[Write, ...]) -> list[str]:
    """Writes in short: `R100→R90`, `+W80`, `-W80`, `size`."""
    said = []
    for write in planned:
        limit = f"{write.limit.kind[0]}{write.limit.percent}" if write.limit else ""
        said.append(
            {
                "create limit": f"+{limit}",
                "delete limit": f"-{limit}",
                "change limit": f"{limit}→{limit[:1]}{write.percent}",
            }.get(write.kind, write.kind)
        )
    return said


@pytest.mark.parametrize(
    ("size", "limits", "new_size", "new_limits", "order"),
    [
        (None, [], 100, [], ["create quota"]),
        (None, [], 100, ["W80", "R100"], ["create quota", "+R100", "+W80"]),
        (None, [], 100, ["W50", "W80", "R100"], ["create quota", "+R100", "+W80", "+W50"]),
        (100, ["W80", "R100"], 100, ["W80", "R100"], []),
        (100, ["W80", "R100"], 100, None, []),
        (100, ["W80", "R100"], 200, None, ["change quota"]),
        (100, ["W80", "R100"], 200, ["W70", "R90"], ["R100→R90", "W80→W70", "change quota"]),
        (100, ["W80", "R90"], 50, ["W90", "R100"], ["change quota", "R90→R100", "W80→W90"]),
        (100, ["R100"], 50, ["W80", "R100"], ["change quota", "+W80"]),
        (100, ["W80", "R100"], 50, ["W80"], ["change quota", "-R100"]),
        (100, ["W95", "R100"], 100, ["W80", "R90"], ["W95→W80", "R100→R90"]),
        (100, ["W80", "R90", "R100"], 100, ["W80", "R95"], ["R100→R95", "-R90"]),
        (100, ["R90", "W100"], 100, ["W80", "R90"], ["W100→W80"]),
        (100, ["R90", "W100"], 100, ["R90"], ["-W100"]),
    ],
)
def test_the_order(
    size: int | None, limits: list[str], new_size: int, new_limits: list[str] | None, order: list[str]
) -> None:
    """What refuses more first, a Reject before a Warning, what refuses less last; a Warning that would open a gap moves
    before its Reject does.
    """
    now = QuotaNow(size * GIB if size else None, there(*limits))
    chosen = None if new_limits is None else wanted(*new_limits)
    assert written(writes(now, new_size * GIB, chosen, None)) == order


def well_formed(drawn: tuple[set[int], int | None]) -> tuple[list[int], int | None]:
    """Warnings below the Reject, as the bot makes them."""
    warn, reject = drawn
    return sorted(each for each in warn if reject is None or each < reject), reject


sets = st.tuples(st.sets(st.integers(1, 100), max_size=3), st.none() | st.integers(1, 100)).map(well_formed)
any_limits = st.lists(st.tuples(st.sampled_from(["W", "R"]), st.integers(1, 100)), max_size=4)
sizes = st.integers(1000, 10**15)


def of(drawn: tuple[list[int], int | None]) -> list[str]:
    warn, reject = drawn
    return [*(f"W{each}" for each in warn), *([] if reject is None else [f"R{reject}"])]


@given(any_limits, sizes, any_limits, sizes)
def test_the_writes_make_what_is_wanted_each_limit_written_once(
    limits: list[tuple[str, int]], size: int, new: list[tuple[str, int]], new_size: int
) -> None:
    """Whatever somebody made there elsewhere; and once it is so, nothing is left to be written."""
    now = QuotaNow(size, there(*(f"{kind}{percent}" for kind, percent in limits)))
    chosen = wanted(*(f"{kind}{percent}" for kind, percent in new))
    planned = writes(now, new_size, chosen, None)
    ids = [write.limit.id for write in planned if write.limit and write.limit.id]
    assert len(ids) == len(set(ids))
    for write in planned:
        now = after(now, write)
    assert (now.size, {limit.threshold for limit in now.limits}) == (new_size, set(chosen))
    assert len(now.limits) == len(set(chosen))
    assert writes(now, new_size, chosen, None) == ()


@given(sets, sizes, sets, sizes)
def test_no_step_lets_a_push_through_that_is_refused_before_and_after(
    old: tuple[list[int], int | None], size: int, new: tuple[list[int], int | None], new_size: int
) -> None:
    """Between any two sets that the bot would make, at every use."""
    now = QuotaNow(size, there(*of(old)))
    planned = writes(now, new_size, wanted(*of(new)), None)
    steps = [now]
    for write in planned:
        steps.append(after(steps[-1], write))
    enforced = [step.enforced(None) for step in steps]
    for use in {turn for each in enforced for turn in each.turns}:
        refused = [each.at(use) is Action.REFUSE for each in enforced]
        assert not (refused[0] and refused[-1]) or all(refused)


@given(sets, sizes, sets, sizes, st.none() | sizes)
def test_what_refuses_more_comes_before_what_refuses_less(
    old: tuple[list[int], int | None], size: int, new: tuple[list[int], int | None], new_size: int, default: int | None
) -> None:
    """The first step after which something is taken that was refused has none after it that refuses something new."""
    assume(old[1] is not None or new[1] is not None)
    now = QuotaNow(size, there(*of(old)))
    loosened = False
    for write in writes(now, new_size, wanted(*of(new)), default):
        then = after(now, write)
        before, since = now.enforced(default), then.enforced(default)
        uses = {*before.turns, *since.turns}
        tightens = any(since.at(use) is Action.REFUSE is not before.at(use) for use in uses)
        assert not (loosened and tightens)
        loosened = loosened or any(before.at(use) is Action.REFUSE is not since.at(use) for use in uses)
        now = then
