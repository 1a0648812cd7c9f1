"""The Home tab: what waits for its reader, how full the registry is, and what they may do from here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.commands import CommandSet
from bot.confirmations import Record
from bot.confirmations.freeze import NEVER, Freeze
from bot.model.usage import Usage
from bot.quay.models import RegistrySize
from bot.slack.messages import Block, Message
from bot.views import menu
from bot.views.blocks import actions, button, context, header, section
from bot.views.cards import alarms_of, buttons, texts_of
from bot.views.enforcement import standing
from bot.views.freeze import line
from bot.views.text import clip, code, count, date, escape, percent, size

BLOCKS = 100
"""Slack's limit of a view."""
_NOTICE = 20
"""The most blocks of a notice: what came of a click is short."""
_BLOCKS_OF_OWN = 2
_UNKNOWN = (
    "Slack isn't answering, so I can't tell who you are or what you can do here. Nothing changed. "
    "Open this tab again in a minute."
)


@dataclass(frozen=True)
class Shown:
    """What one person's Home tab shows."""

    to_decide: Sequence[Record] = ()
    own: Sequence[Record] = ()
    unlooked: int = 0
    """How many pending changes were not looked at; they expire later than all that were."""
    unjudged: int = 0
    """Of how many Slack didn't say what they depend on: who their requesters are."""
    fullest: Sequence[Usage] = ()
    size: RegistrySize | None = None
    read_at: datetime | None = None
    may_raise: bool = False
    offered: Sequence[CommandSet] = ()
    freeze: Freeze = NEVER
    notice: Message | None = None
    """What came of a click."""
    answered: str = ""
    """The command that was answered just now, in direct messages: the Home tab takes none."""
    unknown: bool = False
    """Whether Slack didn't say who its reader is, so that nothing can be said of what they can do."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing for this person."""
        return not (self.to_decide or self.own or self.fullest or self.size or self.offered or self.unjudged)


def home(slash: str, shown: Shown, now: datetime) -> dict[str, Any]:
    """The view of the tab. Records have the room that everything else leaves, those to decide on first."""
    before = _without_buttons(shown.notice)[:_NOTICE] if shown.notice else []
    after: list[Block] = [context(f"As of {date(now)}")]
    if shown.unknown:
        return _view([*before, section(_UNKNOWN), *after])
    if shown.empty:
        nothing = (
            f"Nothing waits for you, and there is nothing that you may do from here. Where the bot "
            f"listens, `{slash}` alone says what you may do there."
        )
        return _view([*before, section(nothing), *after])
    before += [section(line(shown.freeze))] if shown.freeze.on else []
    after = [*_unshown(shown), *_registry(shown), *_menu(shown), *after]
    return _view([*before, *_records(shown, BLOCKS - len(before) - len(after)), *after])


def said(message: Message) -> dict[str, Any]:
    """The tab where nothing but a message can be shown."""
    return _view(_without_buttons(message))


def _view(blocks: Sequence[Block]) -> dict[str, Any]:
    """The view; slack_sdk's model of one would check each element again, which takes longer than all the rest."""
    return {"type": "home", "blocks": [dict(block) for block in blocks]}


def _without_buttons(message: Message) -> list[Block]:
    return [block for block in message.blocks if block["type"] != "actions"]


def _records(shown: Shown, room: int) -> list[Block]:
    """What waits for the reader, and what they requested; the latter has a quarter of the room, if it needs that."""
    kept = min(room // 4, 1 + len(shown.own) * _BLOCKS_OF_OWN) if shown.own else 0
    to_decide = _fitting("Waiting for you", shown.to_decide, _to_decide, room - kept)
    return [*to_decide, *_fitting("You asked for", shown.own, _of_own, room - len(to_decide))]


def _fitting(title: str, records: Sequence[Record], draw: Callable[[Record], list[Block]], room: int) -> list[Block]:
    """Records under a header that counts them all, as many as there is room for, and how many more there are."""
    if not records:
        return []
    blocks: list[Block] = [header(f"{title}: {count(len(records))}")]
    for place, record in enumerate(records, 1):
        drawn, is_last = draw(record), place == len(records)
        if len(blocks) + len(drawn) + (not is_last) > room:
            return [*blocks, context(f"And {count(len(records) - place + 1)} more, which expire later.")]
        blocks += drawn
    return blocks


def _to_decide(record: Record) -> list[Block]:
    who = f"Asked by {escape(record.requester_label)}"
    where = f" in <#{record.channel}>" if record.channel.startswith("C") else ""
    return [
        section("\n".join((f"*{escape(record.plan.title)}*", *alarms_of(record.plan)))),
        *(section(text) for text in texts_of(record.plan.lines)),
        context(f"{who}{where} · answer by {date(record.expires_at)}"),
        actions(buttons(record), f"record:{record.id}"),
    ]


def _of_own(record: Record) -> list[Block]:
    first = record.offers[0]
    agreed = len(record.agreed(first.operation))
    waits = "Waits for your confirmation" if record.private else f"{agreed} of {first.needed} approvals"
    presses = [button("Cancel" if record.private else "Withdraw", "change_cancel", record.id)]
    if record.private:
        presses.insert(
            0, button("Confirm", "change_confirm", record.id, style="danger" if record.plan.alarms else "primary")
        )
    said = f"{waits} · expires {date(record.expires_at)}"
    return [
        section("\n".join((f"*{escape(record.plan.title)}*", *alarms_of(record.plan), said))),
        actions(presses, f"record:{record.id}"),
    ]


def _unshown(shown: Shown) -> list[Block]:
    """Pending changes of which nothing can be said here, and why."""
    said = []
    if shown.unjudged:
        said.append(
            f"Slack didn't say who requested {count(shown.unjudged)} more pending changes, so this tab can't tell "
            "whether you can approve them. Open it again in a minute."
        )
    if shown.unlooked:
        said.append(f"{count(shown.unlooked)} more changes are pending. They appear here as earlier ones are decided.")
    return [context("\n".join(said))] if said else []


def _registry(shown: Shown) -> list[Block]:
    blocks: list[Block] = []
    if shown.size is not None and shown.size.last_ran is not None:
        blocks.append(
            section(f"The registry holds *{size(shown.size.size_bytes)}*, measured {date(shown.size.last_ran)}.")
        )
    if shown.fullest:
        blocks.append(header("The fullest namespaces"))
    for place, reading in enumerate(shown.fullest):
        limit = reading.limit or 1
        of = f"{size(limit)} (the system default)" if reading.default else size(limit)
        text = f"*{escape(reading.namespace)}* · {percent(reading.used, limit)}: {size(reading.used)} of {of}"
        text += "".join(f" · {said}" for said in standing(reading.enforced, reading.used) if said)
        block = dict(section(text))
        if shown.may_raise:
            block["block_id"] = f"namespace:{place}"
            block["accessory"] = button("Change limit…", "quota_raise", reading.namespace).to_dict()
        blocks.append(block)
    if blocks and shown.read_at is not None:
        blocks.append(context(f"Read from Quay {date(shown.read_at)}"))
    return blocks


def _menu(shown: Shown) -> list[Block]:
    if not shown.offered:
        return []
    hint: Block = context("What you press here is answered in the *Messages* tab, beside *Home*.")
    if shown.answered:
        hint = section(f"✅ {code(clip(shown.answered, 100))} is answered in the *Messages* tab, beside *Home*.")
    return [header("What you may do from here"), hint, *menu.rows(shown.offered)]
