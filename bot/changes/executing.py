"""From an agreed change to its outcome: claim, check again, intend, act once, read back, record, tell."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.audit import Audit
from bot.changes.gate import Denied, Gate
from bot.changes.telling import Telling
from bot.confirmations import (
    Confirmations,
    Missing,
    Record,
    Refused,
    claim,
    finish,
    intend,
    make_stale,
)
from bot.effects import Effect, Stamp
from bot.plans import Finding, Outcome, Refusal, Sight
from bot.quay.client import Quay
from bot.quay.errors import QuayError
from bot.sealing import Tampered

ABANDONED_AFTER = timedelta(minutes=4)
"""A worker that took a change this long ago is dead: jobs are ended after JOB_TIMEOUT, well before."""
JOB_TIMEOUT = timedelta(minutes=3)

log = structlog.get_logger()


@dataclass(frozen=True)
class Executor:
    """Executes due changes; any number of these may run, each change is sent at most once."""

    quay: Quay
    confirmations: Confirmations
    audit: Audit
    gate: Gate
    telling: Telling
    effects: Mapping[str, Effect]
    clock: Callable[[], datetime]
    reoffer: Callable[[Record], Awaitable[None]]
    """Offers a fresh plan in place of a stale one."""

    async def execute(self, id_: str) -> Record | None:
        """Execute one due change; None when somebody else has it or it is over."""
        claimed = await self._claim(id_)
        if claimed is None:
            return None
        await self.telling.refresh(claimed)
        effect, arguments = self.effects[claimed.offer.command], claimed.offer.arguments
        try:
            await self.gate.require_still_agreed(claimed)
            sight = await effect.look(self.quay, arguments, self.clock())
        except Denied as denied:
            return await self._finish(
                claimed, Finding(outcome=Outcome.FAILED, sentence=_not_sent(denied.decision.reason))
            )
        except Refusal as refusal:
            return await self._stale(claimed, str(refusal))
        except QuayError as error:
            return await self._finish(claimed, Finding(outcome=Outcome.FAILED, sentence=_not_sent(error.message)))
        if not self._still_fits(claimed, sight):
            stale = await self._stale(claimed, "The registry changed after this plan was made; nothing was sent.")
            if stale is not None:
                await self.reoffer(stale)
            return stale
        return await self._act(claimed, effect, sight)

    async def recover(self) -> list[Record]:
        """Settle changes whose worker died: unsent ones are executed, sent ones are looked up in Quay."""
        settled = []
        for id_ in await self.confirmations.abandoned(self.clock() - ABANDONED_AFTER):
            try:
                record = await self.confirmations.get(id_)
                done = await (self._settle(record) if record.intended else self.execute(id_))
            except (Missing, Tampered) as error:
                log.error("record_unreadable", record=id_, reason=type(error).__name__)
                continue
            if done is not None:
                settled.append(done)
        return settled

    async def _claim(self, id_: str) -> Record | None:
        now = self.clock()
        try:
            return await self.confirmations.advance(
                id_, lambda stored: claim(stored, now, abandoned_after=ABANDONED_AFTER)
            )
        except (Refused, Missing):
            return None
        except Tampered:
            await self.audit.record("record_tampered", actor=None, change=id_)
            log.error("record_tampered", record=id_)
            return None

    def _still_fits(self, record: Record, sight: Sight) -> bool:
        first = record.offers[0]
        if sight.operation != record.offer.operation:
            return False
        basis = sight.model_copy(update={"operation": first.operation})
        return basis.digest(first.arguments) == record.digest

    async def _act(self, claimed: Record, effect: Effect, sight: Sight) -> Record | None:
        now = self.clock()
        try:
            intended = await self.confirmations.advance(claimed.id, lambda stored: intend(stored, claimed, now))
        except Refused:
            return None
        await self.audit.record(
            "change_intent",
            actor=None,
            change=claimed.id,
            operation=sight.operation,
            arguments=dict(claimed.offer.arguments),
            approved_by=[str(approval.actor) for approval in claimed.agreed(sight.operation)],
            digest=claimed.digest,
        )
        stamp = _stamp(claimed)
        try:
            await effect.act(self.quay, claimed.offer.arguments, sight, stamp)
        except QuayError as error:
            log.warning("quay_refused", change=claimed.id, operation=sight.operation, error=str(error))
            if not error.may_have_happened:
                return await self._finish(
                    intended, Finding(outcome=Outcome.FAILED, sentence=f"Quay refused: {error.message}")
                )
            return await self._finish(intended, await self._look_after(effect, intended, sight, stamp, error.message))
        return await self._finish(intended, await self._look_after(effect, intended, sight, stamp, None))

    async def _look_after(
        self, effect: Effect, record: Record, sight: Sight, stamp: Stamp, trouble: str | None
    ) -> Finding:
        try:
            finding = await effect.check(self.quay, record.offer.arguments, sight, stamp)
        except QuayError as error:
            said = f"{trouble} " if trouble else "Quay took it. "
            return Finding(
                outcome=Outcome.UNKNOWN,
                sentence=f"{said}Reading back failed as well: {error.message} Look at it in Quay before you ask again.",
            )
        if trouble and finding.outcome is Outcome.FAILED:
            return Finding(outcome=Outcome.FAILED, sentence=f"{trouble} {finding.sentence}")
        return finding

    async def _settle(self, record: Record) -> Record | None:
        effect = self.effects[record.offer.command]
        sight = Sight(operation=record.offer.operation, rests_on={}, plan=record.plan)
        trouble = "The worker that sent it died before it could say what came of it."
        return await self._finish(record, await self._look_after(effect, record, sight, _stamp(record), trouble))

    async def _finish(self, record: Record, finding: Finding) -> Record | None:
        now = self.clock()
        try:
            ended = await self.confirmations.advance(
                record.id, lambda stored: finish(stored, finding.outcome, now, finding.sentence)
            )
        except Refused:
            return None
        await self.audit.record(
            "change_outcome",
            actor=None,
            change=record.id,
            operation=record.offer.operation,
            outcome=finding.outcome.value,
            said=finding.sentence,
        )
        await self.telling.outcome(ended)
        return ended

    async def _stale(self, record: Record, note: str) -> Record | None:
        now = self.clock()
        try:
            ended = await self.confirmations.advance(record.id, lambda stored: make_stale(stored, now, note))
        except Refused:
            return None
        await self.audit.record("change_stale", actor=None, change=record.id, note=note)
        await self.telling.outcome(ended)
        return ended


def _not_sent(reason: str) -> str:
    return f"Nothing was sent to Quay. {reason}"


def _stamp(record: Record) -> Stamp:
    agreed = record.agreed(record.offer.operation)
    return Stamp(
        change_id=record.id,
        approved_by=", ".join(f"{approval.label} ({approval.actor.user})" for approval in agreed),
        requested_by=record.requester_label
        if record.requester is None
        else f"{record.requester_label} ({record.requester.user})",
    )
