"""Each feature of the simulated Quay can be switched, at the start and at run time; Quay's own defaults in one go."""

import httpx
import pytest

from sandbox.quay.features import Features
from sandbox.quay.seed import seed
from sandbox.quay.state import Quota, Registry
from tests.sandbox_quay.conftest import Serve

SUPERUSER = "/api/v1/superuser"
ORGANIZATION = "/api/v1/organization/library"
DEFAULTS = {
    "DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": 0,
    "FEATURE_AUTO_PRUNE": False,
    "FEATURE_EDIT_QUOTA": True,
    "FEATURE_MAILING": True,
    "FEATURE_QUOTA_MANAGEMENT": False,
    "FEATURE_REPO_MIRROR": False,
    "FEATURE_SUPERUSERS_FULL_ACCESS": False,
    "FEATURE_SUPERUSER_CONFIGDUMP": False,
    "FEATURE_SUPER_USERS": True,
    "FEATURE_VERIFY_QUOTA": True,
}


async def test_nearly_all_features_are_on_unless_said_otherwise(quay: httpx.AsyncClient) -> None:
    """Mailing is off: nothing here could send an email."""
    config = (await quay.get(f"{SUPERUSER}/config")).json()["config"]
    off = {name for name, value in config.items() if name.startswith("FEATURE_") and value is False}
    assert off == {"FEATURE_MAILING"}


async def test_quays_own_defaults_can_be_set_at_run_time(lab: Registry, quay: httpx.AsyncClient) -> None:
    """Whether background workers run is no setting of Quay, and stays."""
    shown = (await quay.post("/sandbox/quay/features/quay-defaults")).json()
    assert shown["background_workers"] is lab.features.background_workers is False
    assert (await quay.get(f"{SUPERUSER}/config")).status_code == 403
    await quay.post("/sandbox/quay/features", json={"config_dump": True})
    config = (await quay.get(f"{SUPERUSER}/config")).json()["config"]
    assert {name: config[name] for name in DEFAULTS} == {**DEFAULTS, "FEATURE_SUPERUSER_CONFIGDUMP": True}


async def test_a_registry_can_start_with_quays_own_defaults(serve: Serve) -> None:
    """Superusers see of organizations what everybody sees, nothing of quotas, and no configuration."""
    async with serve(seed(features=Features.quay_defaults())) as quay:
        quay.headers["Authorization"] = "Bearer sandbox-superuser"
        organization = (await quay.get("/api/v1/organization/team-alpha")).json()
        assert organization.keys() == {"name", "email", "avatar", "is_admin", "is_member"}
        assert (organization["email"], organization["is_admin"]) == ("", False)
        (listed,) = (await quay.get(f"{SUPERUSER}/organizations/", params={"limit": 1})).json()["organizations"]
        assert not listed.keys() & {"quotas", "quota_report"}
        assert (await quay.get(f"{SUPERUSER}/organization/team-alpha/quota")).status_code == 308
        assert (await quay.get(f"{SUPERUSER}/config")).status_code == 403
        assert (await quay.get(f"{SUPERUSER}/keys")).status_code == 200


@pytest.mark.parametrize(
    ("off", "path", "status"),
    [
        ("config_dump", f"{SUPERUSER}/config", 403),
        ("quota_management", f"{SUPERUSER}/organization/library/quota", 308),
        ("edit_quota", f"{SUPERUSER}/organization/library/quota", 308),
        ("quota_management", f"{ORGANIZATION}/quota/9/limit", 308),
        ("edit_quota", f"{ORGANIZATION}/quota", 308),
        ("repo_mirror", f"{SUPERUSER}/mirror/health", 308),
        ("repo_mirror", "/api/v1/repository/mirror/health", 404),
        ("super_users", f"{SUPERUSER}/keys", 308),
        *(
            ("superusers_full_access", path, 403)
            for path in (
                f"{ORGANIZATION}/applications",
                f"{ORGANIZATION}/logs",
                f"{ORGANIZATION}/members",
                f"{ORGANIZATION}/quota",
                f"{ORGANIZATION}/quota/9/limit",
                f"{ORGANIZATION}/team/owners/members",
                "/api/v1/repository/mirror/health",
            )
        ),
    ],
)
async def test_what_a_feature_that_is_off_takes_away(
    lab: Registry, quay: httpx.AsyncClient, off: str, path: str, status: int
) -> None:
    """A route that vanishes redirects to one with a slash; what only full access opens is forbidden."""
    lab.namespaces["library"].quota = Quota(9, 1000)
    assert (await quay.get(path)).status_code == 200
    await quay.post("/sandbox/quay/features", json={off: False})
    assert (await quay.get(path)).status_code == status
    if status == 403 and off == "superusers_full_access":
        reads_all = {"authorization": "Bearer global-readonly-superuser"}
        assert (await quay.get(path, headers=reads_all)).status_code == 200
