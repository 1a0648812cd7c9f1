"""The real processes at a registry that enforces quotas: what a plan says of pushes is what then becomes of them."""

from typing import Any

import httpx
import pytest

from sandbox.quay.state import Organization
from tests.system.conftest import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
GIB = 1024**3
CAROL, BOB, DAVE = "U03CAROL", "U02BOB", "U04DAVE"


@pytest.fixture(scope="module")
def permissions() -> str:
    """Carol sets quotas and limits alone as long as nothing gets weaker, and may request the rest; Bob approves."""
    return """\
version: 1
workspace: T0SANDBOX
groups:
  approvers: [U02BOB]
  managers: [U03CAROL]
  staff: ["*"]
channels:
  admin: [C0REGADMIN]
rules:
  - {name: staff may look, who: [staff], may: [read]}
  - name: managers, as long as nothing gets weaker
    who: [managers]
    may: [quotas.change, limits.change]
    where: {enforcement: not_weaker}
  - {name: managers may request the rest, who: [managers], may_request: [quotas.change, limits.change]}
confirmations:
  - {for: [quotas.change, limits.change], where: {enforcement: not_weaker}, approvals: 0, expires: 10m}
  - {for: [change], approvers: [approvers], approvals: 1, expires: 1h}
quota_limits: {warn: [80], reject: 100}
"""


async def door(town: Town, method: str, path: str, **options: Any) -> Any:
    """Use the simulated Quay's own door."""
    async with httpx.AsyncClient(base_url=town.environment["QUAY_URL"]) as quay:
        return (await quay.request(method, f"/sandbox/quay/{path}", **options)).json()


async def push(town: Town, namespace: str, gib: int) -> str:
    """What becomes of a push of so many GiB: refused, warned of, or taken."""
    found = await door(town, "GET", f"push?namespace={namespace}&bytes={gib * GIB}")
    return "refused" if found["refused"] else "warned" if found["warned"] else "taken"


def organization(town: Town, name: str, used_gib: int) -> None:
    """A new one without a quota of its own."""
    found = Organization(town.registry.next_id(), name, f"{name}@example.com")
    found.quota_bytes, found.backfill = used_gib * GIB, "complete"
    town.registry.add(found)


async def sent(town: Town) -> list[str]:
    """The writes to quotas and limits since somebody last asked, in order."""
    requests = (await door(town, "GET", "requests"))["requests"]
    async with httpx.AsyncClient(base_url=town.environment["QUAY_URL"]) as quay:
        await quay.delete("/sandbox/quay/requests")
    return [
        f"{each['method']} {'limit' if '/limit' in each['path'] else 'quota'}"
        for each in requests
        if each["method"] != "GET" and "quota" in each["path"]
    ]


async def test_a_new_quota_gets_the_standard_limits_and_refuses_what_the_default_refused(town: Town) -> None:
    """One plan, one confirmation, three writes; the namespace was under the system default before."""
    organization(town, "fresh", 40)
    before = await door(town, "POST", "features", json={"default_quota_bytes": 50 * GIB})
    assert before["default_quota_bytes"] == 50 * GIB
    await town.say(CAROL, "/quay quota show fresh")
    await town.sees(
        CAROL, "fresh is at 80 % of the system default", "Pushes are refused at the system default, 50 GiB."
    )
    assert (await push(town, "fresh", 9), await push(town, "fresh", 10)) == ("taken", "refused")
    await sent(town)
    await town.say(CAROL, "/quay quota set fresh 45GiB")
    plan = await town.sees(
        CAROL,
        "*Quay today:* refuses pushes at the system default, 50 GiB",
        "*Quay then:* warns at 80%, refuses pushes at 100% (45 GiB)",
        "Its limits are the standard ones of permissions.yaml.",
        "change_confirm",
    )
    assert "🚨" not in str(plan)
    await town.press(CAROL, plan, "change_confirm")
    await town.sees(DAVE, "Quay confirms a quota of 45 GiB for fresh. Quay warns at 80%, refuses pushes at 100%")
    assert await sent(town) == ["POST quota", "POST limit", "POST limit"]
    assert (await push(town, "fresh", 4), await push(town, "fresh", 5)) == ("warned", "refused")


async def test_what_weakens_is_marked_and_takes_another_persons_approval(town: Town) -> None:
    """Carol may only request it; then, and no sooner, nothing stops the namespace."""
    await town.say(CAROL, "/quay quota set fresh 45GiB --no-reject")
    card = await town.sees(
        BOB, "🚨 *This weakens enforcement. Today, Quay refuses pushes at 100% (45 GiB).", "change_approve"
    )
    assert await push(town, "fresh", 5) == "refused"
    await town.press(BOB, card, "change_approve")
    await town.sees(DAVE, "✅", "Quay confirms a quota of 45 GiB for fresh. Quay warns at 80%, never refuses pushes.")
    assert await sent(town) == ["DELETE limit"]
    assert await push(town, "fresh", 500) == "warned"


async def test_without_full_access_the_default_is_not_lifted_by_accident(town: Town) -> None:
    """Limits can't be written then, so a quota of its own would refuse nothing."""
    organization(town, "locked", 10)
    await door(town, "POST", "features", json={"superusers_full_access": False})
    await town.say(CAROL, "/quay quota set locked 200GiB")
    await town.sees(
        CAROL,
        "A quota of its own would lift the system default of 50 GiB",
        "FEATURE_SUPERUSERS_FULL_ACCESS",
        "add --no-reject",
    )
    await town.say(CAROL, "/quay quota set locked 200GiB --no-reject")
    card = await town.sees(BOB, "Set the quota of locked to 200 GiB", "🚨", "change_approve")
    assert await sent(town) == []
    await town.press(BOB, card, "change_approve")
    await town.sees(DAVE, "✅", "Quay confirms a quota of 200 GiB for locked. Quay never refuses pushes")
    assert await sent(town) == ["POST quota"]
    assert await push(town, "locked", 500) == "taken"
    await door(town, "POST", "features", json={"superusers_full_access": True})


async def test_a_proxy_cache_and_a_registry_that_checks_nothing_are_told_as_such(town: Town) -> None:
    """In the plan, before anybody agrees."""
    organization(town, "mirror", 10)
    mirror = town.registry.organization("mirror")
    assert mirror is not None
    mirror.upstream_registry = "docker.io"
    await town.say(CAROL, "/quay quota set mirror 60GiB")
    await town.sees(CAROL, "Set the quota of mirror to 60 GiB", "It is a proxy cache: to stay within the quota")
    await door(town, "POST", "features", json={"verify_quota": False})
    await town.say(CAROL, "/quay quota set mirror 70GiB")
    await town.sees(
        CAROL,
        "Set the quota of mirror to 70 GiB",
        "*Quay today:* never refuses pushes (FEATURE_VERIFY_QUOTA is off)",
    )
    await door(town, "POST", "features", json={"verify_quota": True})
