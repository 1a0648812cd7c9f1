"""The handlers of everything that Slack delivers, put together."""

from dataclasses import dataclass

from bot.app import App
from bot.config.logs import mask_of
from bot.slack.response_urls import ResponseUrls
from bot.web.answers import Answers
from bot.web.clicks import Clicks
from bot.web.commands import Commands
from bot.web.forms import FormSurface
from bot.web.home import HomeTab
from bot.web.keys import Keys
from bot.web.rejections import Rejections
from bot.web.replies import Replies
from bot.web.secrets import Secrets
from bot.web.unhandled import Unhandled
from bot.web.windows import Windows


@dataclass(frozen=True)
class Edge:
    """The handlers that the table of listeners names."""

    commands: Commands
    forms: FormSurface
    clicks: Clicks
    rejections: Rejections
    secrets: Secrets
    keys: Keys
    home: HomeTab
    unhandled: Unhandled


def build_edge(app: App) -> Edge:
    """Put the handlers together."""
    handlers, bot, web = app.handlers, app.handlers.bot, app.connections.web
    authorization, grammar, buttons = app.authorization, app.files.grammar, app.handlers.buttons
    confirmations, measurement = bot.changes.tools.confirmations, bot.changes.measurement
    windows, replies = Windows(web), Replies(bot.courier, ResponseUrls(web, mask_of(app.settings.secrets)))
    home = HomeTab(authorization, handlers.home, web, replies)
    answers = Answers(authorization, handlers.dispatcher, home, app.settings.slack_command)
    return Edge(
        commands=Commands(authorization, confirmations, grammar, handlers.forms, answers, windows),
        forms=FormSurface(authorization, handlers.forms, handlers.suggestions, answers, windows),
        clicks=Clicks(authorization, buttons.records, buttons.lists, buttons.alerts, measurement, home),
        rejections=Rejections(authorization, buttons.records, windows, home),
        secrets=Secrets(authorization, buttons.secrets, windows),
        keys=Keys(authorization, buttons.keys, grammar, answers, windows),
        home=home,
        unhandled=Unhandled(app.settings.slack_command),
    )
