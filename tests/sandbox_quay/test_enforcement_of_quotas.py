"""Which pushes Quay refuses or warns of, by the limits of the namespace's quota and by the system default."""

import httpx
import pytest

from sandbox.quay.enforcement import check_push
from sandbox.quay.features import Features
from sandbox.quay.state import Backfill, Limit, LimitType, Organization, Quota, Registry

DEFAULT = Features(default_quota_bytes=50)
NO_DEFAULT = Features()
TYPES: dict[str, LimitType] = {"W": "Warning", "R": "Reject"}


def organization(use: int, *limits: tuple[str, int], size: int = 100) -> Organization:
    """One that uses so much of a quota of 100 bytes with these limits."""
    quota = Quota(1, size, [Limit(number, TYPES[letter], percent) for number, (letter, percent) in enumerate(limits)])
    return Organization(1, "team", "team@example.com", quota=quota, quota_bytes=use)


@pytest.mark.parametrize(
    ("limits", "use", "severity"),
    [
        ([], 500, None),
        ([("R", 100)], 99, None),
        ([("R", 100)], 100, "Reject"),
        ([("W", 80)], 500, "Warning"),
        ([("W", 80), ("R", 100)], 79, None),
        ([("W", 80), ("R", 100)], 80, "Warning"),
        ([("W", 80), ("R", 100)], 100, "Reject"),
        ([("R", 100), ("W", 80)], 500, "Reject"),
        ([("R", 90), ("W", 100)], 99, "Reject"),
        ([("R", 90), ("W", 100)], 100, "Warning"),
        ([("R", 50), ("R", 90)], 50, "Reject"),
        ([("W", 100), ("R", 100)], 100, "Warning"),
        ([("R", 100), ("W", 100)], 100, "Reject"),
    ],
)
def test_the_highest_limit_that_is_reached_decides_alone(
    limits: list[tuple[str, int]], use: int, severity: str | None
) -> None:
    """At equal percent the first one; without limits nothing is refused."""
    assert check_push(organization(use, *limits), NO_DEFAULT).severity == severity


@pytest.mark.parametrize(
    ("use", "own", "severity"),
    [(49, None, None), (50, None, "Reject"), (50, (), None), (99, (("R", 100),), None), (100, (("R", 100),), "Reject")],
)
def test_a_quota_of_its_own_hides_the_default(
    use: int, own: tuple[tuple[str, int], ...] | None, severity: str | None
) -> None:
    """Also one that refuses nothing, so that giving a namespace a quota can lift a refusal."""
    team = organization(use, *(own or ()))
    if own is None:
        team.quota = None
    assert check_push(team, DEFAULT).severity == severity


@pytest.mark.parametrize("backfill", ["waiting", "running", "complete"])
def test_what_is_stored_counts_though_it_is_still_being_counted(backfill: Backfill) -> None:
    """Quay does not wait for the backfill."""
    team = organization(100, ("R", 100))
    team.backfill = backfill
    assert check_push(team, NO_DEFAULT).refused


@pytest.mark.parametrize(
    ("features", "refused"),
    [
        (Features(), True),
        (Features(edit_quota=False), True),
        (Features(quota_management=False), False),
        (Features(verify_quota=False), False),
    ],
)
def test_which_features_it_takes(features: Features, refused: bool) -> None:
    """Whether quotas can be edited plays no part."""
    assert check_push(organization(100, ("R", 100)), features).refused is refused


@pytest.mark.parametrize(
    ("limits", "use", "added", "severity"),
    [
        ([("R", 100)], 90, 9, None),
        ([("R", 100)], 90, 10, "Reject"),
        ([("W", 80), ("R", 100)], 70, 10, "Warning"),
        ([("R", 90), ("W", 100)], 95, 10, "Reject"),
        ([("R", 90), ("W", 100)], 80, 30, "Warning"),
    ],
)
def test_an_upload_is_looked_at_before_and_with_what_it_adds(
    limits: list[tuple[str, int]], use: int, added: int, severity: str | None
) -> None:
    """What is refused at the start has no end."""
    assert check_push(organization(use, *limits), NO_DEFAULT, added).severity == severity


def test_a_threshold_of_no_bytes_is_never_reached() -> None:
    """One percent of 99 bytes is none, rounded down."""
    assert check_push(organization(99, ("R", 1), size=99), NO_DEFAULT).severity is None


async def test_the_door_says_whether_a_push_is_refused_and_why(lab: Registry, quay: httpx.AsyncClient) -> None:
    """With the limits as they are now, whoever made them."""

    async def push(namespace: str, **query: int) -> tuple[bool, bool, str]:
        found = (await quay.get("/sandbox/quay/push", params={"namespace": namespace, **query})).json()
        return found["refused"], found["warned"], found["why"]

    reader = lab.namespaces["reader"]
    reader.quota, reader.quota_bytes = Quota(9, 1000), 900
    assert await push("reader") == (
        False,
        False,
        "Its quota has no limits, so nothing is refused and nobody is warned.",
    )
    for type_, percent in (("Warning", 80), ("Reject", 100)):
        body = {"type": type_, "threshold_percent": percent}
        assert (await quay.post("/api/v1/organization/reader/quota/9/limit", json=body)).status_code == 201
    limit = "of 1,000 bytes, the highest limit reached."
    assert await push("user:reader") == (False, True, f"900 bytes reach its Warning at 80% {limit}")
    assert await push("reader", bytes=100) == (
        True,
        False,
        f"1,000 bytes reach its Reject at 100% {limit}",
    )
    await quay.post("/sandbox/quay/features", json={"verify_quota": False})
    assert await push("reader", bytes=100) == (False, False, "Quotas are not enforced: FEATURE_VERIFY_QUOTA off.")
    assert (await quay.get("/sandbox/quay/push", params={"namespace": "nobody"})).status_code == 400
