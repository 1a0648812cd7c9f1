"""Quotas: show, set, delete."""

from typing import Any

from bot.commands import CommandSet, Which
from bot.commands.arguments import NamespaceName, Size
from bot.effects.quotas import Namespace, fetch_quota
from bot.slack.messages import Message
from bot.views import details
from handlers.context import Change, Handed

QUOTAS = CommandSet("quota", "Quotas of organizations and of users' own namespaces (user:NAME).")


def _by_namespace(verbs: str) -> Which:
    """The operation of the namespace's kind: Quay calls an organization's the user's, and the other way round."""

    def which(arguments: dict[str, Any]) -> tuple[str, ...]:
        kind = "Organization" if Namespace.parse(arguments["namespace"]).of_user else "User"
        return tuple(f"{each}{kind}QuotaSuperUser" for each in verbs.split())

    return which


@QUOTAS.command(
    "show",
    "listUserQuotaSuperUser",
    "listOrganizationQuotaSuperUser",
    which=_by_namespace("list"),
    examples=("quota show team-a", "quota show user:alice"),
)
async def show_quota(namespace: NamespaceName, *, here: Handed) -> Message:
    """Show how full a namespace is, and at what point Quay warns or refuses.

    Parameters
    ----------
    namespace
        An organization's name, or user:NAME for a user's own namespace.
    """
    state = await fetch_quota(here.bot.quay, Namespace.parse(namespace))
    return details.quota(
        namespace,
        used=state.used,
        limit=state.limit,
        limits=state.limits,
        visible=state.report is not None,
        system_default=state.system_default,
        page=here.bot.links.namespace(namespace),
    )


@QUOTAS.command(
    "set",
    "createUserQuotaSuperUser",
    "createOrganizationQuotaSuperUser",
    "changeUserQuotaSuperUser",
    "changeOrganizationQuotaSuperUser",
    which=_by_namespace("create change"),
    examples=("quota set team-a 100GiB", "quota set user:alice 50GB"),
)
async def set_quota(namespace: NamespaceName, limit: Size, *, here: Handed) -> Change:
    """Set the limit of a namespace; creates the quota where there is none.

    Parameters
    ----------
    namespace
        An organization's name, or user:NAME for a user's own namespace.
    limit
        The new limit with its unit: 100GiB (1024³) or 100GB (1000³).
    """
    return Change("quota set", {"namespace": namespace, "limit": limit})


@QUOTAS.command(
    "delete",
    "deleteUserQuotaSuperUser",
    "deleteOrganizationQuotaSuperUser",
    which=_by_namespace("delete"),
    examples=("quota delete team-a",),
)
async def delete_quota(namespace: NamespaceName, *, here: Handed) -> Change:
    """Lift the limit of a namespace.

    Parameters
    ----------
    namespace
        An organization's name, or user:NAME for a user's own namespace.
    """
    return Change("quota delete", {"namespace": namespace})
