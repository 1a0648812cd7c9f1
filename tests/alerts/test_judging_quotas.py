"""A level is told once, what moves is an edit, and nothing is said where nothing certain is new."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.alerts.quota_rules import (
    NOTHING,
    AlertState,
    Forget,
    Keep,
    Publish,
    Resolve,
    Silent,
    Terms,
    TryAgain,
    Update,
    Verdict,
    judge,
)
from bot.model.alert_facts import FULL_SOON, Alert, Forecast, Refusal, Silence
from bot.model.enforcement import Threshold
from bot.model.usage import Usage
from bot.slack.messages import MessageId

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
LEVELS = (80, 90, 100)
TERMS = Terms(LEVELS)
QUIET = Terms(LEVELS, quiet=True)
SOON = Terms(LEVELS, full_within=timedelta(days=14))
TiB = 2**40


def reading(used: int, limit: int | None = 1000, *, complete: bool = True) -> Usage:
    return Usage("team-a", used, limit, complete)


def alert_state(level: int, used: int | None = None, **changed: object) -> AlertState:
    """An alert at a level, told an hour ago; its message shows this use (of 1000), if not just what the level says."""
    shown = reading(level * 10 if used is None else used)
    then = NOW - timedelta(hours=1)
    told = AlertState(Alert("a1", shown, level, then), "C0A", MessageId("1.0"), level, then, edited_at=NOW)
    return replace(told, **changed)  # type: ignore[arg-type]


def silence(level: int, until: timedelta | None = None) -> Silence:
    """An acknowledgement of that level, or a snooze that ends so long from now."""
    return Silence("U0BOB", "Bob", NOW - timedelta(hours=2), level, NOW + until if until is not None else None)


def verdict(
    used: Usage | int,
    before: AlertState | None = None,
    wish: Silence | None = None,
    terms: Terms = TERMS,
    previewed: Forecast | None = None,
) -> Verdict:
    return judge(used if isinstance(used, Usage) else reading(used), before, wish, previewed, terms, NOW)


@pytest.mark.parametrize(
    ("told", "used", "expected"),
    [
        (None, 0, Silent()),
        (None, 799, Silent()),
        (None, 800, Publish(80)),
        (None, 899, Publish(80)),
        (None, 2000, Publish(100)),
        (80, 899, Keep()),
        (80, 900, Publish(90)),
        (80, 1000, Publish(100)),
        (80, 799, Keep()),
        (80, 780, Keep()),
        (80, 779, Resolve("recovered")),
        (80, 0, Resolve("recovered")),
        (90, 880, Keep()),
        (90, 879, Update(80)),
        (90, 780, Update(80)),
        (90, 779, Resolve("recovered")),
        (100, 979, Update(90)),
        (100, 800, Update(80)),
        (100, 5000, Keep()),
    ],
)
def test_levels_are_reached_to_the_byte_and_left_two_points_below(
    told: int | None, used: int, expected: Verdict
) -> None:
    """Of a limit of 1000 bytes, given the level that was told last."""
    assert verdict(used, alert_state(told, used) if told else None) == expected


@pytest.mark.parametrize(
    ("used", "expected"),
    [(8 * TiB * TiB // 10, Silent()), (8 * TiB * TiB // 10 + 1, Publish(80))],
)
def test_the_largest_figures_are_compared_exactly(used: int, expected: Verdict) -> None:
    """One byte decides, where a float would not see it."""
    assert verdict(reading(used, TiB * TiB)) == expected


@pytest.mark.parametrize("told", [None, 80, 100])
@pytest.mark.parametrize("limit", [1000, None])
def test_incomplete_figures_change_nothing(told: int | None, limit: int | None) -> None:
    """Neither a rise nor a recovery is believed while Quay is still counting."""
    for used in (0, 850, 5000):
        incomplete = reading(used, limit, complete=False)
        assert verdict(incomplete, alert_state(told) if told else None) == Silent()


@pytest.mark.parametrize("limit", [None, 0])
def test_without_a_limit_there_is_no_alert(limit: int | None) -> None:
    """One that was active is over when the limit goes; one that was over is forgotten."""
    assert verdict(reading(5000, limit)) == Silent()
    assert verdict(reading(5000, limit), alert_state(90)) == Resolve("no limit")
    assert verdict(reading(5000, limit), alert_state(90, over_since=NOW), silence(90)) == Forget()


def test_a_raised_limit_ends_the_alert() -> None:
    """What counts is the percentage."""
    assert verdict(reading(950, 2000), alert_state(90)) == Resolve("recovered")


@pytest.mark.parametrize(
    ("levels", "told", "used", "expected"),
    [
        ((80, 90), 85, 860, Update(80)),
        ((70, 80), 90, 950, Update(80)),
        ((95,), 80, 850, Resolve("recovered")),
        ((70,), 80, 850, Update(70)),
        ((1,), 1, 9, Resolve("recovered")),
        ((1,), 1, 10, Keep()),
        ((200,), None, 2000, Publish(200)),
    ],
)
def test_levels_may_change_under_an_alert(
    levels: tuple[int, ...], told: int | None, used: int, expected: Verdict
) -> None:
    """The file may be edited at any time; what was told stays comparable."""
    assert verdict(used, alert_state(told, used) if told else None, terms=Terms(levels)) == expected


@pytest.mark.parametrize(
    ("told", "claimed_for", "used", "expected"),
    [
        (NOTHING, timedelta(0), 850, Keep()),
        (NOTHING, timedelta(minutes=2), 850, Keep()),
        (NOTHING, timedelta(minutes=2, seconds=1), 850, Publish(80)),
        (NOTHING, timedelta(minutes=3), 700, Resolve("recovered")),
        (80, timedelta(minutes=1), 950, Keep()),
        (80, timedelta(minutes=3), 950, Publish(90)),
        (80, timedelta(minutes=3), 850, Keep()),
        (80, timedelta(minutes=1), 0, Keep()),
        (80, timedelta(minutes=3), 0, Resolve("recovered")),
    ],
)
def test_a_claim_is_respected_for_two_minutes(told: int, claimed_for: timedelta, used: int, expected: Verdict) -> None:
    """After that its worker is taken for dead, and its message counts as not sent."""
    posted = MessageId("1.0") if told != NOTHING else None
    claimed = alert_state(80, used, told=told, message_id=posted, claimed_at=NOW - claimed_for)
    assert verdict(used, claimed) == expected


@pytest.mark.parametrize(
    ("shown", "used", "edited", "expected"),
    [
        (850, 859, timedelta(days=9), Keep()),
        (850, 860, timedelta(hours=1), Update(80)),
        (850, 840, timedelta(hours=1), Update(80)),
        (850, 899, timedelta(minutes=59), Keep()),
        (850, 900, timedelta(minutes=1), Publish(90)),
    ],
)
def test_a_message_is_edited_when_its_figures_moved_by_a_point_and_an_hour_passed(
    shown: int, used: int, edited: timedelta, expected: Verdict
) -> None:
    """So a message is edited 24 times a day at most; another level does not wait."""
    assert verdict(used, alert_state(80, shown, edited_at=NOW - edited)) == expected


def test_another_limit_shows_at_once() -> None:
    """Quay's own warning and reject limits as well."""
    assert verdict(reading(850, 1001), alert_state(80, 850)) == Update(80)
    warned = replace(reading(850), enforcement=(Threshold("Reject", 100),))
    assert verdict(warned, alert_state(80, 850)) == Update(80)


