"""Response URLs: `/hooks/response/{id}`."""

import json

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.slack.calls import Answer, answered, refused
from sandbox.slack.errors import SlackError
from sandbox.slack.faults import RESPONSE_URL, Subject
from sandbox.slack.model import BOT_USER, Json
from sandbox.slack.posting import check_text_and_blocks
from sandbox.slack.simulation import Simulation
from sandbox.slack.tickets import ResponseUrl

_GONE = {"expired_url", "used_url"}


async def respond(slack: Simulation, request: Request) -> Response:
    """Answer what somebody did: `ok`, 404 for a URL that is used up or too old, 400 for what cannot be shown."""
    response_id = request.path_params["response"]
    body = await request.body()

    async def run() -> Answer:
        try:
            url = slack.tickets.response(response_id)
            answer(slack, url, _object(body))
            url.uses += 1
        except SlackError as error:
            return refused(error, 404 if error.code in _GONE else 400)
        return Answer(PlainTextResponse("ok"))

    url = slack.tickets.find_response(response_id)
    return await answered(slack, Subject(RESPONSE_URL, url.channel if url else None), run)


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
