"""The 28 superuser operations in one table: permissions, commands, documentation and client rest on it.

A second, short table holds the operations beyond the 28 that the bot uses as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Noun = Literal["users", "organizations", "keys", "quotas", "logs", "builds", "registry", "config", "limits"]
Risk = Literal["none", "low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Route:
    """One call of Quay's API: operationId, method, and the documented path with its real slashes."""

    id: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str

    @property
    def kind(self) -> Literal["read", "change"]:
        """Whether the call only reads; a change is never sent twice by itself."""
        return "read" if self.method == "GET" else "change"


@dataclass(frozen=True, slots=True)
class Operation(Route):
    """One superuser operation.

    `command` is what people type for it; `arguments` are the parameters of that command that a permission
    rule can ask for. `idempotent` says whether sending it twice leaves the registry as sending it once does.
    """

    noun: Noun
    command: str
    summary: str
    arguments: tuple[str, ...] = ()
    risk: Risk = "none"
    idempotent: bool = True


_USERS = "/api/v1/superuser/users/"
_USER = "/api/v1/superuser/users/{username}"
_ORGANIZATIONS = "/api/v1/superuser/organizations/"
_ORGANIZATION = "/api/v1/superuser/organizations/{name}"
_KEYS = "/api/v1/superuser/keys"
_KEY = "/api/v1/superuser/keys/{kid}"
_APPROVAL = "/api/v1/superuser/approvedkeys/{kid}"
_ORGANIZATION_QUOTAS = "/api/v1/superuser/organization/{namespace}/quota"
_ORGANIZATION_QUOTA = "/api/v1/superuser/organization/{namespace}/quota/{quota_id}"
_USER_QUOTAS = "/api/v1/superuser/users/{namespace}/quota"
_USER_QUOTA = "/api/v1/superuser/users/{namespace}/quota/{quota_id}"
_LIMITS = "/api/v1/organization/{namespace}/quota/{quota_id}/limit"
_LIMIT = "/api/v1/organization/{namespace}/quota/{quota_id}/limit/{limit_id}"
_LOGS = "/api/v1/superuser/logs"
_BUILD = "/api/v1/superuser/{build_uuid}/build"
_BUILD_STATUS = "/api/v1/superuser/{build_uuid}/status"
_BUILD_LOGS = "/api/v1/superuser/{build_uuid}/logs"
_SIZE = "/api/v1/superuser/registrysize/"
_CONFIG = "/api/v1/superuser/config"

_TABLE = (
    Operation("listAllUsers", "GET", _USERS, "users", "users list", "List the users of the registry."),
    Operation(
        "createInstallUser", "POST", _USERS, "users", "users create",
        "Create a user with a generated password.",
        ("username", "email"), risk="medium", idempotent=False,
    ),
    Operation(
        "changeInstallUser", "PUT", _USER, "users", "users update",
        "Change a user's e-mail address or password, or enable or disable the user.",
        ("username", "email", "enabled", "reset_password"), risk="medium",
    ),
    Operation(
        "deleteInstallUser", "DELETE", _USER, "users", "users delete",
        "Delete a user with everything in the user's namespace.",
        ("username",), risk="high",
    ),
    Operation(
        "listAllOrganizations", "GET", _ORGANIZATIONS, "organizations", "orgs list",
        "List the organizations of the registry.",
    ),
    Operation(
        "changeOrganization", "PUT", _ORGANIZATION, "organizations", "orgs update",
        "Rename an organization, or change its e-mail address, invoices or tag expiration.",
        ("name", "rename", "email", "invoice_email", "invoice_address", "tag_expiration"),
        risk="medium", idempotent=False,
    ),
    Operation(
        "deleteOrganization", "DELETE", _ORGANIZATION, "organizations", "orgs delete",
        "Delete an organization with all its repositories.",
        ("name",), risk="high",
    ),
    Operation(
        "listServiceKeys", "GET", _KEYS, "keys", "keys list", "List the service keys.", ("service",),
    ),
    Operation(
        "getServiceKey", "GET", _KEY, "keys", "keys show", "Show one service key.", ("kid", "service"),
    ),
    Operation(
        "createServiceKey", "POST", _KEYS, "keys", "keys create",
        "Create a service key that is approved from the start.",
        ("service", "expires", "name", "notes"), risk="medium", idempotent=False,
    ),
    Operation(
        "updateServiceKey", "PUT", _KEY, "keys", "keys update",
        "Change a service key's name, expiry or metadata.",
        ("kid", "service", "name", "expires"), risk="medium",
    ),
    Operation(
        "approveServiceKey", "POST", _APPROVAL, "keys", "keys approve",
        "Approve a waiting service key, so that its service is trusted.",
        ("kid", "service", "notes"), risk="medium",
    ),
    Operation(
        "deleteServiceKey", "DELETE", _KEY, "keys", "keys delete",
        "Delete a service key; a service that uses it is no longer trusted.",
        ("kid", "service"), risk="high",
    ),
    Operation(
        "listUserQuotaSuperUser", "GET", _ORGANIZATION_QUOTAS, "quotas", "quota show",
        "Show the quota of an organization.",
        ("namespace",),
    ),
    Operation(
        "createUserQuotaSuperUser", "POST", _ORGANIZATION_QUOTAS, "quotas", "quota set",
        "Give an organization a quota.",
        ("namespace", "limit", "enforcement"), risk="medium", idempotent=False,
    ),
    Operation(
        "changeUserQuotaSuperUser", "PUT", _ORGANIZATION_QUOTA, "quotas", "quota set",
        "Change the quota of an organization.",
        ("namespace", "limit", "enforcement"), risk="medium",
    ),
    Operation(
        "deleteUserQuotaSuperUser", "DELETE", _ORGANIZATION_QUOTA, "quotas", "quota delete",
        "Take the quota away from an organization.",
        ("namespace", "enforcement"), risk="medium",
    ),
    Operation(
        "listOrganizationQuotaSuperUser", "GET", _USER_QUOTAS, "quotas", "quota show",
        "Show the quota of a user's namespace.",
        ("namespace",),
    ),
    Operation(
        "createOrganizationQuotaSuperUser", "POST", _USER_QUOTAS, "quotas", "quota set",
        "Give a user's namespace a quota.",
        ("namespace", "limit", "enforcement"), risk="medium", idempotent=False,
    ),
    Operation(
        "changeOrganizationQuotaSuperUser", "PUT", _USER_QUOTA, "quotas", "quota set",
        "Change the quota of a user's namespace.",
        ("namespace", "limit", "enforcement"), risk="medium",
    ),
    Operation(
        "deleteOrganizationQuotaSuperUser", "DELETE", _USER_QUOTA, "quotas", "quota delete",
        "Take the quota away from a user's namespace.",
        ("namespace", "enforcement"), risk="medium",
    ),
    Operation(
        "listAllLogs", "GET", _LOGS, "logs", "logs",
        "List the usage log of the whole registry.",
        ("user", "namespace", "kind"),
    ),
    Operation(
        "getRepoBuildSuperUser", "GET", _BUILD, "builds", "builds show", "Show one build.", ("build_uuid",),
    ),
    Operation(
        "getRepoBuildStatusSuperUser", "GET", _BUILD_STATUS, "builds", "builds status",
        "Show how far a build has come.",
        ("build_uuid",),
    ),
    Operation(
        "getRepoBuildLogsSuperUser", "GET", _BUILD_LOGS, "builds", "builds logs",
        "Show the log of a build.",
        ("build_uuid",),
    ),
    Operation(
        "getRegistrySize", "GET", _SIZE, "registry", "registry size",
        "Show the measured size of the registry.",
    ),
    Operation(
        "postRegistrySize", "POST", _SIZE, "registry", "registry measure",
        "Have the size of the registry measured anew.",
        risk="low",
    ),
    Operation(
        "getConfigDump", "GET", _CONFIG, "config", "config",
        "Show the configuration of the registry.",
        ("key",),
    ),
)  # fmt: skip

