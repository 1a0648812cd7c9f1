"""Checks of the addresses among the settings; each raises ValueError with what is wrong and what is meant."""

import re
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import HttpUrl

from bot.config.documents import unreadable

_CLUSTER = "is the address of a Redis Cluster, which is not supported; use a single Redis, or one behind Sentinels"
_SENTINEL = re.compile(r"redis(s?)\+sentinel://")
_SENTINEL_PORT = 26379


@dataclass(frozen=True)
class SentinelUrl:
    """`redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/SERVICE/DB`, taken apart.

    `rediss+sentinel://` uses TLS, for Redis and for the Sentinels. The user and the password are those of Redis; those
    of the Sentinels are in the query: `?sentinel_username=…&sentinel_password=…`. A port that is left out is 26379.
    """

    sentinels: tuple[tuple[str, int], ...]
    service: str
    redis: dict[str, Any]
    """What the connection to Redis is opened with."""
    sentinel: dict[str, Any]
    """What the connections to the Sentinels are opened with."""


def is_sentinel(url: str) -> bool:
    """Whether a `REDIS_URL` names Sentinels, which say where Redis is."""
    return bool(_SENTINEL.match(url))


def read_sentinel_url(url: str) -> SentinelUrl:
    """Take a Sentinel URL apart. Raises ValueError."""
    scheme = _SENTINEL.match(url)
    if scheme is None:
        raise ValueError("must begin with redis+sentinel:// or rediss+sentinel://")
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    service, _, number = parts.path.strip("/").partition("/")
    if not service or not re.fullmatch(r"\d*", number):
        raise ValueError("must end with the name of the service, such as /mymaster, or with /mymaster/0")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    tls = {"ssl": True, **{name: query[name] for name in ("ssl_ca_certs",) if name in query}} if scheme[1] else {}
    unknown = query.keys() - {"sentinel_username", "sentinel_password", "ssl_ca_certs"}
    if unknown:
        raise ValueError(f"has an option that is not known: {', '.join(sorted(unknown))}")
    own = {"username": query.get("sentinel_username"), "password": query.get("sentinel_password")}
    of_redis = {"username": unquote(user) or None, "password": unquote(password) or None}
    return SentinelUrl(
        tuple(_host(each) for each in hosts.split(",")),
        service,
        {"db": int(number or 0), **_given(of_redis), **tls},
        {**_given(own), **tls},
    )


def _given(options: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value}


def _host(text: str) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\[\]\s]+)(?::(\d{1,5}))?", text)
    if found is None:
        raise ValueError("must name the Sentinels as HOST:PORT, with commas between them")
    return found[1].strip("[]"), int(found[2] or _SENTINEL_PORT)


def redis_url(value: str) -> str:
    """A Redis that stands alone, or Sentinels."""
    if re.search(r"\s", value):
        raise ValueError("has a space or a line break in it; remove it")
    if re.match(r"\w+[+-]cluster://|redis(s?)://([^/]*@)?clustercfg\.", value):
        raise ValueError(_CLUSTER)
    if is_sentinel(value):
        read_sentinel_url(value)
        return value
    if not re.match(r"(rediss?|unix)://", value):
        raise ValueError("must begin with redis://, rediss://, unix:// or redis+sentinel://")
    if not value.startswith("unix:") and "," in urlsplit(value).netloc.rpartition("@")[2]:
        raise ValueError("names several hosts. A Redis Cluster is not supported; Sentinels need redis+sentinel://")
    try:
        urlsplit(value).port  # noqa: B018  # reading it is the check
    except ValueError:
        raise ValueError("has a port that is no number") from None
    return value


def redis_secrets(url: str) -> tuple[str, ...]:
    """The passwords in a `REDIS_URL`, as they are written and as they are meant, for masking."""
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    found = [credentials.partition(":")[2], *re.findall(r"(?:^|&)(?:sentinel_)?password=([^&]*)", parts.query)]
    return tuple({form for each in found if each for form in (each, unquote(each))})


def quay_url(value: HttpUrl) -> HttpUrl:
    """The registry's own address and nothing behind it."""
    if value.username or value.password:
        raise ValueError("has a user in it; the bot signs in with QUAY_TOKEN")
    if (value.path or "/") != "/" or value.query or value.fragment:
        alone = f"{value.scheme}://{value.host}" + (f":{value.port}" if value.port not in {80, 443} else "")
        raise ValueError(f"must be the address of the registry alone: {alone}")
    return value


def ca_file(value: str | None) -> str | None:
    """A file of certificates that can be trusted."""
    if value is None:
        return None
    try:
        ssl.create_default_context(cafile=value)
    except ssl.SSLError:
        raise ValueError(f"{value} has no certificate in PEM format") from None
    except OSError as error:
        raise ValueError(unreadable(value, error)) from None
    return value
