"""From a delivered command to an answer: read, check, complete, check again, handle, or say what went wrong."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from redis.exceptions import RedisError

from bot.audit import JSON
from bot.changes import CardNotPosted, Denied, NotKnown
from bot.commands import Call, Command, Correction, Help
from bot.confirmations import Record
from bot.confirmations.freeze import Frozen
from bot.model.plans import Argument, Refusal
from bot.permissions import Decision, Person, Place, Presumed, Verdict, decide, may_use
from bot.permissions.askable import may_ask_about
from bot.quay.errors import Busy, QuayError
from bot.quay.models import ServiceKey
from bot.quay.operations import KNOWN
from bot.quay.turns import Rank, on_behalf_of
from bot.slack.messages import Message, MessengerError
from bot.storage.dedupe import DedupeKey, SeenBefore
from bot.storage.probe import cause_of
from bot.views import cards, details, errors, freeze, lists, menu, meta
from handlers.arguments import plain_arguments
from handlers.context import Change, Context, Parts
from handlers.filters import filter_value
from handlers.key_lookup import Found, KeyFinder, NoSuchKey, no_such_key
from handlers.listing import AnyListing, Listing
from handlers.menu import offers, only_reads
from handlers.pages import Pages
from handlers.waiting_notice import AFTER, WaitingNotice

log = structlog.get_logger()


class _Gone(Exception):
    """A key that was named is no longer in Quay, but the bot had to do with it."""

    def __init__(self, record: Record) -> None:
        super().__init__(record.id)
        self.record = record


@dataclass(frozen=True)
class Delivery:
    """A slash command as Slack delivered it; `id` is the same when Slack delivers it again."""

    id: str
    team: str
    user: str
    channel: str
    text: str
    once: DedupeKey | None = None
    """The right to carry it out; None where that was taken before the command was read."""
    typed: bool = True
    """Whether the person knows the text; what the bot put together is not named to those who can't run it."""

    @property
    def proposal(self) -> str:
        """What the record of a proposed change is named after, so that the same command again proposes nothing new."""
        return "\0".join((self.team, self.user, self.id, self.text))

    async def take(self) -> None:
        """Take the right to carry it out, unless it is taken. Raises SeenBefore or RedisError."""
        if self.once is not None:
            await self.once.take()


