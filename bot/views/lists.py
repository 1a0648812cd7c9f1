"""Lists as tables: what was asked for first, how many there are, and what was left out."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.messages import Block, Message
from bot.quay.models import Organization, ServiceKey, User
from bot.views.blocks import context, message, section, table
from bot.views.text import count, duration, escape, percent, size

_SOON = timedelta(days=30)


def keys(found: Sequence[ServiceKey], now: datetime, *, asked: str) -> Message:
    """Service keys, the waiting ones first."""
    waiting = sum(key.is_waiting for key in found)
    said = f"{_many(len(found), 'service key')}{asked}" + (
        f", {count(waiting)} waiting for approval" if waiting else ""
    )
    order = sorted(found, key=lambda key: (not key.is_waiting, key.service, key.created_date))
    rows = [(_state(key, now), key.service, key.kid[:12], key.name, _expiry(key, now)) for key in order]
    hint = "Details: `keys show KID`, with the first characters of the key." if found else ""
    return _listing(said, ("State", "Service", "Key", "Name", "Expires"), rows, hint=hint)


def organizations(found: Sequence[Organization], *, asked: str, more: bool) -> Message:
    """Organizations with their use and limit, the fullest first."""
    return _namespaces([(o.name, o) for o in found], "organization", asked=asked, more=more)


def users(found: Sequence[User], *, asked: str, more: bool) -> Message:
    """Users with the use and limit of their own namespaces."""
    rows = [(user.username, *_use(user), ", ".join(_flags(user))) for user in found]
    said = f"{_first(more)}{_many(len(found), 'user')}{asked}"
    return _listing(said, ("User", "Used", "Limit", "Full", ""), rows, right=(1, 2, 3), hint=_narrow(more))


def _namespaces(found: Sequence[tuple[str, Organization]], noun: str, *, asked: str, more: bool) -> Message:
    order = sorted(found, key=lambda pair: -_fullness(pair[1]))
    rows = [(name, *_use(holder)) for name, holder in order]
    said = f"{_first(more)}{_many(len(found), noun)}{asked}"
    return _listing(said, (noun.capitalize(), "Used", "Limit", "Full"), rows, right=(1, 2, 3), hint=_narrow(more))


def _first(more: bool) -> str:
    return "The first " if more else ""


def _narrow(more: bool) -> str:
    return "There are more: narrow it down with `--match TEXT`, which looks through all of them." if more else ""


def _fullness(holder: Organization | User) -> float:
    limit = holder.quotas[0].limit_bytes if holder.quotas else None
    used = holder.quota_report.quota_bytes if holder.quota_report else 0
    return used / limit if limit else -1 / (used + 2)


def _use(holder: Organization | User) -> tuple[str, str, str]:
    report = holder.quota_report
    if report is None:
        return ("–", "–", "–")
    used = size(report.quota_bytes) if report.is_complete else "counting"
    limit = holder.quotas[0].limit_bytes if holder.quotas else None
    if limit is None:
        return (used, "–", "–")
    return (used, size(limit), percent(report.quota_bytes, limit) if report.is_complete else "–")


def _flags(user: User) -> list[str]:
    named = {"superuser": user.super_user, "disabled": not user.enabled, "unverified": not user.verified}
    return [name for name, holds in named.items() if holds]


def _state(key: ServiceKey, now: datetime) -> str:
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


def _many(number: int, noun: str) -> str:
    return f"{count(number) if number else 'No'} {noun}{'' if number == 1 else 's'}"


def _listing(
    said: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    hint: str = "",
) -> Message:
    blocks: list[Block] = [section(f"*{escape(said)}*")]
    if rows:
        drawn, shown = table(columns, rows, right=right)
        blocks.append(drawn)
        if shown < len(rows):
            hint = f"Showing {count(shown)} of {count(len(rows))}: one message holds no more. Narrow it down."
    if hint:
        blocks.append(context(hint))
    return message(said, tuple(blocks))
