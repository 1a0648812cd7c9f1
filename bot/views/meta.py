"""The bot about itself: help, why, what is pending, how it is."""

from collections.abc import Sequence

from bot.commands import Help
from bot.confirmations import Record, State
from bot.confirmations.freeze import NEVER, Freeze
from bot.slack.messages import Block, Message
from bot.storage.vault import StoredSecret
from bot.views import secrets
from bot.views.blocks import actions, button, context, message, section
from bot.views.cards import answer_by
from bot.views.freeze import line
from bot.views.text import code, count, escape

UNSEEN = 4
"""So many unseen secrets are offered at once."""
LISTED = 15
"""So many pending changes are listed with their buttons; a message holds 50 blocks."""


def help_page(page: Help) -> Message:
    """Help on everything, a noun or a command."""
    blocks: list[Block] = [section(f"*{escape(page.title)}*\n{escape(page.summary)}")]
    usages = [f"{code(usage)}\n{escape(line)}" if line else code(usage) for usage, line in page.usages]
    blocks += [section("\n".join(usages[start : start + 12])) for start in range(0, len(usages), 12)]
    if page.parameters:
        blocks.append(section("\n".join(f"*{escape(name)}*: {escape(said)}" for name, said in page.parameters)))
    if page.examples:
        blocks.append(context("For example: " + " · ".join(code(example) for example in page.examples)))
    return message(f"Help on {page.title}", tuple(blocks))


def pending(
    records: Sequence[Record], reader: str, unseen: Sequence[StoredSecret] = (), freeze: Freeze = NEVER
) -> Message:
    """What waits: the reader's unseen secrets, changes that need others, and their own that need confirmation."""
    stops: list[Block] = [section(line(freeze))] if freeze.on else []
    if not records and not unseen:
        return message("Nothing is pending.", (*stops, section("*Nothing is pending.*")))
    said = f"{count(len(records))} pending change{'' if len(records) == 1 else 's'}"
    said += ", and changes are frozen" if freeze.on else ""
    blocks: list[Block] = [*stops, *(block for kept in unseen[:UNSEEN] for block in secrets.offered(kept))]
    if len(unseen) > UNSEEN:
        blocks.append(context(f"And {count(len(unseen) - UNSEEN)} more unseen, which are offered after these."))
    blocks.append(section(f"*{said}*"))
    for record in records[:LISTED]:
        own = record.requester is not None and record.requester.user == reader
        blocks.append(section(f"*{escape(record.plan.title)}*\n{_waits_for(record)}"))
        if record.state is State.PENDING and own:
            buttons = [button("Cancel" if record.private else "Withdraw", "change_cancel", record.id)]
            if record.private:
                buttons.insert(0, button("Confirm", "change_confirm", record.id, style="primary"))
            blocks.append(actions(buttons, f"record:{record.id}"))
    if len(records) > LISTED:
        blocks.append(context(f"And {count(len(records) - LISTED)} more, which expire later."))
    return message(said, tuple(blocks))


def _waits_for(record: Record) -> str:
    if record.state is State.APPROVED:
        return "Agreed; waits for the worker."
    first = record.offers[0]
    groups = escape(" or ".join(first.approvers))
    wanted = f"{len(record.approvals)} of {first.needed} approvals, by {groups}"
    if not first.needed:
        wanted = "Waits for your confirmation" if record.private else "Waits for whoever may do it"
    where = f" · <#{record.cards[0].channel}>" if record.cards and record.cards[0].channel[:1] != "D" else ""
    return " · ".join((f"{wanted}{where}", *answer_by(record)))
