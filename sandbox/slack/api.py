"""Slack's Web API: `/api/{method}`."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.slack.arguments import Arguments, Method, need_scope, read_arguments
from sandbox.slack.calls import Answer, answered, refused
from sandbox.slack.errors import SlackError
from sandbox.slack.faults import Subject
from sandbox.slack.methods_chat import CHAT_METHODS
from sandbox.slack.methods_files import FILE_METHODS
from sandbox.slack.methods_people import PEOPLE_METHODS
from sandbox.slack.methods_views import VIEW_METHODS
from sandbox.slack.model import Json
from sandbox.slack.simulation import Simulation

METHODS = {**CHAT_METHODS, **VIEW_METHODS, **PEOPLE_METHODS, **FILE_METHODS}
_OPEN = "api.test"


async def call(slack: Simulation, request: Request) -> Response:
    """Answer a call: status 200 whether it went well or not, and 429 or another status for a fault."""
    slack.settings.learn_url(request)
    name = request.path_params["method"]
    try:
        args = await read_arguments(request)
    except SlackError as unreadable:
        return JSONResponse(unreadable.answer())

    async def run() -> Answer:
        try:
            return Answer(JSONResponse(_run(slack, name, args)))
        except SlackError as error:
            return refused(error)

    method = METHODS.get(name)
    response = await answered(slack, _subject(slack, name, args), run, method.rate if method else None)
    response.headers["x-oauth-scopes"] = ",".join(sorted(slack.settings.scopes))
    return response


def _subject(slack: Simulation, name: str, args: Arguments) -> Subject:
    """What a call is about; a channel may be given by its name, or by whose direct messages it is."""
    wanted = args.text("channel") or args.text("channel_id")
    channel = slack.workspace.find_channel(wanted) if wanted else None
    return Subject(name, channel.id if channel else wanted, args.has("thread_ts"))


def _run(slack: Simulation, name: str, args: Arguments) -> Json:
    if name == _OPEN:
        return _test(args)
    method: Method | None = METHODS.get(name)
    if method is None:
        raise SlackError("unknown_method", req_method=name)
    token = args.text("token")
    if token is None:
        raise SlackError("not_authed")
    if token != slack.settings.bot_token:
        raise SlackError("invalid_auth")
    need_scope(slack, method.scope)
    return {"ok": True, **method.run(slack, args)}


def _test(args: Arguments) -> Json:
    """api.test needs no token and answers what it was given; `error` makes it fail."""
    if args.has("error"):
        raise SlackError(args.required("error"), args=dict(args.given))
    return {"ok": True, "args": dict(args.given)}
