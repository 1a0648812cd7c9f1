"""The Home tab: what waits for its reader, how full the registry is, and what they may do from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk.models.views import View

from bot.commands import CommandSet
from bot.confirmations import Record
from bot.confirmations.freeze import NEVER, Freeze
from bot.model.usage import Usage
from bot.quay.models import RegistrySize
from bot.slack.messages import Block, Message
from bot.views import menu
from bot.views.blocks import actions, button, context, header, section
from bot.views.cards import answer_by, buttons, texts_of
from bot.views.freeze import line
from bot.views.text import clip, code, count, date, escape, percent, size

SHOWN = 10
"""So many records are shown of each kind; a view holds 100 blocks."""


@dataclass(frozen=True)
class Shown:
    """What one person's Home tab shows."""

    to_decide: Sequence[Record] = ()
    own: Sequence[Record] = ()
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

    @property
    def empty(self) -> bool:
        """Whether there is nothing for this person."""
        return not (self.to_decide or self.own or self.fullest or self.size or self.offered)


def home(slash: str, shown: Shown, now: datetime) -> dict[str, Any]:
    """The view of the tab."""
    blocks = _without_buttons(shown.notice) if shown.notice else []
    if shown.empty:
        blocks.append(
            section(
                f"Nothing waits for you, and there is nothing that you may do from here. Where the bot "
                f"listens, `{slash}` alone says what you may do there."
            )
        )
    else:
        blocks += [section(line(shown.freeze))] if shown.freeze.on else []
        blocks += [*_to_decide(shown.to_decide), *_own(shown.own), *_registry(shown), *_menu(shown)]
    blocks.append(context(f"As of {date(now)}"))
    return _view(blocks)


def said(message: Message) -> dict[str, Any]:
    """The tab where nothing but a message can be shown."""
    return _view(_without_buttons(message))


def _view(blocks: Sequence[Block]) -> dict[str, Any]:
    return View(type="home", blocks=[dict(block) for block in blocks]).to_dict()


def _without_buttons(message: Message) -> list[Block]:
    return [block for block in message.blocks if block["type"] != "actions"]


def _to_decide(records: Sequence[Record]) -> list[Block]:
    if not records:
        return []
    blocks: list[Block] = [header(f"Waiting for you: {count(len(records))}")]
    for record in records[:SHOWN]:
        who = f"Asked by {escape(record.requester_label)}"
        where = f" in <#{record.channel}>" if record.channel.startswith("C") else ""
        blocks.append(section(f"*{escape(record.plan.title)}*"))
        blocks += [section(text) for text in texts_of(record.plan.lines)]
        blocks.append(context(" · ".join((f"{who}{where}", *answer_by(record)))))
        blocks.append(actions(buttons(record), f"record:{record.id}"))
    return [*blocks, *_more(records)]


def _own(records: Sequence[Record]) -> list[Block]:
    if not records:
        return []
    blocks: list[Block] = [header(f"You asked for: {count(len(records))}")]
    for record in records[:SHOWN]:
        first = record.offers[0]
        agreed = len(record.agreed(first.operation))
        waits = "Waits for your confirmation" if record.private else f"{agreed} of {first.needed} approvals"
        blocks.append(section(f"*{escape(record.plan.title)}*\n{waits} · expires {date(record.expires_at)}"))
        presses = [button("Cancel" if record.private else "Withdraw", "change_cancel", record.id)]
        if record.private:
            presses.insert(0, button("Confirm", "change_confirm", record.id, style="primary"))
        blocks.append(actions(presses, f"record:{record.id}"))
    return [*blocks, *_more(records)]


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
        text = f"*{escape(reading.namespace)}* · {percent(reading.used, limit)}: {size(reading.used)} of {size(limit)}"
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


def _more(records: Sequence[Record]) -> list[Block]:
    left = len(records) - SHOWN
    return [context(f"And {count(left)} more, which expire later.")] if left > 0 else []
