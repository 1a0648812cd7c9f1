"""From an agreed change to its outcome: claim, check again, intend, act once, read back, record, tell."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import stamina
import structlog
from redis.exceptions import RedisError

from bot.changes import audit_entries
from bot.changes.authorization import Denied, NotKnown
from bot.changes.outcomes import Finding, Outcomes
from bot.changes.replay_guard import contradiction
from bot.changes.toolkit import Toolkit
from bot.changes.wording import Keeping, not_sent, stamp, still_fits, with_secret
from bot.confirmations import (
    Missing,
    Record,
    Refused,
    State,
    claim,
    hold,
    intend,
    intend_more,
    make_stale,
    release,
)
from bot.confirmations.freeze import Freeze, Frozen
from bot.effects import Secret
from bot.model.plans import Observation, Outcome, Refusal, Verification
from bot.quay.errors import Busy, QuayError, RateLimited, ReadOnly, ServerError, Unreachable
from bot.storage.sealing import Tampered

ASK_PEOPLE_WITHIN = timedelta(seconds=20)
"""Slack has this long to say who the people are, all together."""
SEND_WITHIN = timedelta(minutes=1)
"""A worker that was held up for longer since it began to look at the registry does not send."""
SEND_AFTER_INTENT = timedelta(seconds=20)
"""Nor does one that was held up for longer after its intent: another may have taken it over a little later."""
TRY_AGAIN_AFTER = timedelta(seconds=30)
PASSING = (Unreachable, RateLimited, ServerError, ReadOnly, Busy)
"""What may be over in a while; before anything was sent, the change waits for it until it expires."""

HELD_UP = "The worker was held up before it could send it; the bot tries again until it expires."

log = structlog.get_logger()


@dataclass(frozen=True)
class Executor:
    """Executes due changes; any number of these may run, each change is sent at most once."""

    tools: Toolkit
    outcomes: Outcomes
    worker: str
    """The id of this worker, under which its lease is known."""
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
            self.outcomes.tell(ended)
            if ended.state is State.STALE:
                await self.reoffer(ended)
            elif ended.state is State.DONE and ended.offer.operation in self.followers:
                await self.followers[ended.offer.operation](ended)
        return ended

    async def _claim(self, id_: str) -> Record:
        now = self.tools.clock()
        return await self.tools.confirmations.advance(id_, lambda stored: claim(stored, self.worker, now), guarded=True)

    async def _execute(self, claimed: Record) -> Record | None:
        try:
            async with asyncio.timeout(ASK_PEOPLE_WITHIN.total_seconds()):
                await self.tools.authorization.require_still_agreed(claimed)
        except Denied as denied:
            return await self._not_sent(claimed, denied.decision.reason)
        except (NotKnown, TimeoutError):
            note = "Slack does not say who the people are; the bot tries again."
            await self._release(claimed, note, clock_stops=True)
            return None
        return await self._look_and_send(claimed)

    async def _look_and_send(self, claimed: Record) -> Record | None:
        effect, arguments = self.tools.effects[claimed.offer.command], claimed.offer.arguments
        began = self.tools.clock()
        try:
            async with asyncio.timeout(SEND_WITHIN.total_seconds()):
                observation = await effect.plan(self.tools.quay, arguments, began)
        except Refusal as refusal:
            return await self._stale(claimed, str(refusal))
        except PASSING as error:
            await self._release(claimed, f"Quay: {error.message} The bot tries again until it expires.")
            return None
        except QuayError as error:
            return await self._not_sent(claimed, error.message)
        except TimeoutError:
            await self._release(claimed, HELD_UP)
            return None
        if not still_fits(claimed, observation):
            return await self._stale(claimed, "The registry changed after this plan was made; nothing was sent.")
        if self.tools.clock() - began > SEND_WITHIN:
            await self._release(claimed, HELD_UP)
            return None
        return await self._intend(claimed, observation)

    async def _intend(self, claimed: Record, observation: Observation) -> Record | None:
        """Note the intent, and send only if the audit knows of no other and nothing has taken long since."""
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
            await self._release(claimed, frozen.freeze.note)
            return None
        try:
            against = await contradiction(intended, self.tools.confirmations.audit)
        except Tampered as tampered:
            advice = "Run quaymaster audit verify; if Redis was restored on purpose, restart the bot."
            return await self._not_sent(intended, f"The audit cannot be relied on: {tampered}. {advice}")
        if against:
            return await self._was_put_back(intended, against)
        if self.tools.clock() - now > SEND_AFTER_INTENT:
            return await self._not_sent(intended, "The worker was held up for too long.")
        return await self._send(intended, observation)

    async def _send(self, intended: Record, observation: Observation) -> Record | None:
        effect, arguments = self.tools.effects[intended.offer.command], intended.offer.arguments
        sending, trouble, secret = _Sending(self.tools, intended), None, None
        keeping: Keeping = "none"
        try:
            secret = await effect.apply(self.tools.quay, arguments, observation, stamp(intended), sending.note)
            keeping = await self._keep(intended, secret)
        except Refused:
            return None
        except QuayError as error:
            log.warning("quay_refused", change=intended.id, operation=observation.operation, said=error.message)
            trouble = error
        answer = audit_entries.answer_of(trouble) if trouble else audit_entries.ACCEPTED
        if trouble is not None and not trouble.may_have_happened:
            refused = Verification(outcome=Outcome.FAILED, sentence=f"Quay refused: {trouble.message}")
            return await self._end(sending.record, Finding(refused), answer)
        finding = await self.outcomes.after_sending(intended, observation, trouble, secret_kept=keeping != "none")
        said = with_secret(finding.verification, keeping, secret)
        return await self._end(sending.record, replace(finding, verification=said), answer)

    async def _end(self, sent: Record, finding: Finding, answer: str) -> Record | None:
        """Record the outcome; if another worker concluded one while this one was held up, put that right."""
        ended = await self.outcomes.end(sent, finding, answer)
        if ended is not None:
            return ended
        late = f"It was sent after all, late. {finding.verification.sentence}"
        verification = finding.verification.model_copy(update={"sentence": late})
        stored = await self.tools.confirmations.get(sent.id)
        return await self.outcomes.correct(stored, replace(finding, verification=verification), answer, by_sender=True)

    async def _was_put_back(self, intended: Record, against: str) -> Record | None:
        """End a change that the audit contradicts, and report it; None where another worker ended it.

        A worker that is held up here may have been taken for dead: then the record is over as it should be.
        """
        ended = await self.outcomes.end(
            intended, Finding(Verification(outcome=Outcome.FAILED, sentence=f"Nothing was sent. {against}"))
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

    async def _release(self, claimed: Record, note: str, *, clock_stops: bool = False) -> None:
        """Give a claim back before anything was sent, to be taken again in a while."""
        now = self.tools.clock()
        try:
            await self.tools.confirmations.advance(
                claimed.id,
                lambda stored: release(stored, claimed, now + TRY_AGAIN_AFTER, note, clock_stops=clock_stops),
            )
        except Refused:
            log.info("claim_was_taken_over", change=claimed.id)

    async def _not_sent(self, held: Record, reason: str) -> Record | None:
        return await self.outcomes.end(held, Finding(not_sent(reason)))

    async def _hold(self, id_: str, freeze: Freeze) -> None:
        """Leave a due change where it is while changes are frozen, and say so once, on its card or alone."""
        now = self.tools.clock()
        try:
            held = await self.tools.confirmations.advance(id_, lambda stored: hold(stored, now, freeze.note))
        except Refused:
            return
        self.outcomes.tell(held)
        if held.private and held.requester:
            await self.tools.outbox.whisper(held, held.requester.user)

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


@dataclass
class _Sending:
    """The calls of one change: each that follows the first is noted like the first, while the claim still stands."""

    tools: Toolkit
    record: Record

    async def note(self, operation: str) -> None:
        """Note one more call before it is sent. Raises Refused when another worker has taken the change over."""
        before, now = self.record, self.tools.clock()
        self.record = await self.tools.confirmations.advance(
            before.id,
            lambda stored: intend_more(stored, before, now),
            lambda stored: audit_entries.intent(stored, operation),
            notifies=False,
        )