@dataclass(frozen=True)
class Dispatcher:
    """Answers commands."""

    bot: Parts
    pages: Pages
    clock: Callable[[], datetime]
    notice_after: float = AFTER
    """Seconds after which people are told that Quay is being waited for."""

    async def answer(self, person: Person, delivery: Delivery) -> Message | None:
        """Answer a command to the person alone; None when the channel shows the answer already.

        Raises SeenBefore where the delivery was carried out before. The right to carry it out is taken with the first
        thing that is recorded of it. What leaves nothing behind, such as help or a correction, takes it in the end.
        """
        now = self.clock()
        async with self.reading_for(person, delivery.channel):
            try:
                answer = await self.ask(person, delivery, now)
            finally:
                await delivery.take()
            if isinstance(answer, Listing):
                return await self.pages.first(answer, person.actor, delivery.channel, delivery.text, now)
            return answer

    @asynccontextmanager
    async def reading_for(self, person: Person, channel: str) -> AsyncIterator[None]:
        """Ask Quay on behalf of a person, and tell them in the channel when it takes its time."""
        notice = WaitingNotice(self.bot.quay.turns, self.bot.courier, self.notice_after)
        with on_behalf_of(str(person.actor), Rank.READ):
            async with notice.during(person.actor, channel):
                yield

    async def ask(self, person: Person, delivery: Delivery, now: datetime) -> Message | AnyListing | None:
        """Answer a command as if it were asked at `now`; a list is not read yet."""
        place = await self.bot.authorization.place(delivery.channel)
        use = may_use(self.bot.authorization.policy(), person, place)
        try:
            if not delivery.text.strip():
                return self._menu(person, place, use)
            call = self._read(delivery.text, use)
            if isinstance(call, Help):
                return meta.help_page(call)
            with on_behalf_of(str(person.actor), _rank(call.command)):
                return await self._call(call, person, place, delivery, now)
        except Correction as correction:
            return errors.sentence(str(correction))
        except Refusal as refusal:
            return errors.sentence(str(refusal))
        except _Gone as gone:
            return details.gone_key(gone.record)
        except Denied as denied:
            await self._refused(person, place, delivery, denied.decision)
            return errors.denied(denied.decision, asked=delivery.text if delivery.typed else "")
        except Frozen as frozen:
            await self._refused(person, place, delivery, Decision(Verdict.DENY, frozen.freeze.note))
            return freeze.refused(frozen.freeze, done="Nothing was proposed.")

    async def _allowed(self, person: Person, place: Place, call: Call, decision: Decision, delivery: Delivery) -> None:
        """Record what was allowed: what changes something singly, however often."""
        said, actor = _said(place, call, decision), str(person.actor)
        if only_reads(call.command):
            await self.bot.audit.reads.record(delivery.once, actor=actor, **said)
        else:
            await self.bot.audit.record("command_allowed", delivery.once, actor=actor, **said)

    async def _refused(self, person: Person, place: Place, delivery: Delivery, decision: Decision) -> None:
        said = _said(place, self._named(delivery.text), decision)
        await self.bot.audit.denials.record("command_denied", delivery.once, actor=str(person.actor), **said)

    def _menu(self, person: Person, place: Place, use: Decision) -> Message:
        """What this person may do here. Raises Denied where that is nothing."""
        offered = offers(self.bot.grammar, self.bot.authorization.policy(), person, place)
        if not offered:
            raise Denied(use)
        return menu.menu(self.bot.grammar.slash, offered)

    def _read(self, text: str, use: Decision) -> Call | Help:
        """Read the text, for people to whom the bot speaks at all. Raises Correction or Denied."""
        if not use.denied:
            return self.bot.grammar.parse(text)
        try:
            call = self.bot.grammar.parse(text)
        except Correction:
            raise Denied(use) from None
        if isinstance(call, Help) or not call.command.permissions:
            raise Denied(use)
        return call

    async def _call(
        self, call: Call, person: Person, place: Place, delivery: Delivery, now: datetime
    ) -> Message | AnyListing | None:
        found = await self._complete(call, person, place)
        arguments = _checked_arguments(call.arguments, found.key if found else None)
        decision = self._require(call.command, call.arguments, arguments, person, place)
        if decision is not None:
            await self._allowed(person, place, call, decision, delivery)
        here = Context(
            person=person,
            place=place,
            now=now,
            policy=self.bot.authorization.policy(),
            bot=self.bot,
            once=delivery.once,
            key=found.key if found else None,
            keys=found.keys if found else None,
        )
        answer = await _invoke(call, here)
        if not isinstance(answer, Change):
            filters = filter_value(call.command, delivery.channel, delivery.text)
            if isinstance(answer, Listing):
                return replace(answer, filters=filters)
            return lists.with_buttons(answer, filters=filters) if answer is not None else None
        record = await self.bot.changes.approvals.propose(
            delivery.proposal, person, place, answer.command, answer.arguments, typed_name=answer.typed_name
        )
        if record.private:
            return cards.confirmation(record)
        if not record.cards or record.shown_in(delivery.channel):
            return None
        return cards.asked_elsewhere(record, await self.bot.changes.tools.outbox.link(record))

    def _require(
        self,
        command: Command,
        typed: Mapping[str, Any],
        arguments: Mapping[str, Argument],
        person: Person,
        place: Place,
        *,
        presume: Presumed = "state",
    ) -> Decision | None:
        """Check everything that the command may come to. Raises Denied."""
        policy = self.bot.authorization.policy()
        ask = may_ask_about if command.for_approvers else decide
        decision: Decision | None = None
        for operation in command.permissions_for(dict(typed)):
            decision = ask(policy, person, operation, arguments, place, presume=presume)
            if decision.denied:
                raise Denied(decision)
        return decision

    async def _complete(self, call: Call, person: Person, place: Place) -> Found | None:
        """Fetch the key that a KID names; nothing is fetched for somebody whom no arguments could be allowed."""
        if "kid" not in call.arguments:
            return None
        self._require(call.command, call.arguments, {}, person, place, presume="everything")
        typed, finder = (
            str(call.arguments["kid"]),
            KeyFinder(self.bot.quay, self.bot.changes.tools.confirmations, self.bot.audit),
        )
        may_list = not decide(
            self.bot.authorization.policy(), person, "listServiceKeys", {}, place, presume="everything"
        ).denied
        try:
            return await finder.find(typed, among_all=call.command.among_keys and may_list)
        except NoSuchKey:
            record = await finder.last_known(typed)
        if record is None:
            raise Refusal(no_such_key(typed))
        self._require(call.command, call.arguments, record.offers[0].arguments, person, place)
        raise _Gone(record)

    def _named(self, text: str) -> Call | Help | None:
        """The command that a text is, if it is one."""
        try:
            return self.bot.grammar.parse(text)
        except Correction as correction:
            log.debug("not_a_command", said=str(correction)[:40])
            return None


