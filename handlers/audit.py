"""Searching the record of what was asked for, decided and done."""

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import get_args

from bot.audit import Entry, Event
from bot.commands import Command, CommandSet, Correction
from bot.commands.filters import Member, Past, Recorded
from bot.permissions import Actor
from bot.quay.operations import KNOWN
from bot.views import audit as views
from bot.views import files
from handlers.context import Handed
from handlers.listing import Batch, Listing
from handlers.logs import window

LAST_MONTH = timedelta(days=30)

AUDITING = CommandSet("", "The record of what was asked for, decided and done.")


@AUDITING.command(
    "audit",
    permission="audit",
    examples=("audit", "audit --since 7d --actor U02BOB", "audit --operation approveServiceKey"),
)
async def search_audit(
    *,
    since: Past = LAST_MONTH,
    until: Past | None = None,
    actor: Member | None = None,
    operation: Recorded | None = None,
    here: Handed,
) -> Listing[Entry]:
    """Search the audit: what was asked for, allowed, refused, agreed to and done, the newest first.

    Parameters
    ----------
    since
        From when on: a length of time before now such as 24h (30d by itself), or a date (UTC).
    until
        Until when: the same; a day is included. Now, if left out.
    actor
        Only what this person did: @name.
    operation
        Only what concerns one operation such as approveServiceKey, a command such as 'keys approve', or an event.
    """
    wanted = window(since, until, here.now)
    meant = _meant(operation, here.bot.grammar.commands) if operation else None
    by = Actor(here.person.actor.team, actor) if actor else None
    name = (await here.bot.authorization.person(by)).label if by else ""

    async def fetch(token: str | None) -> Batch[Entry]:
        page = await here.bot.audit.page(token)
        rows = [
            entry
            for entry in page.entries
            if wanted.start <= entry.at
            and (until is None or entry.at < wanted.end)
            and (by is None or str(by) == entry.actor)
            and (meant is None or meant in _names(entry))
        ]
        is_past_the_start = bool(page.entries) and page.entries[-1].at < wanted.start
        following = None if is_past_the_start else page.following
        looked = len(page.entries) + page.altered
        return Batch(rows, following, warning=views.altered(page.altered), looked=looked)

    asked = f" by {name or actor}" if actor else ""
    asked += f" about {meant}" if meant else ""
    asked += f" from {wanted.start:%Y-%m-%d %H:%M} to {wanted.end:%Y-%m-%d %H:%M} UTC"
    return Listing(
        "audit",
        fetch,
        lambda shown: views.entries(shown, asked=asked),
        files.AUDIT_COLUMNS,
        files.audit_cells,
        entries="audit entries",
        picks=True,
        always_as_file=True,
    )


def _meant(typed: str, commands: Mapping[str, Command]) -> str:
    """The operation, command or event that was typed, as entries name it. Raises Correction where it is none."""
    permissions = {name for command in commands.values() for name in command.permissions}
    known: dict[str, str] = {name.casefold(): name for name in (*KNOWN, *permissions, *commands, *get_args(Event))}
    if typed.casefold() not in known:
        close = get_close_matches(typed.casefold(), known, 1)
        hint = f"Did you mean {known[close[0]]!r}?" if close else "For example: approveServiceKey, or 'quota set'."
        raise Correction(f"There is no such operation or command as {typed!r}. {hint}")
    return known[typed.casefold()]


def _names(entry: Entry) -> set[str]:
    """The event, command and operations that an entry is about; a step that names no command, by its operation's."""
    operation = str(entry.details.get("operation"))
    command = entry.details.get("command") or (KNOWN[operation].command if operation in KNOWN else "")
    several = entry.details.get("operations")
    return {entry.event, operation, str(command), *map(str, several if isinstance(several, list | tuple) else ())}