@pytest.mark.parametrize(
    ("told_before", "used", "wish", "terms", "expected"),
    [
        (timedelta(hours=23, minutes=59), 1000, None, TERMS, Keep()),
        (timedelta(hours=24), 1000, None, TERMS, Publish(100, "reminder")),
        (timedelta(hours=24), 999, None, TERMS, Keep()),
        (timedelta(days=3), 1000, silence(100), TERMS, Keep()),
        (timedelta(days=3), 1000, silence(100, timedelta(minutes=1)), TERMS, Keep()),
        (timedelta(days=3), 1000, None, QUIET, Keep()),
    ],
)
def test_people_are_reminded_a_day_after_they_were_told_while_it_is_over_the_limit(
    told_before: timedelta, used: int, wish: Silence | None, terms: Terms, expected: Verdict
) -> None:
    """Not of what somebody silenced, nor in quiet hours."""
    before = alert_state(100, used, told_at=NOW - told_before)
    shown = replace(before, said=replace(before.said, silence=wish))
    assert verdict(used, shown, wish, terms) == expected


@pytest.mark.parametrize(
    ("told", "used", "wish", "expected"),
    [
        (80, 850, silence(80), Update(80)),
        (80, 900, silence(80), Publish(90)),
        (90, 910, silence(90), Update(90)),
        (80, 950, silence(90), Update(90)),
        (80, 900, silence(80, timedelta(minutes=1)), Update(90)),
        (80, 1000, silence(80, timedelta(minutes=1)), Publish(100)),
        (100, 1000, silence(100, timedelta(minutes=1)), Update(100)),
        (80, 850, silence(80, timedelta(0)), Publish(80, "again")),
        (80, 850, silence(80, -timedelta(minutes=30)), Publish(80, "again")),
        (80, 850, silence(80, -timedelta(hours=1)), Keep()),
        (80, 700, silence(80, timedelta(0)), Resolve("recovered")),
    ],
)
def test_what_is_silenced_is_shown_and_not_told(told: int, used: int, wish: Silence, expected: Verdict) -> None:
    """An acknowledgement holds up to the level that was seen; a snooze until its time, but never for the highest level.

    When a snooze ends it is told once more. (Here people were last told an hour ago.)
    """
    assert verdict(used, alert_state(told, used), wish) == expected


