"""What Slack delivers, read once: bytes become a payload of a known shape, which holds what the bot reads of it."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

FORM_FIELDS = 100
"""More fields than any form of Slack's has."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]
Url = Annotated[str, Field(pattern=r"^(https?://\S+)?$")]
Data = dict[str, Any]


class Malformed(Exception):
    """The bytes are neither a form nor a JSON object."""


class Unknown(Exception):
    """The payload has a type or a shape that the bot does not know; `said` tells which, and none of its content."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class _Team(BaseModel):
    id: Id


class _User(BaseModel):
    id: Id


class _Channel(BaseModel):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{0,64}$")]
    """Empty where Slack does not say."""


class _Option(BaseModel):
    value: str


class _Action(BaseModel):
    type: str = ""
    action_id: str
    block_id: str = ""
    value: str | None = None
    selected_option: _Option | None = None


class _Entered(BaseModel):
    """What a field of a form holds; which of these it is depends on the field."""

    type: str = ""
    value: str | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] | None = None
    selected_date: str | None = None


class _State(BaseModel):
    values: dict[str, dict[str, _Entered]] = {}


class _Block(BaseModel):
    type: str
    block_id: str = ""


class _View(BaseModel):
    id: Id
    type: str = "modal"
    callback_id: str = ""
    private_metadata: str = ""
    app_installed_team_id: Id | None = None
    blocks: list[_Block] = []
    state: _State = _State()


class _Container(BaseModel):
    type: str = ""
    channel_id: Id | None = None
    message_ts: str | None = None
    is_ephemeral: bool = False


class Command(BaseModel):
    """A slash command, which comes as a form."""

    command: str
    text: str = ""
    team_id: Id
    user_id: Id
    channel_id: Id
    trigger_id: str
    response_url: Url = ""
    api_app_id: str | None = None


class _Interaction(BaseModel):
    team: _Team | None = None
    user: _User
    api_app_id: str | None = None


class BlockActions(_Interaction):
    """A press on a button, or a choice in a menu."""

    type: Literal["block_actions"]
    trigger_id: str
    actions: Annotated[list[_Action], Field(min_length=1)]
    channel: _Channel | None = None
    container: _Container = _Container()
    view: _View | None = None
    response_url: Url | None = None


class BlockSuggestion(_Interaction):
    """What somebody types into a field that searches."""

    type: Literal["block_suggestion"]
    action_id: str
    block_id: str = ""
    value: str
    view: _View


class ViewSubmission(_Interaction):
    """A modal's submit button."""

    type: Literal["view_submission"]
    view: _View
    trigger_id: str | None = None


class GlobalShortcut(_Interaction):
    """A shortcut that is not about a message."""

    type: Literal["shortcut"]
    callback_id: str
    trigger_id: str


class MessageAction(_Interaction):
    """A shortcut in the menu of a message."""

    type: Literal["message_action"]
    callback_id: str
    trigger_id: str
    channel: _Channel
    message: Data
    response_url: Url | None = None


class _Event(BaseModel):
    type: str
    user: Id
    tab: str | None = None


class EventCallback(BaseModel):
    """An event of the Events API."""

    type: Literal["event_callback"]
    event: _Event
    team_id: Id | None = None
    event_id: str | None = None
    api_app_id: str | None = None


class UrlVerification(BaseModel):
    """Slack asks whether the bot is there, when somebody enters its address."""

    type: Literal["url_verification"]
    challenge: str


_Typed = (
    BlockActions | BlockSuggestion | ViewSubmission | GlobalShortcut | MessageAction | EventCallback | UrlVerification
)
_TYPED: TypeAdapter[_Typed] = TypeAdapter(Annotated[_Typed, Field(discriminator="type")])


def decode(body: bytes, content_type: str) -> Data:
    """Read a delivery's bytes: JSON, or a form, which may hold JSON in its field `payload`. Raises Malformed."""
    try:
        text = body.decode()
        if content_type.partition(";")[0].strip().lower() == "application/json" or text.startswith("{"):
            found = _json(text)
        else:
            form = dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS))
            found = _json(form["payload"]) if "payload" in form else dict(form)
    except (ValueError, RecursionError) as error:
        raise Malformed(type(error).__name__) from None
    if not isinstance(found, dict) or not found:
        raise Malformed("not an object")
    return found


def check(found: Data) -> Data:
    """Return what the bot reads of a decoded payload, in the shape that its listeners rely on. Raises Unknown.

    What Slack leaves out or sends as null is not in it.
    """
    try:
        known = _TYPED.validate_python(found) if "command" not in found else Command.model_validate(found)
    except ValidationError as error:
        raise Unknown("; ".join(_told(problem) for problem in error.errors(include_input=False)[:3])) from None
    return known.model_dump(exclude_none=True)


def _told(problem: Mapping[str, Any]) -> str:
    """Where a payload is not as it should be, and in what way; its content stays out."""
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where or 'type'}: {problem['type']}"


def _json(text: str) -> object:
    """Read JSON; half a character, which JSON can spell and nothing can store, becomes �."""
    found = json.loads(text)
    if "\\ud" not in text.lower():
        return found
    return json.loads(
        json.dumps(found, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
