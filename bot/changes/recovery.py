"""What other workers left behind: claims whose worker died, and outcomes that are unknown. Nothing here ever sends."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.changes import audit_entries
from bot.changes.outcomes import LOOK_YOURSELF, WILL_LOOK, Finding, Outcomes
from bot.changes.toolkit import Toolkit
from bot.confirmations import TAKEN_OVER_AFTER, Missing, Record, Refused, give_back, look, take_over
from bot.model.plans import Outcome, Verification
from bot.quay.errors import QuayError
from bot.storage.sealing import Tampered
from bot.storage.worker_lease import WorkerLease

WORKER_GONE = "The worker that was to send it is gone."

log = structlog.get_logger()


@dataclass(frozen=True)
class Recovery:
    """Takes over the claims of dead workers. Any number of workers may do so at once."""

    tools: Toolkit
    outcomes: Outcomes
    lease: WorkerLease
    is_executing: Callable[[str], bool]
    """Whether this worker is about a change; a claim of its own that it is not about was left by a failure."""

    async def run(self) -> list[Record]:
        """Give unsent changes back to whoever takes them, and find out what became of those that may be sent."""
        now, confirmations = self.tools.clock(), self.tools.confirmations
        ids = await confirmations.running(now - TAKEN_OVER_AFTER)
        return await _each(self.tools, [id_ for id_ in ids if not self.is_executing(id_)], self._recover)

    async def _recover(self, id_: str) -> Record | None:
        now, confirmations = self.tools.clock(), self.tools.confirmations
        record = await confirmations.get(id_)
        own = {record.holder} & {self.lease.id}
        gone = own or await self.lease.ended({record.holder} - {""})
        if not record.intended:
            given_back = await confirmations.advance(id_, lambda stored: give_back(stored, now, gone), notifies=False)
            log.warning("claim_given_back", change=id_, holder=record.holder)
            return given_back
        taken = await confirmations.advance(
            id_, lambda stored: take_over(stored, self.lease.id, now, gone), notifies=False
        )
        log.warning("claim_taken_over", change=id_, holder=record.holder)
        ended = await self.outcomes.end(taken, await self._find_out(taken), audit_entries.NOT_READ)
        if ended is not None:
            self.outcomes.tell(ended)
        return ended

    async def _find_out(self, record: Record) -> Finding:
        """What became of a change. A call may still be under way, so that its absence proves nothing yet."""
        try:
            verification = await self.outcomes.of_another(record)
        except QuayError as error:
            said = f"Reading back failed: {error.message}"
        else:
            if verification.outcome is Outcome.DONE:
                return Finding(verification)
            said = verification.sentence
        sentence = f"{WORKER_GONE} {said} {WILL_LOOK}"
        return Finding(Verification(outcome=Outcome.UNKNOWN, sentence=sentence), is_open=True)


@dataclass(frozen=True)
class Looks:
    """Asks Quay again what became of a change, until it shows, or three looks have shown that it does not."""

    tools: Toolkit
    outcomes: Outcomes

    async def run(self) -> list[Record]:
        """Look at whatever is due; of several workers one looks."""
        return await _each(self.tools, await self.tools.confirmations.to_look_at(self.tools.clock()), self._look)

    async def _look(self, id_: str) -> Record | None:
        now, confirmations = self.tools.clock(), self.tools.confirmations
        try:
            looking = await confirmations.advance(id_, lambda stored: look(stored, now), notifies=False)
        except Refused as refused:
            if refused.record.look_at is None:
                await confirmations.not_to_look_at(id_)
            raise
        try:
            verification = await self.outcomes.of_another(looking)
        except QuayError as error:
            verification = Verification(outcome=Outcome.UNKNOWN, sentence=f"Reading back failed: {error.message}")
        if verification.outcome is not Outcome.DONE and looking.look_at is not None:
            return None
        ended = await self.outcomes.correct(looking, Finding(_concluded(verification, looking.looks)))
        if ended is not None:
            self.outcomes.tell(ended)
        return ended


def _concluded(verification: Verification, looks: int) -> Verification:
    """What the last look comes to, in words."""
    match verification.outcome:
        case Outcome.DONE:
            said = f"It took effect late. {verification.sentence}"
        case Outcome.FAILED:
            said = f"Quay was checked {looks} times within 90 s. {verification.sentence}"
        case _:
            said = f"Quay was checked {looks} times within 90 s. {verification.sentence} {LOOK_YOURSELF}"
    return verification.model_copy(update={"sentence": said})


async def _each(tools: Toolkit, ids: Sequence[str], work: Callable[[str], Awaitable[Record | None]]) -> list[Record]:
    """Do something about each record; one that fails holds up no other."""
    found = []
    for id_ in ids:
        try:
            record = await work(id_)
        except Refused:
            continue
        except (Missing, Tampered) as error:
            await tools.outbox.quarantine(id_, type(error).__name__)
        except Exception:
            log.exception("not_recovered", record=id_)
        else:
            found += [record] if record else []
    return found
