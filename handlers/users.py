"""Users."""

from bot.commands import CommandSet
from bot.messages import Message
from bot.views import lists
from handlers.context import Handed

USERS = CommandSet("users", "Users of the registry.")


@USERS.command("list", "listAllUsers", examples=("users list --match ali", "users list --enabled-only"))
async def list_users(*, match: str | None = None, enabled_only: bool = False, here: Handed) -> Message:
    """List users with the use of their own namespaces.

    Without --match it is the first hundred, for one request to Quay; with it, all pages are looked through.

    Parameters
    ----------
    match
        Only those whose name or e-mail address contains this text.
    enabled_only
        Leave out those who are disabled.
    """
    asked = " who are enabled" if enabled_only else ""
    if match is None:
        page = await here.quay.list_all_users(include_disabled=not enabled_only)
        return lists.users(page.items, asked=asked, more=page.next_page is not None)
    wanted = match.casefold()
    found = [
        user
        async for user in here.quay.users(include_disabled=not enabled_only)
        if wanted in user.username.casefold() or wanted in (user.email or "").casefold()
    ]
    return lists.users(found, asked=f" matching “{match}”{asked}", more=False)
