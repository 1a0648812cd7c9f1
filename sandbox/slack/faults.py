"""What goes wrong with the calls that a bot makes of Slack, on purpose. `control.py` says how it is switched on."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import ceil
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

Connection = Literal["kept", "reset", "silent"]
RESPONSE_URL = "response_url"
UPLOAD = "upload"
"""How faults and the list of calls name what is no method of the Web API."""

_WORDS = {404: "expired_url", 410: "channel_is_archived", 429: "ratelimited"}


@dataclass(frozen=True)
class Subject:
    """What one call is about: its method, its channel and person where it names them, and whether it is a reply."""

    method: str
    channel: str | None = None
    user: str | None = None
    in_thread: bool = False


class Fault(BaseModel):
    """Calls that match go wrong: with a status, with Slack's word for it, or with a broken connection.

    Args:
        method: A method, a pattern such as `usergroups.*` or `*`, `response_url` or `upload`.
        channel: Only calls about this channel, by its id.
        user: Only calls that name this person (users.info, conversations.open, views.publish…), by the id in `people`.
        in_thread: Only replies in threads (true), or only calls that are none (false).
        times: How many calls; None until it is cleared or `seconds` are over, which is the default with `seconds`.
        seconds: How long it lasts, by the workspace's clock.
        status: The HTTP status. From 500 on a gateway's page comes with it, unless there is an `error`.
        error: Slack's word for it; 404, 410 and 429 have one of their own.
        retry_after: The `Retry-After` of a 429, in seconds; what is left of `seconds` where it is not given, else 1.
        connection: `reset` ends the connection without an answer; with `silent` no answer ever comes.
        after_effect: The call does what it is for, and only its answer goes wrong.
    """

    model_config = ConfigDict(extra="forbid")

    method: str
    channel: str | None = None
    user: str | None = None
    in_thread: bool | None = None
    times: PositiveInt | None = 1
    seconds: PositiveFloat | None = None
    status: Annotated[int, Field(ge=200, le=599)] = 200
    error: str | None = None
    retry_after: NonNegativeInt | None = None
    connection: Connection = "kept"
    after_effect: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.seconds is not None and "times" not in self.model_fields_set:
            self.times = None
        self.error = self.error or _WORDS.get(self.status)
        if self.connection == "kept" and self.error is None and self.status < 500:
            raise ValueError("a fault needs an error, a status with a word of its own, or a connection")
        return self

    def concerns(self, subject: Subject) -> bool:
        """Whether a call is one of those that go wrong."""
        return (
            fnmatchcase(subject.method, self.method)
            and self.channel in {None, subject.channel}
            and self.user in {None, subject.user}
            and self.in_thread in {None, subject.in_thread}
        )


@dataclass
class _Planned:
    fault: Fault
    until: float | None
    left: int | None

    def over(self, now: float) -> bool:
        return self.left == 0 or (self.until is not None and now >= self.until)

    def retry_after(self, now: float) -> int:
        if self.fault.retry_after is not None:
            return self.fault.retry_after
        return 1 if self.until is None else ceil(self.until - now)


@dataclass
class Faults:
    """All faults of one Slack, and how long each method takes to answer. Times are seconds since the epoch."""

    _planned: list[_Planned] = field(default_factory=list)
    _latency: dict[str, float] = field(default_factory=dict)

    def plan(self, fault: Fault, now: float) -> None:
        """Let calls go wrong from now on; an earlier fault that matches too goes first."""
        until = None if fault.seconds is None else now + fault.seconds
        self._planned.append(_Planned(fault, until, fault.times))

    def clear(self, method: str | None = None) -> None:
        """End all faults, or those of one method, as it was named when they were planned."""
        self._planned = [one for one in self._planned if method not in {None, one.fault.method}]

    def standing(self, now: float) -> list[Fault]:
        """The faults that are not over."""
        self._planned = [one for one in self._planned if not one.over(now)]
        return [one.fault for one in self._planned]

    def take(self, subject: Subject, now: float) -> Fault | None:
        """The fault that a call meets, counted as used. Its `retry_after` is what is to be answered now."""
        self.standing(now)
        met = next((one for one in self._planned if one.fault.concerns(subject)), None)
        if met is None:
            return None
        if met.left is not None:
            met.left -= 1
        return met.fault.model_copy(update={"retry_after": met.retry_after(now)})

    def slow_down(self, method: str, seconds: float) -> None:
        """Let a method, or a pattern of methods, take so long from now on; 0 ends it."""
        self._latency.pop(method, None)
        if seconds:
            self._latency[method] = seconds

    def latency(self, method: str) -> float:
        """How many seconds a call takes; where several patterns match, the longest one decides."""
        matching = [pattern for pattern in self._latency if fnmatchcase(method, pattern)]
        return self._latency[max(matching, key=len)] if matching else 0.0
