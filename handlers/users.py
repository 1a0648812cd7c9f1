"""Users."""

from typing import Annotated

from cyclopts import Parameter

from bot.commands import CommandSet
from bot.commands.arguments import Email, NewUserName, UserName
from bot.commands.filters import SearchText
from bot.model.plans import Refusal
from bot.quay.errors import NotFound
from bot.quay.models import User
from bot.slack.messages import Message
from bot.views import files, lists, namespaces
from handlers.arguments import given
from handlers.context import Change, Handed
from handlers.listing import Batch, Listing

USERS = CommandSet("users", "Users of the registry.")


@USERS.command("list", "listAllUsers", examples=("users list --match ali", "users list --enabled-only"))
async def list_users(*, match: SearchText | None = None, enabled_only: bool = False, here: Handed) -> Listing[User]:
    """List users with the use of their own namespaces.

    With --match, they are looked through until a page is full.

    Parameters
    ----------
    match
        Only those whose name or e-mail address contains this text.
    enabled_only
        Leave out those who are disabled.
    """
    wanted = (match or "").casefold()

    def fits(user: User) -> bool:
        return wanted in user.username.casefold() or wanted in (user.email or "").casefold()

    async def fetch(token: str | None) -> Batch[User]:
        page = await here.bot.quay.list_all_users(next_page=token, include_disabled=not enabled_only)
        return Batch.of_page(page, [user for user in page.items if fits(user)])

    asked = (f" matching “{match}”" if match else "") + (" who are enabled" if enabled_only else "")
    return Listing(
        "users",
        fetch,
        lambda shown: lists.users(shown, asked=asked),
        files.USER_COLUMNS,
        files.user_cells,
        entries="users",
        picks=bool(match),
        operation="listAllUsers",
    )


@USERS.command("show", "listAllUsers", examples=("users show alice",))
async def show_user(username: UserName, *, here: Handed) -> Message:
    """Show one user: whether they may log in, and how full their own namespace is.

    Parameters
    ----------
    username
        The user's name.
    """
    try:
        shown = await here.bot.quay.get_install_user(username)
    except NotFound:
        said = f"There is no user {username!r} in Quay. An organization is shown by 'orgs show {username}'."
        raise Refusal(said) from None
    settings = await here.bot.quay.quota_settings.as_known()
    return namespaces.user(shown, here.bot.links.user(username), settings)


@USERS.command("create", "createInstallUser", examples=("users create kim --email kim@example.com",))
async def create_user(username: NewUserName, *, email: Email | None = None, here: Handed) -> Change:
    """Create a user. Quay makes the password; you alone are shown it, once.

    Parameters
    ----------
    username
        The new user's name: small letters and digits, between them one of . _ or -.
    email
        The user's e-mail address.
    """
    return Change("users create", given(username=username, email=email))


@USERS.command(
    "update",
    "changeInstallUser",
    examples=("users update kim --disable", "users update kim --email kim@b.example --reset-password"),
)
async def update_user(
    username: UserName,
    *,
    email: Email | None = None,
    enabled: Annotated[bool | None, Parameter(name="--enable", negative="--disable")] = None,
    reset_password: bool = False,
    here: Handed,
) -> Change:
    """Change a user's e-mail address, lock the user out or let them in again, or give them a new password.

    Parameters
    ----------
    username
        The user's name.
    email
        The new e-mail address.
    enabled
        Let the user in again, or lock them out.
    reset_password
        Give the user a new password, which the bot makes; you alone are shown it, once.
    """
    arguments = given(username=username, email=email, enabled=enabled, reset_password=reset_password)
    return Change("users update", arguments)


@USERS.command("delete", "deleteInstallUser", examples=("users delete kim",))
async def delete_user(username: UserName, *, type_the_name: str | None = None, here: Handed) -> Change:
    """Delete a user with everything in the user's own namespace, for good.

    Parameters
    ----------
    username
        The user's name.
    type_the_name
        The name once more, where permissions.yaml asks for that.
    """
    return Change("users delete", given(username=username), typed_name=type_the_name)
