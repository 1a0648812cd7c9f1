"""Faults: Web API calls that fail or are slow on request. Switched on through `control.py`."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import ceil
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

Connection = Literal["kept", "reset", "silent"]
RESPONSE_URL = "response_url"
UPLOAD = "upload"
"""Names for calls that aren't methods of the Web API."""

_WORDS = {404: "expired_url", 410: "channel_is_archived", 429: "ratelimited"}


@dataclass(frozen=True)
class Subject:
    """What a call is about: its method, the channel and the person it names, and whether it replies in a thread."""

    method: str
    channel: str | None = None
    user: str | None = None
    in_thread: bool = False


class Fault(BaseModel):
    """Matching calls fail: with an error, an HTTP status or a broken connection.

    Args:
        method: A method, a pattern (`usergroups.*`, `*`), `response_url` or `upload`.
        channel: Only calls about this channel (id).
        user: Only calls that name this person, such as users.info or conversations.open (id).
        in_thread: true: only thread replies. false: only calls that aren't.
        times: Number of calls. Default 1, or unlimited if `seconds` is given. None: until cleared.
        seconds: Duration, by the workspace's clock.
        status: HTTP status. 5xx without `error` answers with a gateway's HTML page.
        error: Slack's error code. 404, 410 and 429 have a default.
        retry_after: `Retry-After` of a 429, in seconds. Default: the rest of `seconds`, else 1.
        connection: `reset` closes the connection with a RST; `silent` never answers.
        after_effect: The call takes effect; only the answer is lost or wrong.
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
            raise ValueError("a fault needs an error, a status of 404, 410, 429 or 5xx, or a connection")
        return self

    def concerns(self, subject: Subject) -> bool:
        """Whether this fault applies to a call."""
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
    """All faults of one Slack and the latency of each method. `now` is in seconds since the epoch."""

    _planned: list[_Planned] = field(default_factory=list)
    _latency: dict[str, float] = field(default_factory=dict)

    def plan(self, fault: Fault, now: float) -> None:
        """Add a fault. If several match a call, the oldest applies."""
        until = None if fault.seconds is None else now + fault.seconds
        self._planned.append(_Planned(fault, until, fault.times))

    def clear(self, method: str | None = None) -> None:
        """Remove all faults, or those whose `method` was given as this."""
        self._planned = [one for one in self._planned if method not in {None, one.fault.method}]

    def standing(self, now: float) -> list[Fault]:
        """The faults still in force."""
        self._planned = [one for one in self._planned if not one.over(now)]
        return [one.fault for one in self._planned]

    def take(self, subject: Subject, now: float) -> Fault | None:
        """The fault that applies to a call, counted as used, with the `retry_after` to answer now."""
        self.standing(now)
        met = next((one for one in self._planned if one.fault.concerns(subject)), None)
        if met is None:
            return None
        if met.left is not None:
            met.left -= 1
        return met.fault.model_copy(update={"retry_after": met.retry_after(now)})

    def slow_down(self, method: str, seconds: float) -> None:
        """Set the latency of a method or a pattern; 0 removes it."""
        self._latency.pop(method, None)
        if seconds:
            self._latency[method] = seconds

    def latency(self, method: str) -> float:
        """The latency of a method in seconds. If several patterns match, the longest one wins."""
        matching = [pattern for pattern in self._latency if fnmatchcase(method, pattern)]
        return self._latency[max(matching, key=len)] if matching else 0.0
