"""Response URLs: `/hooks/response/{id}`."""

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.slack.errors import SlackError
from sandbox.slack.model import BOT_USER, Json
from sandbox.slack.posting import check_text_and_blocks
from sandbox.slack.simulation import LoggedCall, Simulation
from sandbox.slack.tickets import ResponseUrl

LOGGED_AS = "response_url"
_GONE = {"expired_url", "used_url"}


async def respond(slack: Simulation, request: Request) -> Response:
    """Answer what somebody did: `ok`, 404 for a URL that is used up or too old, 400 for what cannot be shown."""
    error: SlackError | None = None
    fault = slack.next_fault(LOGGED_AS)
    try:
        if fault:
            raise SlackError(fault.error)
        url = slack.tickets.response(request.path_params["response"])
        answer(slack, url, _object(await request.body()))
        url.uses += 1
    except SlackError as refused:
        error = refused
    slack.calls.append(LoggedCall(LOGGED_AS, slack.workspace.now(), error is None, error.code if error else None))
    if fault:
        headers = {"Retry-After": str(fault.retry_after)} if fault.status == 429 else {}
        return PlainTextResponse(fault.error, fault.status, headers)
    if error:
        return JSONResponse(error.answer(), 404 if error.code in _GONE else 400)
    return PlainTextResponse("ok")


def answer(slack: Simulation, url: ResponseUrl, body: Json) -> None:
    """Show an answer: to the person alone unless it is `in_channel`, whether the bot is a member or not.

    Only the message whose click the URL came with can be replaced or deleted; the answer to a command is
    always a new message. Raises SlackError as posting does.
    """
    workspace = slack.workspace
    original = url.message if url.message in workspace.messages.get(url.channel, ()) else None
    if original and body.get("delete_original"):
        return workspace.delete_message(original)
    text, blocks = body.get("text") or "", body.get("blocks") or []
    check_text_and_blocks({"text": text, "blocks": blocks})
    if original and body.get("replace_original"):
        return workspace.change_message(original, text, blocks)
    only_for = None if body.get("response_type") == "in_channel" else url.user
    workspace.post(url.channel, BOT_USER, text, blocks, only_for=only_for, thread_ts=body.get("thread_ts"))
    return None


def _object(body: bytes) -> Json:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise SlackError("invalid_payload") from error
    if not isinstance(found, dict):
        raise SlackError("invalid_payload")
    return found
