"""The simulated Quay answers beyond the 28 operations as the real one did, as far as it knows the routes at all.

A case that begins with `{"FEATURE_…": …}:` is asked under that configuration. Where a name is in `EXACT`, the value of
the field counts too. What was kept back from a recording is made up for by `PREPARATIONS`.
"""

import json
import re
from typing import Any

import pytest

from sandbox.quay.state import Limit, Quota, Registry
from tests.sandbox_quay.conftest import Clock
from tests.sandbox_quay.replay import (
    RECORDINGS,
    Preparation,
    difference,
    nothing,
    recorded_cases,
    recorded_headers,
    request_of,
)
from tests.sandbox_quay.second_lab import RECORDED_IN_THE_SECOND_LAB, configured, second_lab

GIB = 2**30
NOT_SIMULATED = re.compile(
    r"autoprunepolicy|messages|robots|collaborators|aggregatelogs|exportlogs|apptokens|changelog|takeownership|prototypes$"
    r"|/api/v1/(repository/(?!mirror)|user/|entities|users|find|registry/)|/organization/$"
    r"|team/\w+/permissions|(PUT|DELETE) .*/(team|members)/|(POST|DELETE) .*/applications"
    r"|POST /api/v1/(organization|repository)$"
)
"""Requests that the simulated Quay does not know, though their recording has them."""
EXACT = (
    *("limit_bytes", "limit", "limits", "type", "limit_percent", "default_config", "default_config_exists"),
    *("name", "is_admin", "is_member", "ordered_teams", "role", "member_count", "can_edit", "is_robot", "invited"),
    *("client_id", "client_secret", "redirect_uri"),
)
SKIPPED = {
    "the new token works",
    "... last_accessed in the list",
    '... {"FEATURE_MAILING": true}: GET members, includePending=true',
}
"""Cases about tokens and invitations that were made in the recording; the simulated Quay makes none."""
SETTINGS = {
    "DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": "default_quota_bytes",
    "FEATURE_AUTO_PRUNE": "auto_prune",
    "FEATURE_MAILING": "mailing",
    "FEATURE_QUOTA_MANAGEMENT": "quota_management",
    "FEATURE_REPO_MIRROR": "repo_mirror",
    "FEATURE_SUPERUSERS_FULL_ACCESS": "superusers_full_access",
}


def has_limits(namespace: str, *limits: Limit) -> Preparation:
    def prepare(registry: Registry) -> None:
        quota = registry.namespaces[namespace].quota
        assert quota is not None
        quota.limits = list(limits)

    return prepare


def has_teams(organization: str, admins: str = "owners", **teams: list[str]) -> Preparation:
    def prepare(registry: Registry) -> None:
        found = registry.organization(organization)
        assert found is not None
        found.teams, found.team_roles = teams, {admins: "admin"}

    return prepare


def has_quota(namespace: str, quota: Quota) -> Preparation:
    def prepare(registry: Registry) -> None:
        registry.namespaces[namespace].quota = quota

    return prepare


DEVELOPERS = ["bob", "carol", "gone-fishing", "platform+deployer", "team-alpha+alpharobot"]


def taken_over(*users: str) -> Preparation:
    """Users that the recorder had made organizations of, which are in no list of users any more."""

    def prepare(registry: Registry) -> None:
        for name in users:
            del registry.namespaces[name]
        has_teams("team.dots_x", owners=["dave"])(registry)

    return prepare


PREPARATIONS: dict[str, dict[str, Preparation]] = {
    "extra_deleteDisabledUser": {
        "disable a user": taken_over("erin", "gone-fishing"),
        "... GET members of that organization": has_teams("team.dots_x", owners=["admin"]),
    },
    "extra_quotaLimits": {
        "... GET limits afterwards": has_limits(
            "team-beta",
            Limit(5, "Warning", 80),
            Limit(28, "Reject", 100),
            Limit(29, "Reject", 90),
            Limit(30, "Warning", 50),
            Limit(31, "Warning", 100),
            Limit(32, "Warning", 60),
        ),
        "PUT good type with threshold 101: not atomic": has_limits(
            "team-beta",
            Limit(5, "Warning", 80),
            Limit(28, "Reject", 100),
            Limit(29, "Reject", 90),
            Limit(31, "Warning", 100),
            Limit(32, "Warning", 60),
            Limit(30, "Warning", 45),
        ),
        "... GET superuser/users/alice: quotas with limits": has_limits(
            "alice", Limit(36, "Reject", 100), Limit(37, "Warning", 80)
        ),
        "... PUT of the quota's size leaves the limits alone": has_limits(
            "team-gamma",
            Limit(6, "Reject", 100),
            Limit(33, "Warning", 80),
            Limit(34, "Warning", 1),
            Limit(35, "Warning", 71),
        ),
    },
    "extra_teams": {
        "GET team is not a route": has_teams("team-alpha", owners=["alice"], devs=[]),
        "GET members": has_teams("team-alpha", owners=["alice"], devs=DEVELOPERS),
        "... GET members: an organization without anybody": has_teams("team-gamma", owners=[]),
        "... GET members of owners": has_teams("team-gamma", owners=["admin"]),
        "... GET organization": has_teams("team-beta", admins="ops", ops=[]),
        "... GET members of that organization": has_teams("team-beta", admins="ops", ops=["admin"]),
    },
    "extra_systemDefaultQuota": {
        '{"DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": 3000000000}: DELETE the own quota': has_quota("proj29", Quota(19, 10)),
    },
}


def apply_settings(registry: Registry, case: str) -> None:
    """Configure the registry as a case was recorded, as far as the simulated Quay has the settings."""
    beginning = case.removeprefix("... ")
    if not beginning.startswith("{"):
        return
    settings: dict[str, Any] = json.JSONDecoder().raw_decode(beginning)[0]
    registry.features = configured()
    for name, value in settings.items():
        if name in SETTINGS:
            setattr(registry.features, SETTINGS[name], value)


@pytest.mark.parametrize("name", sorted(RECORDED_IN_THE_SECOND_LAB))
async def test_every_recorded_case(name: str, clock: Clock, serve: Any) -> None:
    """Every case of a recording, in order, is answered as it was recorded."""
    lab, cases = second_lab(clock), recorded_cases(RECORDINGS / f"{name}.json")
    headers, differences, asked, next_page = recorded_headers(cases), [], 0, None
    async with serve(lab) as client:
        base_url = str(client.base_url).rstrip("/")
        for case in cases:
            if case["case"] in SKIPPED or NOT_SIMULATED.search("{method} {path}".format_map(case["request"])):
                continue
            apply_settings(lab, case["case"])
            PREPARATIONS.get(name, {}).get(case["case"], nothing)(lab)
            answer = await client.send(request_of(client, case["request"], next_page))
            if answer.is_success and "next_page" in answer.text:
                next_page = answer.json()["next_page"]
            asked += 1
            if found := difference(case["response"], answer, base_url, headers, EXACT):
                differences.append(f"{case['case']}: {found}")
    assert asked
    assert not differences, "\n".join(differences)
