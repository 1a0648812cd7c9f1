"""How full a namespace is: what Quay says of one at one moment."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from bot.quay.models import Organization, User


class Enforcement(NamedTuple):
    """What Quay itself does at a percentage of the limit: `Warning`, or `Reject`, which refuses pushes."""

    kind: str
    percent: int


Ending = Literal["recovered", "no limit", "gone", "unwatched"]
"""Why an alert is over: the use fell, the limit or the namespace went, or no route is for it any more."""


@dataclass(frozen=True)
class Usage:
    """The use of a namespace (`team-a`, or `user:bob`) in bytes, against its limit if it has one.

    Quay counts in the background: until `complete`, `used` is not to be trusted.
    """

    namespace: str
    used: int
    limit: int | None
    complete: bool
    enforcement: tuple[Enforcement, ...] = ()
    reported: bool = True
    """Whether Quay says anything of its use; with quota management off it does of none."""

    @classmethod
    def of(cls, entry: Organization | User) -> "Usage":
        """The reading in an entry of Quay's lists. Where quota management is off it is never complete."""
        report = entry.quota_report
        return cls(
            namespace=entry.name if isinstance(entry, Organization) else f"user:{entry.username}",
            used=report.quota_bytes if report else 0,
            limit=report.configured_quota if report else None,
            complete=report is not None and report.is_complete,
            enforcement=tuple(
                Enforcement(limit.type, limit.limit_percent) for quota in entry.quotas or () for limit in quota.limits
            ),
            reported=report is not None,
        )

    def reaches(self, percent: int) -> bool:
        """Whether the use is at least this percentage of the limit, to the byte."""
        return self.limit is not None and self.used * 100 >= percent * self.limit
