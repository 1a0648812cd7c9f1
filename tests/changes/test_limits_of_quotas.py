"""Limits that make no sense, standard limits, plans that no longer fit, and a Quay that shows or lets through less."""

from typing import Any

import pytest

from bot.permissions import Policy
from sandbox.quay.faults import Failure, OddEntries
from sandbox.quay.state import Limit, Organization, Quota
from tests.support.quotas import ALONE, GIB, prepare, pushes, writes_sent
from tests.support.world import POLICY, World, text_of

STANDARD = {"warn": [80], "reject": 100}


async def refused(world: World, text: str) -> str:
    """What Carol is answered where nothing is proposed."""
    answer = await world.type("U0CAROL", text)
    assert answer is not None
    assert await world.confirmations.waiting() == []
    assert await writes_sent(world) == []
    return text_of(answer)


async def planned(world: World, text: str) -> str:
    """What Carol is shown where something is proposed."""
    answer = await world.type("U0CAROL", text)
    assert answer is not None
    assert len(await world.confirmations.waiting()) == 1, answer.text
    return text_of(answer).replace("\\n", "\n")


async def confirm(world: World) -> tuple[str, str]:
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_confirm", record.id)
    (ended,) = await world.work()
    return ended.state.value, ended.note


@pytest.mark.parametrize(
    ("state", "options", "said"),
    [
        ("none", "--warn 90 --reject 90", "A warning at 90% would switch off the reject at 90%."),
        ("none", "--warn 95 --reject 90", "A warning at 95% would switch off the reject at 90%."),
        ("none", "--reject 90 --no-reject", "Use either --reject or --no-reject."),
        ("own with limits", "--reject 80", "A warning at 80% is already there and would switch off a reject at 80%."),
        ("own with limits", "--warn 100", "would switch off the reject at 100% that is already there."),
        ("a warning above the reject", "--reject 95", "A warning at 100% is already there"),
        ("two rejects", "--warn 95", "would switch off the reject at 90% that is already there."),
    ],
)
async def test_a_warning_at_or_above_the_reject_is_refused(world: World, state: str, options: str, said: str) -> None:
    """Quay would take it, and then refuse nothing; what is there already counts too."""
    prepare(world, state)
    assert said in await refused(world, f"quota set team-alpha 200GiB {options}")


async def test_a_second_reject_is_never_made(world: World) -> None:
    """The one that is typed takes the place of all that are there, which the plan shows."""
    namespace = prepare(world, "two rejects")
    shown = await planned(world, "quota set team-alpha 100GiB --reject 95")
    assert "*Limits:* warning 80%, reject 90%, reject 100% → *warning 80%, reject 95%*" in shown
    assert "This weakens enforcement. Today, Quay refuses pushes at 90% (90 GiB)." in shown
    assert (await confirm(world))[0] == "done"
    assert namespace.quota
    assert sorted((limit.type, limit.percent) for limit in namespace.quota.limits) == [("Reject", 95), ("Warning", 80)]


async def test_limits_alone_can_change(world: World) -> None:
    """The size that is there is no change; without options it would be pointless."""
    namespace = prepare(world, "own with limits")
    assert "is already 100 GiB, with limits: warning 80%, reject 100%." in await refused(
        world, "quota set team-alpha 100GiB --reject 100"
    )
    shown = await planned(world, "quota set team-alpha 100GiB --warn 50 --warn 70")
    assert "Change the limits of team-alpha's quota" in shown
    assert (await confirm(world))[0] == "done"
    assert await writes_sent(world) == ["PUT limit", "POST limit"]
    assert pushes(world, namespace) == "wwwRRR"


@pytest.mark.parametrize(
    ("state", "text", "limits"),
    [
        ("none", "quota set team-alpha 100GiB", ["Reject 100", "Warning 80"]),
        ("default", "quota set team-alpha 100GiB", ["Reject 100", "Warning 80"]),
        ("none", "quota set team-alpha 100GiB --warn 70", ["Warning 70"]),
        ("none", "quota set team-alpha 100GiB --no-reject", []),
        ("own without limits", "quota set team-alpha 200GiB", []),
        ("own with limits", "quota set team-alpha 200GiB --reject 90", ["Reject 90", "Warning 80"]),
    ],
)
async def test_standard_limits_are_those_of_a_new_quota_that_names_none(
    world: World, state: str, text: str, limits: list[str]
) -> None:
    """On a quota that is there, what is not typed stays."""
    namespace = prepare(world, state)
    world.policy = Policy.model_validate({**ALONE, "quota_limits": STANDARD})
    shown = await planned(world, text)
    assert ("Its limits are the standard ones of permissions.yaml." in shown) is (
        limits == ["Reject 100", "Warning 80"]
    )
    assert (await confirm(world))[0] == "done"
    assert namespace.quota
    assert sorted(f"{limit.type} {limit.percent}" for limit in namespace.quota.limits) == limits


