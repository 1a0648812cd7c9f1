"""The report counts exactly what happened in its period, and names what somebody has to look after."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.forecast import Sample
from bot.alerts.report import ChangeHistory, growth, key_figures, outbox, quota_figures, together
from bot.alerts.samples import as_sampled, day_of
from bot.audit import Entry
from bot.model.alert_facts import Refusal
from bot.model.enforcement import Threshold
from bot.model.usage import Usage
from bot.quay.models import KeyApproval, ServiceKey
from bot.views.report import Deeds, Growth, KeyFigures, Measured, Mishap, Report, Together, report
from tests.support.world import markup_of, text_of, valid

END = datetime(2026, 11, 23, 8, tzinfo=UTC)
START = END - timedelta(days=7)
GiB = 2**30
ALICE, BOB = "T1/U0ALICE", "T1/U0BOB"
EVIL = "<!channel>&\u202e`*" * 15


def entry(hours: float, event: str, change: str = "c1", actor: str | None = None, **details: Any) -> Entry:
    """An entry from so many hours before the end of the period."""
    return Entry(0, END - timedelta(hours=hours), event, actor, {"change": change, **details}, "", "", "")


def asked(hours: float, change: str = "c1", needed: int = 1, actor: str | None = ALICE) -> Entry:
    event = "change_proposed" if actor else "key_arrived"
    arguments = {"namespace": "team-a", "limit": 1}
    return entry(hours, event, change, actor, operation="createUserQuotaSuperUser", arguments=arguments, needed=needed)


def approved(hours: float, change: str = "c1", needed: int = 1, given: int = 1, actor: str = BOB) -> Entry:
    return entry(hours, "change_approved", change, actor, approvals=given, needed=needed)


def ended(hours: float, outcome: str = "done", change: str = "c1", operation: str = "approveServiceKey") -> Entry:
    return entry(hours, "change_outcome", change, operation=operation, outcome=outcome, said="So it ended.")


def deeds_of(entries: Iterable[Entry]) -> Deeds:
    chronicle = ChangeHistory(START, END)
    for each in sorted(entries, key=lambda one: one.at, reverse=True):
        chronicle.add(each)
    return chronicle.tell()


def quota(limits: tuple[Threshold, ...] = (), **more: Any) -> Usage:
    return Usage("team-a", 0, more.pop("limit", 10 * GiB), complete=True, enforcement=limits, **more)


REJECT, WARNING = (Threshold("Reject", 100),), (Threshold("Warning", 80),)
SWITCHED_OFF = (Threshold("Reject", 90), Threshold("Warning", 100))


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        ([quota(REJECT)] * 3, "*Quotas* 3"),
        ([quota(REJECT), quota(), quota(WARNING)], "*Quotas* 3 · *2 refuse nothing*"),
        ([quota(SWITCHED_OFF)], "*Quotas* 1"),
        ([quota(REJECT, checked=False)], "*Quotas* 1 · *Quay checks none of them* (FEATURE_VERIFY_QUOTA is off)"),
        ([quota(), quota(default=True)], "1 · *1 refuse nothing* · 1 namespace under the system default of 10 GiB"),
        ([quota(default=True)] * 2, "*Quotas* 2 namespaces under the system default of 10 GiB"),
        ([quota(limit=None)], ""),
    ],
)
def test_quotas_that_refuse_nothing_are_counted(readings: list[Usage], said: str) -> None:
    """And the namespaces that the system default alone limits; nothing is said where there is no quota."""
    message = report(replace(WEEK, quotas=quota_figures(readings)))
    valid(message)
    shown = text_of(message)
    assert said in shown
    assert ("*Quotas*" in shown) is bool(said)


def test_changes_are_counted_by_command() -> None:
    """Those that were done in the period, and no others."""
    entries = [
        ended(200, change="before"),
        ended(100, change="a"),
        ended(50, change="b"),
        ended(20, change="c", operation="createUserQuotaSuperUser"),
        ended(0, change="after"),
    ]
    assert deeds_of(entries).done == {"keys approve": 2, "quota set": 1}


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_a_change_that_did_not_end_well_is_named(outcome: str) -> None:
    """What, of what, and how it is said; the request may lie before the period."""
    deeds = deeds_of([asked(169), ended(167, outcome, operation="createUserQuotaSuperUser")])
    assert deeds.mishaps == [Mishap("quota set", "team-a", outcome, "So it ended.", END - timedelta(hours=167))]
    assert deeds.done == {}


def test_a_mishap_whose_request_is_too_old_is_named_without_what_it_was_about() -> None:
    """It is not left out."""
    assert [mishap.target for mishap in deeds_of([ended(5, "failed")]).mishaps] == [""]


def test_requests_are_answered_when_the_last_approval_is_there() -> None:
    """The median is over the time from the request to that."""
    entries = [
        *(asked(30, "slow", needed=2), approved(29, "slow", 2, 1), approved(20, "slow", 2, 2)),
        *(asked(10, "fast"), approved(9.5, "fast")),
        *(asked(8, "no"), entry(7, "change_rejected", "no", BOB)),
    ]
    deeds = deeds_of(entries)
    assert (deeds.answered, deeds.median) == (3, timedelta(hours=1))


def test_a_key_that_arrived_is_a_request_of_its_service() -> None:
    """Whoever approves it answers it."""
    deeds = deeds_of([asked(3, actor=None), approved(1)])
    assert (deeds.answered, deeds.median) == (1, timedelta(hours=2))


@pytest.mark.parametrize(
    "entries",
    [
        [asked(3, needed=0), approved(2, needed=0, actor=ALICE)],
        [asked(3), entry(2, "change_cancelled", actor=ALICE)],
        [asked(3, needed=2), approved(2, needed=2, given=1)],
        [asked(3), approved(2, actor=ALICE)],
        [asked(300), approved(299)],
    ],
    ids=["own confirmation", "withdrawn", "not yet enough", "approved by the requester", "before the period"],
)
def test_what_is_no_answer(entries: list[Entry]) -> None:
    """Somebody else has to have decided, in the period."""
    assert (deeds_of(entries).answered, deeds_of(entries).median) == (0, None)


def test_a_request_that_nobody_answered_in_time_is_counted() -> None:
    """One that waited for the requester's own confirmation is not."""
    deeds = deeds_of(
        [asked(30, "a"), entry(6, "change_expired", "a"), asked(3, "b", 0), entry(2, "change_expired", "b")]
    )
    assert deeds.unanswered == 1


