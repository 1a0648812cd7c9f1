"""Lists as tables, page by page: how many there are, which of them are shown, and what Quay did otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bot.model.log_entries import namespace_of, phrase_of
from bot.model.usage import Usage
from bot.quay.models import LogEntry, Organization, ServiceKey, User
from bot.quay.operations import QUOTA_FEATURES
from bot.slack.messages import Block, Message
from bot.views.blocks import Mention, actions, button, context, message, section, table
from bot.views.text import clip, count, duration, escape, left_out, percent, size, visible

Row = TypeVar("Row")
_SOON = timedelta(days=30)
FILTER = "list_filter"
"""The action_id of the button that opens a list's filters."""
CELL = 80
"""The longest cell, in characters: a page of 20 rows stays below what Slack takes in one table."""
WRAPPED = 160
"""The longest cell of a column whose cells are wrapped, of which a table has one."""


@dataclass(frozen=True)
class Shown(Generic[Row]):
    """One page of a list: its rows, how many come before them, and how many there are in all, if that is known."""

    rows: Sequence[Row]
    before: int = 0
    total: int | None = None
    said: str = ""
    warning: str = ""
    unreadable: int = 0
    """How many entries Quay gave that can't be read."""
    looked: int = 0
    """How many entries of Quay's were looked at for this page and those before it."""
    doubtful: bool = False
    """Whether there may be nothing in what follows."""
    stopped: bool = False
    """Whether the look for further rows of this page was stopped."""

    def place(self, many: str) -> str:
        """Which rows these are, and what may follow: `Showing 21–40 of 1,312.` Nothing where these are all."""
        rows = f"Showing {count(self.before + 1)}–{count(self.before + len(self.rows))}"
        if not self.rows:
            rows = "No further one found" if self.before else "None found"
        if self.total is not None:
            return f"{rows}{f' of {count(self.total)}' if self.rows else ''}." if self.total != len(self.rows) else ""
        if not self.doubtful:
            return f"{rows}, more follow."
        among = f"{rows} among the first {count(self.looked)} {many}"
        return f"{among}; stopped there, Next looks further." if self.stopped else f"{among}; more may follow."


@dataclass(frozen=True)
class Setting:
    """A setting of the registry; its value is text in which nothing is secret."""

    name: str
    value: str


def keys(shown: Shown[ServiceKey], now: datetime, *, asked: str) -> Message:
    """Service keys, in the order in which they are given."""
    rows = [(state_of(key, now), key.service, key.kid[:12], key.name, _expiry(key, now)) for key in shown.rows]
    hint = "Details: `keys show KID`, with the first characters of the key."
    return listing(shown, "service key", asked, ("State", "Service", "Key", "Name", "Expires"), rows, hint=hint)


def organizations(shown: Shown[Organization], *, asked: str) -> Message:
    """Organizations with their use and limit."""
    rows = [(organization.name, *_use(organization)) for organization in shown.rows]
    hint = f"{_no_quotas(shown.rows)}Details: `orgs show NAME`."
    columns = ("Organization", "Full", "Used", "Limit")
    return listing(shown, "organization", asked, columns, rows, right=(1, 2, 3), hint=hint)


def users(shown: Shown[User], *, asked: str) -> Message:
    """Users with the use and limit of their own namespaces."""
    rows = [(user.username, *_use(user), ", ".join(flags(user))) for user in shown.rows]
    hint = f"{_no_quotas(shown.rows)}Details: `users show USERNAME`."
    return listing(shown, "user", asked, ("User", "Full", "Used", "Limit", "State"), rows, right=(1, 2, 3), hint=hint)


def logs(shown: Shown[LogEntry], *, asked: str) -> Message:
    """Entries of the usage log, the newest first; times are in UTC."""
    rows = [
        (f"{entry.at:%m-%d %H:%M}", who(entry), phrase_of(entry), _where(entry), entry.kind) for entry in shown.rows
    ]
    columns = ("UTC", "Who", "What", "Where", "Kind")
    return listing(shown, "log entry", asked, columns, rows)


def settings(shown: Shown[Setting], *, asked: str) -> Message:
    """Settings of the registry, from which every secret was taken before."""
    rows = [(setting.name, setting.value) for setting in shown.rows]
    hint = "One in full: `config KEY`. The bot hides what may be a secret, whatever Quay shows."
    return listing(shown, "setting", asked, ("Setting", "Value"), rows, hint=hint)


def with_buttons(
    drawn: Message, *, cursor: str = "", previous: bool = False, following: bool = False, filters: str = ""
) -> Message:
    """An answer with buttons: to its neighbours and a file of all of it, by a cursor, and to its filters."""
    buttons = [button("‹ Previous", "page_previous", cursor)] if previous else []
    buttons += [button("Next ›", "page_next", cursor)] if following else []
    buttons += [button("Send as file", "page_file", cursor)] if cursor else []
    buttons += [button("Filter…", FILTER, filters)] if filters else []
    return replace(drawn, blocks=(*drawn.blocks, actions(buttons, f"page:{cursor}"))) if buttons else drawn


