"""How the bot is, in one message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version

from bot.confirmations.freeze import Freeze
from bot.model.seen_limits import SeenLimit
from bot.quay.turns import Load
from bot.slack import in_flight
from bot.slack.messages import Block, Message
from bot.storage.doubts import Doubt
from bot.views.blocks import context, message, section
from bot.views.freeze import line
from bot.views.text import clip, code, count, date, duration, escape


@dataclass(frozen=True)
class JobStatus:
    """How a periodic job of the worker is."""

    name: str
    ran_at: datetime | None
    """When its last run began; None where none is known."""
    seconds: float
    failure: str
    """The kind of error that ended its last run; empty where it did its work."""
    next_at: datetime | None
    is_overdue: bool
    shown: bool
    """Whether people want to know when it runs, though nothing is wrong."""


@dataclass(frozen=True)
class Status:
    """How the bot is."""

    worker_seen: datetime | None
    files: Mapping[str, Sequence[str]]
    """What is wrong with each file that people edit, by its name; nothing where it is in force as it stands."""
    pending: int
    freeze: Freeze
    doubt: Doubt | None
    """What a process suspects that refuses deliveries."""
    warnings: Sequence[str]
    """What is configured and is not safe, a sentence each."""
    jobs: Sequence[JobStatus]
    requests: in_flight.Load
    """Of people, in the process that answers."""
    version: str = field(default_factory=lambda: version("quaymaster"))


def status(bot: Status, quay_trouble: str, seen: Sequence[SeenLimit], load: Load, now: datetime) -> Message:
    """How the bot is: the first line says whether anything is wrong."""
    worker_seen, freeze = bot.worker_seen, bot.freeze
    silent = worker_seen is None or now - worker_seen > timedelta(minutes=1)
    worker = "has not been seen" if worker_seen is None else f"was last seen {duration(now - worker_seen)} ago"
    wrong = [line(freeze)] if freeze.on else []
    if silent:
        wrong.append(f"⚠️ *The worker {worker}: agreed changes wait.*")
    wrong += [] if silent else [_job_trouble(job, now) for job in bot.jobs if job.failure or job.is_overdue]
    for name, problems in bot.files.items():
        if problems:
            wrong.append(f"⚠️ *{escape(name)} is faulty; the one before it is in force:*")
            wrong += [clip(code(problem), 270) for problem in problems[:5]]
    if bot.doubt:
        refused = f"A process of the bot has refused {count(bot.doubt.refused)} of Slack's requests since"
        wrong.append(f"⚠️ *{refused} {date(bot.doubt.since)} and accepted none:* {escape(bot.doubt.sentence)}")
    if quay_trouble:
        wrong.append(f"⚠️ *Quay does not do what the bot asks:* {escape(quay_trouble)}")
    said = "The bot has a problem" if wrong else "The bot is well, and Quay answers it"
    if freeze.on and len(wrong) == 1:
        said = "Changes are frozen; otherwise the bot is well, and Quay answers it"
    lines = wrong or [f"✅ *{said}*"]
    lines += [f"⚠️ {escape(warning)}" for warning in bot.warnings]
    facts = [f"{count(bot.pending)} pending", f"the worker {worker}"]
    facts += [f"{escape(name)} in force" for name, problems in bot.files.items() if not problems]
    lines.append(" · ".join((*facts, f"Quaymaster {escape(bot.version)}")))
    scheduled = [_when(job, now) for job in bot.jobs if job.shown]
    small = [context(" · ".join(scheduled))] if scheduled else []
    busy = context(_under_way(bot.requests, load))
    return message(said, (section("\n".join(lines)), *_seen(seen), *small, busy))


def _under_way(requests: in_flight.Load, quay: Load) -> str:
    """How busy this process is, and its bounds."""
    limits = requests.limits
    return (
        f"This process: {requests.running} of {limits.total} requests running, at most {limits.each} per person · "
        f"Quay: {quay.running} of {quay.slots} calls running, {quay.waiting} of {quay.most_waiting} waiting"
    )


def _seen(limits: Sequence[SeenLimit]) -> list[Block]:
    """What isn't tried in this registry, and how to have it tried again."""
    if not limits:
        return []
    listed = [f"• {escape(limit.what)}{f' (refused {date(limit.at)})' if limit.at else ''}" for limit in limits]
    head = "This Quay was seen not to do the following, so the bot doesn't try it:"
    return [section("\n".join((head, *listed))), context(f"{code('status --recheck')} has it tried again")]


def _job_trouble(job: JobStatus, now: datetime) -> str:
    ago = f"{duration(now - job.ran_at)} ago" if job.ran_at else ""
    if job.failure:
        return f"⚠️ *The worker's job {code(job.name)} failed {ago}:* {escape(job.failure)}. The log says more."
    return f"⚠️ *The worker's job {code(job.name)} is overdue:* its last run was {ago}."


def _when(job: JobStatus, now: datetime) -> str:
    """When a job ran, and when it runs next: `sweep_quotas 3 min ago (1.2 s), next in 12 min`."""
    ran = f"{duration(now - job.ran_at)} ago ({job.seconds:.1f} s)" if job.ran_at else "not run yet"
    following = f", next in {duration(job.next_at - now)}" if job.next_at and job.next_at > now else ""
    return f"{code(job.name)} {ran}{following}"
