"""What measuring the registry does."""

from dataclasses import dataclass
from datetime import datetime

from bot.effects import Arguments, Note, Stamp
from bot.model.plans import Line, Moment, Observation, Outcome, Plan, Refusal, Verification
from bot.quay.client import Quay
from bot.quay.models import RegistrySize
from bot.views.text import size


@dataclass(frozen=True)
class MeasureRegistry:
    """postRegistrySize: 201 and 202 are both fine, and neither says whose request it was."""

    command: str = "registry measure"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("postRegistrySize",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses while a measurement is queued or running."""
        measured = await quay.get_registry_size()
        if measured.queued or measured.running:
            raise Refusal("The registry is being measured already. 'registry size' shows what came of it.")
        plan = Plan(
            title="Measure the size of the registry",
            target="registry size",
            lines=(
                Line(label="Size", now=size(measured.size_bytes), after="measured anew"),
                Line(label="Last measured", now=_last(measured)),
            ),
            consequences=("Quay counts in its background, which takes a while on a large registry.",),
        )
        return Observation(operation="postRegistrySize", rests_on={}, plan=plan)

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Ask for the measurement."""
        await quay.post_registry_size()

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """It is under way, or done since the plan was made."""
        measured = await quay.get_registry_size()
        if measured.queued or measured.running:
            return Verification(
                outcome=Outcome.DONE, sentence="Quay is measuring. registry size shows what came of it in a while."
            )
        if all(line.now != _last(measured) for line in observation.plan.lines):
            return Verification(outcome=Outcome.DONE, sentence=f"Quay has measured {size(measured.size_bytes)}.")
        return Verification(outcome=Outcome.FAILED, sentence="Quay is not measuring, and has not measured since.")


def _last(measured: RegistrySize) -> str | Moment:
    return Moment(at=measured.last_ran) if measured.last_ran else "never"
