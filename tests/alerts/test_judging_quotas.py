"""One message for each rise, an edit when it is over, and silence where nothing certain is new."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.alerts.quotas import Fall, Keep, Recover, Rise, Silent, Standing, Verdict, judge
from bot.messages import MessageId
from bot.readings import Reading

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
LEVELS = (80, 90, 100)
TiB = 2**40


def reading(used: int, limit: int | None = 1000, *, complete: bool = True) -> Reading:
    return Reading("team-a", used, limit, complete)


def standing(level: int | None) -> Standing:
    return Standing(level, "C0A", MessageId("1.0") if level else None, NOW)


@pytest.mark.parametrize(
    ("told", "used", "verdict"),
    [
        (None, 0, Silent()),
        (None, 799, Silent()),
        (None, 800, Rise(80)),
        (None, 899, Rise(80)),
        (None, 2000, Rise(100)),
        (80, 899, Keep()),
        (80, 900, Rise(90)),
        (80, 1000, Rise(100)),
        (80, 799, Keep()),
        (80, 780, Keep()),
        (80, 779, Recover("recovered")),
        (80, 0, Recover("recovered")),
        (90, 880, Keep()),
        (90, 879, Fall(80)),
        (90, 780, Fall(80)),
        (90, 779, Recover("recovered")),
        (100, 979, Fall(90)),
        (100, 800, Fall(80)),
        (100, 5000, Keep()),
    ],
)
def test_levels_are_reached_to_the_byte_and_left_two_points_below(
    told: int | None, used: int, verdict: Verdict
) -> None:
    """Of a limit of 1000 bytes, given the level that was told last."""
    assert judge(reading(used), standing(told) if told else None, LEVELS, NOW) == verdict


@pytest.mark.parametrize(
    ("used", "verdict"),
    [(8 * TiB * TiB // 10, Silent()), (8 * TiB * TiB // 10 + 1, Rise(80))],
)
def test_the_largest_figures_are_compared_exactly(used: int, verdict: Verdict) -> None:
    """One byte decides, where a float would not see it."""
    assert judge(reading(used, TiB * TiB), None, LEVELS, NOW) == verdict


@pytest.mark.parametrize("told", [None, 80, 100])
@pytest.mark.parametrize("limit", [1000, None])
def test_incomplete_figures_change_nothing(told: int | None, limit: int | None) -> None:
    """Neither a rise nor a recovery is believed while Quay is still counting."""
    for used in (0, 850, 5000):
        incomplete = reading(used, limit, complete=False)
        assert judge(incomplete, standing(told) if told else None, LEVELS, NOW) == Silent()


@pytest.mark.parametrize("limit", [None, 0])
def test_without_a_limit_there_is_no_alert(limit: int | None) -> None:
    """One that was active is over when the limit goes."""
    assert judge(reading(5000, limit), None, LEVELS, NOW) == Silent()
    assert judge(reading(5000, limit), standing(90), LEVELS, NOW) == Recover("no limit")


def test_a_raised_limit_ends_the_alert() -> None:
    """What counts is the percentage."""
    assert judge(reading(950, 2000), standing(90), LEVELS, NOW) == Recover("recovered")


@pytest.mark.parametrize(
    ("levels", "told", "used", "verdict"),
    [
        ((80, 90), 85, 860, Fall(80)),
        ((70, 80), 90, 950, Fall(80)),
        ((95,), 80, 850, Recover("recovered")),
        ((70,), 80, 850, Fall(70)),
        ((1,), 1, 9, Recover("recovered")),
        ((1,), 1, 10, Keep()),
        ((200,), None, 2000, Rise(200)),
    ],
)
def test_levels_may_change_under_an_alert(
    levels: tuple[int, ...], told: int | None, used: int, verdict: Verdict
) -> None:
    """The file may be edited at any time; what was told stays comparable."""
    assert judge(reading(used), standing(told) if told else None, levels, NOW) == verdict


@pytest.mark.parametrize(
    ("told", "claimed_for", "used", "verdict"),
    [
        (None, timedelta(0), 850, Keep()),
        (None, timedelta(minutes=2), 850, Keep()),
        (None, timedelta(minutes=2, seconds=1), 850, Rise(80)),
        (None, timedelta(minutes=3), 700, Recover("recovered")),
        (80, timedelta(minutes=1), 950, Keep()),
        (80, timedelta(minutes=3), 950, Rise(90)),
        (80, timedelta(minutes=3), 850, Keep()),
        (80, timedelta(minutes=1), 0, Keep()),
        (80, timedelta(minutes=3), 0, Recover("recovered")),
    ],
)
def test_a_claim_is_respected_for_two_minutes(
    told: int | None, claimed_for: timedelta, used: int, verdict: Verdict
) -> None:
    """After that its worker is taken for dead, and its message counts as not sent."""
    claimed = replace(standing(told), claimed_at=NOW - claimed_for)
    assert judge(reading(used), claimed, LEVELS, NOW) == verdict


class History(RuleBasedStateMachine):
    """A namespace whose use, limit and completeness change as they like, judged after each change."""

    def __init__(self) -> None:
        super().__init__()
        self.standing: Standing | None = None
        self.posts_since_recovery: list[int] = []
        self.last = reading(0)

    @rule(
        used=st.integers(0, 1500),
        limit=st.sampled_from([None, 500, 1000, 1001, 3000]),
        complete=st.booleans(),
    )
    def reads(self, used: int, limit: int | None, complete: bool) -> None:
        self.last = reading(used, limit, complete=complete)
        before = self.standing
        verdict = judge(self.last, before, LEVELS, NOW)
        self.apply(verdict)
        if not complete:
            assert verdict == Silent()
            assert self.standing == before
        elif not isinstance(verdict, Silent):
            self.a_second_look_says_nothing_new()

    @rule()
    def a_second_look_says_nothing_new(self) -> None:
        assert isinstance(judge(self.last, self.standing, LEVELS, NOW), Keep | Silent)

    def apply(self, verdict: Verdict) -> None:
        match verdict:
            case Rise(level):
                assert self.last.reaches(level)
                assert not self.posts_since_recovery or level > self.posts_since_recovery[-1]
                self.posts_since_recovery.append(level)
                self.standing = standing(level)
            case Fall(level):
                assert self.posts_since_recovery
                assert level < self.posts_since_recovery[-1]
                self.posts_since_recovery[-1] = level
                self.standing = standing(level)
            case Recover():
                self.posts_since_recovery.clear()
                self.standing = None

    @invariant()
    def a_full_namespace_is_never_forgotten(self) -> None:
        if self.last.complete and self.last.reaches(LEVELS[0]):
            assert self.standing is not None
        if self.last.complete and self.last.limit is None:
            assert self.standing is None


TestHistory = History.TestCase
