"""The decision, as permissions.yaml promises it."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from bot.permissions import (
    Decision,
    Person,
    Place,
    Policy,
    Presumed,
    Verdict,
    confirmation_for,
    decide,
    may_approve,
    may_use,
)
from bot.permissions.askable import may_ask_about
from bot.permissions.names import OWN_NAMES
from bot.quay.operations import OPERATIONS
from tests.support.policies import ADMIN, GIB, STAFF_READ_KEYS, person, policy


def test_without_a_rule_there_is_no_access() -> None:
    """Nothing is allowed that no rule allows."""
    for operation in OPERATIONS:
        assert decide(policy(), person(), operation, {}, ADMIN).denied


@pytest.mark.parametrize(
    ("who", "place", "verdict"),
    [
        (person(), ADMIN, "allow"),
        (person(), Place("C3"), "allow"),
        (person(), Place("C9"), "deny"),
        (person(), Place("D1", kind="dm"), "deny"),
        (person(), Place("home", kind="home"), "deny"),
        (person(), Place("C1", shared=True), "deny"),
        (person(), Place("C1", unknown=True), "deny"),
        (person(membership="guest"), ADMIN, "deny"),
        (person(membership="outsider"), ADMIN, "deny"),
        (person(membership="unknown"), ADMIN, "deny"),
        (person(team="T2"), ADMIN, "deny"),
    ],
)
def test_who_everybody_is_and_where(who: Person, place: Place, verdict: str) -> None:
    """`*` is every full member, in every listed channel and nowhere else."""
    assert decide(policy(STAFF_READ_KEYS), who, "getServiceKey", {"kid": "k"}, place).verdict == verdict


@pytest.mark.parametrize(
    ("in_", "allowed"),
    [
        ([], {"C1", "C3"}),
        (["lab"], {"C3"}),
        (["C9", "dm"], {"C9", "D1"}),
        (["home"], {"home"}),
        (["admin", "dm"], {"C1", "D1"}),
    ],
)
def test_a_rule_holds_where_it_says(in_: list[str], allowed: set[str]) -> None:
    """Lists of channels, channels, direct messages, the Home tab; for the bot's own permissions as well."""
    places = [ADMIN, Place("C3"), Place("C9"), Place("D1", kind="dm"), Place("home", kind="home")]
    rule = {"who": ["staff"], "may": ["all"], **({"in": in_} if in_ else {})}
    for operation in ("getRegistrySize", *OWN_NAMES):
        held = {place.channel for place in places if not decide(policy(rule), person(), operation, {}, place).denied}
        assert held == allowed


@pytest.mark.parametrize(
    ("member", "who", "belongs"),
    [
        ("U1", person("U1"), True),
        ("U1", person("U1", membership="guest"), True),
        ("U1", person("U1", membership="outsider"), False),
        ("U1", person("U2"), False),
        ("S7TEAM", person("U2", groups=("S7TEAM",)), True),
        ("S7TEAM", person("U2"), False),
        ("Kim@example.com", person("U2", email="kim@EXAMPLE.com"), True),
        ("kim@example.com", person("U2", email=None), False),
        ("kim@example.com", person("U2", email="\u212aim@example.com"), False),
        ("groß@example.com", person("U2", email="gross@example.com"), False),
        ("groß@example.com", person("U2", email="groß@example.com"), True),
    ],
)
def test_how_a_member_is_named(member: str, who: Person, *, belongs: bool) -> None:
    """A member is a user id, a user group or an e-mail address; a guest must be named by id."""
    rules = policy({"who": ["named"], "may": ["read"]}, named=[member])
    assert decide(rules, who, "getRegistrySize", {}, ADMIN).denied is not belongs


def test_a_deny_beats_every_allow_and_holds_everywhere() -> None:
    """Order in the file does not matter between effects; a deny needs no `in`."""
    rules = policy(
        {"who": ["ops"], "may": ["all"], "in": ["admin", "dm"]},
        {"who": ["staff"], "deny": ["deleteOrganization"], "where": {"name": ["platform"]}},
    )
    found = decide(rules, person(), "deleteOrganization", {"name": "platform"}, Place("D1", kind="dm"))
    assert (found.verdict, found.rule) == (Verdict.DENY, "rule 1")
    assert not decide(rules, person(), "deleteOrganization", {"name": "other"}, ADMIN).denied


def test_a_rename_is_checked_under_both_names() -> None:
    """A deny on one of the names is enough; a may must cover both."""
    rules = policy(
        {"who": ["staff"], "may": ["changeOrganization"], "where": {"name": ["team-*", "platform"]}},
        {"who": ["staff"], "deny": ["changeOrganization"], "where": {"name": ["platform"]}},
    )

    def verdict(name: str, rename: str | None) -> Verdict:
        return decide(rules, person(), "changeOrganization", {"name": name, "rename": rename}, ADMIN).verdict

    assert verdict("team-a", None) is Verdict.ALLOW
    assert verdict("team-a", "team-b") is Verdict.ALLOW
    assert verdict("team-a", "platform") is Verdict.DENY
    assert verdict("team-a", "elsewhere") is Verdict.DENY


