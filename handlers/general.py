"""The bot's own commands: help, pending, status, doctor, alerts, why."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from bot.commands import CommandSet, Correction, Help
from bot.confirmations import Offer, Record
from bot.model.plans import Argument
from bot.model.units import parse_size
from bot.permissions import Actor, Person, Place, confirmation_for, may_approve
from bot.permissions.askable import explain
from bot.permissions.conditions import ENFORCEMENT
from bot.permissions.names import OWN_NAMES, arguments_of
from bot.quay.client import Quay
from bot.quay.errors import Forbidden, QuayError, ReadTokenRefused, Unauthorized
from bot.quay.operations import KNOWN
from bot.slack.messages import Message
from bot.views import doctor, meta, policy, status
from bot.views.overview import overview
from handlers.arguments import plain_arguments, require_command, split_facts
from handlers.context import Context, Handed

GENERAL = CommandSet("", "The bot itself.")
QUAY_SECONDS = 3
"""How long `status` waits for Quay: who asks for it wants to know what is slow."""
_BY_NAME = {name.lower(): name for name in (*KNOWN, *OWN_NAMES)}


@GENERAL.command("help", examples=("help keys approve",))
async def show_help(*command: str, here: Handed) -> Message:
    """Show what you can ask for, or how one command is used.

    Parameters
    ----------
    command
        A command or the first word of one.
    """
    return meta.help_page(here.bot.grammar.help(command))


@GENERAL.command("pending", examples=("pending",))
async def show_pending(*, here: Handed) -> Message:
    """List what waits for approval, your own changes that wait for your confirmation, and what only you may see."""
    overview = await here.bot.changes.tools.confirmations.overview(here.once)
    live = [record for record in overview.records if record.expires_at > here.now]
    records = [record for record in live if _concerns(record, here)]
    unseen = await here.bot.changes.tools.vault.unseen_of(here.person.actor)
    return meta.pending(records, here.person.actor.user, unseen, overview.freeze)


def _concerns(record: Record, here: Context) -> bool:
    """Whether somebody sees a pending change: their own, one of this channel, or one on which they can decide."""
    if here.person.is_actor(record.requester):
        return True
    if record.private:
        return False
    if record.channel == here.place.channel or record.shown_in(here.place.channel):
        return True
    return any(_can_decide(record, offer, here) for offer in record.offers)


def _can_decide(record: Record, offer: Offer, here: Context) -> bool:
    entry = confirmation_for(here.policy, offer.operation, offer.for_rules)
    if entry is None:
        return False
    asked = Person(record.requester, "member") if record.requester else None
    place = Place(record.channel)
    decided = may_approve(
        here.policy, here.person, offer.operation, offer.for_rules, place, requester=asked, entry=entry
    )
    return not decided.denied


@GENERAL.command("status", examples=("status", "status --recheck"))
async def show_status(*, recheck: Annotated[bool, Parameter(negative=())] = False, here: Handed) -> Message:
    """Say how the bot is: its worker, its files, what is pending, and whether Quay answers it.

    Parameters
    ----------
    recheck
        Forget what this registry was seen not to do, so that the next request tries it again.
    """
    quay, memory = here.bot.quay, here.bot.changes.tools.memory
    if recheck:
        await memory.forget()
    try:
        async with asyncio.timeout(QUAY_SECONDS):
            trouble = await _trouble(quay)
    except TimeoutError:
        trouble = f"No answer within {QUAY_SECONDS} seconds."
    return status.status(await here.bot.health.status.read(), trouble, await memory.seen(), quay.turns.load, here.now)


async def _trouble(quay: Quay) -> str:
    """What Quay does not do for the bot, if anything."""
    try:
        await quay.get_registry_size()
    except QuayError as error:
        return error.message
    try:
        await quay.prove_tokens(at_once=True)
    except ReadTokenRefused as error:
        return f"{error.message} The bot reads with QUAY_TOKEN instead."
    except (Unauthorized, Forbidden) as error:
        return f"{error.message} No change can run until there is a new one: a superuser's, with the scope super:user."
    except QuayError as error:
        return error.message
    return ""


@GENERAL.command("doctor", permission="doctor", examples=("doctor",))
async def run_doctor(*, here: Handed) -> Message:
    """Check Slack, Quay, Redis and the bot's processes: what is wrong, and what to do. Changes nothing."""
    examined = await here.bot.health.doctor.examine()
    return doctor.report(examined.findings, here.now - examined.at)


@GENERAL.command("alerts", permission="alerts", examples=("alerts",))
async def show_alerts(*, here: Handed) -> Message:
    """Show which alerts are active, acknowledged and snoozed, and when the bot looks again."""
    return overview(await here.bot.overviews.read())


@GENERAL.command("why", examples=("why approveServiceKey @bob", "why quota set team-a 400GiB @carol"))
async def explain_why(operation: str, *more: str, here: Handed) -> Message:
    """Explain whether somebody may do something here, by which rule, and who could approve it.

    Parameters
    ----------
    operation
        An operation, such as approveServiceKey, or a command, with its arguments or without.
    more
        A person (@name; yourself if left out), arguments such as namespace=team-a limit=100GiB, and what is supposed to
        be so, such as limit_now=80GiB, limit_now=none or enforcement_now=weaker.
    """
    person, words = here.person, []
    for word in (operation, *more):
        if word.startswith("<@"):
            person = await here.bot.authorization.person(Actor(here.person.actor.team, word.strip("<@>")))
        elif word.startswith("@"):
            raise Correction(f"There is no person {word!r}. Pick them from the list that Slack shows after an @.")
        else:
            words.append(word)
    try:
        words, facts = split_facts(words)
    except ValueError as error:
        raise Correction(str(error)) from None
    operations, arguments = _meant(words, here)
    found = explain(here.policy, person, operations, {**arguments, **facts}, here.place)
    return policy.why(person.label or person.actor.user, found)


def _meant(words: list[str], here: Context) -> tuple[tuple[str, ...], dict[str, Argument]]:
    """The operations and arguments that somebody asks about. Raises Correction."""
    named = [word for word in words if "=" in word]
    path = " ".join(word for word in words if "=" not in word)
    require_command(here.bot.grammar, path)
    if named or path in here.bot.grammar.commands or path.lower() in _BY_NAME:
        return _by_name(path, dict(word.partition("=")[::2] for word in named), here)
    call = here.bot.grammar.parse_words(words)
    if isinstance(call, Help) or not call.command.permissions:
        raise Correction(f"{path!r} changes and reads nothing in Quay: whoever may use the bot may use it.")
    return call.command.permissions_for(call.arguments), plain_arguments(call.arguments)


def _by_name(path: str, given: dict[str, str], here: Context) -> tuple[tuple[str, ...], dict[str, Argument]]:
    command = here.bot.grammar.commands.get(path.lower())
    operations = command.permissions if command else (_BY_NAME.get(path.lower(), ""),)
    if not operations or not operations[0]:
        raise Correction(f"{path!r} is neither an operation nor a command. For example: approveServiceKey")
    known = {argument for operation in operations for argument in arguments_of(operation)} - {ENFORCEMENT}
    for name in given:
        if name not in known:
            raise Correction(f"{path} has no argument {name!r}; it has {', '.join(sorted(known)) or 'none'}.")
    arguments = {name: _value(name, value) for name, value in given.items()}
    if command and "namespace" in arguments:
        operations = command.permissions_for(dict(arguments))
    return operations, arguments


def _value(name: str, value: str) -> Argument:
    if name != "limit":
        return value
    try:
        return parse_size(value)
    except ValueError as error:
        raise Correction(str(error)) from None