def fullest_first(found: Sequence[Organization]) -> list[Organization]:
    """The order in which people want to see organizations; those without a limit come last, by their use."""
    return sorted(found, key=lambda organization: -_fullness(organization))


def _fullness(holder: Organization) -> float:
    usage = Usage.of(holder)
    return usage.used / usage.limit if usage.limit else -1 / (usage.used + 2)


def flags(user: User) -> list[str]:
    """What is unusual about a user."""
    named = {
        "superuser": user.super_user,
        "read-only superuser": user.global_readonly_super_user,
        "disabled": not user.enabled,
        "unverified": not user.verified,
    }
    return [name for name, holds in named.items() if holds]


def _log_row(entry: LogEntry) -> tuple[str, ...]:
    return (f"{entry.at:%m-%d %H:%M}", who(entry), phrase_of(entry), _where(entry), entry.kind)


def who(entry: LogEntry) -> str:
    """Who did what a log entry tells of; nobody where a service did it."""
    return entry.performer.name if entry.performer else ""


def _where(entry: LogEntry) -> str:
    namespace = namespace_of(entry)
    repository = entry.metadata.get("repo")
    return f"{namespace}/{repository}" if isinstance(repository, str) else namespace


def _no_quotas(holders: Sequence[Organization | User]) -> str:
    """Why there are no figures, where Quay shows none of anything."""
    if not holders or any(holder.quotas is not None for holder in holders):
        return ""
    return f"Quay shows no quotas: {' or '.join(QUOTA_FEATURES)} is off. "


def _use(holder: Organization | User) -> tuple[str, str, str]:
    usage = Usage.of(holder)
    if not usage.reported:
        return ("–", "–", "–")
    used = size(usage.used) if usage.complete else "counting"
    if not usage.limit:
        return ("–", used, "–")
    limit = f"{size(usage.limit)} (default)" if usage.default else size(usage.limit)
    return (percent(usage.used, usage.limit) if usage.complete else "–", used, limit)


def key_states(keys: Sequence[ServiceKey]) -> str:
    """How many keys there are of each kind: `2 approved, 1 waiting`."""
    waiting = sum(key.is_waiting for key in keys)
    counted = {"approved": len(keys) - waiting, "waiting": waiting}
    return ", ".join(f"{count(number)} {kind}" for kind, number in counted.items() if number) or "none"


def state_of(key: ServiceKey, now: datetime) -> str:
    """Where a key stands, in a word."""
    if key.is_waiting:
        return "waiting"
    if key.expiration_date is None:
        return "approved"
    if key.expiration_date <= now:
        return "expired"
    return "expiring" if key.expiration_date - now <= _SOON else "approved"


def _expiry(key: ServiceKey, now: datetime) -> str:
    if key.expiration_date is None:
        return "never"
    left = key.expiration_date - now
    when = f"in {duration(left)}" if left > timedelta(0) else f"{duration(-left)} ago"
    return f"{key.expiration_date:%Y-%m-%d}, {when}"


def _headline(shown: Shown[Row], noun: str, many: str) -> str:
    number = shown.total if shown.total is not None else shown.before + len(shown.rows)
    counted = f"{count(number) if number else 'No'} {noun if number == 1 else many}"
    if shown.total is not None:
        return counted
    return f"{counted} so far" if shown.doubtful else f"More than {counted}"


def listing(
    shown: Shown[Row],
    noun: str,
    asked: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Mention]],
    *,
    right: Sequence[int] = (),
    wrapped: Sequence[int] = (),
    hint: str = "",
) -> Message:
    """A page of any list: how many there are, the table, and what is shown of it."""
    many = f"{noun.removesuffix('y')}ies" if noun.endswith("ry") else f"{noun}s"
    said = f"{_headline(shown, noun, many)}{clip(asked, 200)}{', ' + shown.said if shown.said else ''}"
    blocks: list[Block] = [section(f"*{escape(said)}*")]
    if shown.warning:
        blocks.append(section(f"⚠️ {escape(shown.warning)}"))
    if shown.unreadable:
        blocks.append(section(f"⚠️ {left_out(shown.unreadable)}"))
    if rows:
        cells = [
            [_fitting(cell, WRAPPED if index in wrapped else CELL) for index, cell in enumerate(row)] for row in rows
        ]
        drawn, _ = table(columns, cells, right=right, wrapped=wrapped)
        blocks.append(drawn)
    small = [shown.place(many), hint if rows else ""]
    if any(small):
        blocks.append(context(" ".join(filter(None, small))))
    return message(said, tuple(blocks))


def _fitting(cell: str | Mention, longest: int) -> str | Mention:
    return cell if isinstance(cell, Mention) else clip(visible(cell), longest)
