"""Operations, places and conditions in words, for people who read what changed."""

from collections.abc import Iterable, Mapping

from bot.model.units import write_size
from bot.permissions.conditions import ENFORCEMENT, Bounds, Condition, Where
from bot.permissions.names import sets
from bot.permissions.policy import Policy, StandardLimits

PHRASES: Mapping[str, str] = {
    "listAllUsers": "list users",
    "createInstallUser": "create users",
    "changeInstallUser": "update users",
    "deleteInstallUser": "delete users",
    "listAllOrganizations": "list organizations",
    "changeOrganization": "update organizations",
    "deleteOrganization": "delete organizations",
    "listServiceKeys": "list service keys",
    "getServiceKey": "show service keys",
    "createServiceKey": "create service keys",
    "updateServiceKey": "update service keys",
    "approveServiceKey": "approve service keys",
    "deleteServiceKey": "delete service keys",
    "listUserQuotaSuperUser": "look at organizations' quotas",
    "createUserQuotaSuperUser": "give organizations quotas",
    "changeUserQuotaSuperUser": "change organizations' quotas",
    "deleteUserQuotaSuperUser": "delete organizations' quotas",
    "listOrganizationQuotaSuperUser": "look at users' quotas",
    "createOrganizationQuotaSuperUser": "give users quotas",
    "changeOrganizationQuotaSuperUser": "change users' quotas",
    "deleteOrganizationQuotaSuperUser": "delete users' quotas",
    "listAllLogs": "read the usage log",
    "getRepoBuildSuperUser": "show builds",
    "getRepoBuildStatusSuperUser": "look at the status of builds",
    "getRepoBuildLogsSuperUser": "read the logs of builds",
    "getRegistrySize": "look at the registry's size",
    "postRegistrySize": "have the registry measured",
    "getConfigDump": "read the configuration",
    "createOrganizationQuotaLimit": "add quota limits",
    "changeOrganizationQuotaLimit": "move quota limits",
    "deleteOrganizationQuotaLimit": "remove quota limits",
    "alerts": "handle alerts",
    "audit": "read the audit",
    "freeze": "freeze and thaw all changes",
}
"""What somebody does who uses an operation."""

_OF_SETS = {
    "all": "do everything",
    "read": "read everything",
    "change": "make any change",
    "limits": "set quota limits",
}
_VERBS = {"": "look after", "read": "look at", "change": "change"}
_NOUNS = {"keys": "service keys", "registry": "the registry's size"}


def operations(ids: Iterable[str]) -> str:
    """Operations in as few words as there are sets for them: `change quotas and delete users`."""
    left, found = set(ids), []
    for name, members in sorted(sets().items(), key=lambda item: -len(item[1])):
        if len(members) > 1 and members <= left:
            noun, _, kind = name.partition(".")
            found.append(_OF_SETS.get(name) or f"{_VERBS[kind]} {_NOUNS.get(noun, noun)}")
            left -= members
    return listed([*found, *(phrase for name, phrase in PHRASES.items() if name in left)])


def places(policy: Policy, channels: frozenset[str]) -> str:
    """Channels by the names under which the file lists them."""
    left, found = set(channels), []
    for name, members in policy.channels.items():
        if members and left.issuperset(members):
            found.append(f"{name} channels")
            left -= set(members)
    others = {"dm": "direct messages", "home": "the Home tab"}
    return listed([*found, *(others.get(place, place) for place in sorted(left))], "nowhere")


def conditions(where: Where) -> str:
    """What arguments must be like, such as `namespace is team-*`; nothing where all are taken."""
    return listed(
        [
            "enforcement is not weakened" if name == ENFORCEMENT else f"{name} {_condition(condition)}"
            for name, condition in sorted(where.items())
        ]
    )


def limits(standard: StandardLimits | None) -> str:
    """The limits of new quotas, such as `warn at 80%, refuse at 100%`."""
    if standard is None:
        return "none"
    said = [f"warn at {' and '.join(f'{percent}%' for percent in sorted(standard.warn))}"] if standard.warn else []
    said += [] if standard.reject is None else [f"refuse at {standard.reject}%"]
    return ", ".join(said)


def _condition(condition: Condition) -> str:
    if not isinstance(condition, Bounds):
        return f"is {' or '.join(condition)}"
    said = []
    if condition.min is not None:
        said.append(f"is {write_size(condition.min)} or more")
    if condition.max is not None:
        said.append(f"is {write_size(condition.max)} or less")
    if condition.max_increase is not None:
        said.append(f"grows by {condition.max_increase.normalize():f}% or less")
    return listed(said)


def listed(items: Iterable[str], nothing: str = "") -> str:
    """`a, b and c`."""
    *most, last = [*items] or [nothing]
    return f"{', '.join(most)} and {last}" if most else last
