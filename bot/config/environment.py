"""Where settings come from besides the environment's own values: files that hold one secret each, and a local file."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from dotenv import dotenv_values

from bot.config.documents import unreadable

SUFFIX = "_FILE"
"""`QUAY_TOKEN_FILE` names the file that holds `QUAY_TOKEN`."""
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are never asked through a proxy."""


class EnvironmentFileError(Exception):
    """A file of settings cannot be used; the message says why."""


@dataclass
class SecretFiles:
    """What the files say, by the names of their settings, and what is wrong with them."""

    values: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def read_secret_files(names: Iterable[str], environ: Mapping[str, str]) -> SecretFiles:
    """Read the file that `NAME_FILE` names, for each of these settings; the line break at its end is dropped.

    It is a problem if `NAME` is set as well: nobody could tell which of the two is meant.
    """
    found = SecretFiles()
    for name in names:
        path = environ.get(name + SUFFIX)
        if not path:
            continue
        if environ.get(name):
            found.problems[name] = f"{name} and {name}{SUFFIX} are both set; unset one of them"
            continue
        try:
            text = _without_line_end(Path(path).read_bytes().decode())
        except (OSError, UnicodeDecodeError) as error:
            found.problems[name] = f"{name}{SUFFIX}: {unreadable(path, error)}"
            continue
        if text:
            found.values[name] = text
        else:
            found.problems[name] = f"{name}{SUFFIX}: {path} is empty"
    return found


def _without_line_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def use_env_file(path: Path) -> None:
    """Add a file of `NAME=value` lines to the environment. What is set there already stays.

    Raises EnvironmentFileError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFileError(unreadable(str(path), error)) from error
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#") and "=" not in line:
            raise EnvironmentFileError(f"{path}:{number}: should be NAME=value")
    values = dotenv_values(path, interpolate=False, encoding="utf-8")
    os.environ.update({name: value for name, value in values.items() if value is not None and name not in os.environ})


def proxy_for(url: str) -> str | None:
    """The proxy by which an address is reached, as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say; None for none."""
    address = urlsplit(url)
    host = address.hostname or ""
    if host in LOCAL or proxy_bypass(host):
        return None
    return getproxies().get(address.scheme)


def proxy_problems(environ: Mapping[str, str]) -> list[str]:
    """Say which proxies of the environment could not be used."""
    names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
    return [
        f"{name}: must be the address of an HTTP proxy, such as http://proxy.example.com:3128"
        for name in names
        if (value := environ.get(name)) and not _is_proxy(value)
    ]


def _is_proxy(value: str) -> bool:
    try:
        address = urlsplit(value)
        return address.scheme in {"http", "https"} and bool(address.hostname) and address.port != 0
    except ValueError:
        return False
