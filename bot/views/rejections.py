"""The window in which somebody says why they reject a change, or withdraw their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from slack_sdk.models.blocks import InputBlock, PlainTextInputElement, PlainTextObject
from slack_sdk.models.views import View

from bot.confirmations import Record
from bot.slack.messages import Message
from bot.views.blocks import context, section
from bot.views.modals import modal
from bot.views.text import escape

REJECTION = "change_rejection"
"""The callback_id."""
REASON_LIMIT = 300
"""Characters of a reason: what one types on a phone at night, and what others read on a card."""
_REASON = "reason"
_TITLE = "Reject this change"


@dataclass(frozen=True)
class Entered:
    """A submitted window: which record it speaks of, where its button was, and what was typed."""

    record_id: str
    channel: str
    reason: str


class _Carried(BaseModel):
    """What the window carries."""

    record: str
    channel: str


def loading() -> dict[str, Any]:
    """What is opened at once, since Slack gives 3 seconds."""
    return modal(_TITLE, Message("Just a moment …"))


def told(said: Message) -> dict[str, Any]:
    """The window where there is nothing to reject."""
    return modal(_TITLE, said)


def ask(record: Record, channel: str, *, own: bool) -> dict[str, Any]:
    """Ask for a reason, which may be left out."""
    if own:
        title, press, small = "Withdraw this change", "Withdraw", "Shown on the card."
    else:
        title, press = _TITLE, "Reject"
        small = f"Shown on the card, and told to {escape(record.requester_label)}."
    reason = InputBlock(
        block_id=_REASON,
        label=PlainTextObject(text="Why"),
        optional=True,
        element=PlainTextInputElement(
            action_id=_REASON, max_length=REASON_LIMIT, placeholder=PlainTextObject(text="A short reason")
        ),
    )
    blocks = (
        section(f"*{escape(record.plan.title)}*\nAsked by {escape(record.requester_label)}. Nothing will be changed."),
        reason.to_dict(),
        context(small),
    )
    return View(
        type="modal",
        callback_id=REJECTION,
        private_metadata=_Carried(record=record.id, channel=channel).model_dump_json(),
        title=PlainTextObject(text=title),
        submit=PlainTextObject(text=press),
        close=PlainTextObject(text="Not now"),
        blocks=[dict(block) for block in blocks],
    ).to_dict()


def entered(view: Mapping[str, Any]) -> Entered | None:
    """What was submitted; None where the window is not as `ask` made it."""
    try:
        carried = _Carried.model_validate_json(view["private_metadata"])
    except ValidationError:
        return None
    reason = view["state"]["values"].get(_REASON, {}).get(_REASON, {}).get("value") or ""
    return Entered(carried.record, carried.channel, reason)
