"""The limits that a `quota set` asks for: those that were typed, else the standard ones, else those that are there."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.effects import Arguments
from bot.model.enforcement import Threshold
from bot.model.plans import Refusal
from bot.model.quota_writes import QuotaNow
from bot.permissions.policy import StandardLimits


@dataclass(frozen=True)
class Typed:
    """What `--warn`, `--reject` and `--no-reject` say; `warn` is None where no warning was typed."""

    warn: tuple[int, ...] | None
    reject: int | None
    no_reject: bool

    @property
    def adds(self) -> bool:
        """Whether it asks for a limit that may have to be made."""
        return self.warn is not None or self.reject is not None


def limits_typed(arguments: Arguments) -> Typed | None:
    """Read the options from a change's arguments, of which `warn` is a text such as `70,80`; None without any."""
    warn, reject, no_reject = (arguments.get(name) for name in ("warn", "reject", "no_reject"))
    if warn is None and reject is None and not no_reject:
        return None
    warnings = None if warn is None else tuple(sorted({int(each) for each in str(warn).split(",")}))
    return Typed(warnings, None if reject is None else int(str(reject)), bool(no_reject))


def wanted_limits(
    there: QuotaNow, typed: Typed | None, standard: StandardLimits | None
) -> tuple[Threshold, ...] | None:
    """The limits that are to be; None where none of them change. What was not typed stays as it is.

    Raises Refusal for a warning that would switch off a reject.
    """
    if typed is None:
        return _thresholds(standard.warn, _one(standard.reject)) if standard else None
    warn: Iterable[int] = [limit.percent for limit in there.limits if limit.kind == "Warning"]
    rejects = [limit.percent for limit in there.limits if limit.kind == "Reject"]
    if typed.warn is not None:
        warn = typed.warn
    if typed.no_reject:
        rejects = []
    elif typed.reject is not None:
        rejects = [typed.reject]
    _require_order(sorted(warn), rejects, typed)
    return _thresholds(warn, rejects)


def _require_order(warn: list[int], rejects: list[int], typed: Typed) -> None:
    if not warn or not rejects or warn[-1] < min(rejects):
        return
    reject, highest = min(rejects), warn[-1]
    if typed.warn is None:
        raise Refusal(
            f"A warning at {highest}% is already there and would switch off a reject at {reject}%. Nothing changed. "
            f"Set the warnings too, e.g. --warn 80, or choose a --reject above {highest}."
        )
    if typed.reject is None:
        raise Refusal(
            f"A warning at {highest}% would switch off the reject at {reject}% that is already there. Nothing changed. "
            f"Choose a --warn below {reject}."
        )
    raise Refusal(
        f"A warning at {highest}% would switch off the reject at {reject}%: in Quay the highest limit reached decides. "
        f"Nothing changed. Choose a --warn below {reject}."
    )


def _one(percent: int | None) -> list[int]:
    return [] if percent is None else [percent]


def _thresholds(warn: Iterable[int], rejects: Iterable[int]) -> tuple[Threshold, ...]:
    found = {Threshold("Warning", percent) for percent in warn} | {Threshold("Reject", percent) for percent in rejects}
    return tuple(sorted(found))