@pytest.mark.parametrize(
    ("over_for", "used", "wish", "expected"),
    [
        (timedelta(hours=1), 700, silence(80), Keep()),
        (timedelta(hours=24), 700, silence(80), Forget()),
        (timedelta(days=3), 700, silence(80, timedelta(minutes=1)), Keep()),
        (timedelta(hours=1), 700, silence(80, timedelta(0)), Forget()),
        (timedelta(hours=1), 700, None, Forget()),
        (timedelta(hours=1), 850, silence(80), Update(80)),
        (timedelta(hours=1), 950, silence(80), Publish(90)),
        (timedelta(hours=1), 950, silence(80, timedelta(minutes=1)), Update(90)),
        (timedelta(hours=1), 850, silence(80, timedelta(0)), Publish(80)),
    ],
)
def test_a_silence_outlives_the_alert(over_for: timedelta, used: int, wish: Silence | None, expected: Verdict) -> None:
    """So a use that goes up and down stays silent: a snooze until its time, an acknowledgement for a day."""
    assert verdict(used, alert_state(80, over_since=NOW - over_for), wish) == expected


@pytest.mark.parametrize(
    ("told", "used", "expected"),
    [
        (None, 850, Silent()),
        (None, 1000, Publish(100)),
        (80, 950, Update(90)),
        (80, 1000, Publish(100)),
        (100, 1000, Keep()),
        (90, 879, Update(80)),
        (80, 700, Resolve("recovered")),
    ],
)
def test_in_quiet_hours_the_highest_level_alone_is_told(told: int | None, used: int, expected: Verdict) -> None:
    """Edits go on: nobody is notified of them."""
    assert verdict(used, alert_state(told, used) if told else None, terms=QUIET) == expected


def test_what_was_held_back_is_told_when_quiet_hours_end() -> None:
    """It is shown then, and not told: no memory is needed for that."""
    shown = alert_state(90, 950, told=80)
    assert verdict(950, shown, terms=QUIET) == Keep()
    assert verdict(950, shown) == Publish(90)


@pytest.mark.parametrize(
    ("early", "late", "before", "expected"),
    [
        (9, 14, None, Publish(FULL_SOON)),
        (9, 15, None, Silent()),
        (9, 15, FULL_SOON, Keep()),
        (14, 40, FULL_SOON, Keep()),
        (15, 16, FULL_SOON, Resolve("recovered")),
        (9, 12, 80, Update(FULL_SOON)),
        (15, 40, 80, Resolve("recovered")),
    ],
)
def test_full_soon_is_a_level_below_all_percentages(
    early: float, late: float, before: int | None, expected: Verdict
) -> None:
    """Told when even the late end of the interval lies within it, and held until not even the early end does."""
    shown = alert_state(before, 500) if before is not None else None
    assert verdict(500, shown, terms=SOON, previewed=Forecast(early, late)) == expected
    assert not isinstance(verdict(500, None, terms=TERMS, previewed=Forecast(early, late)), Publish)


def test_a_percentage_comes_above_full_soon() -> None:
    """The forecast is then part of the message."""
    assert verdict(850, alert_state(FULL_SOON, 700), terms=SOON, previewed=Forecast(1, 2)) == Publish(80)
    assert verdict(850, alert_state(80, 850), terms=SOON, previewed=Forecast(1, 2)) == Keep()


def test_without_a_forecast_nothing_is_full_soon() -> None:
    """What was, is over."""
    assert verdict(500, alert_state(FULL_SOON, 500), terms=SOON) == Resolve("recovered")


@pytest.mark.parametrize(
    ("early", "late", "hours", "expected"),
    [(9.2, 13.4, 24, Keep()), (8.9, 13.4, 24, Update(80)), (8.9, 13.4, 23, Keep()), (0, 0, 24, Update(80))],
)
def test_another_forecast_is_edited_in_once_a_day(early: float, late: float, hours: int, expected: Verdict) -> None:
    """In whole days, as it is said; one that is not certain any more goes."""
    shown = alert_state(80, 850, edited_at=NOW - timedelta(hours=hours))
    shown = replace(shown, said=replace(shown.said, forecast=Forecast(9.5, 13.1)))
    previewed = Forecast(early, late) if late else None
    assert verdict(850, shown, terms=SOON, previewed=previewed) == expected


