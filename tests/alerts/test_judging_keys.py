"""A waiting key is doubted and reminded of, one that ends is told of at each step; what nobody need know is unsaid."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.key_rules import (
    Close,
    Keep,
    Publish,
    Restate,
    Told,
    Watched,
    crowds_of,
    doubts_about,
    due_reminder,
    end_of,
    grown_crowd,
    judge_end,
)
from bot.quay.models import KeyApproval, ServiceKey
from bot.slack.messages import MessageId

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = (30 * DAY, 7 * DAY, DAY)
REMINDERS = (50, 80, 95)


def key(kid: str = "kid1", service: str = "clair", **given: Any) -> ServiceKey:
    return ServiceKey(kid=kid, service=service, jwk={}, **{"created_date": NOW, **given})


def approved(
    kid: str = "kid1", left: timedelta | None = 365 * DAY, kind: str = "SUPERUSER", **given: Any
) -> ServiceKey:
    approval = KeyApproval(approval_type=f"ServiceKeyApprovalType.{kind}", approved_date=NOW)
    expires = None if left is None else NOW + left
    return key(kid, **{"created_date": NOW - 100 * DAY, **given}, expiration_date=expires, approval=approval)


@pytest.mark.parametrize(
    ("hours", "reminded", "due"),
    [
        (0, 0, None),
        (11.99, 0, None),
        (12, 0, 50),
        (12, 50, None),
        (19, 50, None),
        (19.2, 50, 80),
        (22.8, 80, 95),
        (23.9, 95, None),
        (23, 0, 95),
        (24, 80, None),
    ],
)
def test_reminders_come_at_their_share_of_the_day(hours: float, reminded: int, due: int | None) -> None:
    """Of those that were missed the last is said; after the day Quay has deleted the key."""
    with freeze_time(NOW + timedelta(hours=hours)):
        assert due_reminder(key(), Watched(NOW, reminded), REMINDERS, datetime.now(UTC)) == due


@pytest.mark.parametrize(("minutes", "due"), [(29, None), (30, 50), (59, 95), (60, None)])
def test_a_key_that_expires_before_quay_would_delete_it_is_reminded_of_in_its_own_time(
    minutes: int, due: int | None
) -> None:
    """Approved any later it is of no use."""
    short = key(expiration_date=NOW + HOUR)
    assert due_reminder(short, Watched(NOW), REMINDERS, NOW + timedelta(minutes=minutes)) == due


@pytest.mark.parametrize(("hours", "due"), [(20, None), (22, None), (23, 95)])
def test_what_passed_before_a_key_was_seen_needs_no_reminder(hours: int, due: int | None) -> None:
    """Its card has just been posted."""
    assert due_reminder(key(), Watched(NOW + 20 * HOUR), REMINDERS, NOW + hours * HOUR) == due


def test_nobody_is_reminded_of_a_decided_key_or_beside_another_worker() -> None:
    """A worker that is busy with it has two minutes."""
    late = NOW + 13 * HOUR
    assert due_reminder(approved(created_date=NOW), Watched(NOW), REMINDERS, late) is None
    busy = Watched(NOW, claimed_at=late)
    assert due_reminder(key(), busy, REMINDERS, late + timedelta(minutes=2)) is None
    assert due_reminder(key(), busy, REMINDERS, late + timedelta(minutes=3)) == 50


@given(st.lists(st.integers(0, 24 * 60), max_size=40), st.integers(0, 24 * 60))
def test_whenever_workers_come_by_each_reminder_is_said_once_at_most(visits: list[int], seen: int) -> None:
    """And in their order."""
    watched, said = Watched(NOW + timedelta(minutes=seen)), []
    for minutes in sorted(visits):
        level = due_reminder(key(), watched, REMINDERS, NOW + timedelta(minutes=minutes))
        if level:
            watched = replace(watched, reminded=level)
            said.append(level)
    assert said == sorted(set(said))


def arrived(minutes: int, kid: str, ip: str = "10.0.0.7", **metadata: str) -> ServiceKey:
    return key(kid, created_date=NOW + timedelta(minutes=minutes), metadata={"ip": ip, **metadata})


def test_a_crowd_is_the_keys_from_one_address_within_an_hour() -> None:
    """The fullest hour that a key is in; those that people or a rotation made came not by themselves."""
    keys = [
        *(arrived(minutes, f"a{minutes}") for minutes in (0, 10, 60, 61, 200)),
        arrived(5, "other", ip="10.0.0.8"),
        arrived(6, "made", created_by="Quay Superuser Panel"),
        key("nowhere"),
    ]
    assert crowds_of(keys) == {"a0": 3, "a10": 3, "a60": 3, "a61": 3, "a200": 1, "other": 1}


@pytest.mark.parametrize(("said", "crowd", "grown"), [(0, 4, 0), (0, 5, 5), (5, 9, 5), (5, 10, 10), (10, 2, 10)])
def test_a_card_speaks_anew_of_a_crowd_that_doubled(said: int, crowd: int, grown: int) -> None:
    """A flood of keys is no flood of edits; and a warning does not go because some were rejected."""
    assert grown_crowd(said, crowd) == grown


@pytest.mark.parametrize(
    ("service", "known", "crowd", "said"),
    [
        ("clair", {"clair"}, 4, ()),
        ("clair", {"clair"}, 5, ("5 keys from 10.0.0.7 within an hour.",)),
        ("clair", set(), 0, ("No key of clair was ever approved here.",)),
        ("clair", {"builder"}, 0, ("No key of clair was ever approved here.",)),
        (
            "quay_bui1der",
            {"quay_builder"},
            0,
            ("No key of quay_bui1der was ever approved here. Is quay_builder meant?",),
        ),
        ("x" * 99, set(), 0, (f"No key of {'x' * 39}… was ever approved here.",)),
    ],
)
def test_what_is_odd_about_a_waiting_key_is_said_shortly(
    service: str, known: set[str], crowd: int, said: tuple[str, ...]
) -> None:
    """A service nobody ever approved a key of, a name like a known one, a crowd from one address."""
    assert doubts_about(key(service=service, metadata={"ip": "10.0.0.7"}), known, crowd) == said


@pytest.mark.parametrize(
    ("left", "step", "days"),
    [
        (31 * DAY, None, 0),
        (30 * DAY, 30 * DAY, 30),
        (8 * DAY, 30 * DAY, 8),
        (7 * DAY, 7 * DAY, 7),
        (6 * DAY + HOUR, 7 * DAY, 7),
        (DAY, DAY, 1),
        (HOUR, DAY, 1),
        (timedelta(), timedelta(), 0),
        (-3 * DAY, timedelta(), 0),
        (None, None, 0),
    ],
)
def test_the_step_is_the_last_that_was_reached(left: timedelta | None, step: timedelta | None, days: int) -> None:
    """Days that have begun are counted; none are left of an expired key."""
    with freeze_time(NOW):
        end = end_of(approved(left=left), STEPS, datetime.now(UTC), [])
    assert (end and end.step, end.days if end else 0) == (step, days)


def test_steps_are_reached_at_full_hours() -> None:
    """Keys that were made a few minutes apart are told of together; that one has expired is said when it has."""
    keys = [approved(f"kid{n}", 7 * DAY + timedelta(minutes=n)) for n in range(60)]
    ends = [end_of(key, (7 * DAY,), NOW + timedelta(minutes=1), keys) for key in keys]
    assert [end and end.days for end in ends] == [7] * 60
    assert end_of(approved(left=timedelta(minutes=2)), STEPS, NOW + timedelta(minutes=1), []).step == DAY  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("age", "left", "rotation", "step"),
    [
        (HOUR, 12 * HOUR, 12 * HOUR, None),
        (11 * HOUR, 13 * HOUR, 12 * HOUR, None),
        (12.5 * HOUR, 11.5 * HOUR, 12 * HOUR, None),
        (13 * HOUR, 11 * HOUR, 12 * HOUR, DAY),
        (2 * DAY, 5 * DAY, 12 * HOUR, None),
        (6 * DAY, DAY, 12 * HOUR, DAY),
        (8 * DAY, -DAY, 12 * HOUR, timedelta()),
        (DAY, 6 * DAY, 30 * DAY, 7 * DAY),
    ],
)
def test_a_key_that_renews_itself_is_told_of_when_that_failed(
    age: timedelta, left: timedelta, rotation: timedelta, step: timedelta | None
) -> None:
    """An hour late, and at the last step; one that would be renewed only after its end is a key like any other."""
    seconds = int(rotation.total_seconds())
    rotating = approved(left=left, created_date=NOW - age, rotation_duration=seconds)
    end = end_of(rotating, STEPS, NOW, [])
    assert (end and end.step) == step
    late = age >= rotation + HOUR
    assert (end and end.unrenewed) == (rotation if end and late else None)


@pytest.mark.parametrize(
    "silent",
    [
        approved(left=HOUR, kind="AUTOMATIC", service="quay"),
        approved(left=-HOUR, kind="AUTOMATIC", service="quay"),
        key(expiration_date=NOW + HOUR),
    ],
)
def test_nobody_is_told_of_keys_that_end_as_they_should(silent: ServiceKey) -> None:
    """Quay's own live for two hours and are renewed by it; a waiting key has a card of its own."""
    assert end_of(silent, STEPS, NOW, []) is None
    assert end_of(approved(left=HOUR, kind="AUTOMATIC"), STEPS, NOW, []) is not None


