"""A missing or malformed setting: all the problems at once, by name, and no secret in any of them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.config.settings import Settings
from tests.support.cli import run

ROOT = Path(__file__).parents[2]
GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1-secret",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "QUAY_URL": "https://quay.example.com",
    "QUAY_TOKEN": "token-of-quay",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PERMISSIONS_FILE": str(ROOT / "permissions.yaml"),
    "ALERTS_FILE": str(ROOT / "alerts.yaml"),
}


@pytest.mark.parametrize("process", ["serve", "worker"])
def test_everything_that_is_missing_is_named_at_once(process: str) -> None:
    """Before anything starts, exit status 2."""
    done = run(process)
    assert done.returncode == 2
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "QUAY_URL", "QUAY_TOKEN", "REDIS_URL"):
        assert f"{name} is not set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SLACK_BOT_TOKEN", "xapp-secret-1", "begins with xoxb-"),
        ("QUAY_URL", "quay.example.com", "URL"),
        ("REDIS_URL", "http://localhost", "redis://"),
        ("PORT", "70000", "65535"),
        ("LOG_LEVEL", "LOUD", "'DEBUG'"),
        ("SLACK_COMMAND", "quay", "such as /quay"),
        ("SECRET_KEY", "short-secret", "32 characters"),
        ("SLACK_APP_TOKEN", "xapp-secret-1", "SECRET_KEY is not set; Socket Mode (SLACK_APP_TOKEN) needs it"),
        ("PERMISSIONS_FILE", "/nowhere.yaml", "cannot be read"),
    ],
)
def test_what_is_malformed_is_named(name: str, value: str, said: str) -> None:
    """With what would be right, and without the value of a secret."""
    done = run("worker", **{**GOOD, name: value})
    assert done.returncode == 2
    assert said in done.stderr
    assert "secret-1" not in done.stderr
    assert "short-secret" not in done.stderr


SOCKET_MODE = {"SLACK_APP_TOKEN": "xapp-1-secret", "SECRET_KEY": "a key that is long enough, and of mine"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set; Socket Mode (SLACK_APP_TOKEN) needs it"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY: must have at least 32 characters"),
        (
            {"SECRET_KEY": "", "SECRET_KEY_FILE": "/nowhere"},
            "SECRET_KEY_FILE: /nowhere cannot be read: there is no such file",
        ),
        ({"SLACK_APP_TOKEN": "xoxb-1-secret"}, "SLACK_APP_TOKEN: must be an app-level token, which begins with xapp-"),
        ({"SLACK_APP_TOKEN": ""}, "SLACK_SIGNING_SECRET is not set (or SLACK_APP_TOKEN, for Socket Mode)"),
    ],
)
def test_what_socket_mode_lacks_is_named(changed: dict[str, str], said: str) -> None:
    """A key of its own, since it needs no signing secret to derive one from."""
    given = {name: value for name, value in GOOD.items() if name != "SLACK_SIGNING_SECRET"}
    done = run("worker", **{**given, **SOCKET_MODE, **changed})
    assert (done.returncode, done.stderr) == (2, f"{said}\n")


def test_in_socket_mode_the_server_listens_on_loopback() -> None:
    """Unless LISTEN_HOST says otherwise. The app token decides, with or without a signing secret."""
    given: dict[str, Any] = {name.lower(): value for name, value in GOOD.items()}
    token: dict[str, Any] = {name.lower(): value for name, value in SOCKET_MODE.items()}
    hosts = [Settings(**{**given, **more}).host for more in ({}, token, {**token, "listen_host": "10.0.0.1"})]
    assert hosts == ["0.0.0.0", "127.0.0.1", "10.0.0.1"]  # noqa: S104


SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1-of-mine",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888",
    "SECRET_KEY": "a key that is long enough, and of mine",
    "QUAY_TOKEN": "quay-of-mine",
    "QUAY_READ_TOKEN": "read-of-mine",
}


@pytest.mark.parametrize(
    ("malform", "said"),
    [
        ("{}\n", "line break"),
        ("{}\r\n", "line break"),
        (" {}", "space"),
        ("{} ", "space"),
        ('"{}"', "quotation mark"),
        ("'{}'", "quotation mark"),
        ("`{}`", "quotation mark"),
        ("{0:.1}", ""),
        ("{0:40.0}", "space"),
    ],
    ids=[
        "line feed",
        "Windows line end",
        "space before",
        "space after",
        "quoted",
        "in single",
        "in back",
        "one",
        "blanks",
    ],
)
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_is_not_as_it_was_meant_is_refused_by_name(name: str, malform: str, said: str) -> None:
    """Cut to one character, or copied with a line end or quotes; the value itself is not shown."""
    given: dict[str, Any] = {each.lower(): value for each, value in GOOD.items()}
    with pytest.raises(ValidationError) as caught:
        Settings(**{**given, name.lower(): malform.format(SECRETS[name])})
    (problem,) = caught.value.errors()
    assert problem["loc"] == (name.lower(),)
    assert said in problem["msg"]
    assert SECRETS[name] not in problem["msg"]


@pytest.mark.parametrize("process", ["serve", "worker"])
def test_a_malformed_secret_stops_a_process(process: str) -> None:
    """With all that is wrong, before anything starts."""
    done = run(process, **{**GOOD, "SLACK_SIGNING_SECRET": "s", "SECRET_KEY": " " * 40})
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "SLACK_SIGNING_SECRET: is too short: a secret has at least 8 characters",
        "SECRET_KEY: starts or ends with a space, or has a line break in it; remove it",
    ]


def test_a_broken_permissions_file_stops_serve_with_its_line(tmp_path: Path) -> None:
    """Status 2 for serve, 1 for check."""
    broken = tmp_path / "permissions.yaml"
    broken.write_text((ROOT / "permissions.yaml").read_text().replace("keys.read", "keys.reed"))
    served = run("serve", **{**GOOD, "PERMISSIONS_FILE": str(broken)})
    assert served.returncode == 2
    assert "permissions.yaml:" in served.stderr
    assert "did you mean 'keys.read'?" in served.stderr
    checked = run("check", str(broken))
    assert checked.returncode == 1
    assert "keys.reed" in checked.stderr


def test_check_names_every_file_that_is_good_or_missing() -> None:
    """As it was named by whoever asks."""
    permissions, alerts = str(ROOT / "permissions.yaml"), str(ROOT / "alerts.yaml")
    assert run("check", permissions, "--alerts", alerts).stdout == f"{permissions} is good.\n{alerts} is good.\n"
    for missing in (run("check", "/nonexist"), run("check", permissions, "--alerts", "/nonexist")):
        assert missing.returncode == 1
        assert missing.stderr == "/nonexist cannot be read: there is no such file\n"


@pytest.mark.parametrize("command", ["operations", "manifest https://bot.example.com"])
def test_a_reader_who_has_seen_enough_ends_it_quietly(command: str) -> None:
    """Such as `head`."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", *command.split()],
            cwd=ROOT,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.stderr == b""


def test_the_audit_commands_ask_for_redis_and_a_secret_alone() -> None:
    """So that nobody must hand out tokens to have the record proved."""
    done = run("audit", "verify")
    assert done.returncode == 2
    assert done.stderr == "REDIS_URL is not set\n"
    done = run("audit", "export", REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 2
    assert done.stderr == "SECRET_KEY is not set, and neither is SLACK_SIGNING_SECRET, which serves in its place\n"


def test_check_why_and_manifest_need_no_settings() -> None:
    """They are for the desk of whoever writes the file."""
    assert run("check").returncode == 0
    explained = run("why", "U03CAROL", "quota", "set", "team-a", "600GiB")
    assert "createUserQuotaSuperUser: request" in explained.stdout
    assert "https://bot.example.com/slack/events" in run("manifest", "https://bot.example.com/").stdout
