"""What Quay does with pushes, in words: one wording for plans, answers, lists, alerts and the report."""

from collections.abc import Iterable, Sequence

from bot.model.enforcement import Action, Enforcement, Threshold
from bot.views.text import size


def summary(found: Enforcement) -> str:
    """What Quay does, on one line after `Quay`: `warns at 80%, refuses pushes at 100% (80 GiB)`."""
    warned = [f"warns at {_listed(found.warns_at)}"] if found.warns_at else []
    return ", ".join([*warned, f"{refusal(found)}{_because(found)}"])


def refusal(found: Enforcement) -> str:
    """When Quay refuses pushes, after `Quay`: `refuses pushes at 100% (80 GiB)`, or `never refuses pushes`."""
    if found.never_refuses:
        return "never refuses pushes"
    sure, doubtful = _refused(found), _may_be_refused(found)
    said = [f"refuses pushes {sure}"] if sure else []
    return ", ".join([*said, *([f"may refuse pushes {doubtful}"] if doubtful else [])])


def pushes(found: Enforcement, used: int | None = None, *, default_known: bool = True) -> list[str]:
    """What becomes of pushes to a namespace, as sentences; with the use in bytes, what is so now comes first.

    `default_known` is whether Quay shows what the system default is.
    """
    if found.source == "none" and not default_known:
        return ["Quay doesn't show whether a system default limits it."]
    if found.never_refuses:
        said = f"Nothing stops it: Quay never refuses pushes{_because(found)}."
    else:
        sure, doubtful = _refused(found), _may_be_refused(found)
        said = f"Pushes are refused {sure}." if sure else f"Pushes may be refused {doubtful}."
    now = ["Pushes are blocked now."] if used is not None and found.at(used) is Action.REFUSE else []
    warned = [f"Quay warns at {_listed(found.warns_at)}."] if found.warns_at else []
    return [*now, said, *warned, *oddities(found)]


def standing(found: Enforcement, used: int) -> tuple[str, str]:
    """What becomes of pushes at a use in bytes, in a few words: what is so now, and what is to come; either may be ''.

    `Pushes are refused` now; or in time, `pushes are refused at 100%`, or `nothing stops it`.
    """
    if found.at(used) is Action.REFUSE:
        return "Pushes are refused", ""
    if found.never_refuses:
        return "", "nothing stops it"
    at = f"at {found.ceiling}%" if found.ceiling is not None else _refused(found)
    return "", f"pushes are refused {at}" if at else f"pushes may be refused {_may_be_refused(found)}"


def limits(thresholds: Iterable[Threshold]) -> str:
    """Limits as Quay has them: `warning 80%, reject 100%`."""
    ordered = sorted(thresholds, key=lambda each: (each.percent, each.kind))
    return ", ".join(f"{kind.lower()} {percent}%" for kind, percent in ordered) or "none"


def oddities(found: Enforcement) -> list[str]:
    """What is odd about limits that were made elsewhere: sentences; none where they do what they seem to do."""
    if not found.checked:
        return []
    said = []
    for band in found.gaps:
        if band.action is Action.UNSETTLED:
            said.append(f"A warning and a reject are both set at {band.start}%: Quay may do either.")
        else:
            said.append(f"The warning at {band.end}% switches the reject at {band.start}% off from there on.")
    rejects = sorted({percent for kind, percent in found.thresholds if kind == "Reject"})
    if len(rejects) > 1:
        said.append(f"It has {len(rejects)} reject limits: {_listed(rejects)}.")
    return said


def _refused(found: Enforcement) -> str:
    """Where Quay is sure to refuse pushes: `at 100% (80 GiB)`, `from 90% to 100%, but not above`."""
    if found.source == "default":
        return f"at the system default, {size(found.size or 0)}"
    bands = [band for band in found.bands if band.action is Action.REFUSE]
    said = [f"from {band.start}% to {band.end}%" for band in bands if band.end is not None]
    if found.ceiling is not None:
        said.append(f"{'from' if said else 'at'} {found.ceiling}% ({size(found.ceiling_bytes or 0)})")
    above = "" if found.ceiling is not None or not said or _may_be_refused(found) else ", but not above"
    return " and ".join(said) + above


def _may_be_refused(found: Enforcement) -> str:
    doubtful = [f"from {band.start}% on" for band in found.bands if band.action is Action.UNSETTLED]
    return " and ".join(doubtful)


def _because(found: Enforcement) -> str:
    """Why Quay never refuses pushes, where it does not."""
    if not found.never_refuses or found.warns_at:
        return ""
    if not found.checked:
        return " (FEATURE_VERIFY_QUOTA is off)"
    return " (no quota)" if found.source == "none" else " (the quota has no limits)"


def _listed(percents: Sequence[int]) -> str:
    *most, last = [f"{percent}%" for percent in percents]
    return f"{', '.join(most)} and {last}" if most else last
