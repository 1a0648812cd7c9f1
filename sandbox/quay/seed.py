"""A believable registry to try things out on: the same one every time, relative to the clock."""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.quay.features import Features
from sandbox.quay.jwk import base64url, pseudo_jwk, thumbprint
from sandbox.quay.oauth import Application, Token
from sandbox.quay.seed_logs import REPOSITORIES, add_logs
from sandbox.quay.state import (
    Approval,
    Build,
    Limit,
    LimitType,
    Organization,
    Quota,
    Registry,
    RegistrySize,
    Repository,
    ServiceKey,
    User,
)

GIB = 2**30

SUPERUSER, AUDITOR, ORDINARY = "quayadmin", "registry-auditor", "jrivera"
AUTOMATION = "registry-automation"
"""The organization whose application the tokens belong to: without it all of them are refused."""
APPLICATION = Application("SANDBOX0APPLICATION0", "admin-bot")
TOKENS = {
    "sandbox-superuser": (SUPERUSER, "super:user"),
    "sandbox-readonly": (AUDITOR, "super:user"),
    "sandbox-noscope": (SUPERUSER, "repo:read"),
    "sandbox-user": (ORDINARY, "super:user"),
}
"""Whose each token is, and its scope."""

# name, limit in GiB (None: no quota), use in percent of the limit or else in GiB, thresholds
_NOTABLE: Sequence[tuple[str, int | None, float, tuple[tuple[LimitType, int], ...]]] = (
    ("platform", 500, 62.0, (("Warning", 80), ("Reject", 100))),
    ("team-alpha", 80, 97.0, (("Warning", 80), ("Reject", 100))),
    ("team-beta", 100, 34.0, ()),
    ("team-billing", 50, 79.0, (("Warning", 75),)),
    ("team-checkout", 50, 81.0, (("Warning", 80),)),
    ("team-data", 200, 91.0, (("Warning", 80), ("Reject", 100))),
    ("team-edge", 20, 100.3, (("Warning", 80), ("Reject", 100))),
    ("team-mobile", None, 12.0, ()),
    ("team-ml-vision", 1024, 88.5, (("Warning", 70), ("Reject", 100))),
    ("team-ml-speech", 512, 72.0, (("Warning", 70),)),
    ("team-ml-ranking", 256, 41.0, ()),
    ("library", None, 210.0, ()),
)
_SUBJECTS = """
    search payments identity catalog orders shipping pricing fraud risk growth email push video chat docs
    support finance legal people brand web android ios sre network storage compute build release security
    privacy audit analytics reporting warehouse ingest stream batch events graph maps ads partners labs research
    robotics iot
""".split()  # noqa: SIM905
_FORENAMES = """
    ada amir ana ben chen dana emil farah gita hugo ines ivan jonas kaya lena mateo noor olga
""".split()  # noqa: SIM905
_SURNAMES = """
    abe berg costa diaz evans fischer garcia haas ito jensen kim lopez meyer novak
""".split()  # noqa: SIM905
_BUILD_SCRIPT: list[dict[str, Any]] = [
    {"message": "build-scheduled", "type": "phase"},
    {"message": "unpacking", "type": "phase"},
    {"message": "pulling", "type": "phase"},
    {"message": "Step 1/4 : FROM ubuntu:24.04", "type": "command"},
    {"message": " ---> 4ef6a0db0b2a\n"},
    {"message": "Step 2/4 : RUN make \x1b[1mall\x1b[0m", "type": "command"},
    {"message": "\x1b[33mwarning:\x1b[0m unused variable\n"},
]


