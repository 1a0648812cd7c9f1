"""How each call is handled: latency, faults and rate limits first, then the call itself, then the log."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from sandbox.slack.errors import SlackError
from sandbox.slack.faults import Fault, Subject
from sandbox.slack.rates import Rate
from sandbox.slack.simulation import LoggedCall, Simulation
from sandbox.slack.trouble import NoAnswer, failed


@dataclass(frozen=True)
class Answer:
    """The response to a call, and the error code if it was refused."""

    response: Response
    error: str | None = None


async def answered(
    slack: Simulation, subject: Subject, run: Callable[[], Awaitable[Answer]], rate: Rate | None = None
) -> Response:
    """Run a call unless a fault or the rate limit prevents it, and log it.

    Args:
        slack: The Slack that is called.
        subject: What the call is about.
        run: Executes the call.
        rate: The rate limit of the method, if it has one.
    """
    if seconds := slack.faults.latency(subject.method):
        await asyncio.sleep(seconds)
    now = slack.workspace.now()
    fault = slack.faults.take(subject, now)
    wait = slack.rates.wait(subject.method, rate, subject.channel, now) if rate and fault is None else None
    if wait is not None:
        answer = _broken(Fault(method=subject.method, status=429, retry_after=wait))
    elif fault is None or fault.after_effect:
        answer = await run()
    if fault is not None:
        answer = _broken(fault)
    status = 0 if isinstance(answer.response, NoAnswer) else answer.response.status_code
    call = LoggedCall(subject.method, now, answer.error is None, answer.error, status, subject.channel)
    slack.calls.append(call)
    return answer.response


def refused(error: SlackError, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Refuse a call the way Slack does."""
    return Answer(JSONResponse(error.answer(), status, headers), error.code)


def _broken(fault: Fault) -> Answer:
    return Answer(failed(fault), fault.error or (fault.connection if fault.connection != "kept" else str(fault.status)))
