"""The registry that the sandbox starts with is believable, and the same every time."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.quay.jwk import thumbprint
from sandbox.quay.seed import seed
from sandbox.quay.state import Namespace

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def fill(namespace: Namespace) -> float:
    assert namespace.quota is not None
    return round(100 * namespace.quota_bytes / namespace.quota.limit_bytes, 1)


@pytest.mark.parametrize("namespaces", [210, 10_000])
def test_it_is_as_large_as_wanted(namespaces: int) -> None:
    """About two organizations to five users."""
    registry = seed(lambda: NOW, namespaces=namespaces)
    assert len(registry.namespaces) == namespaces
    assert len(registry.organizations()) == namespaces * 2 // 7


def test_it_is_the_same_every_time() -> None:
    """But for the clock."""
    one, other = seed(lambda: NOW), seed(lambda: NOW)
    assert (one.namespaces, one.keys, one.logs, one.builds) == (
        other.namespaces,
        other.keys,
        other.logs,
        other.builds,
    )


def test_some_namespaces_are_nearly_full() -> None:
    """On both sides of the usual levels."""
    organizations = {one.name: one for one in seed(lambda: NOW).organizations()}
    fills = {fill(one) for one in organizations.values() if one.quota}
    assert {34.0, 79.0, 81.0, 91.0, 97.0, 100.3} <= fills
    assert {"platform", "team-alpha", "team-ml-vision"} <= organizations.keys()
    assert {one.backfill for one in organizations.values()} == {"waiting", "running", "complete"}


def test_its_tokens_belong_to_an_application_of_an_organization() -> None:
    """Which can be deleted like any other; without it no token is good for anything."""
    registry = seed(lambda: NOW)
    (home,) = [one for one in registry.organizations() if one.applications]
    assert (home.name, home.admins()) == ("registry-automation", {"quayadmin"})
    assert registry.principal("sandbox-superuser")
    assert {token.application for token in registry.tokens.values()} == set(home.applications)
    registry.delete_later(home.name)
    assert registry.principal("sandbox-superuser") is registry.principal("sandbox-readonly") is None


def test_two_keys_wait_and_one_of_them_lies_about_its_id() -> None:
    """The others are approved: for good, for a while, rotating, or expired."""
    registry = seed(lambda: NOW)
    waiting = [key for key in registry.keys.values() if key.approval is None]
    assert [thumbprint(key.jwk).hex() == key.kid for key in waiting] == [True, False]
    approved = [key for key in registry.keys.values() if key.approval]
    assert any(key.rotation_duration for key in approved)
    assert any(key.expiration and key.expiration < NOW for key in approved)


def test_its_log_covers_thirty_days_in_order() -> None:
    """Some hundreds of entries."""
    logs = seed(lambda: NOW).logs
    times = [entry.datetime for entry in logs]
    assert 400 < len(logs) < 500
    assert times == sorted(times)
    assert NOW - timedelta(days=30) <= times[0] < NOW - timedelta(days=20)
    assert len(Counter(entry.kind for entry in logs)) > 3


async def test_every_answer_can_be_made_of_it(serve: Any) -> None:
    """With the tokens that the sandbox promises."""
    registry = seed(lambda: NOW)
    paths = ["keys", "users/", "organizations/", "logs", "registrysize/", "config"]
    paths += [f"{uuid}/{view}" for uuid in registry.builds for view in ("build", "status", "logs")]
    async with serve(registry) as client:
        for path in paths:
            for token, status in (("superuser", 200), ("readonly", 200), ("noscope", 403), ("expired", 401)):
                headers = {"Authorization": f"Bearer sandbox-{token}"}
                answer = await client.get(f"/api/v1/superuser/{path}", headers=headers)
                assert answer.status_code == status
        assert (await client.get("/health/instance")).status_code == 200
