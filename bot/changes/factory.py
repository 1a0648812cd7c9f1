"""The parts of the road of a change, put together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from redis.asyncio import Redis

from bot.changes.approvals import Changes
from bot.changes.executions import Executions
from bot.changes.executor import Executor
from bot.changes.freeze_notices import FreezeNotices
from bot.changes.key_requests import KeyRequests
from bot.changes.measurement import Measurement
from bot.changes.outcomes import Outcomes
from bot.changes.recovery import Looks, Recovery
from bot.changes.reminders import Reminders
from bot.changes.secret_delivery import SecretExpiry
from bot.changes.toolkit import Toolkit
from bot.confirmations import Record
from bot.effects.own_tokens import LOGGED
from bot.quay.models import ServiceKey
from bot.storage.worker_lease import WorkerLease


@dataclass(frozen=True)
class Execution:
    """What the worker does about approved changes."""

    lease: WorkerLease
    executor: Executor
    executions: Executions
    recovery: Recovery
    looks: Looks


@dataclass(frozen=True)
class ChangeParts:
    """What people ask for and decide on, and what the worker does about it."""

    tools: Toolkit
    approvals: Changes
    key_requests: KeyRequests
    execution: Execution
    measurement: Measurement
    reminders: Reminders
    secret_expiry: SecretExpiry
    freeze_notices: FreezeNotices


def build_changes(
    tools: Toolkit,
    redis: Redis,
    wake: Callable[[str], Awaitable[None]],
    doubts: Callable[[Sequence[ServiceKey]], Awaitable[Mapping[str, Sequence[str]]]],
) -> ChangeParts:
    """Put them together.

    Parameters
    ----------
    wake
        Wakes a worker for a due change, by its id.
    doubts
        Says of all keys together what should make an approver of one look twice.
    """
    outbox, poster, confirmations, clock = tools.outbox, tools.outbox.poster, tools.confirmations, tools.clock
    approvals = Changes(tools, wake)
    measurement = Measurement(redis, tools.quay, poster.messenger, clock)
    return ChangeParts(
        tools=tools,
        approvals=approvals,
        key_requests=KeyRequests(tools, doubts),
        execution=_build_execution(tools, redis, approvals, measurement),
        measurement=measurement,
        reminders=Reminders(confirmations, outbox, clock),
        secret_expiry=SecretExpiry(tools.vault, poster, confirmations.audit),
        freeze_notices=FreezeNotices(redis, confirmations.freezer, poster.messenger, poster.admin_channel),
    )


def _followers(tools: Toolkit, measurement: Measurement) -> dict[str, Callable[[Record], Awaitable[None]]]:
    """What is done after a change, by its operation."""
    learn = partial(tools.memory.own_tokens.learn, tools.quay)
    return {"postRegistrySize": measurement.begin, **dict.fromkeys(LOGGED, learn)}


def _build_execution(tools: Toolkit, redis: Redis, approvals: Changes, measurement: Measurement) -> Execution:
    lease, outcomes = WorkerLease(redis), Outcomes(tools)
    executor = Executor(tools, outcomes, lease.id, approvals.propose_again, _followers(tools, measurement))
    executions = Executions(executor.execute)
    return Execution(
        lease=lease,
        executor=executor,
        executions=executions,
        recovery=Recovery(tools, outcomes, lease, executions.__contains__),
        looks=Looks(tools, outcomes),
    )