async def test_standard_limits_that_change_before_the_click_make_the_plan_stale(world: World) -> None:
    """Nothing is done that was not shown."""
    namespace = prepare(world, "none")
    world.policy = Policy.model_validate({**ALONE, "quota_limits": STANDARD})
    await planned(world, "quota set team-alpha 100GiB")
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_confirm", record.id)
    world.policy = Policy.model_validate({**ALONE, "quota_limits": {"reject": 90}})
    (ended,) = await world.work()
    assert (ended.state, namespace.quota) == ("stale", None)


async def test_without_full_access_standard_limits_are_said_to_be_left_out(world: World) -> None:
    """Where no default would be lifted, the quota is still made."""
    prepare(world, "none", full_access=False)
    world.policy = Policy.model_validate({**ALONE, "quota_limits": STANDARD})
    shown = await planned(world, "quota set team-alpha 100GiB")
    assert "It gets no limits: superusers' full access is off in Quay (FEATURE_SUPERUSERS_FULL_ACCESS)." in shown
    assert (await confirm(world))[0] == "done"
    assert await writes_sent(world) == ["POST quota"]


def move_a_limit(world: World, namespace: Organization) -> None:
    assert namespace.quota
    namespace.quota.limits[0].percent = 60


def add_a_limit(world: World, namespace: Organization) -> None:
    assert namespace.quota
    namespace.quota.limits.append(Limit(77, "Warning", 100))


def delete_the_quota(world: World, namespace: Organization) -> None:
    namespace.quota = None


def make_it_anew(world: World, namespace: Organization) -> None:
    namespace.quota = Quota(901, 100 * GIB, [Limit(1000, "Warning", 80), Limit(1001, "Reject", 100)])


def set_a_default(world: World, namespace: Organization) -> None:
    world.registry.features.default_quota_bytes = 5 * GIB


def stop_checking(world: World, namespace: Organization) -> None:
    world.registry.features.verify_quota = False


@pytest.mark.parametrize("text", ["quota set team-alpha 200GiB", "quota delete team-alpha"])
@pytest.mark.parametrize(
    "meanwhile", [move_a_limit, add_a_limit, delete_the_quota, make_it_anew, set_a_default, stop_checking]
)
async def test_what_changes_between_plan_and_click_makes_the_plan_stale(
    world: World, text: str, meanwhile: Any
) -> None:
    """Limits and the default are part of what a plan rests on."""
    namespace = prepare(world, "own with limits")
    await planned(world, text)
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_confirm", record.id)
    meanwhile(world, namespace)
    (ended,) = await world.work()
    assert (ended.state, await writes_sent(world)) == ("stale", [])


async def test_where_quay_does_not_check_quotas_nothing_is_said_to_be_refused(world: World) -> None:
    """Neither before nor after; so nothing is weakened either."""
    prepare(world, "own with limits")
    world.registry.features.verify_quota = False
    shown = await planned(world, "quota set team-alpha 10GiB --no-reject")
    assert "*Quay today:* never refuses pushes (FEATURE_VERIFY_QUOTA is off)" in shown
    assert "🚨" not in shown
    assert "Usage (40 GiB) exceeds the new quota. Quay doesn't block pushes here." in shown


@pytest.mark.parametrize("full_access", [True, False])
async def test_where_the_configuration_is_hidden_full_access_and_the_default_are_seen_otherwise(
    world: World, full_access: bool
) -> None:
    """By a read that needs full access, and by a user who has no quota of their own."""
    prepare(world, "default", full_access=full_access)
    world.registry.features.config_dump = False
    if full_access:
        shown = await planned(world, "quota set team-alpha 200GiB --reject 90")
        assert "*Quay today:* refuses pushes at the system default, 100 GiB" in shown
        assert "🚨" not in shown
    else:
        said = await refused(world, "quota set team-alpha 200GiB")
        assert "A quota of its own would lift the system default of 100 GiB" in said
        assert "add --no-reject" in said


