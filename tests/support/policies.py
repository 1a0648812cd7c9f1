"""Policies, people and places of which decisions are made; and strategies that make up many."""

from typing import Any

from hypothesis import strategies as st

from bot.permissions import Actor, Person, Place, Policy
from bot.permissions.names import sets
from bot.permissions.people import Membership
from bot.quay.operations import KNOWN

TEAM = "T1"
ADMIN = Place("C1")
GIB = 1024**3
STAFF_READ_KEYS = {"who": ["staff"], "may": ["keys.read"]}


def person(
    user: str = "U1",
    membership: Membership = "member",
    *,
    team: str = TEAM,
    groups: tuple[str, ...] = (),
    email: str | None = None,
) -> Person:
    return Person(Actor(team, user), membership, frozenset(groups), email, user)


def policy(*rules: dict[str, Any], confirmations: list[dict[str, Any]] | None = None, **groups: list[str]) -> Policy:
    anyone = [{"for": ["change"], "approvals": 0}]
    return Policy.model_validate(
        {
            "version": 1,
            "workspace": TEAM,
            "groups": {"staff": ["*"], "ops": ["U1"], "approvers": ["U9"], **groups},
            "channels": {"admin": ["C1", "C2"], "lab": ["C3"]},
            "rules": [{"name": f"rule {index}", **rule} for index, rule in enumerate(rules)],
            "confirmations": anyone if confirmations is None else confirmations,
        }
    )


def rule_of(effect: str, who: list[str], names: list[str], where: dict[str, Any], in_: list[str]) -> dict[str, Any]:
    """A rule that may be written: its conditions are on arguments that its operations have, all of them for a deny."""
    operations = [name for listed in names for name in sets()[listed]]
    known = [set(KNOWN[name].arguments if name in KNOWN else ()) for name in operations]
    asked = set.intersection(*known) if effect == "deny" else set.union(*known)
    held = {name: condition for name, condition in where.items() if name in asked}
    if effect == "deny" and ("max_increase" in held.get("limit", {}) or "enforcement" in held):
        held = {}
    return {"who": who, effect: names, "where": held, **({"in": in_} if in_ else {})}


users = st.sampled_from(["U1", "U2", "U9"])
who = st.lists(st.sampled_from(["staff", "ops", "approvers"]), min_size=1, max_size=2, unique=True)
names = st.lists(st.sampled_from(sorted(sets())), min_size=1, max_size=3, unique=True)
wheres = st.sampled_from(
    [
        {},
        {},
        {"namespace": ["team-*"]},
        {"namespace": ["team-a", "user:*"]},
        {"limit": {"max": "10GiB"}},
        {"limit": {"max": "5GiB", "min": "1GiB"}},
        {"limit": {"max_increase": "50%"}},
        {"enforcement": "not_weaker"},
        {"limit": {"max": "10GiB"}, "enforcement": "not_weaker"},
    ]
)
places = st.sampled_from([ADMIN, Place("C3"), Place("C9"), Place("D1", kind="dm")])
ins = st.sampled_from([[], ["admin"], ["lab"], ["dm"]])
arguments = st.fixed_dictionaries(
    {},
    optional={
        "namespace": st.sampled_from(["team-a", "user:kim", "x"]),
        "limit": st.integers(1, 20 * GIB),
        "limit_now": st.none() | st.integers(1, 20 * GIB),
        "enforcement_now": st.sampled_from([None, "not_weaker", "weaker"]),
    },
)
mays = st.builds(rule_of, st.just("may"), who, names, wheres, ins)
requests = st.builds(rule_of, st.just("may_request"), who, names, wheres, ins)
denies = st.builds(rule_of, st.just("deny"), who, names, wheres, ins)
entries = st.builds(
    lambda names, where, approvals, approvers: {
        "for": names,
        "where": where,
        "approvals": approvals,
        "approvers": approvers,
    },
    st.sampled_from([["change"], ["quotas.change"], ["quotas.change", "limits.change"]]),
    st.sampled_from(
        [
            {},
            {"namespace": ["team-*"]},
            {"namespace": ["team-a"]},
            {"limit": {"max": "10GiB"}},
            {"enforcement": "not_weaker"},
        ]
    ),
    st.sampled_from([1, 1, 0]),
    st.sampled_from([["ops"], ["approvers"], ["ops", "approvers"]]),
)
questions = st.tuples(users, st.sampled_from(sorted([*KNOWN, "audit", "freeze"])), arguments, places)
