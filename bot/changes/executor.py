"""From an agreed change to its outcome: claim, check again, intend, act once, read back, record, tell."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import stamina
import structlog
from redis.exceptions import RedisError

from bot.changes import audit_entries
from bot.changes.authorization import Denied, NotKnown
from bot.changes.replay_guard import contradiction
from bot.changes.secret_delivery import offer_secrets
from bot.changes.toolkit import Toolkit
from bot.changes.wording import Keeping, not_sent, stamp, still_fits, with_secret
from bot.confirmations import (
    ABANDONED_AFTER,
    Missing,
    Record,
    Refused,
    State,
    claim,
    correct,
    finish,
    hold,
    intend,
    intend_more,
    is_abandoned,
    make_stale,
    release,
)
from bot.confirmations.freeze import Freeze, Frozen
from bot.effects import Effect, OutcomeUnknown, Secret
from bot.model.plans import Observation, Outcome, Refusal, Verification
from bot.quay.errors import GatewayError, QuayError, RateLimited, ReadOnly, ServerError, Unreachable
from bot.storage.sealing import Tampered

JOB_TIMEOUT = timedelta(minutes=3)
"""A job is ended after this long."""
SEND_WITHIN = timedelta(minutes=1)
"""A worker that was held up for longer between looking at the registry and sending does not send."""
TRY_AGAIN_AFTER = timedelta(seconds=30)
PASSING = (Unreachable, RateLimited, ServerError, ReadOnly)
"""What may be over in a while; before anything was sent, the change waits for it until it expires."""


log = structlog.get_logger()


@dataclass(frozen=True)
class Executor:
    """Executes due changes; any number of these may run, each change is sent at most once."""

    tools: Toolkit
    reoffer: Callable[[Record], Awaitable[None]]
    """Offers a fresh plan in place of a stale one."""
    followers: Mapping[str, Callable[[Record], Awaitable[None]]]
    """What goes on in Quay after a change was done, and is followed: by operation."""

    async def execute(self, id_: str) -> Record | None:
        """Execute one due change; None when somebody else has it, when it is over, or when it has to wait."""
        try:
            claimed = await self._claim(id_)
        except Refused:
            return None
        except Frozen as frozen:
            await self._hold(id_, frozen.freeze)
            return None
        except (Missing, Tampered) as error:
            await self.tools.outbox.quarantine(id_, type(error).__name__)
            return None
        self.tools.outbox.deliver_soon(claimed)
        ended = await self._execute(claimed)
        if ended is None:
            self.tools.outbox.deliver_soon(await self.tools.confirmations.get(id_))
        else:
            self._tell(ended)
            if ended.state is State.STALE:
                await self.reoffer(ended)
            elif ended.state is State.DONE and ended.offer.operation in self.followers:
                await self.followers[ended.offer.operation](ended)
        return ended

    async def recover(self) -> list[Record]:
        """Settle changes whose worker died: unsent ones are executed, sent ones are looked up in Quay."""
        settled = []
        for id_ in await self.tools.confirmations.abandoned(self.tools.clock() - ABANDONED_AFTER):
            try:
                record = await self.tools.confirmations.get(id_)
                done = await (self._settle(record) if record.intended else self.execute(id_))
            except (Missing, Tampered) as error:
                await self.tools.outbox.quarantine(id_, type(error).__name__)
            except Exception:
                log.exception("not_recovered", record=id_)
            else:
                settled += [done] if done else []
        return settled

    async def _claim(self, id_: str) -> Record:
        now = self.tools.clock()
        return await self.tools.confirmations.advance(id_, lambda stored: claim(stored, now), guarded=True)

    async def _execute(self, claimed: Record) -> Record | None:
        effect, arguments = self.tools.effects[claimed.offer.command], claimed.offer.arguments
        looked_at = self.tools.clock()
        try:
            await self.tools.authorization.require_still_agreed(claimed)
            observation = await effect.plan(self.tools.quay, arguments, self.tools.clock())
        except Denied as denied:
            return await self._finish(claimed, not_sent(denied.decision.reason))
        except NotKnown:
            await self._wait(claimed, "Slack does not say who the people are; the bot tries again.")
            return None
        except Refusal as refusal:
            return await self._stale(claimed, str(refusal))
        except PASSING as error:
            await self._wait(claimed, f"Quay: {error.message} The bot tries again until it expires.")
            return None
        except QuayError as error:
            return await self._finish(claimed, not_sent(error.message))
        if not still_fits(claimed, observation):
            return await self._stale(claimed, "The registry changed after this plan was made; nothing was sent.")
        return await self._act(claimed, effect, observation, looked_at)

    async def _act(
        self, claimed: Record, effect: Effect, observation: Observation, looked_at: datetime
    ) -> Record | None:
        now = self.tools.clock()
        try:
            intended = await self.tools.confirmations.advance(
                claimed.id,
                lambda stored: intend(stored, claimed, now),
                lambda _: audit_entries.intent(claimed, next(iter(observation.calls), None)),
                notifies=False,
                guarded=True,
            )
        except Refused:
            return None
        except Frozen as frozen:
            await self._wait(claimed, frozen.freeze.note)
            return None
        try:
            if against := await contradiction(intended, self.tools.confirmations.audit):
                return await self._was_put_back(intended, against)
        except Tampered as tampered:
            advice = "Run quaymaster audit verify; if Redis was restored on purpose, restart the bot."
            return await self._finish(intended, not_sent(f"The audit cannot be relied on: {tampered}. {advice}"))
        if self.tools.clock() - looked_at > SEND_WITHIN:
            return await self._finish(intended, not_sent("The worker was held up for too long."))
        sending, trouble, secret = _Sending(self, intended), None, None
        kept: Keeping = "none"
        try:
            secret = await effect.apply(
                self.tools.quay, claimed.offer.arguments, observation, stamp(claimed), sending.note
            )
            kept = await self._keep(intended, secret)
        except Refused:
            return None
        except QuayError as error:
            log.warning("quay_refused", change=claimed.id, operation=observation.operation, said=error.message)
            if not error.may_have_happened:
                return await self._finish(
                    sending.record,
                    Verification(outcome=Outcome.FAILED, sentence=f"Quay refused: {error.message}"),
                    audit_entries.answer_of(error),
                )
            trouble = error
        verification = await self._look_after(effect, intended, observation, trouble, answered=kept != "none")
        answer = audit_entries.answer_of(trouble) if trouble else audit_entries.ACCEPTED
        verification = with_secret(verification, kept, secret)
        ended = await self._finish(sending.record, verification, answer)
        return ended or await self._correct(sending.record, verification, answer)

    async def _was_put_back(self, intended: Record, against: str) -> Record | None:
        """End a change that the audit contradicts, and report it; None where another worker ended it.

        A worker that is held up here may have been taken for dead: then the record is over as it should be.
        """
        ended = await self._finish(
            intended, Verification(outcome=Outcome.FAILED, sentence=f"Nothing was sent. {against}")
        )
        if ended is not None:
            await self.tools.outbox.quarantine(intended.id, against)
        return ended

    async def _keep(self, record: Record, secret: Secret | None) -> Keeping:
        """Keep a secret for the requester, at once."""
        if secret is None or record.requester is None:
            return "none"
        try:
            async for attempt in stamina.retry_context(on=RedisError, attempts=3, timeout=10):
                with attempt:
                    await self.tools.vault.keep(
                        record.id, record.requester, record.channel, secret.label, secret.way_out, secret.value
                    )
        except RedisError as error:
            log.error("secret_not_kept", change=record.id, kind=type(error).__name__)
            return "lost"
        return "kept"

    async def _look_after(
        self, effect: Effect, record: Record, observation: Observation, trouble: QuayError | None, *, answered: bool
    ) -> Verification:
        """Ask Quay what is so now. A call that was never answered may still land, so its absence proves nothing."""
        said = f"{trouble.message} " if trouble else ""
        arguments, stamped = record.offer.arguments, stamp(record)
        try:
            verification = await effect.verify(self.tools.quay, arguments, observation, stamped, secret_kept=answered)
        except QuayError as error:
            took = said or "Quay took it. "
            return Verification(
                outcome=Outcome.UNKNOWN,
                sentence=f"{took}Reading back failed: {error.message} Look at it in Quay before you ask again.",
            )
        if verification.outcome is Outcome.DONE or not trouble:
            return verification
        if isinstance(trouble, Unreachable | GatewayError):
            return Verification(
                outcome=Outcome.UNKNOWN,
                sentence=f"{said}{verification.sentence} "
                "The call may still take effect: look at it in Quay in a minute.",
            )
        outcome = verification.outcome if isinstance(trouble, ServerError | OutcomeUnknown) else Outcome.FAILED
        return Verification(outcome=outcome, sentence=f"{said}{verification.sentence}")

    async def _settle(self, record: Record) -> Record | None:
        if not is_abandoned(record, self.tools.clock()):
            return None
        effect = self.tools.effects[record.offer.command]
        observation = Observation(operation=record.offer.operation, rests_on=record.rests_on, plan=record.plan)
        kept = await self.tools.vault.find(record.id)
        verification = await self._look_after(effect, record, observation, None, answered=kept is not None)
        verification = with_secret(verification, "kept" if kept and kept.waits else "none", None)
        if verification.outcome is Outcome.FAILED:
            sentence = f"The worker that was to send it is gone. {verification.sentence}"
            verification = verification.model_copy(update={"sentence": sentence})
        ended = await self._finish(record, verification, audit_entries.NOT_READ)
        if ended is not None:
            self._tell(ended)
        return ended

    async def _wait(self, claimed: Record, note: str) -> None:
        now = self.tools.clock()
        try:
            await self.tools.confirmations.advance(
                claimed.id, lambda stored: release(stored, claimed, now + TRY_AGAIN_AFTER, note)
            )
        except Refused:
            log.info("claim_was_taken_over", change=claimed.id)

    async def _hold(self, id_: str, freeze: Freeze) -> None:
        """Leave a due change where it is while changes are frozen, and say so once, on its card or alone."""
        now = self.tools.clock()
        try:
            held = await self.tools.confirmations.advance(id_, lambda stored: hold(stored, now, freeze.note))
        except Refused:
            return
        self._tell(held)
        if held.private and held.requester:
            await self.tools.outbox.whisper(held, held.requester.user)

    async def _finish(
        self, record: Record, verification: Verification, answer: str = audit_entries.NOT_SENT
    ) -> Record | None:
        now = self.tools.clock()
        try:
            return await self.tools.confirmations.advance(
                record.id,
                lambda stored: finish(stored, record, verification.outcome, now, verification.sentence),
                lambda stored: audit_entries.outcome(stored, verification, answer),
            )
        except Refused:
            return None

    async def _correct(self, sent: Record, verification: Verification, answer: str) -> Record | None:
        """Tell the truth of a change that another worker settled as not sent, while this one was held up with it."""
        if verification.outcome is Outcome.FAILED:
            return None
        now, late = self.tools.clock(), f"It was sent after all, late. {verification.sentence}"
        verification = verification.model_copy(update={"sentence": late})
        try:
            return await self.tools.confirmations.advance(
                sent.id,
                lambda stored: correct(stored, sent, verification.outcome, now, late),
                lambda stored: audit_entries.outcome(stored, verification, answer),
            )
        except Refused:
            return None

    async def _stale(self, record: Record, note: str) -> Record | None:
        now = self.tools.clock()
        try:
            return await self.tools.confirmations.advance(
                record.id,
                lambda stored: make_stale(stored, now, note),
                lambda stored: audit_entries.stale(stored, note),
            )
        except Refused:
            return None

    def _tell(self, record: Record) -> None:
        self.tools.outbox.deliver_soon(record)
        if record.intended and not record.live:
            self.tools.outbox.soon(offer_secrets(self.tools.vault, self.tools.outbox.poster))


@dataclass
class _Sending:
    """The calls of one change: each that follows the first is noted like the first, while the claim still stands."""

    executor: Executor
    record: Record

    async def note(self, operation: str) -> None:
        """Note one more call before it is sent. Raises Refused when another worker has taken the change over."""
        before, now = self.record, self.executor.tools.clock()
        self.record = await self.executor.tools.confirmations.advance(
            before.id,
            lambda stored: intend_more(stored, before, now),
            lambda stored: audit_entries.intent(stored, operation),
            notifies=False,
        )
