"""What holds of any policy, whoever asks for whatever, wherever."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.permissions import Verdict, confirmation_for, decide, may_approve
from bot.permissions.difference import difference
from bot.permissions.policy import Policy
from tests.support.policies import (
    ADMIN,
    arguments,
    denies,
    entries,
    mays,
    person,
    policy,
    questions,
    requests,
    who,
)

ORDER = [Verdict.DENY, Verdict.REQUEST, Verdict.ALLOW]
CONFIRMED = [{"for": ["change"], "approvals": 1, "approvers": ["approvers"]}]
rules = st.lists(st.one_of(mays, requests, denies), max_size=4)


def verdict(rules: Policy, question: Any) -> Verdict:
    user, operation, arguments, place = question
    return decide(rules, person(user), operation, arguments, place).verdict


def rank(rules: Policy, question: Any) -> int:
    return ORDER.index(verdict(rules, question))


@given(questions, st.lists(denies, max_size=3))
def test_no_rule_no_access(question: Any, denied: list[Any]) -> None:
    """However many denies there are."""
    assert verdict(policy(*denied), question) is Verdict.DENY


@given(rules, denies, questions, st.integers(0, 4))
def test_a_further_deny_never_widens(some: list[Any], further: Any, question: Any, at: int) -> None:
    """Wherever it stands, it takes rights away or changes nothing."""
    after = policy(*some[:at], further, *some[at:], confirmations=CONFIRMED)
    assert rank(after, question) <= rank(policy(*some, confirmations=CONFIRMED), question)


@given(st.data(), rules, questions)
def test_the_order_of_rules_never_changes_a_verdict(data: Any, some: list[Any], question: Any) -> None:
    """Only which rule is named depends on it."""
    mixed = data.draw(st.permutations(some))
    assert verdict(policy(*some, confirmations=CONFIRMED), question) is verdict(
        policy(*mixed, confirmations=CONFIRMED), question
    )


@given(mays, rules, who, questions)
def test_widening_who_takes_no_right_from_anybody(
    widened: Any, others: list[Any], more: list[str], question: Any
) -> None:
    """A may with more groups allows at least as much."""
    wider = {**widened, "who": sorted({*widened["who"], *more})}
    before = policy(widened, *others, confirmations=CONFIRMED)
    assert rank(policy(wider, *others, confirmations=CONFIRMED), question) >= rank(before, question)


@given(rules, questions)
def test_presuming_refuses_only_what_is_refused_anyway(some: list[Any], question: Any) -> None:
    """The checks before arguments and facts are complete never stop somebody whom the whole one would let through."""
    user, operation, arguments, place = question
    made = policy(*some, confirmations=CONFIRMED)
    typed = {name: value for name, value in arguments.items() if not name.endswith("_now")}
    for early in (
        decide(made, person(user), operation, {}, place, presume="everything"),
        decide(made, person(user), operation, typed, place, presume="state"),
    ):
        assert ORDER.index(early.verdict) >= rank(made, question)


@given(rules, questions)
def test_what_is_allowed_is_allowed_by_a_rule_that_is_named(some: list[Any], question: Any) -> None:
    """No verdict but its rule's, and no change without its confirmation."""
    user, operation, arguments, place = question
    decision = decide(policy(*some, confirmations=CONFIRMED), person(user), operation, arguments, place)
    if not decision.denied:
        rule = next(rule for index, rule in enumerate(some) if f"rule {index}" == decision.rule)
        assert ("may" if decision.verdict is Verdict.ALLOW else "may_request") in rule
    assert (decision.confirmation is None) == (decision.denied or not policy_confirms(operation))


def policy_confirms(operation: str) -> bool:
    return not operation.startswith(("get", "list")) and operation not in {"audit", "freeze"}


@given(rules, rules, questions)
def test_nobody_gains_or_loses_without_being_told_of(before: list[Any], after: list[Any], question: Any) -> None:
    """Whoever may more by the new file is in a sentence of what is gained, whoever may less in one of what is lost."""
    old, new = (policy(*each, confirmations=CONFIRMED) for each in (before, after))
    was, now = rank(old, question), rank(new, question)
    told = {each.kind for each in difference(old, new) if question[1] in each.details.get("operations", ())}
    assert now <= was or "gains" in told
    assert now >= was or "loses" in told


def agrees(rules: Policy, question: Any, *, by_others: bool) -> bool:
    """Whether somebody may agree to what another person asked for."""
    user, operation, arguments, place = question
    entry = confirmation_for(rules, operation, arguments, by_others=by_others)
    return (
        entry is not None
        and not may_approve(
            rules, person(user), operation, arguments, place, requester=person("U7"), entry=entry
        ).denied
    )


asked = st.tuples(st.sampled_from(["U1", "U9"]), st.just("changeUserQuotaSuperUser"), arguments, st.just(ADMIN))


@given(st.lists(entries, max_size=3), st.lists(entries, max_size=3), asked, st.booleans())
def test_nobody_may_agree_to_more_or_less_without_being_told_of(
    before: list[Any], after: list[Any], question: Any, by_others: bool
) -> None:
    """An entry decides for those below it as well, so an approver gains by what it leaves to them."""
    old, new = (policy(confirmations=each) for each in (before, after))
    was, now = (agrees(each, question, by_others=by_others) for each in (old, new))
    told = {each.kind for each in difference(old, new) if question[1] in each.details.get("operations", ())}
    assert was or not now or "gains" in told
    assert now or not was or "loses" in told


@given(rules, st.data())
def test_the_same_rights_are_no_difference(some: list[Any], data: Any) -> None:
    """Neither is the same file, nor its rules in another order or under other names."""
    made = policy(*some, confirmations=CONFIRMED)
    assert difference(made, made) == ()
    mixed = policy(*data.draw(st.permutations(some)), confirmations=CONFIRMED)
    assert {each.kind for each in difference(made, mixed)} <= {"rule"}
