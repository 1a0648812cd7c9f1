"""`enforcement: not_weaker`: presumed before the plan, decided by it; what can't be told doesn't match."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.permissions import Policy, Verdict, decide, may_approve
from bot.permissions.askable import explain_offline
from bot.permissions.decision import STRICTEST_FIRST
from bot.permissions.difference import difference
from tests.permissions.test_properties_of_every_policy import CONFIRMED, rules
from tests.support.policies import ADMIN, arguments, person, places, policy, users

LIMITS = ["createOrganizationQuotaLimit", "changeOrganizationQuotaLimit", "deleteOrganizationQuotaLimit"]
SETS, DELETES = "changeUserQuotaSuperUser", "deleteUserQuotaSuperUser"
BOUND = {"who": ["staff"], "may": ["quotas", "limits"], "where": {"enforcement": "not_weaker"}}


@pytest.mark.parametrize("operation", [SETS, DELETES, *LIMITS])
@pytest.mark.parametrize(
    ("facts", "presume", "verdict"),
    [
        ({"enforcement_now": "not_weaker"}, "nothing", Verdict.ALLOW),
        ({"enforcement_now": "weaker"}, "nothing", Verdict.DENY),
        ({"enforcement_now": None}, "nothing", Verdict.DENY),
        ({}, "nothing", Verdict.DENY),
        ({}, "state", Verdict.ALLOW),
        ({}, "everything", Verdict.ALLOW),
        ({"enforcement_now": "weaker"}, "state", Verdict.DENY),
    ],
)
def test_what_is_not_known_is_presumed_until_the_plan_and_matches_nothing_then(
    operation: str, facts: Any, presume: Any, verdict: Verdict
) -> None:
    """Nobody is refused for what the plan may show, and nobody is let through for what it didn't."""
    found = decide(policy(BOUND), person(), operation, {"namespace": "team-a", **facts}, ADMIN, presume=presume)
    assert found.verdict is verdict


@pytest.mark.parametrize("presume", ["nothing", "state", "everything"])
def test_it_never_matches_what_changes_no_quota(presume: Any) -> None:
    """As a rule that asks for `limit` doesn't allow `quota show`."""
    assert decide(policy(BOUND), person(), "listUserQuotaSuperUser", {}, ADMIN, presume=presume).denied


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"deny": ["quotas.change"], "where": {"enforcement": "not_weaker"}}, "a deny cannot ask for enforcement"),
        ({"may": ["quotas.change"], "where": {"enforcement": "weaker"}}, "enforcement can only be not_weaker"),
        ({"may": ["quotas.change"], "where": {"enforcement": {"max": "1GiB"}}}, "enforcement can only be not_weaker"),
        ({"may": ["keys"], "where": {"enforcement": "not_weaker"}}, "none of these operations has an argument"),
    ],
)
def test_what_makes_no_sense_is_an_error_when_the_file_is_read(rule: dict[str, Any], said: str) -> None:
    """In a deny it would forbid what keeps a quota, and leave what weakens it."""
    with pytest.raises(ValidationError, match=said):
        policy({"who": ["staff"], **rule})


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({}, "give warn, reject or both"),
        ({"warn": [80, 80]}, "one percentage twice"),
        ({"warn": [90], "reject": 90}, "a warning at 90% would switch off the reject at 90%"),
        ({"warn": [95], "reject": 90}, "a warning at 95% would switch off the reject at 90%"),
        ({"reject": 0}, "greater than or equal to 1"),
        ({"reject": 101}, "less than or equal to 100"),
        ({"reject": "100"}, "valid integer"),
        ({"reject": True}, "valid integer"),
        ({"warn": [80.5]}, "valid integer"),
    ],
)
def test_standard_limits_make_sense_or_are_an_error(limits: dict[str, Any], said: str) -> None:
    """Where the bot writes what stands in the file, the file is held to what it would refuse to write."""
    with pytest.raises(ValidationError, match=said):
        Policy.model_validate({"version": 1, "workspace": "T1", "quota_limits": limits})


def test_one_warning_needs_no_list() -> None:
    """As everywhere in the file."""
    read = Policy.model_validate({"version": 1, "workspace": "T1", "quota_limits": {"warn": 80, "reject": 100}})
    assert read.quota_limits
    assert (read.quota_limits.warn, read.quota_limits.reject) == ((80,), 100)


def test_what_becomes_stricter_or_laxer_is_told() -> None:
    """Who loses what by the bound, and what new quotas get."""
    free = {**BOUND, "where": {}}
    lost = [each for each in difference(policy(free), policy(BOUND)) if each.kind == "loses"]
    assert [each.said for each in lost] == [
        "staff may no longer look after quotas and set quota limits in admin channels and lab channels."
    ]
    gained = [each for each in difference(policy(BOUND), policy(free)) if each.kind == "gains"]
    assert len(gained) == 1
    before = policy(BOUND)
    after = before.model_copy(
        update={
            "quota_limits": Policy.model_validate(
                {"version": 1, "workspace": "T1", "quota_limits": {"warn": [70, 80], "reject": 95}}
            ).quota_limits
        }
    )
    (told,) = difference(before, after)
    assert (told.kind, told.said) == (
        "limits",
        "Limits of a new quota that names none: none → warn at 70% and 80%, refuse at 95%.",
    )


def test_why_says_that_it_depends_on_what_the_change_does() -> None:
    """Until somebody supposes it."""
    (unknown,) = explain_offline(policy(BOUND), "U1", (), [SETS], {"namespace": "team-a"}, None)
    assert (unknown.decision.denied, unknown.unseen) == (True, ("enforcement_now",))
    supposed = {"namespace": "team-a", "enforcement_now": "not_weaker"}
    (known,) = explain_offline(policy(BOUND), "U1", (), [SETS], supposed, None)
    assert (known.decision.denied, known.unseen) == (False, ())


operations = st.lists(st.sampled_from([SETS, DELETES, *LIMITS]), min_size=1, max_size=4, unique=True)


@given(rules, users, operations, arguments, places)
def test_a_change_that_takes_several_operations_is_decided_as_the_strictest_of_them(
    some: list[Any], user: str, several: list[str], named: Any, place: Any
) -> None:
    """Whatever the order; and its confirmation asks for as many approvals as any of theirs."""
    made = policy(*some, confirmations=CONFIRMED)
    first, *also = several
    whole = decide(made, person(user), first, named, place, also=also)
    each = [decide(made, person(user), operation, named, place) for operation in several]
    assert whole.verdict is min((one.verdict for one in each), key=STRICTEST_FIRST.index)
    if whole.confirmation:
        assert whole.confirmation.approvals >= max(one.confirmation.approvals for one in each if one.confirmation)


def test_an_approver_who_is_denied_a_part_approves_none_of_it() -> None:
    """A deny of one of the operations is a deny of the change."""
    made = policy({"who": ["approvers"], "deny": ["limits"]}, confirmations=CONFIRMED)
    (entry,) = made.confirmations

    def approves(*also: str) -> bool:
        return not may_approve(
            made, person("U9"), SETS, {}, ADMIN, requester=person("U1"), entry=entry, also=also
        ).denied

    assert approves()
    assert not approves("deleteOrganizationQuotaLimit")
