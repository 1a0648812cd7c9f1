"""`quaymaster doctor` as a process and `/quay doctor`, with faults planted in Slack, Quay and Redis."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.doctor.redis_server import COMMANDS
from tests.system.conftest import ADMIN, ALERTS, PERMISSIONS, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
FROM_THE_TESTS = frozenset({"flushdb", "dbsize", "select", "client|setinfo", "client|setname", "hello", "config|set"})
"""Commands of the tests and of the client library, which ignores it if it can't send them."""


@pytest.fixture(scope="module")
def permissions() -> str:
    """Carol has the permission, nobody else."""
    rule = "  - {name: managers may examine, who: [managers], may: [doctor]}\n"
    return PERMISSIONS.replace("confirmations:\n", f"{rule}confirmations:\n")


async def doctor(environment: dict[str, str], *options: str) -> tuple[int | None, str]:
    """The exit status and the output of the command."""
    command = [sys.executable, "-m", "bot.cli", "doctor", *options]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()


async def test_nothing_has_failed_in_a_town_that_works(town: Town) -> None:
    """Exit status 0; both processes are seen, and what is no more than a warning doesn't count."""
    status, output = await doctor(town.environment)
    assert status == 0, output
    assert "failed" not in output
    assert "Processes: worker" in output
    assert "serve " in output
    assert "worker " in output


async def test_only_those_with_the_permission_can_ask(town: Town) -> None:
    """The findings go to them alone, worst first."""
    await town.say("U04DAVE", "/quay doctor")
    await town.sees("U04DAVE", "You may not do this here.")
    await town.say("U03CAROL", "/quay doctor")
    seen = await town.sees("U03CAROL", "checks:", "Settings: settings", "SECRET_KEY is not set")
    assert "⚠️" in str(seen)
    shown = await town.page.get("/sandbox/slack/messages", params={"channel": ADMIN, "user": "U04DAVE"})
    assert "SECRET_KEY is not set" not in shown.text


async def test_ten_faults_are_each_named(town: Town, tmp_path: Path) -> None:
    """Each with what to do; the exit status is 1."""
    planted = town.environment | {
        "PERMISSIONS_FILE": str(tmp_path / "permissions.yaml"),
        "ALERTS_FILE": str(tmp_path / "alerts.yaml"),
        "QUAY_TOKEN": "sandbox-readonly",
        "QUAY_READ_TOKEN": "sandbox-noscope",
    }
    file = PERMISSIONS.replace("workspace: T0SANDBOX", "workspace: T0OTHER")
    file = file.replace("alice@example.com", "zoe@example.com").replace("approvals: 1, expires: 24h", "approvals: 2")
    (tmp_path / "permissions.yaml").write_text(file, encoding="utf-8")
    (tmp_path / "alerts.yaml").write_text(ALERTS.replace("channel: C0ML", "channel: G0SECRET"), encoding="utf-8")
    await town.switch("scopes", remove=["files:write"])
    await town.switch("channel", id="C0REGADMIN", is_archived=True)
    await town.switch("group", id="S0SECURITY", is_disabled=True)
    town.registry.features.readonly = True
    async with Redis.from_url(town.redis_url) as redis:
        kept = (await redis.config_get("maxmemory-policy"))["maxmemory-policy"]
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            status, output = await doctor(planted, "--json")
        finally:
            await redis.config_set("maxmemory-policy", kept)
            town.registry.features.readonly = False
            await town.switch("group", id="S0SECURITY", is_disabled=False)
            await town.switch("channel", id="C0REGADMIN", is_archived=False)
            await town.switch("scopes", add=["files:write"])
    found: dict[tuple[str, str], Any] = {(each["group"], each["name"]): each for each in json.loads(output)}
    failed = {key: each["found"] for key, each in found.items() if each["status"] == "failed"}
    assert status == 1
    assert all(each["todo"] for each in found.values() if each["status"] == "failed")
    for key, said in {
        ("Slack", "scopes"): "files:write is missing",
        ("Slack", "workspace"): "permissions.yaml says T0OTHER",
        ("Slack", "channels"): "#registry-admin (C0REGADMIN) is archived",
        ("Slack", "user groups"): "@security (S0SECURITY) is disabled",
        ("Slack", "people"): "Nobody in the workspace has zoe@example.com",
        ("Slack", "approvers"): "nobody can get it approved",
        ("Quay", "token"): "a read-only superuser's",
        ("Quay", "read token"): "QUAY_READ_TOKEN doesn't have the scope super:user",
        ("Quay", "features"): "read-only mode",
        ("Redis", "eviction"): "maxmemory-policy is allkeys-lru",
    }.items():
        assert said in failed.pop(key), key
    assert not failed
    assert "G0SECRET isn't there" in found["Slack", "channels"]["found"]


async def test_settings_that_can_not_be_used_are_a_finding(town: Town) -> None:
    """All at once, with exit status 1; an address with a path is named too."""
    status, output = await doctor(town.environment | {"QUAY_URL": "https://quay.test/api/v1", "SLACK_BOT_TOKEN": ""})
    assert status == 1
    assert "QUAY_URL: must be the address of the registry alone: https://quay.test" in output
    assert "SLACK_BOT_TOKEN is not set" in output


async def test_the_documented_commands_are_those_that_were_used(town: Town) -> None:
    """By everything that these processes have done, as Redis counts it."""
    await town.say("U03CAROL", "/quay quota set team-ml-vision 120GiB")
    card = await town.sees("U03CAROL", "120 GiB")
    await town.press("U03CAROL", card, "change_confirm")
    async with Redis.from_url(town.redis_url) as redis:
        used = {name.removeprefix("cmdstat_") for name in await redis.info("commandstats")}
    needed = {name.replace(" ", "|").lower() for name in COMMANDS} | {"multi", "exec", "discard"}
    administration = {each for each in used if each.split("|")[0] in {"config", "flushall"}}
    assert used - needed - FROM_THE_TESTS - administration == set()
