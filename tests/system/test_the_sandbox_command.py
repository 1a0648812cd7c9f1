"""`quaymaster sandbox` as a real process, with and without Quay's own defaults."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
DEFAULTS = "--quay-defaults"


@contextmanager
def sandbox(*options: str) -> Iterator[httpx.Client]:
    """Run it on a free port, give a superuser's client for the URL that it tells, and end it as Ctrl+C does."""
    command = [sys.executable, "-m", "bot.cli", "sandbox", "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            url = process.stdout.readline().partition(" ready: ")[2].strip()
            with httpx.Client(base_url=url, headers={"Authorization": "Bearer sandbox-superuser"}) as client:
                yield client
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


@pytest.mark.parametrize(("options", "status"), [([], 200), ([DEFAULTS], 403)])
def test_the_simulated_quay_alone(options: list[str], status: int) -> None:
    """The option decides which features are on; the control door switches them at run time."""
    with sandbox("--only", "quay", *options) as quay:
        assert quay.get("/api/v1/superuser/config").status_code == status
        assert quay.get("/sandbox/quay/push", params={"namespace": "team-edge"}).json()["refused"] is (status == 200)
        quay.post("/sandbox/quay/features", json={"config_dump": True, "quota_management": True})
        assert quay.get("/api/v1/superuser/config").status_code == 200
        assert quay.get("/sandbox/quay/push", params={"namespace": "team-edge"}).json()["refused"]


def test_the_whole_sandbox_over_socket_mode() -> None:
    """The bot has no address for deliveries, and answers."""
    with sandbox("--socket") as page:
        socket = page.get("/sandbox/slack/socket").json()
        assert (socket["mode"], len(socket["connections"]) > 0) == ("socket", True)
        typed = {"user": "U03CAROL", "channel": "C0REGADMIN", "text": "/quay help"}
        assert page.post("/sandbox/slack/say", json=typed).json() == {"ok": True}
        (delivered,) = page.get("/sandbox/slack/deliveries").json()
        assert (delivered["way"], delivered["name"]) == ("socket", "command")


def test_the_whole_sandbox_with_quays_own_defaults() -> None:
    """The bot is ready though superusers may do little, and quotas are off."""
    with sandbox(DEFAULTS) as page:
        features = page.get("/sandbox/quay/state").json()["features"]
        assert (features["superusers_full_access"], features["quota_management"], features["mailing"]) == (
            False,
            False,
            True,
        )
