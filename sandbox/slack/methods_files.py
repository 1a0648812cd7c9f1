"""files.*: an upload in three steps, and what was uploaded."""

from collections.abc import Mapping

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.slack.arguments import Arguments, Method
from sandbox.slack.calls import Answer, answered
from sandbox.slack.errors import SlackError
from sandbox.slack.faults import UPLOAD, Subject
from sandbox.slack.model import BOT_USER, Json, StoredFile
from sandbox.slack.objects import file_object
from sandbox.slack.posting import channel_to_post, thread_to_post
from sandbox.slack.rates import TIER_4
from sandbox.slack.simulation import Simulation
from sandbox.slack.workspace import Workspace


def get_upload_url(slack: Simulation, args: Arguments) -> Json:
    """Announce a file, and hear where its bytes go."""
    file = StoredFile(slack.workspace.new_id("F"), args.required("filename"), args.number("length", 0))
    if file.length < 1:
        raise SlackError("invalid_arguments")
    slack.workspace.files[file.id] = file
    return {"file_id": file.id, "upload_url": f"{slack.settings.public_url}/upload/v1/{file.id}"}


def complete_upload(slack: Simulation, args: Arguments) -> Json:
    """Share files whose bytes have come; without a channel they are only kept."""
    wanted = args.structure("files", "invalid_arguments")
    if not isinstance(wanted, list):
        raise SlackError("invalid_arguments")
    files = [_uploaded(slack.workspace, one) for one in wanted]
    if args.has("channel_id"):
        _share(slack, args, files)
    return {"files": [file_object(file, slack.file_url(file.id)) for file in files]}


def _share(slack: Simulation, args: Arguments, files: list[StoredFile]) -> None:
    """Post files, the comment with the first. The scope chat:write.public is not for files."""
    thread = args.text("thread_ts")
    channel = channel_to_post(slack, args.required("channel_id"), thread)
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    thread = thread_to_post(slack, channel, thread)
    for file in files:
        text = (args.text("initial_comment") or "") if file is files[0] else ""
        slack.workspace.post(channel.id, BOT_USER, text, thread_ts=thread, file=file)


def _uploaded(workspace: Workspace, wanted: object) -> StoredFile:
    named = wanted if isinstance(wanted, dict) else {}
    file = workspace.files.get(str(named.get("id")))
    if file is None or file.content is None:
        raise SlackError("file_not_found")
    file.title = str(named.get("title") or file.name)
    return file


async def receive_bytes(slack: Simulation, request: Request) -> Response:
    """Take the bytes of a file that was announced, raw or as a form."""

    async def run() -> Answer:
        file = slack.workspace.files.get(request.path_params["file"])
        if file is None:
            return Answer(PlainTextResponse("not found", 404), "not found")
        content = await request.body()
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            parts = [part for part in (await request.form()).values() if isinstance(part, UploadFile)]
            content = await parts[0].read() if parts else b""
        if len(content) != file.length:
            sentence = f"expected {file.length} bytes, and got {len(content)}"
            return Answer(PlainTextResponse(sentence, 400), sentence)
        file.content = content
        return Answer(PlainTextResponse(f"OK - {len(content)}"))

    return await answered(slack, Subject(UPLOAD), run)


FILE_METHODS: Mapping[str, Method] = {
    "files.getUploadURLExternal": Method(get_upload_url, TIER_4, "files:write"),
    "files.completeUploadExternal": Method(complete_upload, TIER_4, "files:write"),
}
