"""How full a namespace is: what Quay says of one at one moment."""

from dataclasses import dataclass
from typing import Literal

from bot.model.enforcement import Enforcement, Threshold, enforcement
from bot.quay.models import Organization, User

Ending = Literal["recovered", "no limit", "gone", "unwatched"]
"""Why an alert is over: the use fell, the limit or the namespace went, or no route is for it any more."""


@dataclass(frozen=True)
class Usage:
    """The use of a namespace (`team-a`, or `user:bob`) in bytes, against its quota or the system default, if any.

    `limit` is the size of that quota in bytes, `enforcement` its limits as Quay lists them. Quay counts in the
    background: until `complete`, `used` is not to be trusted.
    """

    namespace: str
    used: int
    limit: int | None
    complete: bool
    enforcement: tuple[Threshold, ...] = ()
    default: bool = False
    """Whether `limit` is the system default, since the namespace has no quota of its own."""
    checked: bool = True
    """Whether Quay compares the use with quotas at a push at all, as far as is known."""
    reported: bool = True
    """Whether Quay says anything of its use; without QUOTA_FEATURES it does of none."""

    @classmethod
    def of(cls, entry: Organization | User, *, checked: bool = True) -> "Usage":
        """The reading in an entry of Quay's lists. Where Quay shows no quotas it is never complete."""
        report = entry.quota_report
        own = next(iter(entry.quotas or ()), None)
        limits = [(limit.type, limit.limit_percent) for limit in own.limits] if own else []
        return cls(
            namespace=entry.name if isinstance(entry, Organization) else f"user:{entry.username}",
            used=report.quota_bytes if report else 0,
            limit=report.configured_quota if report else None,
            complete=report is not None and report.is_complete,
            enforcement=enforcement(own.limit_bytes, limits, None).thresholds if own else (),
            default=own is None and report is not None and bool(report.configured_quota),
            checked=checked,
            reported=report is not None,
        )

    @property
    def enforced(self) -> Enforcement:
        """What Quay does with pushes."""
        if self.default:
            return enforcement(None, (), self.limit, checked=self.checked)
        return enforcement(self.limit or None, self.enforcement, None, checked=self.checked)

    @property
    def measure(self) -> str:
        """What `limit` is, in words: `its quota`, or `the system default`."""
        return "the system default" if self.default else "its quota"

    def reaches(self, percent: int) -> bool:
        """Whether the use is at least this percentage of the limit, to the byte."""
        return self.limit is not None and self.used * 100 >= percent * self.limit
