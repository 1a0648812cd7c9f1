"""Organizations as the superusers' list shows them: with quota and use, where their own page has neither.

Without FEATURE_SUPERUSERS_FULL_ACCESS Quay shows an organization's inside only to its members, and to the read-only
superuser. The list, which any superuser may read, can't be asked for one name.
"""

from bot.quay.client import PAGE, Quay
from bot.quay.models import Organization

PAGES = 10
"""Some 4 seconds of Quay's time."""


async def find_listed(quay: Quay, name: str) -> Organization | None:
    """An organization among the first 1,000 of the list; None where it isn't one of them. Raises QuayError."""
    looked_at = 0
    async for organization in quay.organizations():
        if organization.name == name:
            return organization
        looked_at += 1
        if looked_at >= PAGES * PAGE:
            return None
    return None


async def seen_from_anywhere(quay: Quay, organization: Organization) -> Organization:
    """An organization with its quota and use, as far as Quay shows them in any way. Raises QuayError."""
    if organization.quotas is not None:
        return organization
    return await find_listed(quay, organization.name) or organization