def key(
    *,
    approved: bool = True,
    days: int | None = None,
    rotation: int | None = None,
    kind: str = "SUPERUSER",
    name: str = "",
) -> ServiceKey:
    approval = KeyApproval(approval_type=f"ServiceKeyApprovalType.{kind}", approved_date=START)
    return ServiceKey(
        kid="k" * 43,
        name=name,
        service="quay",
        jwk={},
        created_date=START,
        expiration_date=None if days is None else END + timedelta(days=days),
        rotation_duration=rotation,
        approval=approval if approved else None,
    )


def test_keys_are_counted_by_what_there_is_to_do() -> None:
    """One that has expired is in use no more; one that waits is not yet; Quay renews its own by itself."""
    keys = [key(), key(days=30), key(days=12), key(days=31, rotation=600), key(days=0), key(days=-1)]
    keys += [key(approved=False), key(days=1, kind="AUTOMATIC")]
    found = KeyFigures(good=5, expiring=[keys[2], keys[1]], unrotated=keys[:3], waiting=1)
    assert key_figures(keys, END) == found


def test_a_key_that_its_service_renews_expires_only_if_that_has_failed() -> None:
    """As with the alerts of its end."""
    renewed, forgotten = key(days=1, rotation=8 * 86_400 - 60), key(days=1, rotation=600)
    assert key_figures([renewed, forgotten], END).expiring == [forgotten]


def grown(name: str, used: int, limit: int | None = 100, more: int | None = None) -> Growth:
    return Growth(Usage(name, used, limit, complete=True), more)


