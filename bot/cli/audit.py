"""`quaymaster audit`: verify the record, export it, and verify an export where there is neither Redis nor a key."""

import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, NoReturn

from cyclopts import App as Cyclopts
from cyclopts import Parameter

from bot.audit import Audit, AuditVerification, Head, audit_keys
from bot.audit.exports import lines, verify_lines
from bot.config.settings import ConfigurationError, load_root_settings
from bot.model.units import parse_past

AsJson = Annotated[bool, Parameter(name="--json", negative=())]
WithAudit = Callable[[Callable[[Audit], Awaitable[None]]], None]
"""Does something with the audit that the environment names: by REDIS_URL and SECRET_KEY or SLACK_SIGNING_SECRET."""

SHOWN = 10
"""So many problems of one kind are printed."""
_ANOTHER_KEY = (
    "Not one seal fits: SECRET_KEY (or SLACK_SIGNING_SECRET, where that is not set) is probably not the one with which "
    "this record was sealed."
)


def audit_commands(with_audit: WithAudit) -> Cyclopts:
    """The commands."""
    commands = Cyclopts(name="audit", help="The tamper-evident record of what was decided and done.")

    @commands.command
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
        found: AuditVerification | None = None
        if file is not None:
            try:
                root = load_root_settings().root
            except ConfigurationError as error:
                _refuse(str(error))
            keys = audit_keys(root) if root else None
            try:
                with file.open(encoding="utf-8") as exported:
                    found = verify_lines(exported, keys, head)
            except (OSError, UnicodeDecodeError) as error:
                _refuse(f"{file} cannot be read: {error}")
            if keys is None:
                print("SECRET_KEY is not set: hashes were checked, seals were not.", file=sys.stderr)
            if head is None and found.count:
                print("There is nothing to compare its end with: give --published SEQUENCE:HASH.", file=sys.stderr)
        else:

            async def run(audit: Audit) -> None:
                nonlocal found
                found = await audit.verify(published=head)
                await audit.record(
                    "audit_verified", actor=None, by=getuser(), entries=found.count, problems=len(found.problems)
                )

            with_audit(run)
        if found is not None:
            _report(found, as_json=as_json)

    @commands.command
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

        async def run(audit: Audit) -> None:
            exported = 0
            async for line in lines(audit.stored(), begin, end):
                print(line)
                exported += 1
            await audit.record("audit_exported", actor=None, by=getuser(), entries=exported, since=since, until=until)

        with_audit(run)

    return commands


def _report(found: AuditVerification, *, as_json: bool) -> NoReturn:
    sequence, head = found.proven_head or (None, None)
    if as_json:
        said: dict[str, Any] = {
            "entries": found.count,
            "sequence": sequence,
            "head": head,
            "problems": list(found.problems),
        }
        print(json.dumps(said, indent=2))
    else:
        ends = f"the head is {sequence}:{head}" if head else "none of them is genuine" if found.count else "no head"
        print(f"{found.count} entries; {ends}")
        if found.is_of_another_key:
            print(_ANOTHER_KEY, file=sys.stderr)
        for line in _summed_up(found.problems):
            print(line, file=sys.stderr)
    sys.exit(1 if found.problems else 0)


def _summed_up(problems: Sequence[str]) -> Iterator[str]:
    """The problems, of each kind the first few; what differs by its numbers alone is of one kind."""
    kinds: dict[str, list[str]] = {}
    for problem in problems:
        kinds.setdefault(re.sub(r"\d+", "", problem), []).append(problem)
    for alike in kinds.values():
        yield from alike[:SHOWN]
        if len(alike) > SHOWN:
            yield f"… and {len(alike) - SHOWN} more like that"


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
