"""Organizations."""

from bot.commands import CommandSet
from bot.messages import Message
from bot.views import lists
from handlers.context import Handed

ORGANIZATIONS = CommandSet("orgs", "Organizations, their use and their limits.")


@ORGANIZATIONS.command("list", "listAllOrganizations", examples=("orgs list", "orgs list --match team-"))
async def list_organizations(*, match: str | None = None, here: Handed) -> Message:
    """List organizations with their use, the fullest first.

    Without --match it is the first hundred, for one request to Quay; with it, all pages are looked through.

    Parameters
    ----------
    match
        Only those whose name contains this text.
    """
    if match is None:
        page = await here.quay.list_all_organizations()
        return lists.organizations(page.items, asked="", more=page.next_page is not None)
    found = [o async for o in here.quay.organizations() if match.casefold() in o.name.casefold()]
    return lists.organizations(found, asked=f" matching “{match}”", more=False)
