"""What setting and deleting a quota do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bot.effects import Arguments, Note, Stamp, in_part
from bot.effects.quota_limits import Typed, limits_typed, wanted_limits
from bot.effects.quota_plans import NO_FULL_ACCESS, PROXY_CACHE, plan_deletion, plan_setting, summary_of
from bot.effects.quota_state import (
    Namespace,
    QuotaState,
    fetch_quota,
    is_proxy_cache,
    list_quotas,
    may_write_limits,
    state_of,
)
from bot.model.enforcement import Threshold
from bot.model.plans import Argument, Observation, Outcome, Refusal, Verification
from bot.model.quota_writes import Limit, QuotaNow, Write, after, writes
from bot.model.units import write_size
from bot.permissions.conditions import NOT_WEAKER, WEAKER
from bot.permissions.policy import StandardLimits
from bot.quay.client import Quay
from bot.quay.errors import Invalid, QuayError
from bot.quay.quota_settings import QuotaSettings
from bot.views.enforcement import limits
from bot.views.text import size

_LIMIT_WRITES = {
    "create limit": "createOrganizationQuotaLimit",
    "change limit": "changeOrganizationQuotaLimit",
    "delete limit": "deleteOrganizationQuotaLimit",
}


@dataclass(frozen=True)
class SetQuota:
    """One intent: a quota of this size, with these limits.

    It takes the superuser's operation for the size, by whether there is a quota to change, and one write for each
    limit. `standard` are the limits of a new quota for which the command names none.
    """

    standard: Callable[[], StandardLimits | None]
    command: str = "quota set"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Both operations of the namespace's kind, and those of limits where the command names some."""
        kind = "Organization" if Namespace.parse(str(arguments["namespace"])).of_user else "User"
        named = limits_typed(arguments)
        also = ("createOrganizationQuotaLimit",) if named and named.adds else ()
        return (f"create{kind}QuotaSuperUser", f"change{kind}QuotaSuperUser", *also)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses an unknown namespace, limits that make no sense or can't be written, and what is so already."""
        wanted_size, typed = int(str(arguments["limit"])), limits_typed(arguments)
        state = await fetch_quota(quay, Namespace.parse(str(arguments["namespace"])))
        standard = self.standard() if state.quota_id is None and typed is None else None
        wanted = wanted_limits(state.own, typed, standard)
        wanted, notes = await _writable(quay, state, typed, wanted)
        planned = writes(state.own, wanted_size, wanted, state.default)
        if not planned:
            there = limits(limit.threshold for limit in state.own.limits)
            raise Refusal(f"The quota of {state.namespace} is already {size(wanted_size)}, with limits: {there}.")
        if standard is not None and wanted is not None:
            notes.append("Its limits are the standard ones of permissions.yaml.")
        elif state.quota_id is None and not wanted and not notes:
            notes.append("To have Quay refuse pushes, add --reject 100.")
        then = state.own
        for write in planned:
            then = after(then, write)
        create, change, *_ = self.operations(arguments)
        return Observation(
            operation=create if state.quota_id is None else change,
            calls=tuple(_operation(write, create, change) for write in planned),
            rests_on=_rests_on(state, then) | {"wanted": None if wanted is None else _written(wanted)},
            plan=plan_setting(state, then, notes),
        )

    async def forewarn(
        self, quay: Quay, arguments: Arguments, observation: Observation, now: datetime
    ) -> tuple[str, ...]:
        """Of a proxy cache, Quay does more with a quota than its limits say."""
        namespace = Namespace.parse(str(arguments["namespace"]))
        return (PROXY_CACHE,) if await is_proxy_cache(quay, namespace) else ()

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Send the writes in their order, each once; one that fails ends it."""
        namespace = Namespace.parse(str(arguments["namespace"]))
        create, change, *_ = self.operations(arguments)
        quota_id = observation.rests_on["quota_id"]
        first, *rest = _planned(arguments, observation)
        await _send(quay, namespace, None if quota_id is None else int(str(quota_id)), first)
        with in_part(QuayError):
            if rest and quota_id is None:
                quota_id = await _id_of_new(quay, namespace, first.size)
            for write in rest:
                await note(_operation(write, create, change))
                await _send(quay, namespace, int(str(quota_id)), write)

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """What Quay lists is the truth: all of it, a part of it, nothing, or what another user made of it.

        A plan of the version before limits knew of the size alone.
        """
        namespace = Namespace.parse(str(arguments["namespace"]))
        state = await _read_back(quay, namespace, observation)
        before = _now_in(observation)
        steps = [before if "limits" in observation.rests_on else replace(before, limits=state.own.limits)]
        for write in _planned(arguments, observation):
            steps.append(after(steps[-1], write))
        found = next((place for place, step in enumerate(steps) if _is_same(step, state.own)), None)
        does = f"Quay {summary_of(state, state.own)}."
        if found == len(steps) - 1:
            confirmed = f"Quay confirms a quota of {size(state.own.size or 0)} for {namespace}. {does}"
            return Verification(outcome=Outcome.DONE, sentence=confirmed)
        holds = f"{_holds(state)} {does}"
        if found == 0:
            return Verification(outcome=Outcome.FAILED, sentence=f"Nothing changed. {holds}")
        if found is not None:
            again = f"To finish, run: {_command(arguments, observation)}"
            return Verification(outcome=Outcome.FAILED, sentence=f"Only part of it was done. {holds} {again}")
        also = "Another user changed it in the meantime. Check it in Quay before you try again."
        return Verification(outcome=Outcome.UNKNOWN, sentence=f"{holds} {also}")


@dataclass(frozen=True)
class DeleteQuota:
    """Take its own quota from a namespace, with all limits; the system default holds then, if there is one."""

    command: str = "quota delete"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """The one of the namespace's kind."""
        of_user = Namespace.parse(str(arguments["namespace"])).of_user
        return ("deleteOrganizationQuotaSuperUser" if of_user else "deleteUserQuotaSuperUser",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses an unknown namespace and one without a quota of its own."""
        state = await fetch_quota(quay, Namespace.parse(str(arguments["namespace"])))
        if state.quota_id is None:
            default = f" It is under the system default, {size(state.default)}." if state.default else ""
            raise Refusal(f"{state.namespace} has no quota of its own.{default} Nothing to delete.")
        (operation,) = self.operations(arguments)
        rests_on = _rests_on(state, QuotaNow(None))
        return Observation(operation=operation, rests_on=rests_on, plan=plan_deletion(state))

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
        state = await _read_back(quay, namespace, observation)
        holds = f"Quay {summary_of(state, state.own)}."
        if state.quota_id is None:
            return Verification(
                outcome=Outcome.DONE, sentence=f"Quay confirms that {namespace} has no quota of its own. {holds}"
            )
        if state.quota_id != observation.rests_on.get("quota_id", state.quota_id):
            another = f"Another user gave {namespace} a new quota in the meantime. {_holds(state)} {holds}"
            return Verification(outcome=Outcome.UNKNOWN, sentence=another)
        return Verification(outcome=Outcome.FAILED, sentence=f"Quay still has it. {_holds(state)} {holds}")


async def _writable(
    quay: Quay, state: QuotaState, typed: Typed | None, wanted: tuple[Threshold, ...] | None
) -> tuple[tuple[Threshold, ...] | None, list[str]]:
    """The limits as far as the bot can write them, and what follows from that. Raises Refusal."""
    creates = state.quota_id is None
    there = {limit.threshold for limit in state.own.limits}
    to_write = wanted is not None and set(wanted) != there
    accepted = typed is not None and typed.no_reject
    lifts = creates and not accepted and state.default != 0 and not any(kind == "Reject" for kind, _ in wanted or ())
    if not (to_write or lifts) or await may_write_limits(quay, state):
        return wanted, []
    if to_write and typed is not None:
        raise Refusal(
            f"The bot can't change limits here: {NO_FULL_ACCESS}. Nothing changed. "
            "To change only the size, leave out --warn, --reject and --no-reject."
        )
    if state.default != 0 and state.settings.checks is not False:
        shown = (
            f"the system default of {size(state.default)}" if state.default else "the system default, if there is one"
        )
        raise Refusal(
            f"A quota of its own would lift {shown}, and the bot can't set a reject limit here: {NO_FULL_ACCESS}. "
            "Nothing changed. If pushes shall never be refused, add --no-reject."
        )
    return None, [f"It gets no limits: {NO_FULL_ACCESS}."]


def _operation(write: Write, create: str, change: str) -> str:
    return {"create quota": create, "change quota": change}.get(write.kind) or _LIMIT_WRITES[write.kind]


def _rests_on(state: QuotaState, then: QuotaNow) -> dict[str, Argument]:
    """What the plan stands on: size, limits, the default behind them, and whether Quay checks at all."""
    weakened = state.is_weakened_by(then)
    return {
        "quota_id": state.quota_id,
        "limit_now": state.own.size,
        "limits": " ".join(sorted(f"{limit.id}:{limit.kind}:{limit.percent}" for limit in state.own.limits)),
        "default": state.default,
        "checks": state.settings.checks,
        "enforcement_now": None if weakened is None else WEAKER if weakened else NOT_WEAKER,
    }


def _now_in(observation: Observation) -> QuotaNow:
    """The quota on which the plan rests."""
    held = observation.rests_on["limit_now"]
    return QuotaNow(
        None if held is None else int(str(held)), tuple(_limits_in(str(observation.rests_on.get("limits", ""))))
    )


def _limits_in(text: str) -> Iterator[Limit]:
    for each in text.split():
        id_, kind, percent = each.split(":")
        yield Limit(int(id_), "Reject" if kind == "Reject" else "Warning", int(percent))


def _written(wanted: tuple[Threshold, ...]) -> str:
    return " ".join(f"0:{kind}:{percent}" for kind, percent in wanted)


def _planned(arguments: Arguments, observation: Observation) -> tuple[Write, ...]:
    """The writes of the plan, worked out again from what it rests on."""
    wanted, default = observation.rests_on.get("wanted"), observation.rests_on.get("default")
    thresholds = None if wanted is None else [limit.threshold for limit in _limits_in(str(wanted))]
    known = None if default is None else int(str(default))
    return writes(_now_in(observation), int(str(arguments["limit"])), thresholds, known)


async def _send(quay: Quay, namespace: Namespace, quota_id: int | None, write: Write) -> None:
    name = namespace.name
    match write, quota_id:
        case Write("create quota", size=bytes_), _:
            create = (
                quay.create_organization_quota_super_user if namespace.of_user else quay.create_user_quota_super_user
            )
            await create(name, limit_bytes=bytes_)
        case Write("change quota", size=bytes_), int():
            change = (
                quay.change_organization_quota_super_user if namespace.of_user else quay.change_user_quota_super_user
            )
            await change(name, quota_id, limit_bytes=bytes_)
        case Write("create limit", limit=Limit(kind=kind, percent=percent)), int():
            await quay.limits.create(name, quota_id, kind, percent)
        case Write("change limit", limit=Limit(id=int(limit_id)), percent=percent), int():
            await quay.limits.change(name, quota_id, limit_id, percent)
        case Write("delete limit", limit=Limit(id=int(limit_id))), int():
            await quay.limits.delete(name, quota_id, limit_id)
        case _:
            raise ValueError(f"{write.kind} names nothing that is there")


async def _id_of_new(quay: Quay, namespace: Namespace, new_size: int) -> int:
    """The number of the quota that was just created: Quay does not answer with it."""
    for quota in await list_quotas(quay, namespace):
        if quota.id is not None and quota.limit_bytes == new_size:
            return quota.id
    raise Invalid("Another user changed the quota at the same moment.", operation="createOrganizationQuotaLimit")


async def _read_back(quay: Quay, namespace: Namespace, observation: Observation) -> QuotaState:
    """The state as Quay lists it now, with the default that the plan rests on."""
    default, checks = observation.rests_on.get("default"), observation.rests_on.get("checks")
    settings = QuotaSettings(
        default_bytes=None if default is None else int(str(default)), checks=None if checks is None else bool(checks)
    )
    return state_of(namespace, await list_quotas(quay, namespace), settings)


def _is_same(step: QuotaNow, found: QuotaNow) -> bool:
    def does(quota: QuotaNow) -> list[Threshold]:
        return sorted(limit.threshold for limit in quota.limits)

    return step.size == found.size and does(step) == does(found)


def _holds(state: QuotaState) -> str:
    if state.own.size is None:
        return f"{state.namespace} has no quota of its own."
    there = limits(limit.threshold for limit in state.own.limits)
    return f"The quota of {state.namespace} is {size(state.own.size)}, with limits: {there}."


def _command(arguments: Arguments, observation: Observation) -> str:
    """The command that makes what was wanted, whatever is there."""
    wanted = observation.rests_on.get("wanted")
    options = ""
    if wanted is not None:
        there = sorted(_limits_in(str(wanted)), key=lambda limit: limit.percent)
        options = "".join(f" --warn {limit.percent}" for limit in there if limit.kind == "Warning")
        rejects = [limit.percent for limit in there if limit.kind == "Reject"]
        options += f" --reject {rejects[0]}" if rejects else " --no-reject"
    return f"quota set {arguments['namespace']} {write_size(int(str(arguments['limit'])))}{options}"