@pytest.mark.parametrize("names", [("platform", None), ("platform", "team-x"), ("team-x", "platform")])
@pytest.mark.parametrize("platform_first", [True, False])
def test_a_rename_is_confirmed_as_the_stricter_of_its_names_asks(
    names: tuple[str, str | None], *, platform_first: bool
) -> None:
    """Else whatever an entry protects would first be renamed, or something be given its name."""
    two = {"for": ["organizations"], "approvals": 2, "approvers": ["two"], "where": {"name": "platform"}}
    own = {"for": ["organizations"], "approvals": 0, "where": {"name": "team-*"}}
    listed = [two, own] if platform_first else [own, two]
    rules = policy({"who": ["staff"], "may": ["organizations"]}, confirmations=listed, two=["U8", "U9"])
    name, rename = names
    found = decide(rules, person(), "changeOrganization", {"name": name, "rename": rename}, ADMIN)
    assert found.confirmation
    assert found.confirmation.approvals == 2
    unknown = decide(rules, person(), "changeOrganization", {"name": name, "rename": "elsewhere"}, ADMIN)
    assert unknown.denied, "nothing is said of how it is confirmed under the new name"


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [
        ({"namespace": "team-a", "limit": 500 * GIB}, "allow"),
        ({"namespace": "team-a", "limit": 500 * GIB + 1}, "deny"),
        ({"namespace": "other", "limit": GIB}, "deny"),
        ({"namespace": "user:team-a", "limit": GIB}, "deny"),
        ({"namespace": "team-a"}, "deny"),
        ({"limit": GIB}, "deny"),
        ({"namespace": "team-a", "limit": "1"}, "deny"),
        ({"namespace": "team-a", "limit": True}, "deny"),
    ],
)
def test_where_asks_for_arguments(arguments: dict[str, Any], verdict: str) -> None:
    """A missing argument never matches a may; `*` never reaches a user's own namespace."""
    rules = policy(
        {
            "who": ["staff"],
            "may": ["quotas.change"],
            "where": {"namespace": ["team-*", "*"][:1], "limit": {"max": "500GiB"}},
        }
    )
    assert decide(rules, person(), "changeUserQuotaSuperUser", arguments, ADMIN).verdict == verdict


def test_a_star_does_not_reach_a_users_namespace() -> None:
    """Only a pattern that says `user:` does."""
    rules = policy({"who": ["staff"], "may": ["quotas"], "where": {"namespace": ["*"]}})
    own = policy({"who": ["staff"], "may": ["quotas"], "where": {"namespace": ["user:*"]}})
    arguments = {"namespace": "user:kim"}
    assert decide(rules, person(), "listOrganizationQuotaSuperUser", arguments, ADMIN).denied
    assert not decide(own, person(), "listOrganizationQuotaSuperUser", arguments, ADMIN).denied


def test_a_change_without_a_confirmation_is_denied() -> None:
    """Allowed by a rule, yet nothing says how it is agreed to."""
    rules = policy({"who": ["staff"], "may": ["all"]}, confirmations=[])
    assert decide(rules, person(), "deleteServiceKey", {"kid": "k"}, ADMIN).denied
    assert not decide(rules, person(), "getServiceKey", {"kid": "k"}, ADMIN).denied


def test_a_request_needs_somebody_else() -> None:
    """Entries that ask for no approval are passed over for `may_request`."""
    own = {"for": ["quotas.change"], "approvals": 0}
    others = {"for": ["change"], "approvals": 1, "approvers": ["approvers"]}
    rules = policy({"who": ["staff"], "may_request": ["quotas.change"]}, confirmations=[own, others])
    found = decide(rules, person(), "createUserQuotaSuperUser", {"namespace": "a", "limit": 1}, ADMIN)
    assert found.verdict is Verdict.REQUEST
    assert found.confirmation is not None
    assert found.confirmation.approvals == 1
    alone = policy({"who": ["staff"], "may_request": ["quotas.change"]}, confirmations=[own])
    assert decide(alone, person(), "createUserQuotaSuperUser", {"namespace": "a", "limit": 1}, ADMIN).denied


