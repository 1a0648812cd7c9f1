"""The registry that the routes beyond the 28 were recorded from, five days after the first one."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sandbox.quay.features import Features
from sandbox.quay.oauth import Application, Token
from sandbox.quay.state import Build, Organization, Registry, Repository, ServiceKey, User
from tests.sandbox_quay.conftest import EVERY_SCOPE, answer_to, filled

RECORDED_IN_THE_SECOND_LAB = frozenset(
    {
        "extra_applications",
        "extra_deleteDisabledUser",
        "extra_featuresOff",
        "extra_mailingAndMirror",
        "extra_noFullAccess",
        "extra_orgLogs",
        "extra_quotaLimits",
        "extra_repositories",
        "extra_staleWaitingKey",
        "extra_superuserMisc",
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
    registry = Registry(clock=clock, features=configured(), _ids=count(1000))
    for number, (secret, (owner, scope)) in enumerate(_TOKENS.items(), 1):
        registry.tokens[secret] = Token(number, owner, _APPLICATION, clock(), scope)
    for number, view in enumerate(_listed("users"), 1):
        user = User(number, view["name"], view["email"], super_user=view["super_user"])
        user.global_readonly = view["global_readonly_super_user"]
        registry.add(filled(user, view))
    registry.add(User(50, "gone-fishing", "fish@example.com", enabled=False))
    registry.add(User(51, "no.mail", "7f0e4c1d-6f1b-4a0f-9d0e-2f4f5c5b9a77"))
    for number, view in enumerate(_listed("organizations"), 100):
        organization = filled(Organization(number, view["name"], view["email"]), view)
        organization.teams = {"owners": [_OWNERS.get(organization.name, "admin")]}
        registry.add(organization)
        if organization.name == "automation-org":
            organization.applications.append(_APPLICATION)
    _add_repositories(registry)
    registry.builds = {build.uuid: build for build in _builds(clock())}
    waiting = answer_to("extra_staleWaitingKey", "a key waiting for 3 days")
    three_days_ago = clock() - timedelta(days=3)
    key = ServiceKey(waiting["kid"], waiting["service"], waiting["jwk"], three_days_ago, metadata=waiting["metadata"])
    registry.keys[key.kid] = key
    return registry


def configured() -> Features:
    """The features that it had unless a case names others."""
    return Features(background_workers=False, repo_mirror=False, mail_server=False)


def _add_repositories(registry: Registry) -> None:
    """Few, but for an organization that has more than a page of them."""
    for case in (
        "list of a namespace: quota_report",
        "list of a user's namespace",
        "list, a namespace of 104",
        "... next page",
    ):
        for view in answer_to("extra_repositories", case)["repositories"]:
            size, public = view["quota_report"]["quota_bytes"], view["is_public"]
            repository = Repository(registry.next_id(), view["name"], size, public, view["description"])
            registry.namespaces[view["namespace"]].repositories.append(repository)


def _builds(started: datetime) -> Iterator[Build]:
    """One whose logs are archived, and one whose logs are not."""
    logs = answer_to("extra_superuserMisc", "archived build log")["logs"]
    for uuid, archived in (
        ("4ae44845-0a7f-437a-97c7-8275d0c5d4a4", True),
        ("93249b7a-a192-4eaf-9722-ad3c9380d6ea", False),
    ):
        yield Build(uuid, "complete", started, "team-alpha", "web", logs=logs, archived=archived)


def _listed(noun: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer_to("extra_systemDefaultQuota", _DEFAULT_QUOTA + noun)[noun]
    return found
