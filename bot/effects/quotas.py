"""What setting and deleting a quota do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.effects import Arguments, Note, Stamp
from bot.effects.users import target_of
from bot.model.plans import Line, Observation, Outcome, Plan, Refusal, Verification
from bot.quay.client import Quay
from bot.quay.errors import Forbidden, NotFound
from bot.quay.models import Quota, QuotaLimit, QuotaReport
from bot.views.text import percent, size


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
    limit: int | None
    limits: Sequence[QuotaLimit]
    report: QuotaReport | None
    system_default: int | None = None

    @property
    def used(self) -> int | None:
        """Bytes in use, or None where Quay does not say or is still counting."""
        return self.report.quota_bytes if self.report and self.report.is_complete else None

    @property
    def rejects_at(self) -> int | None:
        """The percentage at which Quay refuses pushes, if it does."""
        return min((limit.limit_percent for limit in self.limits if limit.type == "Reject"), default=None)


async def fetch_quota(quay: Quay, namespace: Namespace) -> QuotaState:
    """Fetch quota and use with one request, with a second where the first shows no quota to this token.

    Raises Refusal for an unknown namespace, or QuayError.
    """
    try:
        holder = await (quay.get_install_user if namespace.of_user else quay.get_organization)(namespace.name)
    except NotFound:
        hint = "" if namespace.of_user else f" A user's own namespace is written user:{namespace.name}."
        kind = "user" if namespace.of_user else "organization"
        raise Refusal(f"There is no {kind} {namespace.name!r} in Quay.{hint}") from None
    except Forbidden:
        holder = None
    if holder is not None and holder.quotas is not None:
        own = next(iter(holder.quotas), None)
        return QuotaState(
            namespace,
            own.id if own else None,
            own.limit_bytes if own else None,
            own.limits if own else (),
            holder.quota_report,
            holder.quota_report.configured_quota if holder.quota_report and own is None else None,
        )
    return state_of(namespace, await list_quotas(quay, namespace))


async def list_quotas(quay: Quay, namespace: Namespace) -> Sequence[Quota]:
    """The quotas of a namespace. Quay names the operations the other way round."""
    if namespace.of_user:
        return await quay.list_organization_quota_super_user(namespace.name)
    return await quay.list_user_quota_super_user(namespace.name)


def state_of(namespace: Namespace, quotas: Sequence[Quota]) -> QuotaState:
    """The state without the use, which the quota operations never tell."""
    own = next((quota for quota in quotas if not quota.default_config), None)
    default = next((quota.limit_bytes for quota in quotas if quota.default_config), None)
    if own is None:
        return QuotaState(namespace, None, None, (), None, default)
    return QuotaState(namespace, own.id, own.limit_bytes, own.limits, None, default)


def _fill(used: int | None, limit: int | None) -> str:
    return percent(used, limit) if used is not None and limit else "unknown"


def _limit_of(state: QuotaState) -> str:
    if state.limit:
        return size(state.limit)
    return f"the system's default, {size(state.system_default)}" if state.system_default else "none"


def _in_use(state: QuotaState, after: int | None) -> Line:
    if state.report is None:
        return Line(label="In use", now="Quay does not show it to this token")
    if state.used is None:
        return Line(label="In use", now="Quay is still counting")
    now = f"{size(state.used)} ({_fill(state.used, state.limit)})" if state.limit else size(state.used)
    return Line(label="In use", now=now, after=f"{_fill(state.used, after)} of the limit" if after else None)


@dataclass(frozen=True)
class SetQuota:
    """One intent with two operations: create the quota where there is none, change the one that is there."""

    command: str = "quota set"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Both operations of the namespace's kind."""
        kind = "Organization" if Namespace.parse(str(arguments["namespace"])).of_user else "User"
        return (f"create{kind}QuotaSuperUser", f"change{kind}QuotaSuperUser")

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses an unknown namespace and a limit that is set already."""
        wanted = int(str(arguments["limit"]))
        state = await fetch_quota(quay, Namespace.parse(str(arguments["namespace"])))
        if state.limit == wanted:
            raise Refusal(f"The quota of {state.namespace} is {size(wanted)} already.")
        create, change = self.operations(arguments)
        warnings = []
        if state.used is not None and state.used > wanted:
            warnings.append(f"More is in use ({size(state.used)}) than the new limit.")
            if state.rejects_at:
                warnings.append("Pushes will be refused at once.")
        rejects = f"Pushes are refused at {state.rejects_at} %." if state.rejects_at else "Pushes are never refused."
        plan = Plan(
            title=f"Set the quota of {state.namespace} to {size(wanted)}",
            target=target_of(state.namespace.name),
            lines=(
                Line(label="Limit", now=_limit_of(state), after=size(wanted)),
                _in_use(state, wanted),
            ),
            consequences=(rejects,),
            warnings=tuple(warnings),
        )
        rests_on = {"quota_id": state.quota_id, "limit_now": state.limit}
        return Observation(operation=create if state.quota_id is None else change, rests_on=rests_on, plan=plan)

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Send the one that the state asked for."""
        name, limit = Namespace.parse(str(arguments["namespace"])).name, int(str(arguments["limit"]))
        quota_id = observation.rests_on["quota_id"]
        match observation.operation:
            case "createUserQuotaSuperUser":
                await quay.create_user_quota_super_user(name, limit_bytes=limit)
            case "createOrganizationQuotaSuperUser":
                await quay.create_organization_quota_super_user(name, limit_bytes=limit)
            case "changeUserQuotaSuperUser":
                await quay.change_user_quota_super_user(name, int(str(quota_id)), limit_bytes=limit)
            case _:
                await quay.change_organization_quota_super_user(name, int(str(quota_id)), limit_bytes=limit)

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """The limit that Quay lists is the truth; where it is a third one, somebody else set it before or after."""
        namespace = Namespace.parse(str(arguments["namespace"]))
        wanted = int(str(arguments["limit"]))
        state = state_of(namespace, await list_quotas(quay, namespace))
        if state.limit == wanted:
            return Verification(outcome=Outcome.DONE, sentence=f"Quay has the quota of {namespace} at {size(wanted)}.")
        now = size(state.limit) if state.limit else "no limit"
        sentence = f"Quay has {now} for {namespace}, not {size(wanted)}."
        if state.limit == observation.rests_on.get("limit_now"):
            return Verification(outcome=Outcome.FAILED, sentence=sentence)
        also = "Somebody else changed it meanwhile. Look at it in Quay before you ask again."
        return Verification(outcome=Outcome.UNKNOWN, sentence=f"{sentence} {also}")