_TABLE_BEYOND = (
    Operation(
        "createOrganizationQuotaLimit", "POST", _LIMITS, "limits", "quota set",
        "Add a limit to a namespace's quota: a warning, or the refusal of pushes.",
        ("namespace", "limit", "enforcement"), risk="medium", idempotent=False,
    ),
    Operation(
        "changeOrganizationQuotaLimit", "PUT", _LIMIT, "limits", "quota set",
        "Move a limit of a namespace's quota to another percentage.",
        ("namespace", "limit", "enforcement"), risk="medium",
    ),
    Operation(
        "deleteOrganizationQuotaLimit", "DELETE", _LIMIT, "limits", "quota set",
        "Remove a limit from a namespace's quota.",
        ("namespace", "limit", "enforcement"), risk="medium",
    ),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = MappingProxyType({operation.id: operation for operation in _TABLE})
"""Every superuser operation by its operationId, in the order of the command table."""

BEYOND: Mapping[str, Operation] = MappingProxyType({operation.id: operation for operation in _TABLE_BEYOND})
"""The operations beyond the superuser's 28. They have nouns of their own and are in `all`, in no other old set.

Those of limits take users' namespaces as well as organizations, and need FEATURE_SUPERUSERS_FULL_ACCESS.
"""

KNOWN: Mapping[str, Operation] = MappingProxyType({**OPERATIONS, **BEYOND})
"""Every operation that the bot uses, the 28 first."""

MANAGEMENT, EDITING = QUOTA_FEATURES = ("FEATURE_QUOTA_MANAGEMENT", "FEATURE_EDIT_QUOTA")
"""Without either of them Quay has no route about quotas, and shows neither quotas nor use anywhere."""


def features_of(route: Route) -> tuple[str, ...]:
    """The features without each of which Quay doesn't have a route (`show_if` in its endpoints/api)."""
    if "/quota" in route.path:
        return QUOTA_FEATURES
    return ("FEATURE_PROXY_CACHE",) if route.path.endswith("/proxycache") else ()


GET_USER = Route("getInstallUser", "GET", _USER)
GET_ORGANIZATION = Route("getOrganization", "GET", "/api/v1/organization/{name}")
GET_ORGANIZATION_MEMBERS = Route("getOrganizationMembers", "GET", "/api/v1/organization/{name}/members")
GET_ORGANIZATION_APPLICATIONS = Route("getOrganizationApplications", "GET", "/api/v1/organization/{name}/applications")
GET_ARCHIVED_BUILD_LOGS = Route("getArchivedBuildLogs", "GET", f"{_BUILD_LOGS}/archive")
PROVE_WRITER = Route("proveWriter", "PUT", _KEY)
CHANGE_ORGANIZATION_DETAILS = Route("changeOrganizationDetails", "PUT", "/api/v1/organization/{name}")
"""Calls beside them: one namespace at a time, an organization's own settings,
members and OAuth applications, and one that does nothing."""

LIST_QUOTA = Route("listOrganizationQuota", "GET", "/api/v1/organization/{namespace}/quota")
LIST_LIMITS = Route("listOrganizationQuotaLimit", "GET", _LIMITS)
GET_PROXY_CACHE = Route("getProxyCacheConfig", "GET", "/api/v1/organization/{name}/proxycache")
"""Three reads that tell how a quota is enforced; each needs FEATURE_SUPERUSERS_FULL_ACCESS."""
