"""Organizations: the superuser API's view of them, and what the ordinary API shows and changes of each."""

from starlette.responses import Response

from sandbox.quay import answers, views
from sandbox.quay.dispatch import Call, Operation, Resource
from sandbox.quay.routes_users import LIMIT, listed_page, name_problem
from sandbox.quay.state import Organization

_TAG_EXPIRATIONS = (0, 86400, 604800, 1209600, 2419200)

_RENAME = {
    "id": "UpdateOrg",
    "type": "object",
    "description": "Description of updates for an organization",
    "properties": {"name": {"type": "string", "description": "The new name for the organization"}},
}
_DETAILS = {
    "type": "object",
    "description": "Description of updates for an existing organization",
    "properties": {
        "email": {"type": "string", "description": "Organization contact email"},
        "invoice_email": {
            "type": "boolean",
            "description": "Whether the organization desires to receive emails for invoices",
        },
        "invoice_email_address": {
            "type": ["string", "null"],
            "description": "The email address at which to receive invoices",
        },
        "tag_expiration_s": {
            "type": "integer",
            "minimum": 0,
            "description": "The number of seconds for tag expiration",
        },
    },
}


def _list(call: Call) -> Response:
    shown, following = listed_page(call, call.registry.organizations())
    return answers.answer({"organizations": [views.organization(one, call.features) for one in shown], **following})


def _rename(call: Call) -> Response:
    """Everything but `name` is ignored; an unknown organization and a taken name are not foreseen."""
    registry, old = call.registry, call.parameters["namespace"]
    new = call.body.get("name")
    if old in registry.namespaces:
        superuser = call.actor.user.name
        call.log("org_change_name", old, old_name=old, new_name=new, superuser=superuser)
    organization = registry.organization(old)
    if organization is None:
        raise answers.Crash
    if new is not None:
        if problem := name_problem(new):
            raise answers.model_error(f"Invalid username {new}: {problem}")
        if registry.namespaces.get(new, organization) is not organization:
            raise answers.Crash
        registry.rename(organization, new)
    return answers.answer(views.organization(organization, call.features))


def _delete(call: Call) -> Response:
    organization = find_organization(call)
    call.log("org_delete", call.registry.delete_later(organization.name), namespace=organization.name)
    return answers.empty(204)


def _show(call: Call) -> Response:
    """Everybody may look; who may not see the organization's inside gets hardly more than its name."""
    organization = find_organization(call)
    if call.reads_everything:
        return answers.answer(_details(call, organization, is_admin=False))
    if call.has_full_access or call.administers:
        return answers.answer(_details(call, organization, is_admin=True))
    return answers.answer(_outside(organization))


def _change_details(call: Call) -> Response:
    organization, body = find_organization(call), call.body
    name = organization.name
    if "invoice_email" in body:
        organization.invoice_email = body["invoice_email"]
        call.log("org_change_invoicing", name, invoice_email=organization.invoice_email, namespace=name)
    if "invoice_email_address" in body:
        organization.invoice_email_address = body["invoice_email_address"] or None
        address = organization.invoice_email_address
        call.log("org_change_invoicing", name, invoice_email_address=address, namespace=name)
    if "email" in body and body["email"] != organization.email:
        old, organization.email = organization.email, body["email"]
        call.log("org_change_email", name, email=organization.email, namespace=name, old_email=old)
    if "tag_expiration_s" in body:
        if body["tag_expiration_s"] not in _TAG_EXPIRATIONS:
            raise answers.model_error("Invalid tag expiration option")
        organization.tag_expiration_s = int(body["tag_expiration_s"])
        seconds = organization.tag_expiration_s
        call.log("org_change_tag_expiration", name, tag_expiration=seconds, namespace=name)
    return answers.answer(_details(call, organization, is_admin=True))


def find_organization(call: Call) -> Organization:
    """The organization that a path means by its parameter `namespace`, or else the API's 404."""
    organization = call.registry.organization(call.parameters["namespace"])
    if organization is None:
        raise answers.not_found()
    return organization


def _outside(organization: Organization) -> views.Json:
    return {
        "name": organization.name,
        "email": "",
        "avatar": views.avatar(organization.name, organization.email, "user"),
        "is_admin": False,
        "is_member": False,
    }


def _details(call: Call, organization: Organization, *, is_admin: bool) -> views.Json:
    teams = {name: _team(organization, name) for name in organization.teams}
    shown = {
        **_outside(organization),
        "is_admin": is_admin,
        "is_member": True,
        "teams": teams,
        "ordered_teams": list(organization.teams),
    }
    if is_admin:
        shown |= {
            "email": organization.email,
            "invoice_email": organization.invoice_email,
            "invoice_email_address": organization.invoice_email_address,
            "tag_expiration_s": organization.tag_expiration_s,
            "is_free_account": True,
        }
    return {**shown, **views.quota_fields(organization, call.features)}


def _proxy_cache(call: Call) -> Response:
    """Empty for an organization that caches nothing, and for one that is not there."""
    organization = call.registry.organization(call.parameters["namespace"])
    caches = organization is not None and bool(organization.upstream_registry)
    upstream = organization.upstream_registry if organization else ""
    return answers.answer(
        {"upstream_registry": upstream, "expiration_s": 86400 if caches else "", "insecure": False if caches else ""}
    )


def _team(organization: Organization, name: str) -> views.Json:
    return {
        "name": name,
        "description": "",
        "role": organization.team_roles.get(name, "member"),
        "avatar": views.avatar(name, name, "team"),
        "can_view": True,
        "repo_count": 0,
        "member_count": len(organization.teams[name]),
        "is_synced": False,
    }


RESOURCES = (
    Resource("/api/v1/superuser/organizations/", {"GET": Operation(_list, integers=LIMIT)}),
    Resource(
        "/api/v1/superuser/organizations/{namespace}",
        {"PUT": Operation(_rename, _RENAME), "DELETE": Operation(_delete)},
    ),
    Resource(
        "/api/v1/organization/{namespace}",
        {
            "GET": Operation(_show, access="anyone"),
            "PUT": Operation(_change_details, _DETAILS, access="organization"),
        },
        present=lambda _features: True,
    ),
    Resource(
        "/api/v1/organization/{namespace}/proxycache",
        {"GET": Operation(_proxy_cache, access="organization")},
        present=lambda features: features.proxy_cache,
    ),
)
