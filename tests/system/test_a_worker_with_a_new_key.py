"""A worker that gets its secrets as files, its settings from a local file, and a key that is newer than the records."""

import sys
from pathlib import Path

import pytest

from sandbox.children import child
from tests.system.conftest import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEW = "the key after the signing secret, long enough"
SECRETS = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "QUAY_TOKEN", "QUAY_READ_TOKEN", "REDIS_URL")


@pytest.fixture(scope="module")
def working_processes() -> int:
    """The test starts its own."""
    return 0


def local_file(town: Town, folder: Path, **keys: str) -> tuple[Path, dict[str, str]]:
    """A file of settings that names a file for each secret, and the environment without any of them."""
    given = {name: town.environment[name] for name in SECRETS} | keys
    for name, value in given.items():
        (folder / name).write_text(f"{value}\n")
    plain = {name: town.environment[name] for name in ("SLACK_API_URL", "QUAY_URL", "PERMISSIONS_FILE", "ALERTS_FILE")}
    lines = [f"{name}={value}" for name, value in plain.items()] + [f"{name}_FILE={folder / name}" for name in given]
    (folder / ".env").write_text("\n".join(lines) + "\n")
    named = plain.keys() | given.keys()
    return folder / ".env", {name: value for name, value in town.environment.items() if name not in named}


async def test_what_was_agreed_with_the_old_key_is_carried_out_by_the_new_one(town: Town, tmp_path: Path) -> None:
    """`serve` still seals with the signing secret, which for the worker is the old key; once done, all say the same."""
    await town.say("U03CAROL", "/quay quota set team-alpha 123GiB")
    plan = await town.sees("U03CAROL", "123 GiB", "Confirm")
    await town.press("U03CAROL", plan, "change_confirm")
    old = town.environment["SLACK_SIGNING_SECRET"]
    file, rest = local_file(town, tmp_path, SECRET_KEY=NEW, SECRET_KEY_OLD=old)
    command = [sys.executable, "-m", "bot.cli", "--env-file", str(file), "worker"]
    async with child("worker", command, rest, tmp_path / "worker.log") as worker:

        async def changed() -> bool:
            quota = town.registry.namespaces["team-alpha"].quota
            return quota is not None and quota.limit_bytes == 123 * 2**30

        try:
            await town.until(changed)
        except TimeoutError:
            raise AssertionError(worker.tail()) from None
    log = (tmp_path / "worker.log").read_text()
    for secret in (NEW, old, town.environment["QUAY_TOKEN"]):
        assert secret not in log
