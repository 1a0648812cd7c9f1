"""Searching the record of what was asked for, decided and done."""

from datetime import timedelta

from bot.audit import Entry
from bot.commands import CommandSet
from bot.commands.filters import Member, Past, Recorded
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
    by = f"{here.person.actor.team}/{actor}" if actor else None

    async def fetch(token: str | None) -> Batch[Entry]:
        page = await here.audit.page(token)
        rows = [
            entry
            for entry in page.entries
            if wanted.start <= entry.at
            and (until is None or entry.at < wanted.end)
            and by in {None, entry.actor}
            and (operation is None or _concerns(entry, operation))
        ]
        is_past_the_start = bool(page.entries) and page.entries[-1].at < wanted.start
        following = None if is_past_the_start else page.following
        looked = len(page.entries) + page.altered
        return Batch(rows, following, warning=views.altered(page.altered), looked=looked)

    asked = f" by {actor}" if actor else ""
    asked += f" about {operation}" if operation else ""
    asked += f" from {wanted.start:%Y-%m-%d %H:%M} to {wanted.end:%Y-%m-%d %H:%M} UTC"
    return Listing(
        "audit",
        fetch,
        lambda shown: views.entries(shown, asked=asked),
        files.AUDIT_COLUMNS,
        files.audit_cells,
        entries="audit entries",
        picks=True,
    )


def _concerns(entry: Entry, operation: str) -> bool:
    """Whether an entry is about an operation, a command or an event."""
    said = {entry.event, str(entry.details.get("operation")), str(entry.details.get("command"))}
    several = entry.details.get("operations")
    said |= set(map(str, several)) if isinstance(several, list | tuple) else set()
    return operation.casefold() in {word.casefold() for word in said}