@dataclass(frozen=True)
class DeleteQuota:
    """Lift the limit of a namespace."""

    command: str = "quota delete"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """The one of the namespace's kind."""
        of_user = Namespace.parse(str(arguments["namespace"])).of_user
        return ("deleteOrganizationQuotaSuperUser" if of_user else "deleteUserQuotaSuperUser",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses an unknown namespace and one without a quota of its own."""
        state = await fetch_quota(quay, Namespace.parse(str(arguments["namespace"])))
        if state.quota_id is None:
            raise Refusal(f"{state.namespace} has no quota of its own, so there is none to delete.")
        plan = Plan(
            title=f"Delete the quota of {state.namespace}",
            target=target_of(state.namespace.name),
            lines=(
                Line(
                    label="Limit",
                    now=size(state.limit or 0),
                    after="none, or the system's default where one is set",
                ),
                _in_use(state, None),
            ),
            consequences=("Nothing will stop the namespace from growing, unless the system has a default limit.",),
        )
        (operation,) = self.operations(arguments)
        return Observation(
            operation=operation, rests_on={"quota_id": state.quota_id, "limit_now": state.limit}, plan=plan
        )

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Delete by the id that was seen."""
        namespace = Namespace.parse(str(arguments["namespace"]))
        quota_id = int(str(observation.rests_on["quota_id"]))
        if namespace.of_user:
            await quay.delete_organization_quota_super_user(namespace.name, quota_id)
        else:
            await quay.delete_user_quota_super_user(namespace.name, quota_id)

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """Gone is gone; another quota in its place is not what was wanted."""
        namespace = Namespace.parse(str(arguments["namespace"]))
        state = state_of(namespace, await list_quotas(quay, namespace))
        if state.quota_id is None:
            rest = f" The system's default of {size(state.system_default)} applies." if state.system_default else ""
            return Verification(outcome=Outcome.DONE, sentence=f"{namespace} has no quota of its own any more.{rest}")
        return Verification(
            outcome=Outcome.FAILED,
            sentence=f"Quay still lists a quota of {size(state.limit or 0)} for {namespace}.",
        )
