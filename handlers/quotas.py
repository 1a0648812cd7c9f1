"""Quotas: show, set, delete."""

from typing import Annotated, Any

from cyclopts import Parameter

from bot.commands import CommandSet, Correction, Which
from bot.commands.arguments import NamespaceName, Percent, Percents, Size
from bot.effects.quota_state import Namespace, fetch_quota
from bot.slack.messages import Message
from bot.views import details
from handlers.arguments import given
from handlers.context import Change, Handed

QUOTAS = CommandSet("quota", "Quotas of organizations and of users' own namespaces (user:NAME).")


def _by_namespace(verbs: str) -> Which:
    """The operation of the namespace's kind: Quay calls an organization's the user's, and the other way round.

    Where the command names limits, that of making one as well.
    """

    def which(arguments: dict[str, Any]) -> tuple[str, ...]:
        kind = "Organization" if Namespace.parse(arguments["namespace"]).of_user else "User"
        limits = arguments.get("warn") or arguments.get("reject")
        also = ("createOrganizationQuotaLimit",) if limits else ()
        return (*(f"{each}{kind}QuotaSuperUser" for each in verbs.split()), *also)

    return which


@QUOTAS.command(
    "show",
    "listUserQuotaSuperUser",
    "listOrganizationQuotaSuperUser",
    which=_by_namespace("list"),
    examples=("quota show team-a", "quota show user:alice"),
)
async def show_quota(namespace: NamespaceName, *, here: Handed) -> Message:
    """Show how full a namespace is, and when Quay warns or refuses pushes.

    Parameters
    ----------
    namespace
        An organization's name, or user:NAME for a user's own namespace.
    """
    state = await fetch_quota(here.bot.quay, Namespace.parse(namespace), recent=True)
    return details.quota(
        namespace,
        used=state.used,
        enforced=state.enforced(),
        default_known=state.default is not None,
        visible=state.report is not None,
        page=here.bot.links.namespace(namespace),
    )


@QUOTAS.command(
    "set",
    "createUserQuotaSuperUser",
    "createOrganizationQuotaSuperUser",
    "changeUserQuotaSuperUser",
    "changeOrganizationQuotaSuperUser",
    which=_by_namespace("create change"),
    examples=("quota set team-a 100GiB", "quota set team-a 100GiB --warn 80 --reject 100", "quota set user:alice 50GB"),
)
async def set_quota(
    namespace: NamespaceName,
    limit: Size,
    *,
    warn: Percents = (),
    reject: Percent | None = None,
    no_reject: Annotated[bool, Parameter(negative=())] = False,
    here: Handed,
) -> Change:
    """Set the quota of a namespace, and its limits; creates the quota where there is none.

    Limits that you leave out stay. A new quota without any gets the standard ones of permissions.yaml, if it has them.

    Parameters
    ----------
    namespace
        An organization's name, or user:NAME for a user's own namespace.
    limit
        The size with its unit: 100GiB (1024³) or 100GB (1000³).
    warn
        Where Quay warns the owners, in percent of the quota. Can be given several times.
    reject
        Where Quay refuses pushes, in percent of the quota. Above every warning.
    no_reject
        Quay never refuses pushes; removes a reject limit that is there.
    """
    if no_reject and reject is not None:
        raise Correction("Use either --reject or --no-reject.")
    if reject is not None and max(warn, default=0) >= reject:
        raise Correction(
            f"A warning at {max(warn)}% would switch off the reject at {reject}%. Choose a --warn below {reject}."
        )
    arguments = given(
        namespace=namespace,
        limit=limit,
        warn=",".join(map(str, sorted(set(warn)))) or None,
        reject=reject,
        no_reject=no_reject or None,
    )
    return Change("quota set", arguments)


@QUOTAS.command(
    "delete",
    "deleteUserQuotaSuperUser",
    "deleteOrganizationQuotaSuperUser",
    which=_by_namespace("delete"),
    examples=("quota delete team-a",),
)
async def delete_quota(namespace: NamespaceName, *, here: Handed) -> Change:
    """Delete a namespace's own quota with all its limits. The system default holds then, if Quay has one.

    Parameters
    ----------
    namespace
        An organization's name, or user:NAME for a user's own namespace.
    """
    return Change("quota delete", {"namespace": namespace})
