"""`quaymaster audit`: verify the record, export it, and verify an export where there is neither Redis nor a key."""

import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

from cyclopts import App as Cyclopts
from cyclopts import Parameter

from bot.app import App
from bot.audit import Head, Verification, audit_key
from bot.audit.exports import lines, verify_lines
from bot.units import parse_past

AsJson = Annotated[bool, Parameter(name="--json", negative=())]
WithApp = Callable[[Callable[[App], Awaitable[None]]], None]
"""Does something with the bot's parts, as the environment says."""


def audit_commands(with_app: WithApp) -> Cyclopts:
    """The commands."""
    audit = Cyclopts(name="audit", help="The tamper-evident record of what was decided and done.")

    @audit.command
    def verify(*, file: Path | None = None, published: str | None = None, as_json: AsJson = False) -> None:
        """Check the audit from its first entry to its head, and find any change, gap or truncation.

        Parameters
        ----------
        file
            Check an export instead; the seals as well, if SECRET_KEY (or SLACK_SIGNING_SECRET) is set.
        published
            A head that was posted in the admin channel, SEQUENCE:HASH; it must be in the record.
        as_json
            Print the result as JSON.
        """
        head = None if published is None else _head(published)
        found: Verification | None = None
        if file is not None:
            secret = os.environ.get("SECRET_KEY") or os.environ.get("SLACK_SIGNING_SECRET")
            key = audit_key(secret) if secret else None
            try:
                with file.open(encoding="utf-8") as exported:
                    found = verify_lines(exported, key, head)
            except (OSError, UnicodeDecodeError) as error:
                _refuse(f"{file} cannot be read: {error}")
            if key is None:
                print("SECRET_KEY is not set: hashes were checked, seals were not.", file=sys.stderr)
        else:

            async def run(app: App) -> None:
                nonlocal found
                found = await app.audit.verify(published=head)

            with_app(run)
        if found is not None:
            _report(found, as_json=as_json)

    @audit.command
    def export(*, since: str | None = None, until: str | None = None) -> None:
        """Write the audit to standard output, as JSON Lines, oldest first; `verify --file` can check it anywhere.

        Parameters
        ----------
        since
            From when on: a length of time before now such as 90d, or a date (UTC).
        until
            Until when: the same; a day is included.
        """
        begin, end = _moment(since, "--since"), _moment(until, "--until", whole_day=True)

        async def run(app: App) -> None:
            async for line in lines(app.audit.stored(), begin, end):
                print(line)

        with_app(run)

    return audit


def _report(found: Verification, *, as_json: bool) -> NoReturn:
    sequence, head = found.head
    if as_json:
        said: dict[str, Any] = {
            "entries": found.count,
            "sequence": sequence,
            "head": head,
            "problems": list(found.problems),
        }
        print(json.dumps(said, indent=2))
    else:
        print(f"{found.count} entries; the head is {sequence}:{head}")
        for problem in found.problems:
            print(problem, file=sys.stderr)
    sys.exit(1 if found.problems else 0)


def _head(text: str) -> Head:
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())
    if found is None:
        _refuse(f"{text!r} is no head such as 1234:9f86d0…, as it is posted in the admin channel")
    return int(found[1]), found[2]


def _moment(text: str | None, option: str, *, whole_day: bool = False) -> datetime | None:
    if text is None:
        return None
    try:
        typed = parse_past(text)
        if isinstance(typed, timedelta):
            return datetime.now(UTC) - typed
        if isinstance(typed, datetime):
            return typed
        return datetime.combine(typed, time(), UTC) + timedelta(days=whole_day)
    except (ValueError, OverflowError) as error:
        _refuse(f"{option}: {error}")


def _refuse(problem: str) -> NoReturn:
    print(problem, file=sys.stderr)
    sys.exit(2)
