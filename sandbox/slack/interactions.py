"""What a person can do, and what Slack does with the bot's acknowledgement."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.slack import events, payloads
from sandbox.slack.blocks import check_options
from sandbox.slack.deliveries import Deliveries
from sandbox.slack.delivery import Acknowledgement, Failure
from sandbox.slack.entered import entered_values, unfilled_blocks
from sandbox.slack.errors import SlackError
from sandbox.slack.hooks import answer
from sandbox.slack.methods_views import checked_view
from sandbox.slack.model import SLACKBOT, STACK_LIMIT, Channel, Json, Person, StoredMessage, View, interactive
from sandbox.slack.posting import need_open
from sandbox.slack.simulation import Simulation
from sandbox.slack.tickets import ResponseUrl
from sandbox.slack.typed import escaped

TROUBLE = "We had some trouble connecting. Try again?"
_UNFILLED = "Please complete this required field."
_CHOICES = {"static_select", "radio_buttons", "overflow"}
_WARNINGS: Mapping[Failure, str] = {
    "operation_timeout": "Operation timed out. Apps need to respond within 3 seconds.",
    "dispatch_failed": "This app could not be reached.",
    "http_service_error": "This app responded with an error.",
}


@dataclass
class Interactions:
    """The workspace's people at their keyboards. What they cannot do raises SlackError."""

    slack: Simulation
    deliveries: Deliveries

    async def say(self, user: str, channel_id: str, text: str) -> Json:
        """Send what a person typed: a command to the bot, anything else to the channel."""
        person, channel = self._person_in(user, channel_id)
        if not text.strip():
            raise SlackError("no_text")
        if not text.startswith("/"):
            self.slack.workspace.post(channel.id, user, self._typed(person, text))
            return {"ok": True}
        word = text.split(maxsplit=1)[0]
        if word != self.slack.settings.command:
            self._slackbot(person, channel, f"{word} is not a valid command.")
            return {"ok": False, "error": f"{word} is not a valid command."}
        return await self._command(person, channel, text.removeprefix(word).strip())

    async def _command(self, person: Person, channel: Channel, text: str) -> Json:
        fields = payloads.command(self.slack, person, channel, self._typed(person, text))
        acknowledgement = await self.deliveries.command(fields)
        error: str | None = acknowledgement.failure
        if error is None:
            error = self._show_answer(person, channel, acknowledgement)
        if error is None:
            return {"ok": True}
        self._slackbot(person, channel, f'{self.slack.settings.command} failed with the error "{error}"')
        return {"ok": False, "error": error}

    def _show_answer(self, person: Person, channel: Channel, acknowledgement: Acknowledgement) -> str | None:
        """A command's acknowledgement may hold the answer itself, as JSON or as text."""
        body = acknowledgement.answer()
        if body == {}:
            return None
        url = ResponseUrl(channel.id, person.id, self.slack.workspace.now())
        try:
            answer(self.slack, url, {"text": acknowledgement.body} if body is None else body)
        except SlackError:
            return "invalid_command_response"
        return None

    async def act_on_message(self, user: str, message: StoredMessage, block_id: str, action: Json, state: Json) -> Json:
        """Use an element of a message; a warning stands beside it until it worked."""
        person = self.person(user)
        chosen = self._action(message.blocks, block_id, action)
        values = entered_values(message.blocks, state)
        payload = payloads.message_action(self.slack, person, message, chosen, values)
        acknowledgement = await self.deliveries.interaction(payload)
        warning = _WARNINGS[acknowledgement.failure] if acknowledgement.failure else None
        self.slack.workspace.warn(message, block_id, warning)
        return _outcome(acknowledgement)

    async def act_on_view(self, user: str, view: View, block_id: str, action: Json, state: Json) -> Json:
        """Use an element of a modal or a Home tab."""
        person = self.person(user)
        chosen = self._action(view.content["blocks"], block_id, action)
        view.values = entered_values(view.content["blocks"], state or view.values)
        return _outcome(await self.deliveries.interaction(payloads.view_action(self.slack, person, view, chosen)))

    async def submit(self, user: str, view: View, values: Json) -> Json:
        """Press a modal's submit button. The modal stays open where something is missing or went wrong."""
        person = self.person(user)
        view.values = entered_values(view.content["blocks"], values)
        unfilled = dict.fromkeys(unfilled_blocks(view.content["blocks"], view.values), _UNFILLED)
        if unfilled:
            return {"ok": False, "errors": unfilled}
        acknowledgement = await self.deliveries.interaction(payloads.view_submission(self.slack, person, view))
        body = acknowledgement.answer()
        if acknowledgement.failure or body is None:
            return {"ok": False, "error": TROUBLE}
        return self._after_submission(view, body)

    def _after_submission(self, view: View, body: Json) -> Json:
        workspace = self.slack.workspace
        stack = workspace.stack(view.user)
        try:
            match body.get("response_action"):
                case None:
                    workspace.close_views(view.user, [view])
                case "clear":
                    workspace.close_views(view.user, stack)
                case "update":
                    workspace.change_view(view, checked_view(body.get("view"), "modal"))
                case "push" if len(stack) < STACK_LIMIT:
                    workspace.open_view(view.user, checked_view(body.get("view"), "modal"), on_top=True)
                case "errors" if _are_errors_of(view, body.get("errors")):
                    return {"ok": False, "errors": body["errors"]}
                case _:
                    return {"ok": False, "error": TROUBLE}
        except SlackError:
            return {"ok": False, "error": TROUBLE}
        return {"ok": True}

    async def close(self, user: str, view: View) -> Json:
        """Close a modal, or all of them where it asks for that. Those that want to know are told."""
        person = self.person(user)
        stack = self.slack.workspace.stack(user)
        cleared = bool(view.content.get("clear_on_close"))
        closing = list(stack) if cleared else [view]
        told = [
            payloads.view_closed(self.slack, person, one, cleared=cleared)
            for one in closing
            if one.content.get("notify_on_close")
        ]
        self.slack.workspace.close_views(user, closing)
        for payload in told:
            await self.deliveries.interaction(payload)
        return {"ok": True}

    async def suggest(self, user: str, source: View | StoredMessage, wanted: Json) -> Json:
        """Ask the bot what an external select offers."""
        payload = payloads.suggestion(self.slack, self.person(user), source, wanted)
        acknowledgement = await self.deliveries.interaction(payload)
        offered = acknowledgement.answer()
        if acknowledgement.failure or offered is None or check_options(offered):
            return {"options": [], "error": "The choices could not be loaded."}
        return offered

    async def shortcut(self, user: str, callback_id: str) -> Json:
        """Use a global shortcut."""
        payload = payloads.shortcut(self.slack, self.person(user), callback_id)
        return _outcome(await self.deliveries.interaction(payload))

    async def shortcut_on(self, user: str, callback_id: str, message: StoredMessage) -> Json:
        """Use a shortcut from the menu of a message; messages for one person alone have none."""
        person = self.person(user)
        if message.only_for:
            raise SlackError("message_not_found")
        payload = payloads.message_shortcut(self.slack, person, callback_id, message)
        return _outcome(await self.deliveries.interaction(payload))

    async def open_home(self, user: str) -> Json:
        """Open the bot's Home tab, which nobody from another company has."""
        person = self.person(user)
        if person.kind not in {"member", "guest", "deactivated"}:
            raise SlackError("not_allowed")
        if "app_home_opened" not in self.slack.settings.events:
            return {"ok": True}
        return _outcome(await self.deliveries.event(events.home_opened(self.slack, person)))

    def person(self, user: str) -> Person:
        """Find who acts. Raises SlackError user_not_found."""
        person = self.slack.workspace.people.get(user)
        if person is None or person.is_bot:
            raise SlackError("user_not_found")
        return person

    def _person_in(self, user: str, channel_id: str) -> tuple[Person, Channel]:
        channel = self.slack.workspace.channels.get(channel_id)
        if channel is None:
            raise SlackError("channel_not_found")
        if user not in channel.members:
            raise SlackError("not_in_channel")
        need_open(channel)
        return self.person(user), channel

    def _typed(self, person: Person, text: str) -> str:
        return escaped(self.slack.workspace, text, person.id, mentions=self.slack.settings.should_escape)

    def _slackbot(self, person: Person, channel: Channel, text: str) -> None:
        self.slack.workspace.post(channel.id, SLACKBOT, text, only_for=person.id)

    def _action(self, blocks: list[Json], block_id: str, action: Json) -> Json:
        """What is delivered of an action: a button's own value, else what was chosen among what is offered."""
        element = _element(blocks, block_id, str(action.get("action_id")))
        chosen = {name: value for name, value in action.items() if name == "value" or name.startswith("selected_")}
        if element["type"] == "button":
            chosen = {name: element[name] for name in ("value", "text", "style") if name in element}
        option = chosen.get("selected_option")
        if element["type"] in _CHOICES and option and option.get("value") not in _offered(element):
            raise SlackError("option_not_found")
        named = {"type": element["type"], "action_id": element["action_id"], "block_id": block_id}
        return named | chosen | {"action_ts": self.slack.workspace.new_ts()}


def _outcome(acknowledgement: Acknowledgement) -> Json:
    return {"ok": False, "error": acknowledgement.failure} if acknowledgement.failure else {"ok": True}


def _element(blocks: list[Json], block_id: str, action_id: str) -> Json:
    for block in blocks:
        for element in interactive(block):
            if (block["block_id"], element["action_id"]) == (block_id, action_id):
                return element
    raise SlackError("action_not_found")


def _offered(element: Json) -> set[str]:
    groups = element.get("option_groups") or [element]
    return {option["value"] for group in groups for option in group["options"]}


def _are_errors_of(view: View, errors: object) -> bool:
    inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
    return isinstance(errors, dict) and bool(errors) and set(errors) <= inputs
