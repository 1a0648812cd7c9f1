"""What service keys give reason to say: pure judgements from the keys, what was said before, and the time."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches

from bot.alerts.state_store import is_claimed
from bot.effects.keys import decide_by
from bot.quay.models import ServiceKey
from bot.slack.messages import MessageId
from bot.views.keys import EXPIRED, KeyEnd

MANY = 5
"""From so many keys on that came from one address within WINDOW, the approvers are warned."""
WINDOW = timedelta(hours=1)
ROTATION_GRACE = timedelta(hours=1)
"""So much later than announced a service may renew its key before anybody is told."""
OWN_SERVICE, OWN_APPROVAL = "quay", "AUTOMATIC"
"""Quay's own keys live for two hours and are replaced at each start (boot.py: INSTANCE_SERVICE_KEY_EXPIRATION)."""

_LIKE = 0.8
_SERVICE_LENGTH, _ADDRESS_LENGTH = 40, 45


@dataclass(frozen=True)
class Watched:
    """What is remembered of a waiting key: since when, the last reminder, and the crowd its card speaks of."""

    seen_at: datetime
    reminded: int = 0
    crowd: int = 0
    claimed_at: datetime | None = None


def due_reminder(key: ServiceKey, watched: Watched, reminders: Sequence[int], now: datetime) -> int | None:
    """The reminder (percent of the time to decide) that is to be said now; of several missed ones the last.

    What passed before the key was first seen needs none: its card has just said so.
    """
    if is_claimed(watched, now) or not key.is_waiting or now >= decide_by(key):
        return None
    span = decide_by(key) - key.created_date
    reached = max((each for each in reminders if key.created_date + span * each / 100 <= now), default=0)
    skipped = max((each for each in reminders if key.created_date + span * each / 100 <= watched.seen_at), default=0)
    return reached if reached > max(watched.reminded, skipped) else None


def crowds_of(keys: Collection[ServiceKey]) -> Mapping[str, int]:
    """By key, the most keys that came from its address within WINDOW, itself among them.

    Counted are those that came by themselves: the metadata of others says by what they were created.
    """
    key_requests: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for key in keys:
        if key.metadata.get("ip") and not key.metadata.get("created_by"):
            key_requests[str(key.metadata["ip"])].append((key.created_date, key.kid))
    crowds: dict[str, int] = {}
    for come in map(sorted, key_requests.values()):
        moments = [moment for moment, _ in come]
        following = [bisect_right(moments, moment + WINDOW) - index for index, moment in enumerate(moments)]
        for index, (moment, kid) in enumerate(come):
            crowds[kid] = max(following[bisect_left(moments, moment - WINDOW) : index + 1])
    return crowds


def grown_crowd(said: int, crowd: int) -> int:
    """The crowd that a card should speak of, given what it says: it is told anew when it has doubled, never smaller."""
    return crowd if crowd >= max(MANY, 2 * said) else said


def doubts_about(key: ServiceKey, known: Collection[str], crowd: int) -> tuple[str, ...]:
    """What should make an approver look twice at a waiting key; `known` are services with an approved key, ever."""
    doubts = []
    if key.service not in known:
        like = get_close_matches(key.service, known, n=1, cutoff=_LIKE)
        meant = f" Is {_cut(like[0], _SERVICE_LENGTH)} meant?" if like else ""
        doubts.append(f"No key of {_cut(key.service, _SERVICE_LENGTH)} was ever approved here.{meant}")
    if crowd >= MANY:
        doubts.append(f"{crowd:,} keys from {_cut(str(key.metadata.get('ip')), _ADDRESS_LENGTH)} within an hour.")
    return tuple(doubts)


@dataclass(frozen=True)
class Told:
    """What a channel was told of a key's end: `said` in message `message_id`, None while the first is being posted.

    `digest_of` is the number of keys that share the message, 0 when it is this key's own.
    """

    said: KeyEnd
    channel: str
    message_id: MessageId | None = None
    digest_of: int = 0
    claimed_at: datetime | None = None


@dataclass(frozen=True)
class Keep:
    """There is nothing to say, or another worker is about to say it."""


