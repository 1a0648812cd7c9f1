"""Everything that one simulated Slack consists of."""

from dataclasses import dataclass, field

from sandbox.slack.faults import Faults
from sandbox.slack.rates import RateLimits
from sandbox.slack.settings import SlackSettings
from sandbox.slack.tickets import Tickets
from sandbox.slack.workspace import Workspace


@dataclass(frozen=True)
class LoggedCall:
    """One call of the Web API; `at` is in seconds since the epoch. Without an answer the status is 0."""

    method: str
    at: float
    ok: bool
    error: str | None = None
    status: int = 200
    channel: str | None = None


@dataclass
class Simulation:
    """One simulated Slack."""

    workspace: Workspace
    settings: SlackSettings
    tickets: Tickets
    faults: Faults = field(default_factory=Faults)
    rates: RateLimits = field(default_factory=RateLimits)
    calls: list[LoggedCall] = field(default_factory=list)

    def file_url(self, file_id: str) -> str:
        """Where a file can be had."""
        return f"{self.settings.public_url}/sandbox/slack/files/{file_id}"
