"""What a sweep comes to: every namespace judged, and what is to be sent because of it. Pure."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.alerts.config import QuotaAlerts, Route
from bot.alerts.publisher import AlertEvent, Correction
from bot.alerts.quota_rules import (
    NOTHING,
    AlertState,
    Forget,
    Publish,
    Resolve,
    Silent,
    Terms,
    TryAgain,
    Update,
    Verdict,
    Why,
    end,
    judge,
)
from bot.alerts.state_store import is_claimed
from bot.model.alert_facts import Alert, Forecast, Silence
from bot.model.usage import Ending, Usage


@dataclass(frozen=True)
class KnownStates:
    """All that a sweep has learnt, by namespace."""

    readings: Mapping[str, Usage]
    alert_states: Mapping[str, AlertState]
    silences: Mapping[str, Silence]
    forecasts: Mapping[str, Forecast]
    all_read: bool = True
    """Whether every namespace could be read; otherwise one that is not among the readings may still exist."""


@dataclass
class Evaluation:
    """What is to be done: notify, edit, and forget."""

    news: list[AlertEvent] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    @property
    def ended(self) -> list[str]:
        """The namespaces of whose alert nothing is left to be remembered."""
        return self.forgotten + [each.namespace for each in self.corrections if each.settled is None]


def find(known: KnownStates, quotas: QuotaAlerts, now: datetime, *, quiet: bool) -> Evaluation:
    """Judge every namespace that there is, or that is remembered."""
    found = Evaluation()
    gone = known.alert_states.keys() - known.readings.keys() if known.all_read else ()
    for namespace in (*known.readings, *gone):
        alert_state, silence = known.alert_states.get(namespace), known.silences.get(namespace)
        subject = _Subject(
            known.readings.get(namespace),
            alert_state,
            alert_state.heeds(silence) if alert_state else silence,
            known.forecasts.get(namespace),
            quotas.route_for(namespace),
        )
        subject.add_to(found, quotas, now, quiet=quiet)
    return found


@dataclass(frozen=True)
class _Subject:
    """One namespace with everything that is known of it."""

    reading: Usage | None
    alert_state: AlertState | None
    silence: Silence | None
    forecast: Forecast | None
    route: Route | None

    def add_to(self, found: Evaluation, quotas: QuotaAlerts, now: datetime, *, quiet: bool) -> None:
        match self._verdict(quotas, now, quiet=quiet):
            case Publish(level, why) if self.reading and self.route:
                found.news.append(self._news(self.reading, self.route, level, why, now))
            case Update(level) if self.reading and self.route and self.alert_state:
                found.corrections.append(self._update(self.reading, self.alert_state, level, now))
            case TryAgain(level) if self.reading and self.route and self.alert_state:
                self._try_again(found, self.reading, self.route, self.alert_state, level, now)
            case Resolve(ending) if self.alert_state:
                found.corrections.append(self._recovery(self.alert_state, ending, now))
            case Forget() if self.alert_state:
                found.forgotten.append(self.alert_state.said.namespace)

    def _verdict(self, quotas: QuotaAlerts, now: datetime, *, quiet: bool) -> Verdict:
        if self.reading and self.route:
            terms = Terms(self.route.levels, quotas.full_within, quiet)
            return judge(self.reading, self.alert_state, self.silence, self.forecast, terms, now)
        if self.alert_state is None or is_claimed(self.alert_state, now):
            return Silent()
        return end(self.alert_state, "unwatched" if self.reading else "gone")

    def _news(self, reading: Usage, route: Route, level: int, why: Why, now: datetime) -> AlertEvent:
        """In the thread of the alert's own message, unless it is over, shared, or not where its route leads."""
        before = (
            replace(self.alert_state, claimed_at=None) if self.alert_state and self.alert_state.message_id else None
        )
        replies = bool(
            before
            and not before.over_since
            and not before.digest_of
            and before.meant_for == before.channel == route.channel
        )
        said = before.said if before and replies else None
        alert = Alert(
            id=said.id if said else secrets.token_hex(8),
            reading=reading,
            level=level,
            since=before.said.since if before and not before.over_since else now,
            forecast=self.forecast,
            silence=self._told_through(level, now),
        )
        highest = level == route.highest
        return AlertEvent(alert, why, route.channel, route.mention if highest else None, highest, before, replies)

    def _try_again(
        self, found: Evaluation, reading: Usage, route: Route, alert_state: AlertState, level: int, now: datetime
    ) -> None:
        """A new message in the channel that refused one; where the route leads to the message by now, an edit."""
        correction = self._update(reading, alert_state, level, now)
        if alert_state.channel == route.channel and correction.settled:
            said = replace(correction.settled.said, refusal=None)
            found.corrections.append(replace(correction, settled=replace(correction.settled, said=said)))
            return
        news = self._news(reading, route, level, "level", now)
        alert = replace(news.alert, id=secrets.token_hex(8), refusal=None)
        found.news.append(replace(news, alert=alert, replies=False, otherwise=correction))

    def _update(self, reading: Usage, alert_state: AlertState, level: int, now: datetime) -> Correction:
        shown = self._shown(level, now)
        said = replace(
            alert_state.said, reading=reading, level=level, forecast=self.forecast, silence=shown, lower_limit=None
        )
        told = NOTHING if alert_state.over_since else min(alert_state.told, level)
        settled = replace(alert_state, said=said, told=told, edited_at=now, over_since=None, claimed_at=None)
        return Correction(alert_state, settled)

    def _shown(self, level: int, now: datetime) -> Silence | None:
        return self.silence if self.silence and self.silence.shows(level, now) else None

    def _told_through(self, level: int, now: datetime) -> Silence | None:
        """The snooze in spite of which the highest level is told."""
        shown = self._shown(level, now)
        return replace(shown, broken=shown.until is not None) if shown else None

    def _recovery(self, alert_state: AlertState, ending: Ending, now: datetime) -> Correction:
        """The last edit; a silence is remembered after a recovery, so that a rise soon after stays silent."""
        lasting = self.silence if self.silence and self.silence.outlives(now, now) else None
        if ending != "recovered":
            lasting = None
        before, reading = alert_state.said.reading, self.reading or alert_state.said.reading
        raised = ending == "recovered" and (before.limit or 0) < (reading.limit or 0)
        lower = before.limit if raised else None
        said = replace(alert_state.said, reading=reading, silence=lasting, lower_limit=lower)
        last = replace(alert_state, said=said, claimed_at=None)
        return Correction(last, replace(last, over_since=now) if lasting else None, ending)