@pytest.mark.parametrize(
    ("samples", "more"),
    [([], None), ([(-9, 1)], None), ([(-1, 50), (1, 70)], 30), ([(-1, 50), (0, 90), (1, 95)], -10)],
)
def test_growth_is_told_from_the_first_day_of_the_period(samples: list[tuple[int, int]], more: int | None) -> None:
    """Or from the day before; from no earlier one, since the column says how long it took."""
    first = day_of(START)
    reading = Usage("a", 80, 100, complete=True)
    found = growth(reading, [Sample(first + day, used) for day, used in samples], START)
    assert (found.grown, found.begun) == (more, False)


def test_a_namespace_that_began_within_the_period_grew_from_its_first_sample_on() -> None:
    """A new one that fills up fast is not passed over; that it was counted for a shorter time is said."""
    samples = [Sample(day_of(START) + day, used) for day, used in ((-9, 1), (2, 10), (3, 40))]
    found = growth(Usage("new", 80, 100, complete=True), samples, START)
    assert found == Growth(found.reading, 70, begun=True)
    message = report(replace(WEEK, growths=[found]))
    (table,) = [block for block in message.blocks if block["type"] == "table"]
    assert table["rows"][1][2]["text"] == "+70 B *"
    assert "* since it was first counted, which was later" in text_of(message)


@given(st.integers(0, 2**62))
def test_what_did_not_change_did_not_grow(used: int) -> None:
    """Although a sample is not exact to the byte."""
    samples = [Sample(day_of(START), as_sampled(used))]
    assert growth(Usage("a", used, None, complete=True), samples, START).grown == 0


def test_the_use_of_all_namespaces_is_added_up() -> None:
    """With the growth of those of which it is known."""
    assert together([grown("a", 5, more=2), grown("b", 7), grown("c", 1, more=-1)]) == Together(3, 13, 1)
    assert together([grown("b", 7)]) == Together(1, 7, None)


def test_the_fullest_come_first_and_then_those_that_grew_most() -> None:
    """Each once; what shrank or has no limit is not among them for that."""
    many = [grown(f"n{number}", number) for number in range(20)]
    grew = [grown("slow", 1, more=5), grown("fast", 1, None, more=50), grown("shrank", 1, more=-5)]
    both = grown("both", 99, more=70)
    named = [each.reading.namespace for each in outbox([*many, *grew, both])]
    assert named == ["both", "n19", "n18", "n17", "n16", "fast", "slow"]


WEEK = Report(
    start=START,
    end=END,
    at=END,
    measured=Measured(1300 * GiB, END - timedelta(days=1), 40 * GiB, START),
    growths=[grown("team-ml-vision", 97 * GiB, 100 * GiB, 12 * GiB), grown("user:bob", GiB, None)],
    together=Together(10_000, 1500 * GiB, 60 * GiB),
    keys=KeyFigures(24, [key(days=3, name="builders eu")], [key(), key(name="mirror")], waiting=1),
    deeds=Deeds(
        done={"keys approve": 4, "quota set": 12},
        mishaps=[Mishap("orgs delete", "team-old", "unknown", "Quay did not answer.", END - timedelta(days=2))],
        answered=9,
        median=timedelta(minutes=12),
        unanswered=2,
    ),
)


def test_the_report_reads_at_a_glance() -> None:
    """Size, keys, changes and requests, each a paragraph, before the one table, which fits on a phone."""
    message = report(WEEK)
    valid(message)
    assert message.text == "The registry from 16 Nov to 23 Nov 2026: 1.2 TiB (+40 GiB)"
    size, keys, expire, unrotated, changes, requests, _ = [
        block["text"]["text"] for block in message.blocks if block["type"] == "section"
    ]
    assert size.splitlines() == [
        "*Size* 1.2 TiB (+40 GiB)",
        "*Use* 1.4 TiB (+60 GiB) by 10,000 namespaces; what they share counts for each",
    ]
    assert keys == (
        "*Keys* 24 approved · *1 expire within 30 days* · 2 in use without rotation · *1 waiting for approval*"
    )
    assert expire.startswith("Expire: `builders eu` of quay <!date^")
    assert unrotated == "Without rotation: `kkkkkkkkkkkk…` of quay, `mirror` of quay"
    counted, mishap = changes.splitlines()
    assert counted == "*Changes* 12 × quota set · 4 × keys approve · *1 failed or unknown*"
    assert mishap.startswith("❔ `orgs delete team-old` unknown <!date^")
    assert requests == "*Requests* 9 answered, half of them within 12 min · *2 expired without an answer*"
    (table,) = [block for block in message.blocks if block["type"] == "table"]
    assert [[cell["text"] for cell in row] for row in table["rows"]] == [
        ["Namespace", "Use", "In 7 d"],
        ["team-ml-vision", "97 %", "+12 GiB"],
        ["user:bob", "1 GiB", "–"],
    ]


