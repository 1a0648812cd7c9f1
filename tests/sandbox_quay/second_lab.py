"""The registry that the routes beyond the 28 were recorded from, five days after the first one."""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

from sandbox.quay.features import Features
from sandbox.quay.oauth import Application, Token
from sandbox.quay.state import Organization, Registry, User
from tests.sandbox_quay.conftest import EVERY_SCOPE, answer_to, filled

RECORDED_IN_THE_SECOND_LAB = frozenset(
    {
        "extra_applications",
        "extra_featuresOff",
        "extra_noFullAccess",
        "extra_orgLogs",
        "extra_quotaLimits",
        "extra_systemDefaultQuota",
        "extra_teams",
    }
)
_APPLICATION = Application("J7XHFOQW9EJ3JO13RBE0", "quaymaster", "<client secret>")
_TOKENS = {
    "superuser": ("admin", "super:user"),
    "global-read-only-superuser": ("readonly", "super:user"),
    "super-user-token-of-a-non-superuser": ("alice", "super:user"),
    "superuser-without-super-user-scope": ("admin", "repo:read"),
    "superuser-every-scope": ("admin", EVERY_SCOPE),
}
_OWNERS = {"team-alpha": "alice", "team-beta": "bob", "team-gamma": "carol"}
_DEFAULT_QUOTA = '{"DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": 3000000000}: superuser\'s list of '


def second_lab(clock: Callable[[], datetime]) -> Registry:
    """It as it was before anything was changed: without background workers, and without what needs no name."""
    registry = Registry(clock=clock, features=Features(background_workers=False), _ids=count(1000))
    for number, (secret, (owner, scope)) in enumerate(_TOKENS.items(), 1):
        registry.tokens[secret] = Token(number, owner, _APPLICATION, clock(), scope)
    for number, view in enumerate(_listed("users"), 1):
        user = User(number, view["name"], view["email"], super_user=view["super_user"])
        user.global_readonly = view["global_readonly_super_user"]
        registry.add(filled(user, view))
    registry.add(User(50, "gone-fishing", "fish@example.com", enabled=False))
    for number, view in enumerate(_listed("organizations"), 100):
        organization = filled(Organization(number, view["name"], view["email"]), view)
        organization.teams = {"owners": [_OWNERS.get(organization.name, "admin")]}
        registry.add(organization)
        if organization.name == "automation-org":
            organization.applications.append(_APPLICATION)
    return registry


def _listed(noun: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer_to("extra_systemDefaultQuota", _DEFAULT_QUOTA + noun)[noun]
    return found
