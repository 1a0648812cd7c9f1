"""When each periodic job ran last: kept in the worker, and written to Redis with its heartbeat."""

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio.client import Pipeline

RUNS = "quaymaster:jobs"
"""A hash: the last run of each periodic job, of whichever worker had it."""


class JobRun(BaseModel):
    """One run that has ended."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    """When it began."""
    seconds: float
    failure: str = ""
    """The kind of error that ended it; empty where it did its work."""


@dataclass
class JobRuns:
    """The last run of each job in this worker that Redis does not know yet."""

    unsaved: dict[str, JobRun] = field(default_factory=dict)

    def note(self, job: str, run: JobRun) -> None:
        """Remember a run that has ended."""
        self.unsaved[job] = run

    def save(self, pipeline: Pipeline) -> None:
        """Add to a pipeline what writes them. What the pipeline loses is lost: the next run is soon."""
        if self.unsaved:
            pipeline.hset(RUNS, mapping={job: run.model_dump_json() for job, run in self.unsaved.items()})
            self.unsaved = {}


def read_runs(stored: dict[bytes, bytes]) -> dict[str, JobRun]:
    """The hash as it was read; an entry of another version that cannot be read is left out."""
    runs = {}
    for job, value in stored.items():
        try:
            runs[job.decode()] = JobRun.model_validate_json(value)
        except ValidationError:
            continue
    return runs
