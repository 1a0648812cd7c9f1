"""Slack's Web API: `/api/{method}`."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.slack.arguments import Arguments, Method, kind_of_token, need_scope, read_arguments, scopes_of
from sandbox.slack.calls import Answer, answered, refused
from sandbox.slack.errors import SlackError
from sandbox.slack.faults import Subject
from sandbox.slack.methods_apps import APP_METHODS
from sandbox.slack.methods_chat import CHAT_METHODS
from sandbox.slack.methods_files import FILE_METHODS
from sandbox.slack.methods_people import PEOPLE_METHODS
from sandbox.slack.methods_views import VIEW_METHODS
from sandbox.slack.model import Json
from sandbox.slack.simulation import Simulation

METHODS = {**APP_METHODS, **CHAT_METHODS, **VIEW_METHODS, **PEOPLE_METHODS, **FILE_METHODS}
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
            return Answer(JSONResponse(_run(slack, name, args), headers=_scopes_shown(slack, name, args)))
        except SlackError as error:
            return refused(error, headers=_scopes_shown(slack, name, args))

    method = METHODS.get(name)
    return await answered(slack, _subject(slack, name, args), run, method.rate if method else None)


def _scopes_shown(slack: Simulation, name: str, args: Arguments) -> dict[str, str]:
    """The headers that tell whose token is good what it may do, and what the method needs."""
    try:
        kind = kind_of_token(slack, args.text("token"))
    except SlackError:
        return {}
    needed = METHODS[name].scope if name in METHODS else ""
    return {"x-oauth-scopes": ",".join(sorted(scopes_of(slack, kind))), "x-accepted-oauth-scopes": needed}


def _subject(slack: Simulation, name: str, args: Arguments) -> Subject:
    """What a call is about; a channel may be given by its name, or by whose direct messages it is."""
    wanted = args.text("channel") or args.text("channel_id")
    channel = slack.workspace.find_channel(wanted) if wanted else None
    named = args.text("user") or args.text("user_id") or args.text("users")
    person = slack.workspace.find_person(named or wanted or "")
    return Subject(
        name, channel.id if channel else wanted, person.id if person else named, in_thread=args.has("thread_ts")
    )


def _run(slack: Simulation, name: str, args: Arguments) -> Json:
    if name == _OPEN:
        return _test(args)
    method: Method | None = METHODS.get(name)
    if method is None:
        raise SlackError("unknown_method", req_method=name)
    kind = kind_of_token(slack, args.text("token"))
    if kind != method.token:
        raise SlackError("not_allowed_token_type")
    need_scope(slack, method.scope, kind)
    return {"ok": True, **method.run(slack, args)}


def _test(args: Arguments) -> Json:
    """api.test needs no token and answers what it was given; `error` makes it fail."""
    if args.has("error"):
        raise SlackError(args.required("error"), args=dict(args.given))
    return {"ok": True, "args": dict(args.given)}
