"""What became of a change: read back from Quay, recorded, and looked at again where that proves nothing yet."""

from dataclasses import dataclass

from bot.changes import audit_entries
from bot.changes.secret_delivery import offer_secrets
from bot.changes.toolkit import Toolkit
from bot.changes.wording import stamp, with_secret
from bot.confirmations import Record, Refused, State, correct, finish
from bot.effects import OutcomeUnknown
from bot.model.plans import Observation, Outcome, Verification
from bot.quay.errors import QuayError, ServerError

WILL_LOOK = "The bot checks Quay again, three times within 90 s."
LOOK_YOURSELF = "Check it in Quay before you request it again."


@dataclass(frozen=True)
class Finding:
    """What is known of a change that may have been sent."""

    verification: Verification
    is_open: bool = False
    """Whether it may still come about, so that Quay is to be asked again."""


@dataclass(frozen=True)
class Outcomes:
    """Reads outcomes back, and records them."""

    tools: Toolkit

    async def read_back(self, record: Record, observation: Observation, *, secret_kept: bool) -> Verification:
        """Ask Quay what is so now. Raises QuayError."""
        effect, arguments = self.tools.effects[record.offer.command], record.offer.arguments
        return await effect.verify(self.tools.quay, arguments, observation, stamp(record), secret_kept=secret_kept)

    async def after_sending(
        self, record: Record, observation: Observation, trouble: QuayError | None, *, secret_kept: bool
    ) -> Finding:
        """What became of a change whose call was sent just now, and whose answer was this trouble, or good.

        If Quay may still be working on the call, its absence proves nothing.
        """
        said = f"{trouble.message} " if trouble else ""
        try:
            verification = await self.read_back(record, observation, secret_kept=secret_kept)
        except QuayError as error:
            sentence = f"{said or 'Quay took it. '}Reading back failed: {error.message} {WILL_LOOK}"
            return Finding(Verification(outcome=Outcome.UNKNOWN, sentence=sentence), is_open=True)
        if verification.outcome is Outcome.DONE or trouble is None:
            return Finding(verification)
        if trouble.may_land_later:
            sentence = f"{said}It may still take effect. So far: {verification.sentence} {WILL_LOOK}"
            return Finding(Verification(outcome=Outcome.UNKNOWN, sentence=sentence), is_open=True)
        is_proof = not isinstance(trouble, ServerError | OutcomeUnknown)
        outcome = Outcome.FAILED if is_proof else verification.outcome
        return Finding(Verification(outcome=outcome, sentence=f"{said}{verification.sentence}"))

    async def of_another(self, record: Record) -> Verification:
        """What Quay shows of a change that some other worker may have sent, some time ago. Raises QuayError."""
        observation = Observation(operation=record.offer.operation, rests_on=record.rests_on, plan=record.plan)
        kept = await self.tools.vault.find(record.id)
        verification = await self.read_back(record, observation, secret_kept=kept is not None)
        return with_secret(verification, "kept" if kept and kept.waits else "none", None)

    async def end(self, held: Record, finding: Finding, answer: str = audit_entries.NOT_SENT) -> Record | None:
        """Record the outcome of a change that this worker holds; None if another one has taken it over."""
        now, verification = self.tools.clock(), finding.verification
        try:
            return await self.tools.confirmations.advance(
                held.id,
                lambda stored: finish(
                    stored, held, verification.outcome, now, verification.sentence, look_again=finding.is_open
                ),
                lambda stored: audit_entries.outcome(stored, verification, answer),
            )
        except Refused:
            return None

    async def correct(
        self, record: Record, finding: Finding, answer: str = audit_entries.NOT_READ, *, by_sender: bool = False
    ) -> Record | None:
        """Record that an outcome is another one, or stays unknown; None if it cannot be corrected any more."""
        now, verification, before = self.tools.clock(), finding.verification, record.state
        corrects = None if before is State.EXECUTING else before

        def corrected(stored: Record) -> Record:
            return correct(
                stored,
                verification.outcome,
                now,
                verification.sentence,
                by_sender=by_sender,
                look_again=finding.is_open,
            )

        try:
            return await self.tools.confirmations.advance(
                record.id, corrected, lambda stored: audit_entries.outcome(stored, verification, answer, corrects)
            )
        except Refused:
            return None

    def tell(self, record: Record) -> None:
        """Have people told of a record's last step, and of what it brought forth for its requester alone."""
        self.tools.outbox.deliver_soon(record)
        if record.intended and not record.live:
            self.tools.outbox.soon(offer_secrets(self.tools.vault, self.tools.outbox.poster))