async def guarded(asked: str, answering: Awaitable[Message | None]) -> Message | None:
    """Await an answer; whatever goes wrong becomes a message that says so, with an incident id that is in the log.

    What was carried out before is not answered again.
    """
    incident = secrets.token_hex(4)
    try:
        return await answering
    except SeenBefore:
        log.info("delivered_again")
        return None
    except Busy as busy:
        log.info("too_much_asked", operation=busy.operation, said=busy.message)
        return errors.sentence(busy.message)
    except QuayError as error:
        log.warning(
            "quay_failed",
            incident=incident,
            operation=error.operation,
            status=error.status,
            said=error.message,
        )
        return errors.quay(error, incident, asked=asked)
    except RedisError as error:
        log.error("storage_failed", incident=incident, kind=type(error).__name__, said=str(error))
        return errors.storage(incident, cause_of(error))
    except CardNotPosted as error:
        log.error("card_not_posted", incident=incident, reason=error.reason)
        return errors.card_not_posted(error.reason, incident, lasting=not error.passing)
    except MessengerError as error:
        log.error("slack_failed", incident=incident, reason=error.reason)
        return errors.slack(error.reason, incident, asked=asked, passing=error.passing)
    except NotKnown:
        log.warning("people_not_known", incident=incident)
        return errors.unknown_people(incident)
    except Exception:
        log.exception("unexpected", incident=incident)
        return errors.unexpected(incident)


def _said(place: Place, call: Call | Help | None, decision: Decision) -> dict[str, JSON]:
    """What the audit says of a decision: the command, without what else was typed, which it must never keep."""
    command, operations = "(not a command)", tuple[str, ...]()
    if isinstance(call, Help):
        command = "help"
    elif call is not None:
        command, operations = call.command.path, call.command.permissions_for(call.arguments)
    return {
        "channel": place.channel,
        "command": command,
        "operations": list(operations),
        "verdict": decision.verdict.value,
        "rule": decision.rule,
        "reason": decision.reason,
    }


def _rank(command: Command) -> Rank:
    """What is read for a change goes before what is only read."""
    changes = any(KNOWN[operation].kind == "change" for operation in command.operations)
    return Rank.CHANGE if changes else Rank.READ


async def _invoke(call: Call, here: Context) -> Message | AnyListing | Change | None:
    handling = call.command.handler(*call.bound.args, **call.bound.kwargs, here=here)
    answer: Message | AnyListing | Change | None = await handling
    return answer


def _checked_arguments(typed: Mapping[str, Any], key: ServiceKey | None) -> dict[str, Argument]:
    """The arguments as permission rules see them, with the whole id of the key and its service."""
    arguments = plain_arguments(typed)
    return arguments if key is None else {**arguments, "kid": key.kid, "service": key.service}
