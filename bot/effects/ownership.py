"""Which organizations a user alone owns. Quay has no list of it, so organizations are asked one by one."""

import asyncio
from dataclasses import dataclass

import structlog

from bot.quay.client import Quay
from bot.quay.errors import Forbidden, NotFound, QuayError
from bot.views.text import count

MOST_LOOKED_AT = 100
"""Organizations; each costs Quay some 0.2 s, and each that the user is in as much again."""
AT_ONCE = 3
NAMED = 10
OWNERS = "owners"
"""The team that each organization begins with, of role admin."""

log = structlog.get_logger()


@dataclass(frozen=True)
class SoleOwnership:
    """The organizations that have no other owner, as far as they were looked at."""

    organizations: tuple[str, ...] = ()
    looked_at: int = 0
    is_all: bool = True

    def warnings(self, user: str) -> tuple[str, ...]:
        """What to say before the user can no longer act."""
        found = []
        if self.organizations:
            more = len(self.organizations) - NAMED
            named = ", ".join(self.organizations[:NAMED]) + (f" and {count(more)} more" if more > 0 else "")
            found.append(f"{user} is the only owner of {named}. Nobody else can manage what has no owner.")
        if not self.is_all:
            found.append(f"Only {count(self.looked_at)} organizations were checked for having no other owner.")
        return tuple(found)


async def sole_ownership_warnings(quay: Quay, user: str) -> tuple[str, ...]:
    """What to say of the organizations that would be left without an owner; says so where that can't be found out."""
    try:
        return (await find_sole_ownership(quay, user)).warnings(user)
    except Forbidden:
        why = "Quay doesn't show the bot who owns organizations (FEATURE_SUPERUSERS_FULL_ACCESS is off)"
    except QuayError as error:
        log.warning("owners_not_read", said=error.message)
        why = "reading their owners failed"
    return (f"Organizations that {user} alone owns are left without an owner. The bot can't name them: {why}.",)


async def find_sole_ownership(quay: Quay, user: str) -> SoleOwnership:
    """Look at the first organizations of the registry. Raises QuayError, Forbidden where members are not shown."""
    page = await quay.list_all_organizations(limit=MOST_LOOKED_AT)
    names = [organization.name for organization in page.items]
    alone: dict[str, bool | None] = {}
    for start in range(0, len(names), AT_ONCE):
        batch = names[start : start + AT_ONCE]
        alone |= zip(batch, await asyncio.gather(*(_owns_alone(quay, name, user) for name in batch)), strict=True)
    read = [name for name, is_alone in alone.items() if is_alone is not None]
    is_all = page.next_page is None and not page.unreadable and len(read) == len(names)
    return SoleOwnership(tuple(name for name in read if alone[name]), len(read), is_all=is_all)


async def _owns_alone(quay: Quay, organization: str, user: str) -> bool | None:
    """Whether nobody else is in a team that administers it; None where not all of its members could be read."""
    try:
        found = await quay.get_organization_members(organization)
        if user not in {member.name for member in found.members}:
            return None if found.unreadable else False
        teams = (await quay.get_organization(organization)).teams
    except NotFound:
        return False
    admins = {name for name, team in teams.items() if team.role == "admin"} or {OWNERS}
    owners = {member.name for member in found.members if any(team.name in admins for team in member.teams)}
    return None if found.unreadable and owners == {user} else owners == {user}
