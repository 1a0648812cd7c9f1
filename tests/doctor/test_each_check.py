"""Every check of `doctor`: it passes where nothing is wrong, and names what is wrong where something is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.alerts.config import AlertsFile
from bot.doctor.check import Check, Setup
from bot.doctor.examination import CHECKS
from bot.model.checkup import Status
from bot.storage.doubts import DOUBT, Doubt
from bot.storage.processes import HEARTBEAT, PROCESSES, Process
from sandbox.slack.model import Channel
from tests.support.bench import ALERTS, Bench, secret
from tests.support.servers import served

Break = Callable[[Bench], Any]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.group} {check.name}")
async def test_it_passes_where_nothing_is_wrong(bench: Bench, check: Check) -> None:
    """Each of them."""
    result = await bench.look(check.group, check.name)
    assert result.status == "ok", result
    assert not result.todo


def archive(bench: Bench) -> None:
    bench.workspace.channels["C0REGOPS"].is_archived = True


def leave(bench: Bench) -> None:
    bench.workspace.channels["C0REGADMIN"].members.discard("U0BOT")


def leave_for_good(bench: Bench) -> None:
    leave(bench)
    bench.slack.scopes.discard("chat:write.public")


def share(bench: Bench) -> None:
    bench.workspace.channels["C0REGADMIN"].is_ext_shared = True


def features(**changes: Any) -> Break:
    """Quay configured otherwise."""

    def change(bench: Bench) -> None:
        bench.registry.features = replace(bench.registry.features, **changes)

    return change


def unreadable(**changes: Any) -> Break:
    """The same where Quay doesn't show its configuration."""
    return features(config_dump=False, **changes)


def groups(**named: list[str]) -> Break:
    return lambda bench: bench.write(groups={"approvers": ["U01ALICE", "U02BOB"], "staff": ["*"], **named})


def disable_group(bench: Bench) -> None:
    bench.workspace.groups["S0SECURITY"].is_disabled = True


def empty_group(bench: Bench) -> None:
    bench.workspace.groups["S0SECURITY"].users = []


def confirmed(**entry: Any) -> Break:
    entries = [{"for": ["change"], "approvers": ["approvers"], **entry}]
    return lambda bench: bench.write(confirmations=entries)


def mention_nobody(bench: Bench) -> None:
    route = {"namespaces": ["*"], "channel": "C0REGOPS", "mention": "S0ALERTS"}
    bench.alerts = AlertsFile.model_validate({**ALERTS, "quotas": {"routes": [route]}})


def app_token_without_scope(bench: Bench) -> None:
    bench.set(slack_app_token=secret("xapp-sandbox"))
    bench.slack.app_scopes.clear()


def tokens(**named: str) -> Break:
    """Other tokens for Quay."""
    return lambda bench: bench.set(**{name: secret(value) for name, value in named.items()})


def revoke(token: str) -> Break:
    return lambda bench: bench.faults.revoked_tokens.add(token)


def quay_at(url: str) -> Break:
    return lambda bench: bench.set(quay_url=httpx.URL(url))


def many_channels(bench: Bench) -> None:
    ids = [f"C0MANY{number:02}" for number in range(45)]
    bench.workspace.channels |= {each: Channel(each, each.lower(), {"U0BOT"}) for each in ids}
    bench.write(channels={"admin": ids})


def unreachable_slack(bench: Bench) -> None:
    bench.set(slack_api_url=httpx.URL("http://127.0.0.1:1/api/"))


