"""What nobody else can have: names, and users' e-mail addresses, which are taken already."""

from bot.model.plans import Refusal
from bot.quay.client import PAGE, Quay
from bot.quay.errors import NotFound
from bot.views.text import count

PAGES_FOR_EMAIL = 10
"""Some 4 seconds of Quay's time."""
_NOT_LOOKED_THROUGH = (
    f"Only the first {count(PAGES_FOR_EMAIL * PAGE)} users were looked at for this e-mail address. "
    "If another one has it, Quay refuses, and says so."
)


async def require_free(quay: Quay, name: str) -> None:
    """Users and organizations share one space of names. Raises Refusal for one that is taken."""
    for find, kind in ((quay.get_install_user, "a user"), (quay.get_organization, "an organization")):
        try:
            await find(name)
        except NotFound:
            continue
        raise Refusal(f"The name {name!r} is taken: there is {kind} of that name in Quay.")


async def warn_of_email(quay: Quay, email: str, *, but_of: str = "") -> tuple[str, ...]:
    """Look for an address among the first users; Quay has no search for it, and refuses an address that is taken.

    Quay tells capitals from small letters. Raises Refusal for an address in use.
    """
    found: tuple[str, ...] = ()
    looked_through = 0
    async for page in quay.user_pages():
        for user in page.items:
            if user.username == but_of or not user.email:
                continue
            if user.email == email:
                raise Refusal(f"The e-mail address {email} is taken: it is the user {user.username}'s.")
            if user.email.casefold() == email.casefold():
                found = (f"The user {user.username} has the same address in other letters: {user.email}.",)
        looked_through += 1
        if looked_through == PAGES_FOR_EMAIL and page.next_page:
            return (*found, _NOT_LOOKED_THROUGH)
    return found
