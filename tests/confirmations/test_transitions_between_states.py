"""The states of a pending confirmation, and what moves it from one to the next. No Redis: pure functions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.confirmations import (
    ABANDONED_AFTER,
    TAKEN_OVER_AFTER,
    Offer,
    Record,
    Refused,
    State,
    approve,
    claim,
    close,
    correct,
    expire,
    finish,
    give_back,
    intend,
    intend_more,
    look,
    make_stale,
    release,
    remind,
    take_over,
)
from bot.model.plans import Outcome, Plan
from bot.permissions import Actor

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIFE = timedelta(minutes=30)
REQUESTER = Actor("T1", "U1")
APPROVERS = [Actor("T1", "U2"), Actor("T1", "U3")]
FOR = [
    Offer(command="keys approve", operation="approveServiceKey", arguments={"kid": "k"}, needed=1),
    Offer(command="keys delete", operation="deleteServiceKey", arguments={"kid": "k"}, needed=1),
]


def record(needed: int = 1, *, state: State = State.PENDING, offers: int = 1) -> Record:
    return Record(
        id="r",
        state=state,
        offers=tuple(offer.model_copy(update={"needed": needed}) for offer in FOR[:offers]),
        requester=REQUESTER,
        requester_label="Kim",
        channel="C1",
        plan=Plan(title="Approve it", target="key k"),
        digest="d",
        created_at=START,
        expires_at=START + LIFE,
    )


def agree(pending: Record, actor: Actor, needed: int = 1, operation: str = "approveServiceKey") -> Record:
    offer = next(offer for offer in FOR if offer.operation == operation)
    return approve(pending, actor, actor.user, offer.model_copy(update={"needed": needed}), START)


def test_the_last_approval_that_is_needed_makes_it_due() -> None:
    """N approvals by distinct people; the version moves with every step."""
    once = agree(record(2), APPROVERS[0], 2)
    assert (once.state, once.version) == (State.PENDING, 1)
    twice = agree(once, APPROVERS[1], 2)
    assert (twice.state, twice.chosen, twice.version) == (State.APPROVED, "approveServiceKey", 2)


def test_nobody_counts_twice() -> None:
    """The same person again is told so."""
    once = agree(record(2), APPROVERS[0], 2)
    with pytest.raises(Refused, match="already yours"):
        agree(once, APPROVERS[0], 2)


def test_who_changes_their_mind_counts_for_the_last_thing_said() -> None:
    """Of two offers, one person agrees to one."""
    first = agree(record(2, offers=2), APPROVERS[0], 2)
    turned = agree(first, APPROVERS[0], 2, "deleteServiceKey")
    assert not turned.agreed("approveServiceKey")
    assert len(turned.agreed("deleteServiceKey")) == 1


def test_the_number_that_is_needed_is_the_one_in_force_at_the_click() -> None:
    """A stricter file makes a pending record need more."""
    assert agree(record(1), APPROVERS[0], 2).state is State.PENDING


MOVES: dict[str, Callable[[Record, datetime], Record]] = {
    "approve": lambda r, now: approve(r, APPROVERS[0], "x", FOR[0], now),
    "cancel": lambda r, now: close(r, State.CANCELLED, now),
    "reject": lambda r, now: close(r, State.REJECTED, now),
    "expire": expire,
    "claim": lambda r, now: claim(r, "w1", now),
    "stale": lambda r, now: make_stale(r, now, "moved"),
    "finish": lambda r, now: finish(r, r, Outcome.DONE, now, "done"),
}
ALLOWED = {
    (State.PENDING, "approve"): State.APPROVED,
    (State.PENDING, "cancel"): State.CANCELLED,
    (State.PENDING, "reject"): State.REJECTED,
    (State.PENDING, "stale"): State.STALE,
    (State.APPROVED, "claim"): State.EXECUTING,
    (State.APPROVED, "stale"): State.STALE,
    (State.EXECUTING, "stale"): State.STALE,
    (State.EXECUTING, "finish"): State.DONE,
}
LATE = {(State.PENDING, "expire"): State.EXPIRED, (State.APPROVED, "expire"): State.EXPIRED}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", MOVES)
def test_each_state_admits_just_these_moves(state: State, move: str) -> None:
    """Everything else is refused, and the refusal carries the record as it stands."""
    for now, table in (
        (START, ALLOWED),
        (START + LIFE, {**LATE, **{k: v for k, v in ALLOWED.items() if k[1] in {"stale", "finish"}}}),
    ):
        start = record(state=state).model_copy(update={"claimed_at": now})
        expected = table.get((state, move))
        if expected is None:
            with pytest.raises(Refused) as refused:
                MOVES[move](start, now)
            assert refused.value.record == start
        else:
            assert MOVES[move](start, now).state is expected


def claimed_by(holder: str, now: datetime = START) -> Record:
    return claim(agree(record(), APPROVERS[0]), holder, now)


def sent_by(holder: str, now: datetime = START) -> Record:
    claimed = claimed_by(holder, now)
    return intend(claimed, claimed, now)


DEAD = START + TAKEN_OVER_AFTER
NOT_YET = DEAD - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "gone"), [(DEAD, set[str]()), (DEAD, {"w2"}), (NOT_YET, {"w1"})], ids=["alive", "other", "early"]
)
def test_a_claim_is_its_workers_as_long_as_that_may_be_alive(now: datetime, gone: set[str]) -> None:
    """Its lease must have ended, and the claim be older than that takes: what Redis says of a lease is not sealed."""
    with pytest.raises(Refused):
        give_back(claimed_by("w1"), now, gone)
    with pytest.raises(Refused):
        take_over(sent_by("w1"), "w2", now, gone)


def test_an_unsent_claim_of_a_dead_worker_is_anybodys_again() -> None:
    """And of the old holder's steps none counts any more, the intent neither."""
    claimed = claimed_by("w1")
    back = give_back(claimed, DEAD, {"w1"})
    assert (back.state, back.holder, back.claimed_at, back.due_at) == (State.APPROVED, "", None, DEAD)
    assert back.version == claimed.version + 1
    again = claim(back, "w2", DEAD)
    for stands in (back, again):
        with pytest.raises(Refused):
            intend(stands, claimed, DEAD)
        with pytest.raises(Refused):
            finish(stands, claimed, Outcome.FAILED, DEAD, "nothing was sent")
        with pytest.raises(Refused):
            release(stands, claimed, DEAD, "Quay is down")
    assert intend(again, again, DEAD).intended


