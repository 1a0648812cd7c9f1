"""Files that hold one secret each, a file for local use, proxies, and what is refused about addresses and tokens."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.config.addresses import SentinelUrl, read_sentinel_url, redis_secrets
from bot.config.environment import read_secret_files
from tests.support.cli import run

ROOT = Path(__file__).parents[2]
GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1-secret",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "QUAY_URL": "https://quay.example.com",
    "QUAY_TOKEN": "token-of-quay",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PERMISSIONS_FILE": "/nowhere.yaml",
}
STARTED = "/nowhere.yaml cannot be read: there is no such file"
"""All that is wrong once the settings are right: no test of this file lets a process start."""
SECRETS = (
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "QUAY_TOKEN",
    "QUAY_READ_TOKEN",
    "SECRET_KEY",
    "SECRET_KEY_OLD",
    "REDIS_URL",
)


def refused(**changes: str | None) -> list[str]:
    """What the worker says about the good settings with these changes, before it starts."""
    environment = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    done = run("worker", **environment)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


@pytest.mark.parametrize("line_end", ["", "\n", "\r\n"])
def test_every_secret_can_be_a_file(tmp_path: Path, line_end: str) -> None:
    """As containers mount them; one line break at the end is dropped."""
    values = {
        **GOOD,
        "QUAY_READ_TOKEN": "read-token",
        "SECRET_KEY": "a key that is long enough for it",
        "SECRET_KEY_OLD": "the one before it",
    }
    for name in SECRETS:
        (tmp_path / name).write_bytes((values[name] + line_end).encode())
    environment = {name: value for name, value in values.items() if name not in SECRETS}
    files = {f"{name}_FILE": str(tmp_path / name) for name in SECRETS}
    assert refused(**dict.fromkeys(SECRETS), **environment, **files) == [STARTED]
    assert read_secret_files(SECRETS, files).values == {name: values[name] for name in SECRETS}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"token\n\n", "has a space or a line break in it"),
    ],
)
def test_a_secrets_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    """By the setting that names it, once."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    first, *others = refused(QUAY_TOKEN=None, QUAY_TOKEN_FILE=str(file))
    assert first.startswith("QUAY_TOKEN_FILE: ")
    assert said in first
    assert others == []


def test_a_secret_is_not_given_twice(tmp_path: Path) -> None:
    """Nobody could tell which one is meant."""
    (tmp_path / "token").write_text("another-token")
    said = refused(QUAY_TOKEN_FILE=str(tmp_path / "token"))
    assert said == ["QUAY_TOKEN and QUAY_TOKEN_FILE are both set; unset one of them"]


@pytest.mark.parametrize("before", [True, False], ids=["before the command", "after it"])
def test_a_local_file_is_read_if_it_is_named(tmp_path: Path, before: bool) -> None:
    """And never by itself; what the environment says stays."""
    file = tmp_path / ".env"
    file.write_text("".join(f'export {name}="{value}"\n' for name, value in GOOD.items()) + "# a comment\n")
    option = ("--env-file", str(file))
    words = (*option, "worker") if before else ("worker", *option)
    assert run(*words).stderr.splitlines() == [STARTED]
    assert "QUAY_URL: " in run(*words, QUAY_URL="quay.example.com").stderr
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    unread = subprocess.run(
        [sys.executable, "-m", "bot.cli", "worker"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "QUAY_URL is not set" in unread.stderr


def test_a_local_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """With its line."""
    file = tmp_path / ".env"
    done = run("--env-file", str(file), "worker")
    assert (done.returncode, done.stderr) == (2, f"{file} cannot be read: there is no such file\n")
    file.write_text("QUAY_TOKEN=token\nxoxb-pasted-alone\n")
    done = run("--env-file", str(file), "worker")
    assert (done.returncode, done.stderr) == (2, f"{file}:2: should be NAME=value\n")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-secret", "Switch token rotation off"),
        ("SLACK_BOT_TOKEN", "xoxe-1-secret", "Switch token rotation off"),
        ("QUAY_URL", "https://quay.example.com/api/v1", "the registry alone: https://quay.example.com"),
        ("QUAY_URL", "https://quay.example.com:8443/?a=1", "the registry alone: https://quay.example.com:8443"),
        ("QUAY_URL", "https://admin:secret-1@quay.example.com", "signs in with QUAY_TOKEN"),
        ("QUAY_CA_FILE", "/nowhere.pem", "/nowhere.pem cannot be read: there is no such file"),
        ("QUAY_CA_FILE", str(ROOT / "pyproject.toml"), "no certificate in PEM format"),
        ("REDIS_URL", "redis://a:7000,b:7000", "A Redis Cluster is not supported"),
        ("REDIS_URL", "redis+cluster://a:7000", "Redis Cluster, which is not supported"),
        ("REDIS_URL", "rediss://clustercfg.mine.abc.cache.example.com:6379", "Redis Cluster, which is not supported"),
        ("REDIS_URL", "redis+sentinel://a,b", "name of the service, such as /mymaster"),
        ("REDIS_URL", "redis+sentinel://a:x/mymaster", "HOST:PORT"),
        ("REDIS_URL", "redis+sentinel://a/mymaster?socket=1", "not known: socket"),
        ("HTTPS_PROXY", "proxy.example.com:3128", "such as http://proxy.example.com:3128"),
        ("HTTPS_PROXY", "socks5://proxy.example.com", "an HTTP proxy"),
        ("SECRET_KEY_OLD", GOOD["SLACK_SIGNING_SECRET"], "is the secret that is in use"),
        ("SECRET_KEY_OLD", "short", "too short"),
    ],
)
def test_what_cannot_work_is_refused_by_name(name: str, value: str, said: str) -> None:
    """At start, in one line, without a secret."""
    (line,) = refused(**{name: value})
    assert line.startswith(f"{name}: ")
    assert said in line
    assert "secret-1" not in line
    assert "1-secret" not in line


@pytest.mark.parametrize(
    "url",
    [
        "rediss://bot:pass@redis.example.com:6380/2?ssl_ca_certs=/etc/ca.pem",
        "unix:///run/redis/redis.sock?db=1",
        "redis+sentinel://bot:pass@a,b:26380/mymaster",
        "rediss+sentinel://a:26379/mymaster/3?sentinel_password=pass",
    ],
)
def test_addresses_of_redis_that_can_be_used(url: str) -> None:
    """TLS, a user of the ACL, a socket, Sentinels."""
    assert refused(REDIS_URL=url) == [STARTED]


def test_a_sentinel_address_taken_apart() -> None:
    """The password before the @ is that of Redis."""
    url = "rediss+sentinel://bot:p%40ss@a,[::1]:26380/mymaster/3?sentinel_username=s&sentinel_password=t"
    assert read_sentinel_url(url) == SentinelUrl(
        (("a", 26379), ("::1", 26380)),
        "mymaster",
        {"db": 3, "username": "bot", "password": "p@ss", "ssl": True},
        {"username": "s", "password": "t", "ssl": True},
    )
    assert set(redis_secrets(url)) == {"p%40ss", "p@ss", "t"}


def test_the_version_is_that_of_the_project() -> None:
    """And the image that the Kubernetes manifests name has it, too."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run("--version").stdout == f"{version}\n"
    assert f"newTag: {version}\n" in (ROOT / "deploy/kubernetes/kustomization.yaml").read_text()
