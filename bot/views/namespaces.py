"""One user or one organization, answered: how full it is first, then what else there is to know."""

from collections.abc import Sequence
from datetime import timedelta

from bot.model.usage import Usage
from bot.quay.models import Member, Members, Organization, Team, User
from bot.quay.quota_settings import QuotaSettings
from bot.slack.messages import Block, Message
from bot.views.blocks import context, link, message, section
from bot.views.enforcement import pushes
from bot.views.lists import flags
from bot.views.text import code, count, duration, escape, exact_size, left_out, percent, size

TEAMS, MEMBERS = 20, 10
"""So many teams and members are named; a section holds 3,000 characters."""


def user(shown: User, page: str, settings: QuotaSettings) -> Message:
    """A user: whether they may log in, the use of their own namespace, and what Quay does with pushes to it."""
    state = "is disabled and cannot log in" if not shown.enabled else "may log in"
    special = [flag for flag in flags(shown) if flag != "disabled"]
    said = f"{shown.username} {state}{': ' + ', '.join(special) if special else ''}"
    use = _use(shown, settings)
    lines = [f"*{escape(said)}*", escape(use[:1].upper() + use[1:]), *_pushes(shown, settings)]
    if shown.email:
        lines.append(f"E-mail: {escape(shown.email)}")
    return message(said, _blocks(lines, shown, f"quota show user:{shown.username}", page))


def organization(shown: Organization, members: Members | None, page: str, settings: QuotaSettings) -> Message:
    """An organization: its use, its people, its settings as far as Quay shows them to the bot's token."""
    use = _use(shown, settings)
    said = f"{shown.name}: {use}"
    lines = [f"*{escape(said)}*", *_pushes(shown, settings)]
    if members is not None:
        lines.append(_members(members.members, shown))
        if members.unreadable:
            lines.append(f"Members: {left_out(members.unreadable)}")
    if shown.shows_teams:
        teams = sorted(shown.teams.values(), key=lambda team: (team.role != "admin", team.name))
        more = f", and {count(len(teams) - TEAMS)} more" if len(teams) > TEAMS else ""
        lines.append(f"Teams: {', '.join(map(_team, teams[:TEAMS])) or 'none'}{more}")
    hidden = [*(["members"] if members is None else []), *([] if shown.shows_teams else ["teams"])]
    if hidden:
        lines.append(f"Quay doesn't show its {' and '.join(hidden)}: FEATURE_SUPERUSERS_FULL_ACCESS is off")
    if shown.email:
        lines.append(f"E-mail: {escape(shown.email)}")
    if shown.invoice_email:
        lines.append(f"Invoices go to {escape(shown.invoice_email_address or shown.email or 'its e-mail address')}.")
    if shown.tag_expiration_s is not None:
        kept = duration(timedelta(seconds=shown.tag_expiration_s))
        lines.append(f"Deleted tags can be brought back for {kept}.")
    return message(said, _blocks(lines, shown, f"quota show {shown.name}", page))


def _blocks(lines: list[str], shown: Organization | User, command: str, page: str) -> tuple[Block, ...]:
    report = shown.quota_report
    used = f"{exact_size(report.quota_bytes)} · " if report and report.is_complete else ""
    small = f"{used}{code(command)} · {link(page, 'Open in Quay')}"
    return (section("\n".join(lines)), context(small))


def _members(members: Sequence[Member], of: Organization) -> str:
    """The people, those of a team that administers it first; Quay counts no robots among them."""
    if not members:
        return "Members: none"
    admins = {name for name, team in of.teams.items() if team.role == "admin"}
    owners = {member.name for member in members if any(team.name in admins for team in member.teams)}
    names = sorted((member.name for member in members), key=lambda name: (name not in owners, name))
    named = [f"{escape(name)}{' (owner)' if name in owners else ''}" for name in names[:MEMBERS]]
    more = f", and {count(len(names) - MEMBERS)} more" if len(names) > MEMBERS else ""
    people = "person" if len(names) == 1 else "people"
    return f"Members: {count(len(names))} {people}, robots not counted: {', '.join(named)}{more}"


def _team(team: Team) -> str:
    members = "" if team.member_count is None else f", {count(team.member_count)}"
    return f"{escape(team.name)} ({escape(team.role)}{members})"


def _pushes(holder: Organization | User, settings: QuotaSettings) -> list[str]:
    """What Quay does with pushes, where it shows the quota."""
    usage = Usage.of(holder, checked=settings.checks is not False)
    if not usage.reported:
        return []
    return [escape(" ".join(pushes(usage.enforced, usage.used if usage.complete else None)))]


def _use(holder: Organization | User, settings: QuotaSettings) -> str:
    if holder.quotas is None:
        return f"Quay shows no quotas and no usage: {settings.why_none_shown}"
    usage = Usage.of(holder)
    own = holder.quotas[0].limit_bytes if holder.quotas else None
    limit = usage.limit or own
    of_limit = f"{usage.measure} is {size(limit)}" if limit else "no quota of its own"
    if not usage.reported:
        return f"{of_limit}; Quay doesn't show its usage"
    if not usage.complete:
        return f"{of_limit}; Quay is still counting its use"
    if limit:
        return f"{percent(usage.used, limit)} of {usage.measure}, {size(usage.used)} of {size(limit)}"
    return f"{size(usage.used)} used, {of_limit}"
