"""The one table of what the bot listens to in Slack: every command, button, form, field, event and shortcut.

To find what a button does, look for its action id here. `registration` makes Bolt's listeners of the table, for HTTP
as for any other transport; a test compares it with every id that a view can hold.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.web.edge import Edge
from bot.web.origin import Payload
from bot.web.replies import Reply

Kind = Literal["command", "action", "view", "options", "event", "shortcut"]
"""A slash command; a button or a choice; a submitted form; a field that searches; an event; a message's shortcut."""
Handler = Callable[[Payload], Awaitable[Reply | None]]
Acknowledge = Callable[[Payload], Awaitable[Mapping[str, Any]]]
Dedupe = Literal["before", "within", "if possible"]


async def empty(_: Payload) -> Mapping[str, Any]:
    """Acknowledge with an empty body."""
    return {}


@dataclass(frozen=True)
class Listener:
    """What is done about one kind of payload.

    Args:
        kind: What the payload is.
        matcher: Its command, action id, callback id or event type; one that ends in `*` is the beginning of many.
        handler: Called after the acknowledgement; what it returns is sent to the person. None: nothing follows.
        acknowledge: Makes the acknowledgement, within Slack's three seconds, so from memory alone. One that says
            something (the errors of a form, the options of a field) is the whole answer: no handler is called.
        decides: Whether it decides on a change. Decisions go before everything else when there is much to do.
        dedupe: When the right to handle the payload is taken, which is taken once: before the handler is called;
            within it, together with what it stores first; before it unless Redis is away, where nothing is stored.
    """

    kind: Kind
    matcher: str
    handler: Handler | None = None
    acknowledge: Acknowledge = empty
    decides: bool = False
    dedupe: Dedupe = "before"

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches what the listener is for."""
        beginning = self.matcher.removesuffix("*")
        rest = ".*" if beginning != self.matcher else ""
        return re.compile(rf"\A{re.escape(beginning)}{rest}\Z", re.DOTALL)


def listeners(edge: Edge, slash: str) -> tuple[Listener, ...]:
    """The table. The first listener that matches answers; the last ones are for what the bot no longer shows."""
    return (
        Listener("command", slash, edge.commands.typed, dedupe="within"),
        # The menu, and the forms of commands
        Listener("action", "menu:*", edge.commands.chosen),
        Listener("action", "list_filter", edge.forms.filter),
        Listener("options", "search:*", acknowledge=edge.forms.suggest),
        Listener("view", "command_form", edge.forms.submit, acknowledge=edge.forms.check),
        # Cards of changes
        Listener("action", "change_confirm", edge.clicks.card, decides=True),
        Listener("action", "change_cancel", edge.clicks.card, decides=True),
        Listener("action", "change_approve", edge.clicks.card, decides=True),
        Listener("action", "change_reject", edge.rejections.ask_reason, decides=True),
        Listener("view", "change_rejection", edge.rejections.submit, decides=True),
        Listener("action", "look_again", edge.commands.look_again),
        Listener("action", "secret_reveal", edge.secrets.reveal),
        # Service keys
        Listener("action", "key_approve", edge.clicks.card, decides=True),
        Listener("action", "key_reject", edge.clicks.card, decides=True),
        Listener("action", "key_details", edge.keys.details),
        Listener("action", "key_extend", edge.forms.extend_key),
        Listener("shortcut", "ask_about_key", edge.keys.ask_about),
        # Lists, files that are being made, measurements
        Listener("action", "page_next", edge.clicks.list),
        Listener("action", "page_previous", edge.clicks.list),
        Listener("action", "page_file", edge.clicks.list),
        Listener("action", "work_cancel", edge.clicks.list),
        Listener("action", "measurement_stop", edge.clicks.stop_following),
        # Alerts
        Listener("action", "alert_ack", edge.clicks.alert),
        Listener("action", "alert_snooze", edge.clicks.alert),
        Listener("action", "quota_raise", edge.forms.raise_quota),
        # The Home tab
        Listener("event", "app_home_opened", edge.home.open, dedupe="if possible"),
        # What nobody above handles: left over from an earlier version, or set up in Slack alone
        Listener("command", "*", edge.unhandled.command),
        Listener("action", "*", edge.unhandled.button),
        Listener("view", "*", acknowledge=edge.unhandled.form),
        Listener("options", "*", acknowledge=edge.unhandled.field),
        Listener("shortcut", "*", edge.unhandled.shortcut),
        Listener("event", "*"),
    )
