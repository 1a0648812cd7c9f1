"""What is lost with a user who can no longer act, beside what is their own."""

from bot.effects.own_tokens import OwnTokens
from bot.effects.ownership import sole_ownership_warnings
from bot.quay.client import Quay
from bot.quay.errors import NotFound


async def losses_with(quay: Quay, own_tokens: OwnTokens, name: str, does: str) -> tuple[str, ...]:
    """The warnings of a change that disables or deletes a user. Raises Refusal where it would lock the bot out.

    `does` is the change as its sentence begins: `Deleting`.
    """
    try:
        user = await quay.get_install_user(name)
    except NotFound:
        return ()
    return (*await own_tokens.warnings_of_user(user, does), *await sole_ownership_warnings(quay, name))