@dataclass(frozen=True)
class Publish:
    """A step was reached of which nobody was told."""

    end: KeyEnd


@dataclass(frozen=True)
class Restate:
    """The message no longer says how things are, and is edited."""

    end: KeyEnd


@dataclass(frozen=True)
class Close:
    """The alert is over: the key was extended until `until` (None: for good), or is gone."""

    gone: bool
    until: datetime | None = None


Verdict = Keep | Publish | Restate | Close


def judge_end(
    key: ServiceKey | None,
    told: Told | None,
    steps: Sequence[timedelta],
    now: datetime,
    keys: Collection[ServiceKey] = (),
) -> Verdict:
    """What to say of a key's end; `key` is None when it is none of the registry's `keys` any more."""
    if told and is_claimed(told, now):
        return Keep()
    end = end_of(key, steps, now, keys) if key else None
    if end is None:
        return Close(gone=key is None, until=key.expiration_date if key else None) if told else Keep()
    if told is None or told.message_id is None or end.step < told.said.step:
        return Publish(end)
    return Keep() if end == told.said else Restate(end)


def end_of(key: ServiceKey, steps: Sequence[timedelta], now: datetime, keys: Collection[ServiceKey]) -> KeyEnd | None:
    """What there is to say of a key that has come to one of the steps before its end; None as long as there is not."""
    step = step_of(key, steps, now)
    if step is None or key.expiration_date is None:
        return None
    return KeyEnd(
        kid=key.kid,
        name=key.name or f"{key.kid[:12]}…",
        service=key.service,
        created=key.created_date,
        expires=key.expiration_date,
        step=step,
        days=_days_left(key.expiration_date, now),
        outlasting=_outlasting(key, keys, now),
        unrenewed=_rotation(key) if _is_overdue(key, now) else None,
    )


def step_of(key: ServiceKey, steps: Sequence[timedelta], now: datetime) -> timedelta | None:
    """The last step that a key has reached before its end, EXPIRED after it; None as long as nobody need know.

    A key that its service renews by itself is worth a word only when that has failed, and at the last step.
    """
    if not steps or key.expiration_date is None or key.is_waiting or is_quays_own(key):
        return None
    if key.expiration_date <= now:
        return EXPIRED
    if _rotates(key) and not _is_overdue(key, now):
        return None
    left = key.expiration_date - _full_hour(now)
    worth = [min(steps)] if _rotates(key) else steps
    return min((step for step in worth if left <= step), default=None)


def _days_left(expires: datetime, now: datetime) -> int:
    """The days until then, begun ones counted; 0 when it has passed."""
    return 0 if expires <= now else max(1, -((_full_hour(now) - expires) // timedelta(days=1)))


def _outlasting(key: ServiceKey, keys: Collection[ServiceKey], now: datetime) -> int:
    """How many other approved keys of its service are valid when a key has expired."""
    end = max(key.expiration_date or now, now)
    return sum(
        other.service == key.service
        and other.kid != key.kid
        and not other.is_waiting
        and (other.expiration_date is None or other.expiration_date > end)
        for other in keys
    )


def _full_hour(now: datetime) -> datetime:
    """The end of the hour: for it steps are judged, so that keys that were made together are told of together."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return hour if hour == now else hour + timedelta(hours=1)


def _rotation(key: ServiceKey) -> timedelta:
    return timedelta(seconds=key.rotation_duration or 0)


def _rotates(key: ServiceKey) -> bool:
    """Whether its service is to renew it, and before it expires."""
    return bool(key.rotation_duration) and (
        key.expiration_date is None or key.created_date + _rotation(key) < key.expiration_date
    )


def _is_overdue(key: ServiceKey, now: datetime) -> bool:
    """Whether its service should have renewed it by itself and has not."""
    return _rotates(key) and now >= key.created_date + _rotation(key) + ROTATION_GRACE


def is_quays_own(key: ServiceKey) -> bool:
    """Whether Quay made it for itself, and renews it by itself."""
    return key.service == OWN_SERVICE and key.approval is not None and key.approval.approval_type.endswith(OWN_APPROVAL)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