SLACK: list[tuple[str, Break, Status, str, str]] = [
    (
        "bot token",
        lambda b: b.slack.refused_tokens.update({b.slack.bot_token: "token_revoked"}),
        "failed",
        "Slack refuses SLACK_BOT_TOKEN (token_revoked).",
        "OAuth & Permissions",
    ),
    ("bot token", unreachable_slack, "failed", "Slack can't be reached", "SLACK_API_URL"),
    (
        "scopes",
        lambda b: b.slack.scopes.discard("files:write"),
        "failed",
        "files:write is missing. The bot needs it to send a list or a build log as a file.",
        "reinstall",
    ),
    ("scopes", unreachable_slack, "warning", "Not checked: Slack doesn't take the bot token", ""),
    (
        "workspace",
        lambda b: b.write(workspace="T0OTHER"),
        "failed",
        "The bot token is from T0SANDBOX, and permissions.yaml says T0OTHER",
        "workspace: T0SANDBOX",
    ),
    (
        "app token",
        lambda b: b.set(slack_app_token=secret("xapp-other")),
        "failed",
        "Slack refuses SLACK_APP_TOKEN (invalid_auth).",
        "connections:write",
    ),
    ("app token", lambda b: b.set(slack_app_token=secret("xoxb-sandbox")), "failed", "isn't an app-level token", ""),
    (
        "app token",
        app_token_without_scope,
        "failed",
        "SLACK_APP_TOKEN doesn't have the scope connections:write.",
        "connections:write",
    ),
    ("app token", lambda b: b.set(slack_app_token=secret("xapp-sandbox")), "ok", "Socket Mode can be used.", ""),
    ("clock", lambda b: setattr(b, "ahead", timedelta(minutes=2)), "warning", "s ahead of Slack's.", "NTP"),
    ("channels", archive, "failed", "#registry-ops (C0REGOPS) is archived.", "Unarchive"),
    ("channels", leave, "warning", "The bot isn't in #registry-admin (C0REGADMIN)", "/invite"),
    ("channels", leave_for_good, "failed", "isn't in #registry-admin (C0REGADMIN) and can't post there.", "/invite"),
    ("channels", share, "warning", "#registry-admin (C0REGADMIN) is shared with another company", "your own"),
    (
        "channels",
        lambda b: b.write(channels={"admin": ["G0SECRET"]}),
        "failed",
        "G0SECRET isn't there, or is private and the bot isn't in it.",
        "/invite",
    ),
    ("channels", many_channels, "warning", "6 more channels are not checked", ""),
    ("user groups", groups(more=["S0NOWHERE"]), "failed", "User group S0NOWHERE isn't there.", "Correct"),
    ("user groups", mention_nobody, "failed", "User group S0ALERTS isn't there.", "Correct"),
    ("user groups", disable_group, "failed", "User group @security (S0SECURITY) is disabled.", "Enable"),
    ("user groups", empty_group, "warning", "User group @security (S0SECURITY) has no members.", "Add"),
    ("user groups", lambda b: setattr(b.workspace, "has_user_groups", False), "warning", "plan_upgrade_required", ""),
    ("people", groups(more=["zoe@example.com"]), "failed", "Nobody in the workspace has zoe@example.com.", "Correct"),
    ("people", groups(more=["U0NOBODY"]), "failed", "Nobody in the workspace has U0NOBODY.", "Correct"),
    ("people", groups(more=["U06LEFT"]), "failed", "U06LEFT is deactivated, and can't do anything.", "Take them out"),
    ("people", groups(more=["gus@guests.example"]), "failed", "gus@guests.example is a guest", "Take them out"),
    (
        "approvers",
        confirmed(approvals=3),
        "failed",
        "Confirmation 1 (for change) needs 3 approvals, and approvers has 2 people",
        "Add approvers",
    ),
    ("approvers", confirmed(approvals=2), "warning", "none of them can get their own request approved", "Add"),
    ("approvers", confirmed(approvals=2, self_approval=True), "ok", "All 1 confirmations", ""),
    ("approvers", groups(approvers=["U06LEFT", "gus@guests.example"]), "failed", "approvers has no people", "Add"),
]


@pytest.mark.parametrize(("name", "break_it", "status", "found", "todo"), SLACK)
async def test_what_is_wrong_with_slack_is_named(
    bench: Bench, name: str, break_it: Break, status: Status, found: str, todo: str
) -> None:
    """With what to do."""
    break_it(bench)
    result = await bench.look("Slack", name)
    assert result.status == status, result
    assert found in result.found
    assert todo in result.todo


async def test_refused_deliveries_are_named(bench: Bench, kept_redis: str) -> None:
    """As the process that refuses them suspects."""
    doubt = Doubt(suspect="secret", refused=7, since=datetime.now(UTC))
    async with Redis.from_url(kept_redis) as redis:
        await redis.set(DOUBT, doubt.model_dump_json())
    result = await bench.look("Slack", "deliveries")
    assert (result.status, result.found) == (
        "failed",
        "A process has refused 7 of Slack's requests and accepted none.",
    )
    assert "SLACK_SIGNING_SECRET is probably wrong." in result.todo


