"""Whether the use of a namespace is worth a message: one pure judgement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.alerts.state_store import is_claimed
from bot.model.alert_facts import FULL_SOON, Alert, Forecast, Silence
from bot.model.usage import Ending, Usage
from bot.slack.messages import MessageId

HYSTERESIS = 2
"""Percentage points that the use must be below a level before the level counts as left."""
REMIND_AFTER = timedelta(hours=24)
"""How long nothing must have been told of a namespace over its limit before people are reminded."""
EDIT_AFTER = timedelta(hours=1)
"""A message whose figures alone moved, by a percentage point or more, is edited so often at most."""
FORESEE_AFTER = timedelta(hours=24)
"""A message of which the forecast alone is another one is edited so often at most."""
NOTHING = -1
"""Below every level."""


@dataclass(frozen=True)
class AlertState:
    """What is remembered of a namespace with an active alert.

    `said` is what its message shows; `message_id` is None while the first is being posted. `told` is the highest
    level of which people were notified, at `told_at`. `over_since` is set when the alert is over and is remembered
    only because somebody silenced it. `claimed_at` is set while a worker is about to say something. `digest_of` is
    the number of namespaces that share the message, 0 when it is this namespace's own.
    """

    said: Alert
    channel: str
    message_id: MessageId | None
    told: int
    told_at: datetime
    edited_at: datetime
    digest_of: int = 0
    over_since: datetime | None = None
    claimed_at: datetime | None = None

    @property
    def meant_for(self) -> str:
        """The channel of its route when it was told."""
        return self.said.refusal.channel if self.said.refusal else self.channel

    def heeds(self, silence: Silence | None) -> Silence | None:
        """A silence as it stands: only what was said knows whether the highest level was told in spite of it."""
        said = self.said.silence
        return said if said and replace(said, broken=False) == silence else silence


@dataclass(frozen=True)
class Terms:
    """What holds for a namespace now: the percentages at which it is told (they ascend), how far ahead a forecast
    counts (None: not at all), and whether it is quiet, so that only the highest level is told.
    """

    levels: Sequence[int]
    full_within: timedelta | None = None
    quiet: bool = False

    @property
    def highest(self) -> int:
        """The most urgent level."""
        return self.levels[-1]


Why = Literal["level", "again", "reminder"]
"""Why people are notified: a level that they do not know of, one that is still true after a snooze, or a day over
the limit."""


@dataclass(frozen=True)
class Silent:
    """There is no alert, or nothing can be said: the figures are not complete, it is quiet, somebody silenced it."""


@dataclass(frozen=True)
class Keep:
    """There is an alert and it stays as it is, or another worker is busy with it."""


@dataclass(frozen=True)
class Publish:
    """People are notified."""

    level: int
    why: Why = "level"


@dataclass(frozen=True)
class Update:
    """The message is edited, of which nobody is notified."""

    level: int


@dataclass(frozen=True)
class TryAgain:
    """The channel refused the alert, which is told elsewhere: it may take it now. If not, the message is edited."""

    level: int


@dataclass(frozen=True)
class Resolve:
    """The alert is over: its message is edited for the last time, and the next rise is a new one."""

    ending: Ending


@dataclass(frozen=True)
class Forget:
    """The alert was over, and nobody's silence is left to be remembered."""


Verdict = Silent | Keep | Publish | Update | TryAgain | Resolve | Forget


