"""One module for each noun that people type, plus the buttons."""

from bot.commands import CommandSet
from handlers.audit import AUDITING
from handlers.builds import BUILDS
from handlers.configuration import CONFIGURATION
from handlers.freeze import FREEZING
from handlers.general import GENERAL
from handlers.keys import KEYS
from handlers.logs import LOGS
from handlers.organizations import ORGANIZATIONS
from handlers.quotas import QUOTAS
from handlers.registry import REGISTRY
from handlers.users import USERS


def all_commands() -> tuple[CommandSet, ...]:
    """Every command, in the order in which help lists them."""
    return (KEYS, QUOTAS, ORGANIZATIONS, USERS, LOGS, BUILDS, REGISTRY, CONFIGURATION, AUDITING, FREEZING, GENERAL)
