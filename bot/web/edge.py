"""The handlers of everything that Slack delivers, put together."""

from dataclasses import dataclass

from bot.app import App
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
from handlers.forms import Forms
from handlers.home import Home
from handlers.key_details import Details
from handlers.name_index import Names
from handlers.suggestions import Suggestions


@dataclass(frozen=True)
class Edge:
    """The handlers that the table of listeners names, and what they share."""

    commands: Commands
    forms: FormSurface
    clicks: Clicks
    rejections: Rejections
    secrets: Secrets
    keys: Keys
    home: HomeTab
    unhandled: Unhandled
    replies: Replies
    names: Names


def build_edge(app: App) -> Edge:
    """Put the handlers together."""
    slash, grammar, authorization = app.settings.slack_command, app.dispatcher.grammar, app.authorization
    replies = Replies(app.messenger, ResponseUrls(app.web))
    windows, names = Windows(app.web), Names(app.quay, app.clock)
    forms = Forms(grammar, authorization)
    home = HomeTab(
        authorization,
        Home(app.confirmations, authorization, names, grammar, app.jobs.measurement, app.clock),
        app.web,
        replies,
    )
    answers = Answers(authorization, app.dispatcher, home, slash)
    details = Details(app.confirmations, authorization, app.quay, app.audit, app.clock)
    return Edge(
        Commands(authorization, app.confirmations, grammar, forms, answers, windows),
        FormSurface(authorization, forms, Suggestions(names, authorization), answers, windows),
        Clicks(authorization, app.clicks, app.paging, app.alert_clicks, app.jobs.measurement, home),
        Rejections(authorization, app.clicks, windows, home),
        Secrets(authorization, app.reveals, windows),
        Keys(authorization, details, grammar, answers, windows),
        home,
        Unhandled(slash),
        replies,
        names,
    )