def test_what_may_have_been_sent_is_taken_over_only_to_look() -> None:
    """The version goes up, nobody can send any more, and the old holder does not say how it ended."""
    sent = sent_by("w1")
    taken = take_over(sent, "w2", DEAD, {"w1"})
    assert (taken.state, taken.holder, taken.version) == (State.EXECUTING, "w2", sent.version + 1)
    for holder in (sent, taken):
        with pytest.raises(Refused):
            intend(taken, holder, DEAD)
    with pytest.raises(Refused):
        give_back(taken, DEAD + TAKEN_OVER_AFTER, {"w2"})
    with pytest.raises(Refused):
        make_stale(taken, DEAD, "moved")
    with pytest.raises(Refused):
        finish(taken, sent, Outcome.DONE, DEAD, "done")
    with pytest.raises(Refused):
        intend_more(taken, sent, DEAD)
    assert finish(taken, taken, Outcome.UNKNOWN, DEAD, "who knows").state is State.UNKNOWN


def test_a_claim_of_a_version_without_leases_is_taken_over_later() -> None:
    """Such workers run beside this one during an upgrade."""
    claimed = claimed_by("")
    with pytest.raises(Refused):
        give_back(claimed, START + ABANDONED_AFTER - timedelta(seconds=1), {""})
    assert give_back(claimed, START + ABANDONED_AFTER, set()).state is State.APPROVED


def test_a_claim_of_a_dead_worker_that_was_given_back_expires_like_any_other() -> None:
    """A claim itself does not expire: its worker may be about to send."""
    late = START + LIFE
    with pytest.raises(Refused):
        expire(claimed_by("w1"), late)
    back = give_back(claimed_by("w1"), late, {"w1"})
    with pytest.raises(Refused):
        claim(back, "w2", late)
    assert expire(back, late).state is State.EXPIRED


def test_waiting_for_slack_takes_nothing_of_the_time() -> None:
    """It has a minute left, at least, when it is tried again; a day after it was approved that ends."""
    claimed, again = claimed_by("w1"), START + LIFE
    assert release(claimed, claimed, again, "Quay is down").expires_at == START + LIFE
    waits = release(claimed, claimed, again, "Slack is down", clock_stops=True)
    assert claim(waits, "w1", again).state is State.EXECUTING
    early = release(claimed, claimed, START, "Slack is down", clock_stops=True)
    assert early.expires_at == START + LIFE
    too_long = release(claimed, claimed, START + timedelta(days=2), "Slack is down", clock_stops=True)
    assert too_long.expires_at == START + timedelta(days=1)


def test_an_unknown_outcome_is_looked_at_three_times_within_90_seconds() -> None:
    """Each time by one worker; then no more."""
    sent = sent_by("w1")
    unknown = finish(sent, sent, Outcome.UNKNOWN, START, "no answer", look_again=True)
    moments = []
    while unknown.look_at is not None:
        moments.append(unknown.look_at - START)
        with pytest.raises(Refused):
            look(unknown, unknown.look_at - timedelta(seconds=1))
        unknown = look(unknown, unknown.look_at)
    assert (len(moments), unknown.looks) == (3, 3)
    assert moments[-1] < timedelta(seconds=90)
    with pytest.raises(Refused):
        look(unknown, START + LIFE)


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_may_still_come_about_is_looked_at_again(outcome: Outcome) -> None:
    """Not what is known, and not what is unknown for good."""
    sent = sent_by("w1")
    for look_again in (False, True):
        ended = finish(sent, sent, outcome, START, "x", look_again=look_again)
        assert (ended.look_at is not None) == (look_again and outcome is Outcome.UNKNOWN)


