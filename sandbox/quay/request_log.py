"""What was asked of the simulated Quay: no token, no body, only what a test counts."""

from collections import deque
from dataclasses import dataclass

_LOG_LENGTH = 20_000


@dataclass(frozen=True)
class LoggedRequest:
    """One request to the simulated Quay; `ms` is how long it took, `status` 0 if no answer went out."""

    method: str
    path: str
    status: int
    ms: float
    token: str


def new_request_log() -> deque[LoggedRequest]:
    """An empty log that forgets the oldest requests when it gets long."""
    return deque(maxlen=_LOG_LENGTH)