QUAY: list[tuple[str, Break, Status, str, str]] = [
    (
        "address",
        quay_at("http://127.0.0.1:1/"),
        "failed",
        "Quay can't be reached",
        "QUAY_URL",
    ),
    (
        "address",
        features(super_users=False),
        "failed",
        "isn't Quay's superuser API",
        "FEATURE_SUPER_USERS",
    ),
    ("TLS", quay_at("http://quay.test/"), "warning", "without TLS", "https://"),
    (
        "hostname",
        features(server_hostname="quay.example.com"),
        "warning",
        "Quay is called quay.example.com",
        "QUAY_URL",
    ),
    ("hostname", unreadable(), "ok", "Quay doesn't say what it is called", ""),
    ("clock", lambda b: setattr(b, "ahead", -timedelta(minutes=3)), "warning", "s behind Quay's.", "NTP"),
    (
        "token",
        revoke("sandbox-superuser"),
        "failed",
        "wrong, expired or revoked",
        "QUAY_TOKEN",
    ),
    (
        "token",
        tokens(quay_token="sandbox-noscope"),
        "failed",
        "doesn't have the scope super:user",
        "QUAY_TOKEN",
    ),
    (
        "token",
        tokens(quay_token="sandbox-user"),
        "failed",
        "or its owner isn't a superuser",
        "QUAY_TOKEN",
    ),
    (
        "token",
        tokens(quay_token="sandbox-readonly"),
        "failed",
        "a read-only superuser's: the bot can't",
        "",
    ),
    ("token", features(superusers_full_access=False), "ok", "QUAY_TOKEN is a superuser's.", ""),
    ("read token", lambda b: b.set(quay_read_token=None), "ok", "QUAY_READ_TOKEN isn't set", ""),
    (
        "read token",
        tokens(quay_read_token="sandbox-superuser"),
        "warning",
        "the same as QUAY_TOKEN",
        "read-only",
    ),
    (
        "read token",
        revoke("sandbox-readonly"),
        "failed",
        "QUAY_READ_TOKEN is wrong",
        "read-only",
    ),
    ("features", features(quota_management=False), "warning", "FEATURE_QUOTA_MANAGEMENT is off", "config.yaml"),
    (
        "features",
        features(superusers_full_access=False),
        "warning",
        "FEATURE_SUPERUSERS_FULL_ACCESS is off",
        "config.yaml",
    ),
    ("features", features(readonly=True), "failed", "read-only mode", "REGISTRY_STATE"),
    ("features", features(authentication="LDAP"), "warning", "Users come from LDAP", ""),
    ("features", unreadable(), "warning", "FEATURE_SUPERUSER_CONFIGDUMP is off", "config.yaml"),
    ("features", unreadable(quota_management=False), "warning", "FEATURE_QUOTA_MANAGEMENT is off", "config.yaml"),
    ("features", unreadable(superusers_full_access=False), "warning", "FEATURE_SUPERUSERS_FULL_ACCESS is off", ""),
    (
        "features",
        revoke("sandbox-superuser"),
        "warning",
        "Not checked: Quay doesn't take",
        "",
    ),
    ("operations", unreadable(), "warning", "getConfigDump: no (", ""),
    ("operations", features(quota_management=False), "warning", "20 of 28 operations are allowed", ""),
    (
        "operations",
        features(authentication="LDAP"),
        "warning",
        "createInstallUser: no, inferred (users come from LDAP)",
        "",
    ),
    (
        "operations",
        tokens(quay_token="sandbox-readonly"),
        "warning",
        "deleteServiceKey: no, inferred",
        "",
    ),
]


@pytest.mark.parametrize(("name", "break_it", "status", "found", "todo"), QUAY)
async def test_what_is_wrong_with_quay_is_named(
    bench: Bench, name: str, break_it: Break, status: Status, found: str, todo: str
) -> None:
    """With what to do."""
    break_it(bench)
    result = await bench.look("Quay", name)
    assert result.status == status, result
    assert found in result.found
    assert todo in result.todo