def test_other_keys_of_the_service_that_outlast_it_are_counted() -> None:
    """Approved ones, of the same service, that are valid after its end."""
    others = [
        approved("forever", None),
        approved("longer", 8 * DAY),
        approved("shorter", 6 * DAY),
        approved("elsewhere", None, service="builder"),
        key("waiting"),
    ]
    one = approved(left=7 * DAY)
    end = end_of(one, STEPS, NOW, [one, *others])
    assert end is not None
    assert end.outlasting == 2


def told(of: ServiceKey, at: datetime = NOW, **given: Any) -> Told:
    end = end_of(of, STEPS, at, [of])
    assert end is not None
    return Told(**{"said": end, "channel": "C1", "message_id": MessageId("1.0"), **given})


@pytest.mark.parametrize(
    ("before", "left", "verdict"),
    [
        (None, 40 * DAY, Keep),
        (None, 8 * DAY, Publish),
        (8 * DAY, 8 * DAY, Keep),
        (9 * DAY, 8 * DAY, Restate),
        (8 * DAY, 7 * DAY, Publish),
        (8 * DAY, HOUR, Publish),
        (HOUR, 8 * DAY, Restate),
        (HOUR, -HOUR, Publish),
        (-HOUR, -HOUR, Keep),
        (-HOUR, 8 * DAY, Restate),
        (8 * DAY, 90 * DAY, Close),
        (8 * DAY, None, Close),
        (-HOUR, None, Close),
    ],
)
def test_each_step_is_told_once_and_what_is_said_stays_true(
    before: timedelta | None, left: timedelta | None, verdict: type
) -> None:
    """Given how much was left when it was told; an extension is seen, whether it is enough or not."""
    one = approved(left=left)
    memory = told(approved(left=before)) if before is not None else None
    assert isinstance(judge_end(one, memory, STEPS, NOW, [one]), verdict)


def test_a_key_that_is_gone_closes_its_alert() -> None:
    """Unless another worker is about to say something, or nothing was said."""
    memory = told(approved(left=8 * DAY))
    assert judge_end(None, memory, STEPS, NOW) == Close(gone=True)
    assert judge_end(None, replace(memory, claimed_at=NOW), STEPS, NOW) == Keep()
    assert judge_end(None, None, STEPS, NOW) == Keep()


def test_a_message_that_was_never_posted_is_told_again() -> None:
    """The worker that claimed it has died."""
    one = approved(left=8 * DAY)
    died = told(one, message_id=None, claimed_at=NOW)
    assert judge_end(one, died, STEPS, NOW + timedelta(minutes=1), [one]) == Keep()
    assert isinstance(judge_end(one, died, STEPS, NOW + timedelta(minutes=3), [one]), Publish)


def test_without_steps_nothing_is_said_of_ends() -> None:
    """`expiring: []` in alerts.yaml."""
    assert judge_end(approved(left=HOUR), None, (), NOW) == Keep()
