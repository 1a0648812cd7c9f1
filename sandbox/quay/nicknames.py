"""The operationIds of the published documentation, which Quay's source calls nicknames."""

from collections.abc import Mapping

_API = "/api/v1/superuser"

NICKNAMES: Mapping[str, tuple[str, str]] = {
    "listAllUsers": ("GET", f"{_API}/users/"),
    "createInstallUser": ("POST", f"{_API}/users/"),
    "getInstallUser": ("GET", f"{_API}/users/{{username}}"),
    "changeInstallUser": ("PUT", f"{_API}/users/{{username}}"),
    "deleteInstallUser": ("DELETE", f"{_API}/users/{{username}}"),
    "listAllOrganizations": ("GET", f"{_API}/organizations/"),
    "changeOrganization": ("PUT", f"{_API}/organizations/{{name}}"),
    "deleteOrganization": ("DELETE", f"{_API}/organizations/{{name}}"),
    "getOrganization": ("GET", "/api/v1/organization/{name}"),
    "changeOrganizationDetails": ("PUT", "/api/v1/organization/{name}"),
    "getOrganizationMembers": ("GET", "/api/v1/organization/{name}/members"),
    "listRepos": ("GET", "/api/v1/repository"),
    "listServiceKeys": ("GET", f"{_API}/keys"),
    "createServiceKey": ("POST", f"{_API}/keys"),
    "getServiceKey": ("GET", f"{_API}/keys/{{kid}}"),
    "updateServiceKey": ("PUT", f"{_API}/keys/{{kid}}"),
    "deleteServiceKey": ("DELETE", f"{_API}/keys/{{kid}}"),
    "approveServiceKey": ("POST", f"{_API}/approvedkeys/{{kid}}"),
    "listUserQuotaSuperUser": ("GET", f"{_API}/organization/{{namespace}}/quota"),
    "createUserQuotaSuperUser": ("POST", f"{_API}/organization/{{namespace}}/quota"),
    "changeUserQuotaSuperUser": ("PUT", f"{_API}/organization/{{namespace}}/quota/{{quota_id}}"),
    "deleteUserQuotaSuperUser": ("DELETE", f"{_API}/organization/{{namespace}}/quota/{{quota_id}}"),
    "listOrganizationQuotaSuperUser": ("GET", f"{_API}/users/{{namespace}}/quota"),
    "createOrganizationQuotaSuperUser": ("POST", f"{_API}/users/{{namespace}}/quota"),
    "changeOrganizationQuotaSuperUser": ("PUT", f"{_API}/users/{{namespace}}/quota/{{quota_id}}"),
    "deleteOrganizationQuotaSuperUser": ("DELETE", f"{_API}/users/{{namespace}}/quota/{{quota_id}}"),
    "listAllLogs": ("GET", f"{_API}/logs"),
    "getRegistrySize": ("GET", f"{_API}/registrysize/"),
    "postRegistrySize": ("POST", f"{_API}/registrysize/"),
    "getConfigDump": ("GET", f"{_API}/config"),
    "getRepoBuildSuperUser": ("GET", f"{_API}/{{build_uuid}}/build"),
    "getRepoBuildStatusSuperUser": ("GET", f"{_API}/{{build_uuid}}/status"),
    "getRepoBuildLogsSuperUser": ("GET", f"{_API}/{{build_uuid}}/logs"),
}
"""The method and the path of each; in a path, a word in braces stands for one part."""