def judge(
    reading: Usage,
    alert_state: AlertState | None,
    silence: Silence | None,
    forecast: Forecast | None,
    terms: Terms,
    now: datetime,
) -> Verdict:
    """What to say about a reading, given what was said before."""
    if not reading.complete:
        return Silent()
    if alert_state and is_claimed(alert_state, now):
        return Keep()
    if not reading.limit:
        return end(alert_state, "no limit") if alert_state else Silent()
    level = _level(reading, alert_state, forecast, terms)
    if level == NOTHING:
        return _below(alert_state, silence, now)
    silenced = silence is not None and silence.covers(level, terms.highest, now)
    if alert_state is None or alert_state.over_since:
        return _begin(level, alert_state, terms, silenced)
    if (why := _news(level, reading, alert_state, silence, terms, now)) and not silenced:
        return Publish(level, why)
    if not silenced and _is_owed(alert_state, level, terms, now):
        return TryAgain(level)
    shown = silence if silence and silence.shows(level, now) else None
    due = replace(alert_state.said, reading=reading, level=level, forecast=forecast, silence=shown)
    return Update(level) if _differs(alert_state.said, due, now - alert_state.edited_at) else Keep()


def end(alert_state: AlertState, ending: Ending) -> Verdict:
    """What to say when the ground of an alert is gone."""
    return Forget() if alert_state.over_since else Resolve(ending)


def _level(reading: Usage, alert_state: AlertState | None, forecast: Forecast | None, terms: Terms) -> int:
    """The level that the namespace is at; one that its alert is at already is held on to a little longer."""
    before = alert_state.said.level if alert_state and not alert_state.over_since else NOTHING
    reached = [level for level in terms.levels if reading.reaches(level)]
    held = [level for level in terms.levels if level <= before and _holds(reading, level)]
    if reached or held:
        return max(reached + held)
    if terms.full_within is None or forecast is None:
        return NOTHING
    days = forecast.late if before == NOTHING else forecast.early
    return FULL_SOON if timedelta(days=days) <= terms.full_within else NOTHING


def _holds(reading: Usage, level: int) -> bool:
    return reading.reaches(max(level - HYSTERESIS, 1))


def _below(alert_state: AlertState | None, silence: Silence | None, now: datetime) -> Verdict:
    if alert_state is None:
        return Silent()
    if alert_state.over_since is None:
        return Resolve("recovered")
    return Keep() if silence and silence.outlives(alert_state.over_since, now) else Forget()


def _begin(level: int, over: AlertState | None, terms: Terms, silenced: bool) -> Verdict:
    """An alert where there is none, or where one is over and remembered: that one goes on without a sound."""
    if silenced:
        return Update(level) if over else Silent()
    if terms.quiet and level < terms.highest:
        return Keep() if over else Silent()
    return Publish(level)


def _news(
    level: int, reading: Usage, alert_state: AlertState, silence: Silence | None, terms: Terms, now: datetime
) -> Why | None:
    """Why people are to be notified, unless it is quiet."""
    if terms.quiet and not level >= terms.highest > alert_state.told:
        return None
    ended = silence is not None and silence.until is not None and alert_state.told_at < silence.until <= now
    if level > alert_state.told:
        return "again" if ended and alert_state.told == NOTHING else "level"
    if ended:
        return "again"
    if reading.reaches(100) and now - alert_state.told_at >= REMIND_AFTER:
        return "reminder"
    return None


def _is_owed(alert_state: AlertState, level: int, terms: Terms, now: datetime) -> bool:
    """Whether a channel that refused the alert should be tried again: once in an hour."""
    held_back = terms.quiet and level < terms.highest
    return alert_state.said.refusal is not None and not held_back and now - alert_state.edited_at >= EDIT_AFTER


def _differs(said: Alert, due: Alert, since: timedelta) -> bool:
    """Whether a message that was edited so long ago should say something else now."""
    if (due.level, due.silence) != (said.level, said.silence):
        return True
    if (due.reading.limit, due.reading.enforced) != (said.reading.limit, said.reading.enforced):
        return True
    moved = abs(due.reading.used - said.reading.used) * 100 >= (due.reading.limit or 0)
    previewed = _days(due) != _days(said)
    return (moved and since >= EDIT_AFTER) or (previewed and since >= FORESEE_AFTER)


def _days(alert: Alert) -> tuple[int, int] | None:
    return alert.forecast.days if alert.forecast else None
