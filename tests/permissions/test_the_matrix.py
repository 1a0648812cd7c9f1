"""Every operation × everybody × the right place and wrong ones, against a table that was written down by hand.

The operations come from the one table of them, the people from Slack's own descriptions, the verdicts from here.
"""

from typing import Any

import pytest

from bot.changes import Authorization
from bot.permissions import Actor, Person, Policy, confirmation_for, decide, may_approve
from bot.permissions.names import OWN_NAMES
from bot.quay.operations import BEYOND, KNOWN, OPERATIONS
from bot.slack.directory import Directory
from tests.support.world import TEAM, Clock, FakeWeb

RIGHT, WRONG, SHARED = "C0ADMIN", "C0RANDOM", "C0SHARED"
POLICY = Policy.model_validate(
    {
        "version": 1,
        "workspace": TEAM,
        "groups": {
            "readers": ["U0READER"],
            "requesters": ["U0REQUESTER"],
            "approvers": ["U0APPROVER", "U0APPROVINGBOT", "U0APPROVINGSTRANGER"],
            "admins": ["U0ADMIN", "U0BOT", "U0STRANGER"],
            "everybody": ["*"],
        },
        "channels": {"admin": [RIGHT, SHARED], "hall": ["C0HALL"]},
        "rules": [
            {"name": "read", "who": "readers", "may": ["read"], "in": "admin"},
            {"name": "request", "who": "requesters", "may_request": ["change"], "in": "admin"},
            {"name": "all", "who": "admins", "may": ["all"], "in": "admin"},
            {"name": "the hall is everybody's", "who": "everybody", "may": ["all"], "in": "hall"},
        ],
        "confirmations": [{"for": ["change"], "approvers": ["approvers"], "approvals": 1}],
    }
)
WHO: dict[str, tuple[str, dict[str, Any]]] = {
    "no rule": ("U0NOBODY", {}),
    "read-only": ("U0READER", {}),
    "requester": ("U0REQUESTER", {}),
    "approver": ("U0APPROVER", {}),
    "admin": ("U0ADMIN", {}),
    "guest": ("U0GUEST", {"is_restricted": True}),
    "stranger": ("U0STRANGER", {"team_id": "T0ELSEWHERE", "is_stranger": True}),
    "bot": ("U0BOT", {"is_bot": True}),
}
ORACLE = {
    #             read      change     beyond   own     of everybody  approves
    "no rule": ("deny", "deny", "deny", "deny", "allow", "deny"),
    "read-only": ("allow", "deny", "deny", "deny", "allow", "deny"),
    "requester": ("deny", "request", "deny", "deny", "allow", "deny"),
    "approver": ("deny", "deny", "deny", "deny", "allow", "allow"),
    "admin": ("allow", "allow", "allow", "allow", "allow", "deny"),
    "guest": ("deny", "deny", "deny", "deny", "deny", "deny"),
    "stranger": ("deny", "deny", "deny", "deny", "deny", "deny"),
    "bot": ("deny", "deny", "deny", "deny", "deny", "deny"),
}
COLUMNS = ("read", "change", "beyond", "own", "everybody", "approves")
"""An operation beyond the 28 is in no `change` of a rule; in a confirmation it is."""


@pytest.fixture
def authorization() -> Authorization:
    web = FakeWeb()
    web.users.update({user: described for user, described in WHO.values()})
    web.users["U0APPROVINGBOT"] = {"is_bot": True}
    web.users["U0APPROVINGSTRANGER"] = {"team_id": "T0ELSEWHERE"}
    web.shared.add(SHARED)
    return Authorization(lambda: POLICY, Directory(web, Clock()))


@pytest.mark.parametrize("role", WHO)
@pytest.mark.parametrize("operation", [*KNOWN, *OWN_NAMES])
async def test_everybody_may_what_the_table_says_and_only_there(
    authorization: Authorization, operation: str, role: str
) -> None:
    """Where everybody may do everything, guests, strangers and bots still may nothing."""
    expected = dict(zip(COLUMNS, ORACLE[role], strict=True))
    person = await authorization.person(Actor(TEAM, WHO[role][0]))
    kind = "beyond" if operation in BEYOND else OPERATIONS[operation].kind if operation in OPERATIONS else "own"

    async def verdict(channel: str) -> str:
        return decide(POLICY, person, operation, {}, await authorization.place(channel)).verdict.value

    assert await verdict(RIGHT) == expected[kind]
    assert await verdict("C0HALL") == expected["everybody"]
    for elsewhere in (WRONG, SHARED, "D0DIRECT", "home"):
        assert await verdict(elsewhere) == "deny", elsewhere


CHANGES = [operation.id for operation in KNOWN.values() if operation.kind == "change"]


@pytest.mark.parametrize("role", [*WHO, "approving bot", "approving stranger"])
@pytest.mark.parametrize("operation", CHANGES)
async def test_only_approvers_approve(authorization: Authorization, operation: str, role: str) -> None:
    """Whatever else somebody may; a bot or a stranger never, even where the file names them."""
    named = {"approving bot": "U0APPROVINGBOT", "approving stranger": "U0APPROVINGSTRANGER"}
    person = await authorization.person(Actor(TEAM, named.get(role) or WHO[role][0]))
    entry = confirmation_for(POLICY, operation, {})
    assert entry is not None

    async def verdict(channel: str, requester: str) -> str:
        place = await authorization.place(channel)
        asked = Person(Actor(TEAM, requester), "member")
        return may_approve(POLICY, person, operation, {}, place, requester=asked, entry=entry).verdict.value

    assert (
        await verdict(RIGHT, "U0REQUESTER")
        == dict(zip(COLUMNS, ORACLE.get(role, ["deny"] * 6), strict=True))["approves"]
    )
    assert await verdict(SHARED, "U0REQUESTER") == "deny"
    assert await verdict(RIGHT, "U0APPROVER") == "deny", "nobody approves what they asked for"