async def test_of_a_users_namespace_full_access_is_seen_at_an_organization(world: World) -> None:
    """The organizations' own quota route takes no users."""
    prepare(world, "default", full_access=False)
    world.registry.features.config_dump = False
    name = next(user.name for user in world.registry.users() if user.quota is None)
    assert "the bot can't set a reject limit here" in await refused(world, f"quota set user:{name} 5GiB")


@pytest.mark.parametrize(
    ("state", "text", "alarm"),
    [
        ("none", "quota set team-alpha 90GiB", "may weaken"),
        ("none", "quota set team-alpha 90GiB --reject 100", ""),
        ("own with limits", "quota delete team-alpha", "may weaken"),
        ("own without limits", "quota delete team-alpha", ""),
        ("own with limits", "quota set team-alpha 90GiB", ""),
    ],
)
async def test_a_default_that_nobody_can_see_is_no_default_that_is_not_there(
    world: World, state: str, text: str, alarm: str
) -> None:
    """What hangs on it is called possible, and matches no `not_weaker`."""
    prepare(world, state, full_access=True)
    world.registry.features.config_dump = False
    for user in world.registry.users():
        user.quota = user.quota or Quota(7000 + user.id, GIB)
    namespace = world.registry.organization("team-alpha")
    assert namespace is not None
    world.faults.failures.append(Failure(kind="forbidden", method="GET", path="/api/v1/organization/team-alpha"))
    shown = await planned(world, text)
    assert ("🚨 *This may weaken enforcement: Quay doesn't show whether there is a system default.*" in shown) is bool(
        alarm
    )
    (record,) = await world.confirmations.waiting()
    assert record.offer.facts["enforcement_now"] == (None if alarm else "not_weaker")


@pytest.mark.parametrize("state", ["own with limits", "two rejects"])
async def test_after_a_deletion_nothing_is_claimed_of_a_default_that_nobody_can_see(world: World, state: str) -> None:
    """Neither by the plan nor by what was read back: Quay may go on refusing."""
    namespace = prepare(world, state)
    namespace.quota_bytes = 150 * GIB
    world.registry.features.config_dump = False
    world.registry.features.default_quota_bytes = 100 * GIB
    for user in world.registry.users():
        user.quota = user.quota or Quota(7000 + user.id, GIB)
    shown = await planned(world, "quota delete team-alpha")
    assert "🚨" in shown
    assert "Pushes are blocked today. Whether they will be accepted again is up to the system default." in shown
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_confirm", record.id)
    (done,) = await world.work()
    assert done.state == "done"
    assert "Quay refuses pushes at the system default, if there is one." in done.note
    assert "never refuses" not in shown + done.note
    assert "They will be accepted again" not in shown


async def test_a_report_that_names_no_default_hides_none_that_is_configured(world: World) -> None:
    """An odd null in the namespace's report is no reason to call a lifted default kept."""
    prepare(world, "default")
    world.faults.odd_entries.append(OddEntries("quota_report.configured_quota", operation="getOrganization"))
    shown = await planned(world, "quota set team-alpha 200GiB")
    assert "🚨 *This weakens enforcement." in shown
    (record,) = await world.confirmations.waiting()
    assert record.offer.facts["enforcement_now"] == "weaker"


async def test_a_proxy_cache_is_told_what_quay_does_with_its_quota(world: World) -> None:
    """Quay prunes it by the quota alone, whatever its limits."""
    namespace = prepare(world, "none")
    said = "It is a proxy cache: to stay within the quota, Quay removes cached tags, oldest first"
    assert said not in await planned(world, "quota set team-alpha 100GiB")
    (record,) = await world.confirmations.waiting()
    await world.click("U0CAROL", "change_cancel", record.id)
    namespace.upstream_registry = "docker.io"
    answer = await world.type("U0CAROL", "quota set team-alpha 100GiB", delivery="d2")
    assert answer is not None
    assert said in text_of(answer)


