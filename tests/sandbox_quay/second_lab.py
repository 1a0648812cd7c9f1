"""The registry that the routes beyond the 28 were recorded from, five days after the first one."""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

from sandbox.quay.features import Features
from sandbox.quay.state import Organization, Registry, Token, User
from tests.sandbox_quay.conftest import answer_to, filled

RECORDED_IN_THE_SECOND_LAB = frozenset(
    {"extra_featuresOff", "extra_noFullAccess", "extra_quotaLimits", "extra_systemDefaultQuota"}
)
TOKENS = {
    "superuser": Token("admin", scoped=True),
    "superuser-every-scope": Token("admin", scoped=True),
    "superuser-without-super-user-scope": Token("admin", scoped=False),
    "global-read-only-superuser": Token("readonly", scoped=True),
    "super-user-token-of-a-non-superuser": Token("alice", scoped=True),
}
_DEFAULT_QUOTA = '{"DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": 3000000000}: superuser\'s list of '


def second_lab(clock: Callable[[], datetime]) -> Registry:
    """It as it was before anything was changed: without background workers, and without what needs no name."""
    registry = Registry(clock=clock, features=Features(background_workers=False), tokens=dict(TOKENS), _ids=count(1000))
    for number, view in enumerate(_listed("users"), 1):
        user = User(number, view["name"], view["email"], super_user=view["super_user"])
        user.global_readonly = view["global_readonly_super_user"]
        registry.add(filled(user, view))
    for number, view in enumerate(_listed("organizations"), 100):
        registry.add(filled(Organization(number, view["name"], view["email"]), view))
    return registry


def _listed(noun: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer_to("extra_systemDefaultQuota", _DEFAULT_QUOTA + noun)[noun]
    return found
