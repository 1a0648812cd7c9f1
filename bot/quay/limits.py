"""The limits of quotas: what makes Quay warn of a quota, or refuse pushes by it.

Their routes take organizations and users' namespaces alike, are not among the superuser's operations, and need
FEATURE_SUPERUSERS_FULL_ACCESS: without it every call here is Forbidden, except the reads of a global read-only
superuser's token. (Recorded from a real Quay, of main of August 2026.)
"""

from typing import Literal

from bot.quay import models
from bot.quay.calls import Calls
from bot.quay.operations import GET_PROXY_CACHE, LIST_LIMITS, LIST_QUOTA

LimitType = Literal["Warning", "Reject"]


class QuotaLimits:
    """The calls for limits; every method raises QuayError."""

    def __init__(self, calls: Calls) -> None:
        self._ask, self._tell = calls.ask, calls.tell

    async def list(self, namespace: str, quota_id: int, *, as_writer: bool = False) -> tuple[models.QuotaLimit, ...]:
        """List the limits of a quota. NotFound for a quota that is not this namespace's."""
        answer = await self._ask(
            LIST_LIMITS, models.Limits, as_writer=as_writer, namespace=namespace, quota_id=quota_id
        )
        return answer.root

    async def create(self, namespace: str, quota_id: int, kind: LimitType, percent: int) -> None:
        """Add a limit, at 1 to 100 % of the quota. createOrganizationQuotaLimit.

        The same type and percentage again is an Invalid; a second Reject at another percentage is taken.
        """
        body = {"type": kind, "threshold_percent": percent}
        await self._tell("createOrganizationQuotaLimit", body=body, namespace=namespace, quota_id=quota_id)

    async def change(self, namespace: str, quota_id: int, limit_id: int, percent: int) -> models.Quota:
        """Move a limit to another percentage; its type stays. changeOrganizationQuotaLimit.

        Quay answers with the whole quota, and looks for no other limit at that percentage.
        """
        return await self._ask(
            "changeOrganizationQuotaLimit",
            models.Quota,
            body={"threshold_percent": percent},
            namespace=namespace,
            quota_id=quota_id,
            limit_id=limit_id,
        )

    async def delete(self, namespace: str, quota_id: int, limit_id: int) -> None:
        """Remove a limit. deleteOrganizationQuotaLimit; another quota's limit is an Invalid without a reason."""
        await self._tell("deleteOrganizationQuotaLimit", namespace=namespace, quota_id=quota_id, limit_id=limit_id)

    async def list_quota(self, organization: str, *, as_writer: bool = False) -> tuple[models.Quota, ...]:
        """List the quota that holds for an organization: its own, or the system default. NotFound for a user.

        The superuser's own lists never show the default.
        """
        return (await self._ask(LIST_QUOTA, models.Quotas, as_writer=as_writer, namespace=organization)).root

    async def get_proxy_cache(self, organization: str) -> models.ProxyCache:
        """Look up what an organization caches from elsewhere, if anything. FeatureOff without FEATURE_PROXY_CACHE."""
        return await self._ask(GET_PROXY_CACHE, models.ProxyCache, name=organization)