BOUND = {
    **POLICY,
    "rules": [
        {
            "name": "nothing weaker",
            "who": ["managers"],
            "may": ["quotas.change", "limits.change"],
            "where": {"enforcement": "not_weaker"},
        },
        {"name": "or request it", "who": ["managers"], "may_request": ["quotas.change"]},
    ],
    "confirmations": [
        {"for": ["quotas.change", "limits.change"], "where": {"enforcement": "not_weaker"}, "approvals": 0},
        {"for": ["change"], "approvals": 1, "approvers": ["approvers"]},
    ],
}


@pytest.mark.parametrize(
    ("state", "text", "needed"),
    [
        ("own with limits", "quota set team-alpha 200GiB", 0),
        ("own with limits", "quota set team-alpha 200GiB --reject 90", 0),
        ("default", "quota set team-alpha 50GiB --reject 100", 0),
        ("default", "quota set team-alpha 50GiB", 1),
        ("own with limits", "quota delete team-alpha", 1),
        ("own with limits, default", "quota delete team-alpha", 0),
    ],
)
async def test_what_is_weaker_falls_to_the_stricter_rule_and_entry(
    world: World, state: str, text: str, needed: int
) -> None:
    """Decided by the plan, and again at the click and the claim."""
    prepare(world, state)
    world.policy = Policy.model_validate(BOUND)
    await world.type("U0CAROL", text)
    (record,) = await world.confirmations.waiting()
    assert record.offer.needed == needed
    if needed:
        await world.click("U0BOB", "change_approve", record.id)
    else:
        await world.click("U0CAROL", "change_confirm", record.id)
    (done,) = await world.work()
    assert done.state == "done"


async def test_removing_a_limit_takes_the_right_to(world: World) -> None:
    """Who may request quotas may not therefore request that a reject goes."""
    prepare(world, "own with limits")
    world.policy = Policy.model_validate(BOUND)
    said = await refused(world, "quota set team-alpha 100GiB --no-reject")
    assert "It takes deleteOrganizationQuotaLimit as well. No rule allows it." in said


@pytest.mark.parametrize("right", ["quotas.change", "change"])
async def test_a_right_from_before_there_were_limits_gives_no_more_than_then(world: World, right: str) -> None:
    """Sizes, but no limits, be they typed or standard."""
    prepare(world, "own with limits")
    rules = [{"name": "sizes", "who": ["managers"], "may": [right]}]
    world.policy = Policy.model_validate({**ALONE, "rules": rules})
    for options in ("--reject 90", "--no-reject", "--warn 70"):
        said = await refused(world, f"quota set team-alpha 200GiB {options}")
        assert "No rule allows it." in said
    await planned(world, "quota set team-alpha 200GiB")
    assert (await confirm(world))[0] == "done"


async def test_a_deny_of_limits_stops_a_change_that_takes_them(world: World) -> None:
    """Also at the click, by whoever is to approve."""
    prepare(world, "own with limits")
    deny = {"name": "no limits", "who": ["managers"], "deny": ["limits"]}
    world.policy = Policy.model_validate({**ALONE, "rules": [*ALONE["rules"], deny]})
    assert "The rule “no limits” forbids it." in await refused(world, "quota set team-alpha 200GiB --reject 90")
    world.policy = Policy.model_validate(ALONE)
    await planned(world, "quota set team-alpha 200GiB --reject 90")
    (record,) = await world.confirmations.waiting()
    world.policy = Policy.model_validate({**ALONE, "rules": [*ALONE["rules"], deny]})
    answer = await world.click("U0CAROL", "change_confirm", record.id)
    assert answer is not None
    assert "The rule “no limits” forbids it." in text_of(answer.message)
    assert await world.work() == []


async def test_the_stricter_confirmation_of_size_and_limits_is_the_one(world: World) -> None:
    """Where both ask for as many, the one of the limits."""
    prepare(world, "own with limits")
    entries: list[dict[str, Any]] = [
        {"for": ["quotas.change"], "approvals": 1, "approvers": ["admins"]},
        {"for": ["change"], "approvals": 1, "approvers": ["approvers"]},
    ]
    world.policy = Policy.model_validate({**ALONE, "confirmations": entries})
    await world.type("U0CAROL", "quota set team-alpha 200GiB", delivery="d1")
    await world.type("U0CAROL", "quota set team-alpha 200GiB --reject 90", delivery="d2")
    asked = {record.offer.also: record.offer.approvers for record in await world.confirmations.waiting()}
    assert asked == {(): ("admins",), ("changeOrganizationQuotaLimit",): ("approvers",)}