@pytest.mark.parametrize("state", State)
def test_unknown_is_the_only_end_that_has_a_step_out_of_it(state: State) -> None:
    """A *failed* is put right by the worker alone that sent the call after it had been taken for dead."""
    ended = sent_by("w1").model_copy(update={"state": state, "look_at": START, "looks": 2})
    by_others = {State.UNKNOWN}
    for by_sender, allowed in ((False, by_others), (True, by_others | {State.FAILED})):
        if state in allowed:
            done = correct(ended, Outcome.DONE, START, "late", by_sender=by_sender)
            assert (done.state, done.note, done.look_at) == (State.DONE, "late", None)
        else:
            with pytest.raises(Refused):
                correct(ended, Outcome.DONE, START, "late", by_sender=by_sender)
    with pytest.raises(Refused):
        correct(ended.model_copy(update={"intended": False}), Outcome.DONE, START, "late")


def test_approvers_are_reminded_once_while_it_waits() -> None:
    """Neither early, nor twice, nor of what is decided."""
    waiting = record().model_copy(update={"remind_at": START + LIFE / 2})
    with pytest.raises(Refused):
        remind(waiting, START)
    reminded = remind(waiting, START + LIFE / 2)
    assert (reminded.remind_at, reminded.state) == (None, State.PENDING)
    for other in (reminded, record(), agree(waiting, APPROVERS[0])):
        with pytest.raises(Refused):
            remind(other, START + LIFE / 2)


class OneCall(RuleBasedStateMachine):
    """Any people, workers, deaths and delays: a call is intended at most once, and only after agreement in time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.record = record(1, offers=2)
        self.claims: list[Record] = []
        self.gone: set[str] = set()
        self.calls = 0

    def attempt(self, move: Callable[[], Record]) -> bool:
        before = self.record.version
        try:
            self.record = move()
        except Refused:
            return False
        assert self.record.version == before + 1
        return True

    @rule(actor=st.sampled_from(APPROVERS), which=st.sampled_from(FOR))
    def somebody_agrees(self, actor: Actor, which: Offer) -> None:
        self.attempt(lambda: approve(self.record, actor, "x", which, self.now))

    @rule(state=st.sampled_from([State.CANCELLED, State.REJECTED]))
    def somebody_ends_it(self, state: State) -> None:
        self.attempt(lambda: close(self.record, state, self.now))

    @rule(seconds=st.sampled_from([15, 60, 600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def a_sweep_expires_it(self) -> None:
        self.attempt(lambda: expire(self.record, self.now))

    @rule()
    def a_worker_claims_it(self) -> None:
        if self.attempt(lambda: claim(self.record, f"w{len(self.claims)}", self.now)):
            self.claims.append(self.record)

    @rule(which=st.integers(0, 3))
    def a_lease_ends(self, which: int) -> None:
        self.gone.add(f"w{which}")

    @rule()
    def another_worker_gives_it_back(self) -> None:
        self.attempt(lambda: give_back(self.record, self.now, self.gone))

    @rule()
    def another_worker_takes_it_over(self) -> None:
        if self.attempt(lambda: take_over(self.record, f"w{len(self.claims)}", self.now, self.gone)):
            self.claims.append(self.record)

    @rule(which=st.integers(0, 3))
    def a_worker_sends_it(self, which: int) -> None:
        if which < len(self.claims) and self.attempt(lambda: intend(self.record, self.claims[which], self.now)):
            self.claims[which] = self.record
            self.calls += 1

    @rule(which=st.integers(0, 3), for_slack=st.booleans())
    def a_worker_releases_it(self, which: int, for_slack: bool) -> None:
        if which < len(self.claims):
            claimed, later = self.claims[which], self.now + timedelta(seconds=30)
            self.attempt(lambda: release(self.record, claimed, later, "down", clock_stops=for_slack))

    @rule()
    def a_worker_finds_it_stale(self) -> None:
        self.attempt(lambda: make_stale(self.record, self.now, "moved"))

    @rule(which=st.integers(0, 3), outcome=st.sampled_from(list(Outcome)))
    def a_worker_ends_it(self, which: int, outcome: Outcome) -> None:
        if which < len(self.claims) and self.attempt(
            lambda: finish(self.record, self.claims[which], outcome, self.now, "x", look_again=True)
        ):
            assert which == len(self.claims) - 1, "nobody ends what another has taken over"

    @rule(outcome=st.sampled_from(list(Outcome)))
    def a_worker_looks_again(self, outcome: Outcome) -> None:
        if self.attempt(lambda: look(self.record, self.now)) and (
            outcome is Outcome.DONE or self.record.look_at is None
        ):
            assert self.attempt(lambda: correct(self.record, outcome, self.now, "looked"))

    @invariant()
    def at_most_one_call(self) -> None:
        assert self.calls <= 1
        if self.calls:
            assert self.record.agreed(self.record.offer.operation)
            assert self.record.intended
            assert self.record.state in {State.EXECUTING, State.DONE, State.FAILED, State.UNKNOWN}


TestOneCall = OneCall.TestCase
TestOneCall.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
