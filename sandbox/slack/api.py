"""Slack's Web API: `/api/{method}`."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.slack.arguments import Arguments, Method, need_scope, read_arguments
from sandbox.slack.errors import SlackError
from sandbox.slack.methods_chat import CHAT_METHODS
from sandbox.slack.methods_files import FILE_METHODS
from sandbox.slack.methods_people import PEOPLE_METHODS
from sandbox.slack.methods_views import VIEW_METHODS
from sandbox.slack.model import Json
from sandbox.slack.simulation import LoggedCall, Simulation

METHODS = {**CHAT_METHODS, **VIEW_METHODS, **PEOPLE_METHODS, **FILE_METHODS}
_OPEN = "api.test"


async def call(slack: Simulation, request: Request) -> Response:
    """Answer a call: status 200 whether it went well or not, and 429 or another status for a fault."""
    slack.settings.learn_url(request)
    name = request.path_params["method"]
    fault = slack.next_fault(name)
    status, headers = 200, {"x-oauth-scopes": ",".join(sorted(slack.settings.scopes))}
    try:
        if fault:
            status = fault.status
            if status == 429:
                headers["Retry-After"] = str(fault.retry_after)
            raise SlackError(fault.error)
        answer = _run(slack, name, await read_arguments(request))
    except SlackError as error:
        answer = error.answer()
    slack.calls.append(LoggedCall(name, slack.workspace.now(), answer["ok"], answer.get("error")))
    return JSONResponse(answer, status, headers)


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
