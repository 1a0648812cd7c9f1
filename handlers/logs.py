"""The usage log. Quay takes whole days and silently replaces what it cannot read; the bot looks to the second."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.commands import CommandSet, Correction
from bot.commands.arguments import NamespaceName
from bot.commands.filters import AccountName, LogKind, Past
from bot.model.log_entries import names_of
from bot.quay.models import LogEntry, LogPage
from bot.views import files, lists
from handlers.context import Handed
from handlers.listing import Batch, Listing

LOGS = CommandSet("", "The usage log of the registry.")
EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
"""Before there was any Quay: a date before it is a slip."""
DAY = timedelta(days=1)
_NO_SEARCH = "This Quay keeps its log where it cannot search it, so nothing is found here. Look in its log store."


@dataclass(frozen=True)
class Window:
    """From when to when somebody wants the log; the end is not in it."""

    start: datetime
    end: datetime

    @property
    def days(self) -> tuple[date, date]:
        """The days that Quay is asked for, both included."""
        return self.start.date(), (self.end - timedelta(microseconds=1)).date()

    def difference(self, page: LogPage) -> str:
        """What to say when Quay searched other days than these; nothing when it did as asked."""
        first, last = self.days
        wanted = (_midnight(first), _midnight(last) + DAY)
        searched = (page.start_time, page.end_time)
        if None in searched or searched == wanted:
            return ""
        return (
            f"Quay searched {page.start_time:%Y-%m-%d %H:%M} to {page.end_time:%Y-%m-%d %H:%M} UTC, "
            f"not the days {first} to {last} that it was asked for: entries may be missing."
        )


def window(since: timedelta | date | datetime, until: timedelta | date | datetime | None, now: datetime) -> Window:
    """The window that was typed; a day as `until` is in it. Raises Correction where there is none."""
    start = _moment(since, now, "--since")
    end = now if until is None else _moment(until, now, "--until", whole_day=True)
    if start >= now:
        raise Correction("--since lies in the future: nothing can be in the log yet.")
    if end <= start:
        raise Correction("--until is not after --since, so nothing could be found.")
    return Window(start, min(end, now + timedelta(seconds=1)))


def _moment(typed: timedelta | date | datetime, now: datetime, option: str, *, whole_day: bool = False) -> datetime:
    try:
        if isinstance(typed, timedelta):
            moment = now - typed
        elif isinstance(typed, datetime):
            moment = typed.astimezone(UTC)
        else:
            moment = _midnight(typed) + (DAY if whole_day else timedelta())
    except OverflowError:
        raise Correction(f"{option} is too far away.") from None
    if moment < EARLIEST:
        raise Correction(f"{option} is before {EARLIEST.year}: no registry has such old entries.")
    return moment


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@LOGS.command(
    "logs",
    "listAllLogs",
    examples=("logs", "logs --since 7d --namespace team-a --kind push_repo", "logs --since 2026-11-01 --user alice"),
)
async def list_logs(
    *,
    since: Past = DAY,
    until: Past | None = None,
    user: AccountName | None = None,
    namespace: NamespaceName | None = None,
    kind: LogKind | None = None,
    here: Handed,
) -> Listing[LogEntry]:
    """List the usage log of the whole registry, the newest entries first.

    Parameters
    ----------
    since
        From when on: a length of time before now such as 24h (which it is by itself), or a date (UTC).
    until
        Until when: the same; a day is included. Now, if left out.
    user
        Only what this user or robot did.
    namespace
        Only what happened in this organization, or in user:NAME.
    kind
        Only entries of this kind, such as push_repo.
    """
    wanted = window(since, until, here.now)
    first, last = wanted.days

    def fits(entry: LogEntry) -> bool:
        return (
            wanted.start <= entry.at < wanted.end
            and (user is None or (entry.performer is not None and entry.performer.name == user))
            and (namespace is None or _is_in(entry, namespace))
            and kind in {None, entry.kind}
        )

    async def fetch(token: str | None) -> Batch[LogEntry]:
        page = await here.bot.quay.list_all_logs(starttime=first, endtime=last, next_page=token)
        if page.search_unavailable:
            return Batch((), warning=_NO_SEARCH)
        is_past_the_start = bool(page.logs) and page.logs[-1].at < wanted.start
        following = None if is_past_the_start else page.next_page
        found = [entry for entry in page.logs if fits(entry)]
        return Batch(
            found,
            following,
            warning=wanted.difference(page),
            looked=len(page.logs),
            unreadable=page.unreadable,
            marks=page.marks,
        )

    named = [(" by ", user), (" in ", namespace), (" of kind ", kind)]
    asked = "".join(f"{word}{value}" for word, value in named if value)
    asked += f" from {wanted.start:%Y-%m-%d %H:%M} to {wanted.end:%Y-%m-%d %H:%M} UTC"
    return Listing(
        "usage-log",
        fetch,
        lambda shown: lists.logs(shown, asked=asked),
        files.LOG_COLUMNS,
        files.log_cells,
        entries="log entries",
        picks=True,
        operation="listAllLogs",
    )


def _is_in(entry: LogEntry, namespace: str) -> bool:
    """Whether an entry is about a namespace under any name that it had; `user:NAME` leaves organizations out."""
    name = namespace.removeprefix("user:")
    if name not in names_of(entry):
        return False
    return name == namespace or entry.namespace is None or entry.namespace.kind == "user"