@pytest.mark.parametrize(
    ("measured", "said", "when"),
    [
        (Measured(0, None), "never measured", "`registry measure` measures the size"),
        (Measured(GiB, END), "1 GiB", "Size measured <!date"),
        (Measured(GiB, END, 0, END), "1 GiB", "Size not measured since <!date"),
        (Measured(GiB, END, -GiB, START), "1 GiB (−1 GiB)", "Size measured <!date"),
    ],
)
def test_how_the_size_is_told(measured: Measured, said: str, when: str) -> None:
    """Growth is told between two measurements, and of nothing else."""
    quiet = Report(
        START, END, END, measured, [], Together(0, 0, None), KeyFigures(0, [], [], 0), Deeds({}, [], 0, None, 0)
    )
    message = report(quiet)
    valid(message)
    assert [block["text"]["text"] for block in message.blocks if block["type"] == "section"] == [
        f"*Size* {said}\n*Use* 0 B by 0 namespaces; what they share counts for each",
        "*Keys* 0 approved",
        "*Changes* none",
        "*Requests* none answered",
    ]
    assert when in message.blocks[-1]["elements"][0]["text"]


def test_an_audit_that_was_tampered_with_is_said() -> None:
    """Nothing is counted from it."""
    message = report(replace(WEEK, deeds=None))
    valid(message)
    assert "The audit is not as it was recorded" in text_of(message)


def test_the_longest_report_fits_and_nothing_in_it_pings() -> None:
    """Hostile names, many commands, many mishaps, and a channel that refused it."""
    deeds = Deeds(
        done={f"<!channel> {number}": number for number in range(30)},
        mishaps=[Mishap(EVIL, EVIL, "failed", EVIL * 5, END) for _ in range(40)],
        answered=1,
        median=None,
        unanswered=0,
    )
    growths = [grown(EVIL * 5 + str(number), 2**62, 2**62, 2**62) for number in range(10)]
    keys = [ServiceKey(kid=EVIL, name=EVIL, service=EVIL, jwk={}, created_date=END, expiration_date=END)] * 50
    message = report(
        replace(WEEK, growths=growths, keys=KeyFigures(100, keys, keys, 1), deeds=deeds), Refusal("C0X", "is_archived")
    )
    valid(message)
    assert not any("<!channel>" in text for text in markup_of(message))
    assert "*40 failed or unknown*" in text_of(message)
    assert text_of(message).count("and 40 more (`keys list`)") == 2
    assert "Meant for <#C0X>" in text_of(message)


def test_a_report_that_is_late_says_that_its_figures_are_newer() -> None:
    """What was done is of the period; the rest, and the growth, is of when it was put together."""
    late = report(replace(WEEK, at=END + timedelta(days=2)))
    (table,) = [block for block in late.blocks if block["type"] == "table"]
    assert table["rows"][0][2]["text"] == "In 9 d"
    assert f"; the rest as of <!date^{int((END + timedelta(days=2)).timestamp())}" in text_of(late)
    assert "the rest as of" not in text_of(report(WEEK))


@pytest.mark.parametrize("monday", [datetime(2026, 10, 26), datetime(2027, 3, 29)])
def test_a_week_in_which_clocks_change_has_seven_days(monday: datetime) -> None:
    """From nine o'clock to nine o'clock, although that is an hour more or less."""
    end = monday.replace(hour=9, tzinfo=ZoneInfo("Europe/Berlin"))
    message = report(replace(WEEK, start=end - timedelta(days=7), end=end, at=end))
    (table,) = [block for block in message.blocks if block["type"] == "table"]
    assert table["rows"][0][2]["text"] == "In 7 d"
