"""Quay's superuser API: one method for each operation, over one HTTP client that is handed in."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import httpx
from pydantic import JsonValue, SecretStr

from bot.quay import models
from bot.quay.answers import Page
from bot.quay.calls import READ_WITHIN, Calls
from bot.quay.errors import NotFound, ReadTokenRefused
from bot.quay.limits import QuotaLimits
from bot.quay.operations import (
    CHANGE_ORGANIZATION_DETAILS,
    GET_ARCHIVED_BUILD_LOGS,
    GET_ORGANIZATION,
    GET_ORGANIZATION_APPLICATIONS,
    GET_ORGANIZATION_MEMBERS,
    GET_USER,
    PROVE_WRITER,
)
from bot.quay.paging import pages
from bot.quay.quota_settings import QuotaSettingsReader
from bot.quay.tokens import Tokens
from bot.quay.transport import open_client
from bot.quay.turns import Turns

__all__ = ["PAGE", "Expiry", "Quay", "open_client"]

Expiry = datetime | Literal["never"]

PROVED_FOR = timedelta(minutes=5)
NO_KEY = "quaymaster-token-check"
"""The id of a key that does not exist."""
PAGE = 100
"""The most entries that Quay gives in one page of users or organizations."""


def _now() -> datetime:
    return datetime.now(UTC)


class Quay:
    """The registry, as a superuser's token sees it.

    `read_token` (of a read-only superuser) is used for reads where it is given, as long as Quay takes it. A read that
    Quay never saw, since there was no connection or a kept one had gone, is sent again: `attempts` times in all, first
    after about `wait` seconds. What timed out is not. `read_within` is the most seconds that a read takes. A write is
    sent once. At most four calls are under way; `turns` says whose turn it is, and Busy is raised for what is too much.
    Every method raises QuayError; a malformed token is a ValueError.

    `limits` has the calls for the limits of quotas, which are beyond the superuser's operations; `quota_settings` reads
    the settings of the registry by which quotas work.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        token: str,
        read_token: str | None = None,
        *,
        attempts: int = 3,
        wait: float = 0.25,
        read_within: float = READ_WITHIN,
        turns: Turns | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.turns = turns or Turns()
        self.tokens = Tokens(token, read_token, clock)
        self._clock = clock
        self._proved_at: datetime | None = None
        calls = Calls(http, self.tokens, attempts=attempts, wait=wait, read_within=read_within, turns=self.turns)
        self._ask, self._tell = calls.ask, calls.tell
        self.limits = QuotaLimits(calls)
        self.quota_settings = QuotaSettingsReader(calls)

    # Users

    async def list_all_users(
        self, *, limit: int = PAGE, next_page: str | None = None, include_disabled: bool = True
    ) -> Page[models.User]:
        """List one page of the users. listAllUsers; `limit` is at most 100."""
        query = {"limit": limit, "next_page": next_page, "disabled": str(include_disabled).lower()}
        return await self._ask("listAllUsers", Page[models.User], query=query)

    def user_pages(self, *, include_disabled: bool = True) -> AsyncIterator[Page[models.User]]:
        """Go through the pages of all users."""
        return pages(
            "listAllUsers", lambda token: self.list_all_users(next_page=token, include_disabled=include_disabled)
        )

    async def users(self, *, include_disabled: bool = True) -> AsyncIterator[models.User]:
        """Go through all users that can be read, page by page."""
        async for page in self.user_pages(include_disabled=include_disabled):
            for user in page.items:
                yield user

    async def get_install_user(self, username: str) -> models.User:
        """Look up one user and what the user's namespace uses. getInstallUser."""
        return await self._ask(GET_USER, models.User, username=username)

    async def create_install_user(self, username: str, *, email: str | None = None) -> models.CreatedUser:
        """Create a user; the answer holds the password, this once. createInstallUser."""
        body = _given(username=username, email=email)
        return await self._ask("createInstallUser", models.CreatedUser, body=body)

    async def change_install_user(
        self,
        username: str,
        *,
        password: SecretStr | None = None,
        email: str | None = None,
        enabled: bool | None = None,
    ) -> models.User:
        """Change what is given. changeInstallUser.

        The answer's `enabled` is the old value. Quay changes one after the other: after an Invalid, the
        password may have been changed already.
        """
        secret = password.get_secret_value() if password else None
        body = _given(password=secret, email=email, enabled=enabled)
        return await self._ask("changeInstallUser", models.User, body=body, username=username)

    async def delete_install_user(self, username: str) -> None:
        """Delete a user; the rest happens in Quay's background. deleteInstallUser."""
        await self._tell("deleteInstallUser", username=username)

    # Organizations

    async def list_all_organizations(
        self, *, limit: int = PAGE, next_page: str | None = None
    ) -> Page[models.Organization]:
        """List one page of the organizations. listAllOrganizations; `limit` is at most 100."""
        query = {"limit": limit, "next_page": next_page}
        return await self._ask("listAllOrganizations", Page[models.Organization], query=query)

    async def organizations(self) -> AsyncIterator[models.Organization]:
        """Go through all organizations that can be read, page by page."""
        async for page in pages("listAllOrganizations", lambda token: self.list_all_organizations(next_page=token)):
            for organization in page.items:
                yield organization

    async def get_organization(self, name: str) -> models.Organization:
        """Look up one organization, its settings and its use. getOrganization, no superuser operation."""
        return await self._ask(GET_ORGANIZATION, models.Organization, name=name)

    async def get_organization_members(self, name: str) -> models.Members:
        """List the people in an organization's teams; Quay leaves robots out. getOrganizationMembers.

        No superuser operation: Forbidden where superusers have no full access, to a token that may not read all.
        """
        return await self._ask(GET_ORGANIZATION_MEMBERS, models.Members, name=name)

    async def get_organization_applications(self, name: str) -> tuple[models.Application, ...]:
        """List an organization's OAuth applications. getOrganizationApplications; who sees them: as of members."""
        return (await self._ask(GET_ORGANIZATION_APPLICATIONS, models.Applications, name=name)).applications

    async def get_organization_settings(self, name: str) -> models.Organization:
        """Look up an organization with the token that writes: a read-only superuser is not shown its settings.

        Where superusers have no full access, the settings are None. getOrganization, no superuser operation.
        """
        return await self._ask(GET_ORGANIZATION, models.Organization, as_writer=True, name=name)

    async def change_organization(
        self,
        name: str,
        *,
        rename: str | None = None,
        email: str | None = None,
        invoice_email: bool | None = None,
        invoice_email_address: str | None = None,
        tag_expiration_s: int | None = None,
    ) -> models.Organization:
        """Rename an organization, or send the documented fields, which Quay ignores. changeOrganization.

        An unknown organization and a name that is taken are ServerErrors.
        """
        body = _given(
            name=rename,
            email=email,
            invoice_email=invoice_email,
            invoice_email_address=invoice_email_address,
            tag_expiration_s=tag_expiration_s,
        )
        return await self._ask("changeOrganization", models.Organization, body=body, name=name)

    async def update_organization_settings(
        self,
        name: str,
        *,
        email: str | None = None,
        invoice_email: bool | None = None,
        invoice_email_address: str | None = None,
        tag_expiration_s: int | None = None,
    ) -> models.Organization:
        """Change an organization's settings for good. changeOrganizationDetails, no superuser operation.

        Needs a token that may administer the organization, as superusers' do where they have full access.
        """
        body = _given(
            email=email,
            invoice_email=invoice_email,
            invoice_email_address=invoice_email_address,
            tag_expiration_s=tag_expiration_s,
        )
        return await self._ask(CHANGE_ORGANIZATION_DETAILS, models.Organization, body=body, name=name)

    async def delete_organization(self, name: str) -> None:
        """Delete an organization with its repositories, for good. deleteOrganization."""
        await self._tell("deleteOrganization", name=name)

    # Service keys

    async def list_service_keys(self) -> Page[models.ServiceKey]:
        """List the keys in one page, without those that expired more than 7 days ago. listServiceKeys."""
        return await self._ask("listServiceKeys", Page[models.ServiceKey])

    async def get_service_key(self, kid: str) -> models.ServiceKey:
        """Look up one key. getServiceKey."""
        return await self._ask("getServiceKey", models.ServiceKey, kid=kid)

    async def create_service_key(
        self,
        service: str,
        expiration: Expiry,
        *,
        name: str | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        notes: str | None = None,
    ) -> models.CreatedServiceKey:
        """Create an approved key; the answer holds the private key, this once. createServiceKey.

        A service must match `[a-z0-9_]+`. Quay also deletes that service's waiting keys older than a day.
        """
        body = _given(service=service, name=name, metadata=dict(metadata) if metadata else None, notes=notes)
        body["expiration"] = _epoch(expiration)
        return await self._ask("createServiceKey", models.CreatedServiceKey, body=body)

    async def update_service_key(
        self,
        kid: str,
        *,
        name: str | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        expiration: Expiry | None = None,
    ) -> models.ServiceKey:
        """Change what is given; metadata is merged into the old. updateServiceKey.

        After an Invalid the expiry may have been changed already.
        """
        body = _given(name=name, metadata=dict(metadata) if metadata else None)
        if expiration is not None:
            body["expiration"] = _epoch(expiration)
        return await self._ask("updateServiceKey", models.ServiceKey, body=body, kid=kid)

    async def approve_service_key(self, kid: str, notes: str | None = None) -> None:
        """Approve a key. approveServiceKey; success does not say that it was this call that approved it."""
        await self._tell("approveServiceKey", body=_given(notes=notes), kid=kid)

    async def delete_service_key(self, kid: str) -> None:
        """Delete a key. deleteServiceKey."""
        await self._tell("deleteServiceKey", kid=kid)

    # Quotas: `…UserQuota…` are those of an organization, `…OrganizationQuota…` those of a user's namespace

    async def list_user_quota_super_user(self, namespace: str) -> tuple[models.Quota, ...]:
        """List the quota of an organization, one at most. listUserQuotaSuperUser."""
        return (await self._ask("listUserQuotaSuperUser", models.Quotas, namespace=namespace)).root

    async def create_user_quota_super_user(self, namespace: str, limit_bytes: int) -> None:
        """Give an organization a quota; an unknown one is a ServerError. createUserQuotaSuperUser."""
        await self._tell("createUserQuotaSuperUser", body={"limit_bytes": limit_bytes}, namespace=namespace)

    async def change_user_quota_super_user(self, namespace: str, quota_id: int, limit_bytes: int) -> models.Quota:
        """Change the quota of an organization; a limit of 0 changes nothing. changeUserQuotaSuperUser."""
        return await self._ask(
            "changeUserQuotaSuperUser",
            models.Quota,
            body={"limit_bytes": limit_bytes},
            namespace=namespace,
            quota_id=quota_id,
        )

    async def delete_user_quota_super_user(self, namespace: str, quota_id: int) -> None:
        """Take the quota away from an organization. deleteUserQuotaSuperUser."""
        await self._tell("deleteUserQuotaSuperUser", namespace=namespace, quota_id=quota_id)

    async def list_organization_quota_super_user(self, namespace: str) -> tuple[models.Quota, ...]:
        """List the quota of a user's namespace, one at most. listOrganizationQuotaSuperUser."""
        return (await self._ask("listOrganizationQuotaSuperUser", models.Quotas, namespace=namespace)).root

    async def create_organization_quota_super_user(self, namespace: str, limit_bytes: int) -> None:
        """Give a user's namespace a quota; unknown is a ServerError. createOrganizationQuotaSuperUser."""
        body = {"limit_bytes": limit_bytes}
        await self._tell("createOrganizationQuotaSuperUser", body=body, namespace=namespace)

    async def change_organization_quota_super_user(
        self, namespace: str, quota_id: int, limit_bytes: int
    ) -> models.Quota:
        """Change the quota of a user's namespace; 0 changes nothing. changeOrganizationQuotaSuperUser."""
        return await self._ask(
            "changeOrganizationQuotaSuperUser",
            models.Quota,
            body={"limit_bytes": limit_bytes},
            namespace=namespace,
            quota_id=quota_id,
        )

    async def delete_organization_quota_super_user(self, namespace: str, quota_id: int) -> None:
        """Take the quota away from a user's namespace. deleteOrganizationQuotaSuperUser."""
        await self._tell("deleteOrganizationQuotaSuperUser", namespace=namespace, quota_id=quota_id)

    # Logs, builds, the registry

    async def list_all_logs(
        self, *, starttime: date | None = None, endtime: date | None = None, next_page: str | None = None
    ) -> models.LogPage:
        """List one page of the usage log. listAllLogs.

        Both days are UTC and included; without them Quay takes the last day. With `next_page` goes the same
        pair of days.
        """
        query = {"starttime": _day(starttime), "endtime": _day(endtime), "next_page": next_page}
        return await self._ask("listAllLogs", models.LogPage, query=query)

    async def get_repo_build_super_user(self, build_uuid: str) -> models.Build:
        """Look up one build. getRepoBuildSuperUser."""
        return await self._ask("getRepoBuildSuperUser", models.Build, build_uuid=build_uuid)

    async def get_repo_build_status_super_user(self, build_uuid: str) -> models.Build:
        """Look up how far a build has come. getRepoBuildStatusSuperUser."""
        return await self._ask("getRepoBuildStatusSuperUser", models.Build, build_uuid=build_uuid)

    async def get_repo_build_logs_super_user(self, build_uuid: str, *, start: int = 0) -> models.BuildLogs:
        """List a build's log from a line on; negative: from the end. getRepoBuildLogsSuperUser."""
        query = {"start": start or None}
        return await self._ask("getRepoBuildLogsSuperUser", models.BuildLogs, query=query, build_uuid=build_uuid)

    async def get_archived_build_logs(self, build_uuid: str) -> models.BuildLogs:
        """List a build's log once it is archived, from a route that is no documented operation.

        NotFound where it is not in the archive; FeatureOff where this Quay has no such route.
        """
        return await self._ask(GET_ARCHIVED_BUILD_LOGS, models.BuildLogs, build_uuid=build_uuid)

    async def get_registry_size(self) -> models.RegistrySize:
        """Look up the size that was measured last. getRegistrySize."""
        return await self._ask("getRegistrySize", models.RegistrySize)

    async def prove_tokens(self, *, at_once: bool = False) -> None:
        """Ask Quay whether it takes the token for changes: `at_once`, or every five minutes as long as it does.

        What is asked for changes nothing: an update, without any field, of a key that does not exist. A read would not
        do, since a read-only superuser may read everything. Raises Unauthorized or Forbidden where Quay refuses that
        token, ReadTokenRefused where it refuses the one for reading, or else QuayError.
        """
        if at_once or self._proved_at is None or self._clock() >= self._proved_at + PROVED_FOR:
            self._proved_at = None
            try:
                await self._tell(PROVE_WRITER, body={}, kid=NO_KEY)
            except NotFound:
                self._proved_at = self._clock()
        if refusal := self.tokens.refusal:
            raise ReadTokenRefused(refusal.said, operation=PROVE_WRITER.id)

    async def post_registry_size(self) -> bool:
        """Have the size measured anew; False when that was under way already. postRegistrySize."""
        return (await self._tell("postRegistrySize")).status_code == httpx.codes.CREATED

    async def get_config_dump(self) -> models.ConfigDump:
        """Fetch the whole configuration, which holds secrets that Quay does not mask. getConfigDump."""
        return await self._ask("getConfigDump", models.ConfigDump)


def _given(**fields: JsonValue) -> dict[str, JsonValue]:
    return {name: value for name, value in fields.items() if value is not None}


def _epoch(expiry: Expiry) -> int | None:
    return None if expiry == "never" else int(expiry.timestamp())


def _day(day: date | None) -> str | None:
    """Write a day as Quay reads it; anything else it silently replaces by the last day."""
    if isinstance(day, datetime):
        day = day.astimezone(UTC).date()
    return f"{day.month:02}/{day.day:02}/{day.year:04}" if day else None
