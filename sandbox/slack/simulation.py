"""Everything that one simulated Slack consists of, and what may go wrong with it on purpose."""

from dataclasses import dataclass, field

from sandbox.slack.settings import SlackSettings
from sandbox.slack.tickets import Tickets
from sandbox.slack.workspace import Workspace


@dataclass
class Fault:
    """The next `times` calls of a method go wrong: with a status (429 says `retry_after` seconds) or a word."""

    method: str
    times: int = 1
    status: int = 200
    error: str = "ratelimited"
    retry_after: int = 1


@dataclass(frozen=True)
class LoggedCall:
    """One call of the Web API; `at` is in seconds since the epoch."""

    method: str
    at: float
    ok: bool
    error: str | None = None


@dataclass
class Simulation:
    """One simulated Slack."""

    workspace: Workspace
    settings: SlackSettings
    tickets: Tickets
    faults: list[Fault] = field(default_factory=list)
    calls: list[LoggedCall] = field(default_factory=list)

    def next_fault(self, method: str) -> Fault | None:
        """Use up one of the faults of a method, where there is one."""
        fault = next((one for one in self.faults if one.method == method and one.times > 0), None)
        if fault:
            fault.times -= 1
        return fault

    def file_url(self, file_id: str) -> str:
        """Where a file can be had."""
        return f"{self.settings.public_url}/sandbox/slack/files/{file_id}"
