"""The bot's own commands: help, pending, status, why."""

from bot.commands import Command, CommandSet, Correction
from bot.messages import Message
from bot.permissions import Actor, Person
from bot.permissions.asking import explain
from bot.plans import Argument
from bot.quay.operations import OPERATIONS
from bot.units import parse_size
from bot.views import meta
from handlers.context import Context, Handed

GENERAL = CommandSet("", "The bot itself.")


@GENERAL.command("help", examples=("help keys approve",))
async def show_help(*command: str, here: Handed) -> Message:
    """Show what you can ask for, or how one command is used.

    Parameters
    ----------
    command
        A command or the first word of one.
    """
    return meta.help_page(here.grammar.help(command))


@GENERAL.command("pending", examples=("pending",))
async def show_pending(*, here: Handed) -> Message:
    """List what waits for approval, and your own changes that wait for your confirmation."""
    records = [
        record
        for record in await here.confirmations.waiting()
        if record.expires_at > here.now and (not record.private or record.requester == here.person.actor)
    ]
    return meta.pending(records, here.person.actor.user)


@GENERAL.command("status", examples=("status",))
async def show_status(*, here: Handed) -> Message:
    """Say how the bot is: its worker, its permissions file, what is pending."""
    status = await here.status.read()
    return meta.status(
        version=status.version,
        worker_seen=status.worker_seen,
        policy_name=status.policy_name,
        policy_problems=status.policy_problems,
        pending_count=status.pending,
        now=here.now,
    )


@GENERAL.command("why", examples=("why approveServiceKey @bob", "why quota set @carol namespace=team-a limit=400GiB"))
async def explain_why(operation: str, *more: str, here: Handed) -> Message:
    """Explain whether somebody may do something here, by which rule, and who could approve it.

    Parameters
    ----------
    operation
        An operation, such as approveServiceKey, or a command, such as keys approve.
    more
        A person (@name; yourself if left out), and arguments such as namespace=team-a limit=100GiB.
    """
    words = list(more)
    command, operations = _named(operation, words, here)
    arguments: dict[str, Argument] = {}
    person = here.person
    for word in words:
        if word.startswith("<@"):
            person = await _person(word, here)
        elif "=" in word:
            name, _, value = word.partition("=")
            arguments[name] = _value(name, value)
        else:
            raise Correction(f"{word!r} is neither a person nor an argument such as namespace=team-a")
    if command and "namespace" in arguments:
        operations = command.operations_for(dict(arguments))
    found = explain(here.policy, person, operations, arguments, here.place)
    return meta.why(person.label or person.actor.user, found)


def _named(operation: str, words: list[str], here: Context) -> tuple[Command | None, tuple[str, ...]]:
    by_id = {known.lower(): known for known in OPERATIONS}
    if operation.lower() in by_id:
        return None, (by_id[operation.lower()],)
    if words and (command := here.grammar.commands.get(f"{operation} {words[0]}".lower())):
        words.pop(0)
        return command, command.operations
    raise Correction(f"{operation!r} is no operation and no command. For example: approveServiceKey, or keys approve")


def _value(name: str, value: str) -> Argument:
    if name != "limit":
        return value
    try:
        return parse_size(value)
    except ValueError as error:
        raise Correction(str(error)) from None


async def _person(word: str, here: Context) -> Person:
    user = word.strip("<@>")
    return await here.gate.person(Actor(here.person.actor.team, user))