def seed(
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    namespaces: int = 210,
    fixed: int = 20261123,
    features: Features | None = None,
) -> Registry:
    """A registry with that many users and organizations together, at least seventeen.

    `fixed` seeds its chances; without `features` all are on.
    """
    registry = Registry(clock=clock, features=features or Features())
    rng = random.Random(fixed)
    _add_organizations(registry, rng, max(len(_NOTABLE) + 1, namespaces * 2 // 7))
    _add_users(registry, rng, max(4, namespaces - len(registry.namespaces)))
    _fill_teams(registry, random.Random(fixed + 1))
    _add_application(registry)
    _add_repositories(registry, random.Random(fixed + 2))
    _add_keys(registry, rng)
    _add_builds(registry)
    add_logs(registry, rng, superuser=SUPERUSER, application=APPLICATION)
    total = sum(namespace.quota_bytes for namespace in registry.namespaces.values())
    registry.size = RegistrySize(int(total * 0.98), clock() - timedelta(days=2))
    return registry


def _add_organizations(registry: Registry, rng: random.Random, wanted: int) -> None:
    for name, limit, use, thresholds in _NOTABLE:
        organization = _organization(registry, name)
        organization.quota_bytes = round(use * GIB if limit is None else limit * GIB * use / 100)
        organization.backfill = "complete"
        if limit is not None:
            limits = [Limit(registry.next_id(), kind, percent) for kind, percent in thresholds]
            organization.quota = Quota(registry.next_id(), limit * GIB, limits)
    for name in (*_team_names(wanted - len(_NOTABLE) - 1), AUTOMATION):
        organization = _organization(registry, name)
        organization.backfill = rng.choices(("complete", "waiting", "running"), (90, 6, 4))[0]
        organization.quota_bytes = 0 if organization.backfill == "waiting" else rng.randrange(60 * GIB)
        if rng.random() < 0.6:
            size = max(organization.quota_bytes, GIB) / rng.uniform(0.2, 0.78)
            limits = [Limit(registry.next_id(), "Warning", 80)] if rng.random() < 0.5 else []
            organization.quota = Quota(registry.next_id(), -int(-size // GIB) * GIB, limits)


def _organization(registry: Registry, name: str) -> Organization:
    organization = Organization(registry.next_id(), name, f"{name}@example.com")
    organization.teams = {"owners": [], "developers": []}
    registry.add(organization)
    return organization


def _team_names(wanted: int) -> Iterator[str]:
    for number in range(wanted):
        round_, place = divmod(number, len(_SUBJECTS))
        yield f"team-{_SUBJECTS[place]}" + (f"-{round_ + 1}" if round_ else "")


def _add_users(registry: Registry, rng: random.Random, wanted: int) -> None:
    registry.add(User(registry.next_id(), SUPERUSER, "quayadmin@example.com", super_user=True))
    registry.add(User(registry.next_id(), AUDITOR, "auditor@example.com", global_readonly=True))
    registry.add(User(registry.next_id(), ORDINARY, "jrivera@example.com"))
    for number in range(wanted - 3):
        round_, place = divmod(number, len(_FORENAMES) * len(_SURNAMES))
        surname, forename = divmod(place, len(_FORENAMES))
        name = f"{_FORENAMES[forename]}.{_SURNAMES[surname]}" + (f"{round_ + 1}" if round_ else "")
        user = User(registry.next_id(), name, f"{name}@example.com")
        user.enabled, user.verified = rng.random() > 0.06, rng.random() > 0.04
        if rng.random() < 0.3:
            user.quota_bytes, user.backfill = rng.randrange(8 * GIB), "complete"
        if rng.random() < 0.1:
            user.quota = Quota(registry.next_id(), 10 * GIB, [Limit(registry.next_id(), "Reject", 100)])
        registry.add(user)


def _fill_teams(registry: Registry, rng: random.Random) -> None:
    """One or two owners, some developers, and a robot that deploys; `library` is everybody's."""
    people = [user.name for user in registry.users() if not (user.super_user or user.global_readonly)]
    for organization in registry.organizations():
        many = len(people) if organization.name == "library" else rng.randint(1, 6)
        chosen = rng.sample(people, min(many, len(people)))
        organization.teams["owners"] = chosen[: rng.randint(1, 2)]
        organization.teams["developers"] = [*chosen[-many // 2 :], f"{organization.name}+deploy"]


def _add_application(registry: Registry) -> None:
    for organization in registry.organizations():
        if organization.name == AUTOMATION:
            organization.teams = {"owners": [SUPERUSER]}
            organization.applications.append(APPLICATION)
    created = registry.clock() - timedelta(days=90)
    for number, (secret, (owner, scope)) in enumerate(TOKENS.items(), 1):
        registry.tokens[secret] = Token(number, owner, APPLICATION, created, scope)


def _add_repositories(registry: Registry, rng: random.Random) -> None:
    """Some in each organization; `library` has more than fit into a page. Their sizes are a namespace's, by chance."""
    for organization in registry.organizations():
        names = list(REPOSITORIES[: rng.randint(1, len(REPOSITORIES))])
        if organization.name == "library":
            names = [f"{name}-{number}" for number in range(1, 17) for name in REPOSITORIES]
        left = organization.quota_bytes
        for name in names:
            size, public = int(left * rng.random()), rng.random() < 0.1
            organization.repositories.append(Repository(registry.next_id(), name, size, public))
            left -= size


def _add_keys(registry: Registry, rng: random.Random) -> None:
    now, day = registry.clock(), timedelta(days=1)
    made_by = {"created_by": "Quay Superuser Panel", "creator": SUPERUSER, "ip": "10.20.30.4"}
    rotated = {"created_by": "Key Rotation", "ip": "10.20.30.9"}
    table: Sequence[tuple[str, str, timedelta, timedelta | None, dict[str, str], int | None]] = (
        ("quay", "quay instance key", 200 * day, None, {}, None),
        ("clair_scanner", "clair production", 80 * day, 10 * day, made_by, None),
        ("quay_builder", "builders eu", 40 * day, 50 * day, made_by, None),
        ("quay_builder", "builders us", 87 * day, 3 * day, made_by, None),
        ("mirror_worker", "mirror", 20 * day, 0.5 * day, rotated, 43200),
        ("security_scanner", "scanner", 5 * day, 25 * day, rotated, 86400),
        ("notification_relay", "relay", 90 * day, -2 * day, made_by, None),
    )
    for service, name, age, life, metadata, rotation in table:
        jwk = pseudo_jwk(rng)
        kid = base64url(thumbprint(jwk))
        approval = Approval(
            "KEY_ROTATION" if rotation else "SUPERUSER",
            now - age,
            None if rotation else SUPERUSER,
            "" if rotation else f"approved for {name}",
        )
        key = ServiceKey(kid, service, {**jwk, "kid": kid}, now - age, name, dict(metadata))
        key.expiration = None if life is None else now + life
        key.rotation_duration, key.approval = rotation, approval
        registry.keys[kid] = key
    for service, minutes, honest in (("quay_builder", 12, True), ("clair_scanner", 190, False)):
        jwk = pseudo_jwk(rng)
        kid = thumbprint(jwk if honest else pseudo_jwk(rng)).hex()
        created = now - timedelta(minutes=minutes)
        registry.keys[kid] = ServiceKey(kid, service, jwk, created, metadata={"ip": "10.20.30.40"})


def _add_builds(registry: Registry) -> None:
    now = registry.clock()
    phases: Sequence[tuple[str, int, list[dict[str, Any]], bool]] = (
        ("building", 4, _BUILD_SCRIPT, False),
        ("error", 65, [*_BUILD_SCRIPT, {"message": "\x1b[31merror: exit 2\x1b[0m", "type": "error"}], False),
        ("waiting", 1, [], False),
        ("complete", 1500, [*_BUILD_SCRIPT, {"message": "pushing", "type": "phase"}], True),
    )
    for phase, minutes, script, archived in phases:
        digest = hashlib.sha256(phase.encode()).hexdigest()
        build = Build(
            f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}",
            phase,
            now - timedelta(minutes=minutes),
            "team-alpha",
            "api",
            resource_key=digest[32:],
            tags=["latest"],
            source="example/api",
            logs=list(script),
            archived=archived,
        )
        if phase == "building":
            build.status = {
                "heartbeat": int(now.timestamp()),
                "total_commands": 4,
                "current_command": 2,
                "push_completion": 0.0,
                "pull_completion": 1.0,
                "image_completion": {},
            }
        registry.builds[build.uuid] = build
