"""The registry as a whole."""

from bot.commands import CommandSet
from bot.slack.messages import Message
from bot.views import details
from handlers.context import Change, Handed

REGISTRY = CommandSet("registry", "The registry as a whole.")


@REGISTRY.command("size", "getRegistrySize", examples=("registry size",))
async def show_size(*, here: Handed) -> Message:
    """Show the size of the whole registry, as it was last measured."""
    return details.registry_size(await here.bot.quay.get_registry_size(), here.now)


@REGISTRY.command("measure", "postRegistrySize", examples=("registry measure",))
async def measure_size(*, here: Handed) -> Change:
    """Have the size of the whole registry measured anew."""
    return Change("registry measure", {})