@pytest.mark.parametrize(
    ("effect", "approvals", "alone"), [("may", 1, True), ("may_request", 1, False), ("may_request", 2, True)]
)
def test_a_request_needs_somebody_else_even_where_requesters_count(effect: str, approvals: int, *, alone: bool) -> None:
    """`self_approval` makes the requester one of several, never all who agree to what they may but ask for."""
    entry = {"for": ["change"], "approvals": approvals, "approvers": ["two"], "self_approval": True}
    rules = policy({"who": ["two"], effect: ["quotas.change"]}, confirmations=[entry], two=["U8", "U9"])
    arguments: dict[str, Any] = {"namespace": "a", "limit": 1}
    found = decide(rules, person("U9"), "createUserQuotaSuperUser", arguments, ADMIN)
    assert found.confirmation
    own = may_approve(
        rules,
        person("U9"),
        "createUserQuotaSuperUser",
        arguments,
        ADMIN,
        requester=person("U9"),
        entry=found.confirmation,
    )
    assert own.denied is not alone


def _approves(rules: Policy, approver: Person, requester: Person | None, place: Place = ADMIN) -> Decision:
    arguments = {"kid": "k", "service": "s"}
    entry = confirmation_for(rules, "approveServiceKey", arguments)
    assert entry is not None
    return may_approve(rules, approver, "approveServiceKey", arguments, place, requester=requester, entry=entry)


def test_who_may_approve() -> None:
    """An approver needs no `may`, must be named, must not be denied, and is not the requester."""
    entry = {"for": ["keys.change"], "approvals": 1, "approvers": ["approvers"]}
    rules = policy(confirmations=[entry])
    asker = person("U1")
    assert not _approves(rules, person("U9"), asker).denied
    assert _approves(rules, person("U2"), asker).denied
    assert _approves(rules, person("U9"), person("U9")).denied
    assert _approves(rules, person("U9"), asker, Place("C1", shared=True)).denied
    assert _approves(rules, person("U9"), asker, Place("C1", unknown=True)).denied
    assert _approves(rules, person("U9", membership="outsider"), asker).denied
    denied = policy({"who": ["approvers"], "deny": ["approveServiceKey"]}, confirmations=[entry])
    assert _approves(denied, person("U9"), asker).denied
    trusting = policy(confirmations=[{**entry, "self_approval": True}])
    assert not _approves(trusting, person("U9"), person("U9")).denied


def test_where_no_approval_is_needed_the_requester_alone_confirms() -> None:
    """`approvals: 0`: nobody else can; for a service's own key, whoever may use the operation."""
    rules = policy(
        {"who": ["ops"], "may": ["keys"]},
        {"who": ["approvers"], "may_request": ["keys"]},
        confirmations=[
            {"for": ["keys.change"], "approvals": 0},
            {"for": ["keys"], "approvals": 1, "approvers": ["ops"]},
        ],
        ops=["U1", "U3"],
    )
    assert not _approves(rules, person("U1"), person("U1")).denied
    assert _approves(rules, person("U3"), person("U1")).denied, "who may do it as well is not who asked"
    assert not _approves(rules, person("U1"), None).denied
    assert _approves(rules, person("U2"), None).denied
    assert _approves(rules, person("U9"), None).denied, "who may but ask for it"


def test_an_approver_may_bring_up_a_waiting_key_in_an_admin_channel_alone() -> None:
    """`keys approve` is for those who could press the button, too."""
    rules = policy(confirmations=[{"for": ["keys.change"], "approvals": 1, "approvers": ["approvers"]}])
    arguments = {"kid": "k", "service": "s"}
    for presume in get_args(Presumed):
        assert not may_ask_about(rules, person("U9"), "approveServiceKey", arguments, ADMIN, presume=presume).denied
        assert may_ask_about(rules, person("U2"), "approveServiceKey", arguments, ADMIN, presume=presume).denied
        assert may_ask_about(rules, person("U9"), "approveServiceKey", arguments, Place("C9"), presume=presume).denied


def test_an_approver_whom_a_deny_names_brings_up_nothing() -> None:
    """As they could not approve it either."""
    rules = policy(
        {"who": ["approvers"], "deny": ["approveServiceKey"]},
        confirmations=[{"for": ["keys.change"], "approvals": 1, "approvers": ["approvers"]}],
    )
    found = may_ask_about(rules, person("U9"), "approveServiceKey", {"kid": "k", "service": "s"}, ADMIN)
    assert (found.verdict, found.rule) == (Verdict.DENY, "rule 0")


def test_help_is_for_those_of_whom_a_rule_speaks() -> None:
    """The bot answers nobody else, and nowhere else."""
    rules = policy({"who": ["ops"], "may": ["read"]})
    assert not may_use(rules, person("U1"), ADMIN).denied
    assert may_use(rules, person("U2"), ADMIN).denied
    assert may_use(rules, person("U1"), Place("C9")).denied
    assert may_use(policy({"who": ["staff"], "deny": ["all"]}), person(), ADMIN).denied, "a deny alone lets nobody in"


def test_expiry_is_read_as_a_duration() -> None:
    """`expires: 15m`."""
    rules = policy(confirmations=[{"for": ["change"], "approvals": 0, "expires": "15m"}])
    assert rules.confirmations[0].expires == timedelta(minutes=15)
