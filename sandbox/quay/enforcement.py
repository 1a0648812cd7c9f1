"""How Quay enforces quotas when an image is pushed: its `check_limits`, before an upload and at its end.

Of the limits that are reached, the highest alone decides: a Warning above a Reject lifts the refusal. A namespace's own
quota hides the system default, whatever its limits. Use is what is stored, even while the backfill is running. Pulls
are never refused. Proxy-cache organizations, which prune old tags instead, are not simulated.
"""

from dataclasses import dataclass

from sandbox.quay.features import Features
from sandbox.quay.state import LimitType, Namespace, Quota


@dataclass(frozen=True)
class PushCheck:
    """The decision on a push. `why` is a sentence about the limit that decided, or about why none did."""

    severity: LimitType | None
    why: str

    @property
    def refused(self) -> bool:
        """Whether Quay answers 403 `DENIED: Quota has been exceeded on namespace`."""
        return self.severity == "Reject"

    @property
    def warned(self) -> bool:
        """Whether the push is accepted, with a notice to the owners in Quay's web page."""
        return self.severity == "Warning"


def check_push(namespace: Namespace, features: Features, added_bytes: int = 0) -> PushCheck:
    """Decide on a push of `added_bytes`: Quay checks before the upload, and again with those bytes added."""
    switches = {"FEATURE_QUOTA_MANAGEMENT": features.quota_management, "FEATURE_VERIFY_QUOTA": features.verify_quota}
    off = [name for name, is_on in switches.items() if not is_on]
    if off:
        return PushCheck(None, f"Quotas are not enforced: {' and '.join(off)} off.")
    before = _decide(namespace, features, namespace.quota_bytes)
    after = _decide(namespace, features, namespace.quota_bytes + added_bytes)
    if before.refused or not (after.refused or after.warned):
        return before
    return after


def _decide(namespace: Namespace, features: Features, size: int) -> PushCheck:
    if namespace.quota:
        return _by_limits(namespace.quota, size)
    default = features.default_quota_bytes
    if not default:
        return PushCheck(None, "There is no quota: neither its own nor a system default.")
    if size < default:
        return PushCheck(None, f"{_bytes(size)} are below the system default of {_bytes(default)}.")
    return PushCheck("Reject", f"{_bytes(size)} reach the system default of {_bytes(default)}.")


def _by_limits(quota: Quota, size: int) -> PushCheck:
    if not quota.limits:
        return PushCheck(None, "Its quota has no limits, so nothing is refused and nobody is warned.")
    decisive, threshold = None, 0
    for limit in quota.limits:
        allowed = quota.limit_bytes * limit.percent // 100
        if size >= allowed > threshold:
            decisive, threshold = limit, allowed
    if decisive is None:
        return PushCheck(None, f"{_bytes(size)} reach no limit of its quota of {_bytes(quota.limit_bytes)}.")
    reached = f"{decisive.type} at {decisive.percent}% of {_bytes(quota.limit_bytes)}"
    return PushCheck(decisive.type, f"{_bytes(size)} reach its {reached}, the highest limit reached.")


def _bytes(size: int) -> str:
    return f"{size:,} bytes"
