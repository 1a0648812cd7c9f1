"""Organizations."""

import asyncio
from collections.abc import Mapping

from bot.commands import CommandSet
from bot.commands.arguments import Email, NewOrganizationName, OrganizationName, TagExpiration, YesNo
from bot.commands.filters import SearchText
from bot.effects.listed import seen_from_anywhere
from bot.model.plans import Refusal
from bot.quay.errors import FeatureOff, Forbidden, NotFound
from bot.quay.models import Members, Organization
from bot.slack.messages import Message
from bot.views import files, lists, namespaces
from bot.views.lists import fullest_first
from handlers.arguments import given
from handlers.context import Change, Context, Handed
from handlers.listing import Batch, Listing

ORGANIZATIONS = CommandSet("orgs", "Organizations, their use and their limits.")


@ORGANIZATIONS.command("list", "listAllOrganizations", examples=("orgs list", "orgs list --match team-"))
async def list_organizations(*, match: SearchText | None = None, here: Handed) -> Listing[Organization]:
    """List organizations with their use; the fullest first, as far as Quay tells of them all at once.

    With --match, they are looked through until a page is full.

    Parameters
    ----------
    match
        Only those whose name contains this text.
    """
    wanted = (match or "").casefold()

    async def fetch(token: str | None) -> Batch[Organization]:
        page = await here.bot.quay.list_all_organizations(next_page=token)
        found = [organization for organization in page.items if wanted in organization.name.casefold()]
        is_all = token is None and page.next_page is None
        return Batch.of_page(page, fullest_first(found) if is_all else found)

    asked = f" matching “{match}”" if match else ""
    return Listing(
        "organizations",
        fetch,
        lambda shown: lists.organizations(shown, asked=asked),
        files.ORGANIZATION_COLUMNS,
        files.organization_cells,
        entries="organizations",
        picks=bool(match),
        operation="listAllOrganizations",
    )


@ORGANIZATIONS.command("show", "listAllOrganizations", examples=("orgs show team-a",))
async def show_organization(name: OrganizationName, *, here: Handed) -> Message:
    """Show one organization: how full it is, its members, its teams and its settings.

    Parameters
    ----------
    name
        The organization's name.
    """
    try:
        shown, members = await asyncio.gather(here.bot.quay.get_organization(name), _members(name, here))
    except NotFound:
        raise Refusal(f"There is no organization {name!r} in Quay. A user is shown by 'users show {name}'.") from None
    if shown.quotas is None:
        shown = shown.model_copy(update=await _quotas(shown, here))
    settings = await here.bot.quay.quota_settings.as_known()
    return namespaces.organization(shown, members, here.bot.links.organization(name), settings)


async def _members(name: str, here: Context) -> Members | None:
    """The people in it; None where Quay does not show them to the bot's token."""
    try:
        return await here.bot.quay.get_organization_members(name)
    except (Forbidden, NotFound):
        return None


async def _quotas(shown: Organization, here: Context) -> Mapping[str, object]:
    """Quotas and use in other ways, where Quay does not show them with the organization."""
    listed = await seen_from_anywhere(here.bot.quay, shown)
    if listed.quotas is not None:
        return {"quotas": listed.quotas, "quota_report": listed.quota_report}
    try:
        return {"quotas": await here.bot.quay.list_user_quota_super_user(shown.name)}
    except (FeatureOff, Forbidden):
        return {}


@ORGANIZATIONS.command(
    "update",
    "changeOrganization",
    examples=("orgs update team-a --rename team-b", "orgs update team-a --tag-expiration 14d"),
)
async def update_organization(
    name: OrganizationName,
    *,
    rename: NewOrganizationName | None = None,
    email: Email | None = None,
    invoice_email: YesNo | None = None,
    invoice_address: Email | None = None,
    tag_expiration: TagExpiration | None = None,
    here: Handed,
) -> Change:
    """Rename an organization, or change its settings.

    Parameters
    ----------
    name
        The organization's name.
    rename
        Its new name.
    email
        Its e-mail address.
    invoice_email
        Whether invoices are sent by e-mail: yes or no.
    invoice_address
        Where they are sent.
    tag_expiration
        How long a deleted tag can be brought back: 14d, say.
    """
    arguments = given(
        name=name,
        rename=rename,
        email=email,
        invoice_email=invoice_email,
        invoice_address=invoice_address,
        tag_expiration=None if tag_expiration is None else int(tag_expiration.total_seconds()),
    )
    return Change("orgs update", arguments)


@ORGANIZATIONS.command("delete", "deleteOrganization", examples=("orgs delete team-a",))
async def delete_organization(name: OrganizationName, *, type_the_name: str | None = None, here: Handed) -> Change:
    """Delete an organization with all its repositories, for good.

    Parameters
    ----------
    name
        The organization's name.
    type_the_name
        The name once more, where permissions.yaml asks for that.
    """
    return Change("orgs delete", given(name=name), typed_name=type_the_name)