@pytest.mark.parametrize(
    ("level", "minutes", "terms", "wish", "expected"),
    [
        (80, 60, TERMS, None, TryAgain(80)),
        (80, 59, TERMS, None, Keep()),
        (80, 60, QUIET, None, Keep()),
        (100, 60, QUIET, None, TryAgain(100)),
        (80, 60, TERMS, silence(80), Update(80)),
        (80, 60, TERMS, silence(80, timedelta(hours=1)), Update(80)),
    ],
)
def test_a_channel_that_refused_an_alert_is_tried_again_once_an_hour(
    level: int, minutes: int, terms: Terms, wish: Silence | None, expected: Verdict
) -> None:
    """Unless nobody wants to hear of it just now."""
    shown = alert_state(level, edited_at=NOW - timedelta(minutes=minutes))
    shown = replace(shown, said=replace(shown.said, refusal=Refusal("C0WEB", "not_in_channel")))
    assert verdict(level * 10, shown, wish, terms) == expected


def test_only_a_snooze_that_is_over_is_called_over() -> None:
    """A level above what was acknowledged, or the highest in the middle of a snooze, is a new level."""
    silent = alert_state(80, told=NOTHING)
    assert verdict(900, silent, silence(80)) == Publish(90, "level")
    assert verdict(1000, silent, silence(80, timedelta(days=1))) == Publish(100, "level")
    assert verdict(900, silent, silence(80, timedelta(0))) == Publish(90, "again")


class History(RuleBasedStateMachine):
    """A namespace whose use, limit and completeness change as they like, judged a minute after each change."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.alert_state: AlertState | None = None
        self.silence: Silence | None = None
        self.pierced: list[Silence] = []
        self.quiet = False
        self.last = reading(0)

    @rule(
        used=st.integers(0, 1500),
        limit=st.sampled_from([None, 500, 1000, 1001, 3000]),
        complete=st.booleans(),
        quiet=st.booleans(),
        hours=st.integers(0, 30),
    )
    def reads(self, used: int, limit: int | None, complete: bool, quiet: bool, hours: int) -> None:
        self.now += timedelta(hours=hours, minutes=1)
        self.last, self.quiet = reading(used, limit, complete=complete), quiet
        before = self.alert_state
        found = self.judged()
        self.apply(found)
        if not complete:
            assert (found, self.alert_state) == (Silent(), before)
        else:
            assert isinstance(self.judged(), Keep | Silent), "a second look says nothing new"

    @rule(length=st.sampled_from([None, timedelta(hours=1), timedelta(days=7)]))
    def is_silenced(self, length: timedelta | None) -> None:
        if self.alert_state and self.alert_state.over_since is None:
            until = self.now + length if length else None
            self.silence = Silence("U", "", self.now, self.alert_state.said.level, until)

    def judged(self) -> Verdict:
        return judge(self.last, self.alert_state, self.wish, None, Terms(LEVELS, quiet=self.quiet), self.now)

    @property
    def wish(self) -> Silence | None:
        return self.alert_state.heeds(self.silence) if self.alert_state else self.silence

    def covers(self, level: int) -> bool:
        return self.wish is not None and self.wish.covers(level, 100, self.now)

    def apply(self, found: Verdict) -> None:
        match found:
            case Publish(level, why):
                assert self.last.reaches(level - 2)
                assert not self.covers(level)
                assert level == 100 or not self.quiet
                if self.alert_state and not self.alert_state.over_since and why == "level":
                    assert level > self.alert_state.told
                if why == "reminder":
                    assert self.alert_state
                    assert self.now - self.alert_state.told_at >= timedelta(hours=24)
                wish = self.wish if self.wish and self.wish.shows(level, self.now) else None
                if wish and wish.until:
                    assert wish not in self.pierced, "a snooze is broken once"
                    self.pierced.append(wish)
                    wish = replace(wish, broken=True)
                said = Alert("a", self.last, level, self.now, silence=wish)
                self.alert_state = AlertState(said, "C", MessageId("1"), level, self.now, self.now)
            case Update(level):
                assert self.alert_state
                said = replace(
                    self.alert_state.said,
                    level=level,
                    reading=self.last,
                    silence=self.wish if self.wish and self.wish.shows(level, self.now) else None,
                )
                told = NOTHING if self.alert_state.over_since else min(self.alert_state.told, level)
                self.alert_state = replace(self.alert_state, said=said, told=told, edited_at=self.now, over_since=None)
            case Resolve(ending):
                assert self.alert_state
                kept = ending == "recovered" and self.silence and self.silence.outlives(self.now, self.now)
                self.alert_state = replace(self.alert_state, over_since=self.now) if kept else None
                self.silence = self.silence if kept else None
            case Forget():
                self.alert_state = self.silence = None

    @invariant()
    def a_full_namespace_is_never_forgotten(self) -> None:
        if self.last.complete and self.last.reaches(LEVELS[0]):
            alive = self.alert_state is not None and self.alert_state.over_since is None
            assert alive or self.quiet or self.silence
        if self.last.complete and self.last.limit is None:
            assert self.alert_state is None


TestHistory = History.TestCase
