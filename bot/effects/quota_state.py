"""The quota of one namespace as it is now: its size, its limits, its use, and the system default behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.effects.listed import seen_from_anywhere
from bot.model.enforcement import Enforcement, Kind, enforcement
from bot.model.plans import Refusal
from bot.model.quota_writes import Limit, QuotaNow
from bot.quay.client import Quay
from bot.quay.errors import FeatureOff, Forbidden, NotFound
from bot.quay.models import Organization, Quota, QuotaLimit, QuotaReport
from bot.quay.quota_settings import QuotaSettings


@dataclass(frozen=True)
class Namespace:
    """An organization, or a user's own namespace (`user:NAME`)."""

    name: str
    of_user: bool

    @classmethod
    def parse(cls, text: str) -> "Namespace":
        """Read a namespace as people type it."""
        prefix, _, name = text.rpartition("user:")
        return cls(name, of_user=text.startswith("user:") and not prefix)

    def __str__(self) -> str:
        return f"user:{self.name}" if self.of_user else self.name


@dataclass(frozen=True)
class QuotaState:
    """The quota of one namespace and, where Quay lets it be seen, its use."""

    namespace: Namespace
    quota_id: int | None
    own: QuotaNow
    report: QuotaReport | None
    settings: QuotaSettings

    @property
    def used(self) -> int | None:
        """Bytes in use, or None where Quay does not say or is still counting."""
        return self.report.quota_bytes if self.report and self.report.is_complete else None

    @property
    def default(self) -> int | None:
        """The system default in bytes, 0 where there is none, None where Quay does not show it."""
        if self.own.size is None and self.report is not None:
            return self.report.configured_quota or self.settings.default_bytes or 0
        return self.settings.default_bytes

    @property
    def size(self) -> int | None:
        """What the use is measured against, in bytes: the namespace's own quota, or else the system default."""
        return self.own.size if self.own.size is not None else self.default or None

    def enforced(self, own: QuotaNow | None = None) -> Enforcement:
        """What Quay does with pushes, or would do with another quota; a default that is not shown counts as none."""
        quota = own or self.own
        limits = [(limit.kind, limit.percent) for limit in quota.limits]
        return enforcement(quota.size, limits, self.default, checked=self.settings.checks is not False)

    def is_weakened_by(self, then: QuotaNow) -> bool | None:
        """Whether Quay would refuse less with another quota; None where that hangs on a default it does not show."""
        if self.default is not None:
            return self.enforced(then).is_weaker_than(self.enforced())
        found = {replace(self, settings=supposed).is_weakened_by(then) for supposed in self._supposing()}
        return found.pop() if len(found) == 1 else None

    def _supposing(self) -> tuple[QuotaSettings, QuotaSettings]:
        """With a system default and without one; of what size makes no difference to what is weaker."""
        return replace(self.settings, default_bytes=1), replace(self.settings, default_bytes=0)


async def fetch_quota(quay: Quay, namespace: Namespace, *, recent: bool = False) -> QuotaState:
    """Fetch quota, use and settings. Raises Refusal for an unknown namespace and where Quay shows none, or QuayError.

    Two requests where superusers have full access and see the configuration; a few more where they don't. With
    `recent`, settings that were read within the last minutes are good enough.
    """
    quotas, report = await _fetch_held(quay, namespace)
    settings = await (quay.quota_settings.recent() if recent else quay.quota_settings.read())
    if quotas is None:
        try:
            quotas = await list_quotas(quay, namespace)
        except FeatureOff:
            raise Refusal(_none_shown(settings)) from None
    return state_of(namespace, quotas, settings, report)


def _none_shown(settings: QuotaSettings) -> str:
    enforced = " It still enforces those that exist." if settings.checks else ""
    return f"Quay shows and changes no quotas: {settings.why_none_shown} in its configuration.{enforced}"


async def _fetch_held(quay: Quay, namespace: Namespace) -> tuple[Sequence[Quota] | None, QuotaReport | None]:
    """What Quay says of a namespace: its quotas, None where it does not show them, and its use."""
    try:
        holder = await (quay.get_install_user if namespace.of_user else quay.get_organization)(namespace.name)
    except NotFound:
        hint = "" if namespace.of_user else f" A user's own namespace is written user:{namespace.name}."
        kind = "user" if namespace.of_user else "organization"
        raise Refusal(f"There is no {kind} {namespace.name!r} in Quay.{hint}") from None
    except Forbidden:
        return None, None
    if isinstance(holder, Organization):
        holder = await seen_from_anywhere(quay, holder)
    return holder.quotas, holder.quota_report


async def list_quotas(quay: Quay, namespace: Namespace) -> Sequence[Quota]:
    """The quotas of a namespace. Quay names the operations the other way round."""
    if namespace.of_user:
        return await quay.list_organization_quota_super_user(namespace.name)
    return await quay.list_user_quota_super_user(namespace.name)


async def is_proxy_cache(quay: Quay, namespace: Namespace) -> bool:
    """Whether it is an organization that caches another registry; False where Quay does not show it."""
    if namespace.of_user or (await quay.quota_settings.recent()).proxy_cache is False:
        return False
    try:
        return bool((await quay.limits.get_proxy_cache(namespace.name)).upstream_registry)
    except (FeatureOff, Forbidden, NotFound):
        return False


def state_of(
    namespace: Namespace,
    quotas: Sequence[Quota],
    settings: QuotaSettings,
    report: QuotaReport | None = None,
) -> QuotaState:
    """The state as the quotas show it; a namespace has one quota of its own at most."""
    own = next((quota for quota in quotas if not quota.default_config), None)
    now = QuotaNow(own.limit_bytes, tuple(map(_limit, own.limits))) if own else QuotaNow(None)
    return QuotaState(namespace, own.id if own else None, now, report, settings)


def _limit(limit: QuotaLimit) -> Limit:
    kind: Kind = "Reject" if limit.type.lower() == "reject" else "Warning"
    return Limit(limit.id, kind, limit.limit_percent)


async def may_write_limits(quay: Quay, state: QuotaState) -> bool:
    """Whether the token that writes may change limits: only with superusers' full access.

    Where the configuration is not shown, it is seen from a read that needs the same. Raises QuayError.
    """
    if state.settings.full_access is not None:
        return state.settings.full_access
    try:
        if state.quota_id is not None:
            await quay.limits.list(state.namespace.name, state.quota_id, as_writer=True)
            return True
        organization = None if state.namespace.of_user else state.namespace.name
        if organization is None:
            organization = next((each.name for each in (await quay.list_all_organizations(limit=1)).items), None)
        if organization is None:
            return False
        await quay.limits.list_quota(organization, as_writer=True)
    except Forbidden:
        return False
    return True
