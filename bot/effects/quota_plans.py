"""What people are shown before a quota changes: its size, its use, and what Quay does with pushes before and after."""

from collections.abc import Sequence

from bot.effects.quota_state import QuotaState
from bot.effects.users import target_of
from bot.model.enforcement import Action, Enforcement
from bot.model.plans import Line, Plan
from bot.model.quota_writes import Limit, QuotaNow
from bot.views.enforcement import limits, oddities, refusal, summary
from bot.views.text import percent, size

PROXY_CACHE = (
    "It is a proxy cache: to stay within the quota, Quay removes cached tags, oldest first, and refuses images that "
    "don't fit."
)
"""By its size alone, whatever its limits are (`_check_image_upload_possible_or_prune` in Quay's source)."""
AT_ITS_DEFAULT = "refuses pushes at the system default, if there is one"
NO_FULL_ACCESS = "superusers' full access is off in Quay (FEATURE_SUPERUSERS_FULL_ACCESS)"


def plan_setting(state: QuotaState, then: QuotaNow, notes: Sequence[str]) -> Plan:
    """The plan of a quota's new size, new limits, or both; `notes` say what follows besides."""
    namespace, new_size = state.namespace, then.size or 0
    resized = state.own.size != then.size
    title = (
        f"Set the quota of {namespace} to {size(new_size)}" if resized else f"Change the limits of {namespace}'s quota"
    )
    replaced = state.own.size is None and state.default and state.settings.checks is not False
    hides = [f"A quota of its own replaces the system default of {size(state.default or 0)}."] if replaced else []
    return Plan(
        title=title,
        target=target_of(namespace.name),
        lines=(
            Line(label="Quota", now=_quota_of(state), after=size(new_size) if resized else None),
            _in_use(state, then.size, "the quota"),
            *_limits_changed(state.own.limits, then.limits),
            *_enforced(state, then),
        ),
        consequences=(*hides, *notes),
        warnings=_warnings(state, then),
        alarms=_alarms(state, then),
    )


def plan_deletion(state: QuotaState) -> Plan:
    """The plan of a quota's deletion: what goes with it, and what holds then."""
    then = QuotaNow(None)
    goes = [
        Line(label="Limits", now=limits(limit.threshold for limit in state.own.limits), after="deleted with the quota")
    ]
    return Plan(
        title=f"Delete the quota of {state.namespace}",
        target=target_of(state.namespace.name),
        lines=(
            Line(label="Quota", now=_quota_of(state), after=_without_own(state)),
            _in_use(state, state.default or None, "the system default"),
            *(goes if state.own.limits else []),
            *_enforced(state, then),
        ),
        warnings=_warnings(state, then),
        alarms=_alarms(state, then),
    )


def _quota_of(state: QuotaState) -> str:
    return size(state.own.size) if state.own.size is not None else _without_own(state)


def _without_own(state: QuotaState) -> str:
    """What holds for a namespace without a quota of its own."""
    if state.default is None:
        return "none, or the system default (Quay doesn't show it)"
    return f"the system default, {size(state.default)}" if state.default else "none"


def _fill(used: int | None, of: int | None) -> str:
    return percent(used, of) if used is not None and of else "unknown"


def _in_use(state: QuotaState, then: int | None, called: str) -> Line:
    if state.report is None:
        return Line(label="In use", now="not shown by Quay")
    if state.used is None:
        return Line(label="In use", now="Quay is still calculating it")
    now = f"{size(state.used)} ({_fill(state.used, state.size)})" if state.size else size(state.used)
    if then == state.size:
        return Line(label="In use", now=now)
    return Line(label="In use", now=now, after=f"{_fill(state.used, then)} of {called}" if then else None)


def _limits_changed(before: Sequence[Limit], then: Sequence[Limit]) -> list[Line]:
    now, new = limits(limit.threshold for limit in before), limits(limit.threshold for limit in then)
    return [Line(label="Limits", now=now, after=new)] if now != new else []


def _enforced(state: QuotaState, then: QuotaNow) -> list[Line]:
    """What Quay does today, and what it will do: one line each."""
    return [
        Line(label="Quay today", now=summary_of(state, state.own)),
        Line(label="Quay then", now=summary_of(state, then)),
    ]


def summary_of(state: QuotaState, quota: QuotaNow) -> str:
    """What Quay does with pushes by a quota, after `Quay`; of a default that it does not show nothing is claimed."""
    return AT_ITS_DEFAULT if _hangs_on_default(state, quota) else summary(state.enforced(quota))


def _hangs_on_default(state: QuotaState, quota: QuotaNow) -> bool:
    """Whether what Quay does is up to a system default that it does not show."""
    return quota.size is None and state.default is None


def _alarms(state: QuotaState, then: QuotaNow) -> tuple[str, ...]:
    weakened = state.is_weakened_by(then)
    if weakened is None:
        return ("This may weaken enforcement: Quay doesn't show whether there is a system default.",)
    if not weakened:
        return ()
    after = AT_ITS_DEFAULT if _hangs_on_default(state, then) else refusal(state.enforced(then))
    return (f"This weakens enforcement. Today, Quay {refusal(state.enforced())}. Then it {after}.",)


def _warnings(state: QuotaState, then: QuotaNow) -> tuple[str, ...]:
    before, after = state.enforced(), state.enforced(then)
    if _hangs_on_default(state, then):
        blocked = state.used is not None and before.at(state.used) is Action.REFUSE
        said = "Pushes are blocked today. Whether they will be accepted again is up to the system default."
        return (said,) if blocked else ()
    return (*_for_pushes(state, before, after), *oddities(after))


def _for_pushes(state: QuotaState, before: Enforcement, after: Enforcement) -> list[str]:
    """What becomes of the pushes of today, where the use is known."""
    used = state.used
    if used is None:
        return []
    was, will = before.at(used), after.at(used)
    if will is Action.REFUSE:
        if was is Action.REFUSE:
            return [f"Pushes are blocked today and stay blocked: {size(used)} is in use."]
        return [f"Usage ({size(used)}) exceeds the new limit. Pushes will be blocked immediately."]
    if will is Action.UNSETTLED:
        return [f"Usage ({size(used)}) exceeds the new limit. Pushes may be blocked immediately."]
    if was is Action.REFUSE:
        return ["Pushes are blocked today. They will be accepted again."]
    if after.size and used > after.size:
        return [f"Usage ({size(used)}) exceeds the new quota. Quay doesn't block pushes here."]
    return []
