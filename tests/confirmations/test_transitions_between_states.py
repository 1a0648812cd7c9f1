"""The states of a pending confirmation, and what moves it from one to the next. No Redis: pure functions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.confirmations import (
    ABANDONED_AFTER,
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
    intend,
    intend_more,
    make_stale,
    release,
    remind,
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
    "claim": claim,
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


def test_a_claim_whose_worker_died_before_the_call_is_taken_over() -> None:
    """Only after a while, and never once the call may have been sent."""
    claimed = claim(agree(record(), APPROVERS[0]), START)
    with pytest.raises(Refused):
        claim(claimed, START + ABANDONED_AFTER - timedelta(seconds=1))
    again = claim(claimed, START + ABANDONED_AFTER)
    with pytest.raises(Refused):
        intend(again, claimed, START + ABANDONED_AFTER)
    intended = intend(again, again, START + ABANDONED_AFTER)
    with pytest.raises(Refused):
        claim(intended, START + 2 * ABANDONED_AFTER)
    with pytest.raises(Refused):
        make_stale(intended, START + ABANDONED_AFTER, "moved")


def test_only_whoever_has_the_change_says_how_it_ended() -> None:
    """A worker that was given up knows nothing of what came after."""
    claimed = claim(agree(record(), APPROVERS[0]), START)
    again = claim(claimed, START + ABANDONED_AFTER)
    intended = intend(again, again, START + ABANDONED_AFTER + timedelta(seconds=1))
    for given_up in (claimed, again):
        with pytest.raises(Refused):
            finish(intended, given_up, Outcome.FAILED, START + ABANDONED_AFTER, "nothing was sent")
        with pytest.raises(Refused):
            intend_more(intended, given_up, START + ABANDONED_AFTER)
    assert finish(intended, intended, Outcome.DONE, START + ABANDONED_AFTER, "done").state is State.DONE
    with pytest.raises(Refused):
        release(again, claimed, START + LIFE, "Quay is down")
    assert release(again, again, START + LIFE, "Quay is down").state is State.APPROVED


def test_a_claim_whose_worker_died_is_worth_nothing_after_its_expiry() -> None:
    """Nobody takes it over then, and it expires; once the call may have been sent, it does not."""
    claimed = claim(agree(record(), APPROVERS[0]), START)
    late = START + LIFE
    with pytest.raises(Refused):
        claim(claimed, late)
    assert expire(claimed, late).state is State.EXPIRED
    with pytest.raises(Refused):
        expire(intend(claimed, claimed, START), late)
    with pytest.raises(Refused):
        expire(claim(agree(record(), APPROVERS[0]), late - timedelta(seconds=1)), late)


def test_only_the_worker_that_sent_it_puts_a_failure_right() -> None:
    """It was taken for dead and the change settled as not sent; what Quay says afterwards is the truth."""
    claimed = claim(agree(record(), APPROVERS[0]), START)
    sent = intend(claimed, claimed, START)
    settled = finish(sent, sent, Outcome.FAILED, START, "not sent")
    assert correct(settled, sent, Outcome.DONE, START, "sent late").state is State.DONE
    other = sent.model_copy(update={"claimed_at": START + ABANDONED_AFTER})
    for ended, by in ((settled, other), (finish(sent, sent, Outcome.UNKNOWN, START, "who knows"), sent), (sent, sent)):
        with pytest.raises(Refused):
            correct(ended, by, Outcome.DONE, START, "sent late")


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
    """Any people, workers and delays: a call is intended at most once, and only after somebody agreed in time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.record = record(1, offers=2)
        self.claims: list[Record] = []
        self.calls = 0

    def attempt(self, move: Callable[[], Record]) -> bool:
        try:
            self.record = move()
        except Refused:
            return False
        return True

    @rule(actor=st.sampled_from(APPROVERS), which=st.sampled_from(FOR))
    def somebody_agrees(self, actor: Actor, which: Offer) -> None:
        self.attempt(lambda: approve(self.record, actor, "x", which, self.now))

    @rule(state=st.sampled_from([State.CANCELLED, State.REJECTED]))
    def somebody_ends_it(self, state: State) -> None:
        self.attempt(lambda: close(self.record, state, self.now))

    @rule(minutes=st.integers(1, 20))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def a_sweep_expires_it(self) -> None:
        self.attempt(lambda: expire(self.record, self.now))

    @rule()
    def a_worker_claims_it(self) -> None:
        if self.attempt(lambda: claim(self.record, self.now)):
            self.claims.append(self.record)

    @rule(which=st.integers(0, 3))
    def a_worker_sends_it(self, which: int) -> None:
        if which < len(self.claims) and self.attempt(lambda: intend(self.record, self.claims[which], self.now)):
            self.calls += 1

    @rule(which=st.integers(0, 3))
    def a_worker_gives_it_back(self, which: int) -> None:
        if which < len(self.claims):
            later = self.now + timedelta(seconds=30)
            self.attempt(lambda: release(self.record, self.claims[which], later, "Quay is down"))

    @rule()
    def a_worker_finds_it_stale(self) -> None:
        self.attempt(lambda: make_stale(self.record, self.now, "moved"))

    @rule(which=st.integers(0, 3), outcome=st.sampled_from(list(Outcome)))
    def a_worker_ends_it(self, which: int, outcome: Outcome) -> None:
        if which < len(self.claims) and self.attempt(
            lambda: finish(self.record, self.claims[which], outcome, self.now, "x")
        ):
            assert which == len(self.claims) - 1, "nobody ends what another has taken over"

    @invariant()
    def at_most_one_call(self) -> None:
        assert self.calls <= 1
        if self.calls:
            assert self.record.agreed(self.record.offer.operation)
            assert self.record.intended


TestOneCall = OneCall.TestCase
TestOneCall.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
