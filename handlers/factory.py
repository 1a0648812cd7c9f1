"""Everything that answers people, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from redis.asyncio import Redis

from bot.storage.cursors import Cursors
from bot.storage.tasks import CancellableTasks
from handlers.alerts import AlertClicks
from handlers.confirmations import Clicks
from handlers.context import Parts
from handlers.dispatch import Dispatcher
from handlers.exporting import Exporter
from handlers.forms import Forms
from handlers.home import Home
from handlers.key_details import Details
from handlers.name_index import Names
from handlers.pages import Pages
from handlers.paging import Paging
from handlers.secrets import Reveals
from handlers.suggestions import Suggestions


@dataclass(frozen=True)
class Buttons:
    """What answers a click, by what the button belongs to."""

    records: Clicks
    lists: Paging
    alerts: AlertClicks
    secrets: Reveals
    keys: Details


@dataclass(frozen=True)
class Handlers:
    """What answers people, by what they do."""

    bot: Parts
    dispatcher: Dispatcher
    buttons: Buttons
    forms: Forms
    names: Names
    suggestions: Suggestions
    home: Home


def build_handlers(bot: Parts, redis: Redis, clock: Callable[[], datetime]) -> Handlers:
    """Put them together."""
    tools, authorization, grammar = bot.changes.tools, bot.authorization, bot.grammar
    tasks, names = CancellableTasks(redis), Names(bot.quay, clock)
    pages = Pages(Cursors(redis, clock), bot.courier, tasks, clock)
    dispatcher = Dispatcher(bot, pages, clock)
    buttons = Buttons(
        records=Clicks(bot.changes.approvals, tools.confirmations, bot.audit),
        lists=Paging(dispatcher, pages, Exporter(bot.courier, tasks, clock), grammar),
        alerts=AlertClicks(authorization, redis, bot.courier, bot.audit, bot.overviews.alerts, clock),
        secrets=Reveals(tools.vault, bot.audit),
        keys=Details(tools.confirmations, authorization, bot.quay, bot.audit, clock),
    )
    return Handlers(
        bot=bot,
        dispatcher=dispatcher,
        buttons=buttons,
        forms=Forms(grammar, authorization),
        names=names,
        suggestions=Suggestions(names, authorization),
        home=Home(tools.confirmations, authorization, names, grammar, bot.changes.measurement, clock),
    )