async def test_writes_are_marked_as_inferred(bench: Bench) -> None:
    """What was asked isn't."""
    details = (await bench.look("Quay", "operations")).details
    assert len(details) == 28
    assert details["listAllUsers"] == details["listUserQuotaSuperUser"] == "yes"
    assert details["deleteOrganization"] == details["getServiceKey"] == "yes, inferred"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (
            RedirectResponse("https://quay.example.com/api/v1/superuser/registrysize/"),
            "redirects to https://quay.example.com.",
        ),
        (Response("<h1>Bad gateway</h1>", 502), "answers 502"),
        (JSONResponse({"hello": "world"}), "isn't Quay's superuser API"),
    ],
)
async def test_an_address_that_is_not_quays_is_named(bench: Bench, answer: Response, found: str) -> None:
    """A redirect names the address to set."""

    async def anything(_: Request) -> Response:
        return answer

    async with served(Starlette(routes=[Route("/{path:path}", anything)])) as url:
        bench.set(quay_url=httpx.URL(url))
        result = await bench.look("Quay", "address")
    assert (result.status, found in result.found) == ("failed", True), result
    assert result.todo


async def test_a_check_that_breaks_says_so(bench: Bench) -> None:
    """And doesn't keep the others from being made."""

    async def broken(_: Setup) -> Any:
        raise KeyError("x")

    check = Check("odd", "Quay", "", broken)
    result = await check.run(None)  # type: ignore[arg-type]  # it isn't looked at
    assert (result.status, result.found) == ("failed", "The check itself failed (KeyError).")


async def test_nothing_that_could_change_something_is_sent(bench: Bench) -> None:
    """To Quay: GETs alone."""
    for check in CHECKS:
        if check.group == "Quay":
            await bench.look("Quay", check.name)
    async with httpx.AsyncClient(base_url=str(bench.settings.quay_url)) as http:
        asked = (await http.get("/sandbox/quay/requests")).json()["requests"]
    assert {one["method"] for one in asked} == {"GET"}
    assert len(asked) > 10


async def test_files_with_errors_are_named(bench: Bench) -> None:
    """What depends on them isn't checked."""
    bench.policy, bench.file_problems = None, {"permissions.yaml": ["permissions.yaml:3: unknown group"]}
    result = await bench.look("Settings", "permissions file")
    assert (result.status, result.found) == ("failed", "permissions.yaml:3: unknown group")
    assert "quaymaster check" in result.todo
    for name in ("workspace", "people", "approvers"):
        assert (await bench.look("Slack", name)).found == "Not checked: permissions.yaml has errors."


async def test_settings_that_are_not_safe_are_named(bench: Bench) -> None:
    """As at start."""
    bench.set(secret_key=None)
    result = await bench.look("Settings", "settings")
    assert (result.status, "SECRET_KEY is not set" in result.found) == ("warning", True)


async def test_a_worker_that_is_gone_is_named(bench: Bench, kept_redis: str) -> None:
    """So is one that never was."""
    bench.ahead = timedelta(minutes=5)
    result = await bench.look("Processes", "worker")
    assert (result.status, result.found) == ("failed", "No worker has run for 5 minutes: approved changes are waiting.")
    async with Redis.from_url(kept_redis) as redis:
        await redis.delete(HEARTBEAT)
    assert (await bench.look("Processes", "worker")).found.startswith("No worker has ever run")
    assert (await bench.look("Processes", "versions")).found == "No process says that it runs."


async def test_processes_of_different_versions_are_named(bench: Bench, kept_redis: str) -> None:
    """Each with its host; what this version can't read is left out."""
    old = Process(kind="serve", version="0.0.9", host="web-1", pid=7).model_dump_json()
    async with Redis.from_url(kept_redis) as redis:
        await redis.zadd(PROCESSES, {old: datetime.now(UTC).timestamp(), "{}": datetime.now(UTC).timestamp()})
    result = await bench.look("Processes", "versions")
    assert result.status == "warning"
    assert "serve 0.0.9 on web-1 (7)" in result.found
