"""Slack's other surfaces: forms and their suggestions, the menu's buttons, the Home tab, the message shortcut."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.app import App
from bot.commands import form_of, quoted
from bot.confirmations import Missing, Record
from bot.permissions import Actor, Person
from bot.slack.messages import HOME, Message, MessengerError
from bot.slack.messenger import FAILURES, SlackMessenger, reason_of
from bot.storage.sealing import Tampered
from bot.views import clicks, errors, forms, home, keys, lists, lookups, menu, modals, rejections
from handlers.confirmations import REJECT
from handlers.dispatch import Delivery, guarded
from handlers.filters import Asked
from handlers.forms import Forms, channel_of
from handlers.home import Home
from handlers.name_index import Names
from handlers.shortcuts import ASK_ABOUT_KEY, NO_KEY, key_in, question
from handlers.suggestions import Suggestions

PROPOSED_EXTENSION = "90d"
"""What the form of *Extend…* proposes."""

log = structlog.get_logger()
Body = dict[str, Any]
Acknowledge = Callable[[AsyncAck], Awaitable[None]]


@dataclass(frozen=True)
class Surfaces:
    """What people do outside of a typed command and a card."""

    app: App
    messenger: SlackMessenger
    forms: Forms
    names: Names
    suggestions: Suggestions
    home: Home

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the names fresh in the background."""
        reading = asyncio.create_task(self.names.keep_fresh())
        try:
            yield
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    def listen(self, bolt: AsyncApp, acknowledge: Acknowledge) -> None:
        """Register the listeners. Those that answer within the acknowledgement ask neither Quay nor Redis."""
        bolt.options(re.compile(f"^{forms.SEARCH}"))(self.suggest)
        bolt.view(forms.FORM)(ack=self.check, lazy=[self.submit])
        bolt.action(REJECT)(ack=acknowledge, lazy=[self.ask_reason])
        bolt.view(rejections.REJECTION)(ack=acknowledge, lazy=[self.reject])
        bolt.action(re.compile(f"^{menu.MENU}"))(ack=acknowledge, lazy=[self.choose])
        bolt.action("quota_raise")(ack=acknowledge, lazy=[self.raise_quota])
        bolt.action(keys.EXTEND)(ack=acknowledge, lazy=[self.extend_key])
        bolt.action(lookups.LOOK_AGAIN)(ack=acknowledge, lazy=[self.look_again])
        bolt.action(lists.FILTER)(ack=acknowledge, lazy=[self.filter])
        bolt.event("app_home_opened")(ack=acknowledge, lazy=[self.open_home])
        bolt.message_shortcut(ASK_ABOUT_KEY)(ack=acknowledge, lazy=[self.ask_about_key])

    async def complete(self, trigger_id: str, person: Person, delivery: Delivery) -> bool:
        """Open the form of a command that lacks something; False where the command is to be answered instead."""
        view = await self.forms.completing(person, delivery.channel, delivery.text)
        return view is not None and await self._open(trigger_id, view)

    async def suggest(self, ack: AsyncAck, body: Body) -> None:
        """Answer what somebody types into a field that searches."""
        source = str(body["action_id"]).removeprefix(forms.SEARCH)
        found = await self.suggestions.find(source, body["value"], _actor(body), channel_of(body["view"]))
        await ack(options=forms.options(found))

    async def check(self, ack: AsyncAck, body: Body) -> None:
        """Close a submitted form, or say at its fields what is wrong."""
        wrong = self.forms.errors(body["view"])
        if wrong:
            await ack(response_action="errors", errors=wrong)
        else:
            await ack()

    async def submit(self, body: Body) -> None:
        """Answer a submitted form as if it had been typed, to the person alone."""
        filled = self.forms.read(body["view"])
        if filled is None:
            return
        await self._answer(body["view"]["id"], _actor(body), filled.channel, filled.text)

    async def ask_reason(self, body: Body) -> None:
        """Ask whoever pressed Reject for a reason, in a window that is opened at once; nothing is decided yet."""
        actor, channel, record_id = _actor(body), channel_where(body), body["actions"][0]["value"]
        view: dict[str, Any] = {}

        async def make() -> None:
            nonlocal view
            view = await self.app.clicks.ask_reason(record_id, await self.app.authorization.person(actor), channel)

        try:
            opened = await self.app.web.views_open(trigger_id=body["trigger_id"], view=rejections.loading())
            trouble = await guarded("The button", make())
            shown = view if trouble is None else rejections.told(trouble)
            await self.app.web.views_update(view_id=opened["view"]["id"], view=shown)
        except FAILURES as error:
            log.warning("reason_not_asked", reason=reason_of(error))
            said = errors.sentence("Slack did not open the window. Press the button again.")
            await self._tell(channel, actor, said)

    async def reject(self, body: Body) -> None:
        """End a change as somebody submitted it; whether they may is asked again."""
        actor, asked = _actor(body), rejections.entered(body["view"])

        async def answer() -> Message | None:
            person = await self.app.authorization.person(actor)
            said = await self.app.clicks.reject(asked.record_id, person, asked.reason)
            return said.message if said else None

        trouble = await guarded("The rejection", answer())
        if asked.channel == HOME:
            await self.publish(actor, trouble)
        elif trouble is not None:
            await self._tell(asked.channel, actor, trouble)

    async def choose(self, body: Body) -> None:
        """Do what a button of the menu says: open the command's form, or answer the command."""
        actor, channel, path = _actor(body), channel_where(body), body["actions"][0]["value"]
        person = await self.app.authorization.person(actor)
        command = self.app.dispatcher.grammar.commands.get(path)
        if command is not None and form_of(command).needed:
            view = await self.forms.asking(person, channel, path, {})
            if view is not None and await self._open(body["trigger_id"], view):
                return
        await self._answer(body["trigger_id"], actor, channel, path)

    async def raise_quota(self, body: Body) -> None:
        """Open the form of a namespace's quota, with the namespace given."""
        await self._fill_in(body, "quota set", {"namespace": body["actions"][0]["value"]})

    async def extend_key(self, body: Body) -> None:
        """Open the form of a key's change, with the key given and a time proposed."""
        kid = value_of(body["actions"][0])
        await self._fill_in(body, "keys update", {"kid": kid}, {"expires": PROPOSED_EXTENSION})

    async def filter(self, body: Body) -> None:
        """Open the form of a command that was answered, with the filters in force."""
        asked = Asked.model_validate_json(body["actions"][0]["value"])
        view = await self.forms.filtering(await self.app.authorization.person(_actor(body)), asked)
        await self._open_or_answer(body, channel_where(body), view, asked.text)

    async def look_again(self, body: Body) -> None:
        """Show how things are of which a change's outcome is unknown, to the person alone, in the change's channel."""
        actor, found = _actor(body), list[Record]()

        async def find() -> Message | None:
            try:
                found.append(await self.app.confirmations.get(body["actions"][0]["value"]))
            except (Missing, Tampered):
                return clicks.gone()
            return None

        trouble = await guarded("The button", find())
        if trouble is not None:
            await self._tell(channel_where(body), actor, trouble)
        for record in found:
            await self._answer(body["trigger_id"], actor, record.channel, lookups.reading_of(record))

    async def open_home(self, body: Body) -> None:
        """Publish the Home tab of somebody who opened it."""
        if body["event"].get("tab") == "home":
            await self.publish(Actor(body["team_id"], body["event"]["user"]))

    async def publish(self, actor: Actor, notice: Message | None = None, *, answered: str = "") -> None:
        """Publish somebody's Home tab as things are now, with what came of a click, or which command was answered."""
        view: dict[str, Any] = {}

        async def make() -> None:
            nonlocal view
            view = await self.home.view(await self.app.authorization.person(actor), notice, answered=answered)

        trouble = await guarded("The Home tab", make())
        try:
            await self.app.web.views_publish(user_id=actor.user, view=view if trouble is None else home.said(trouble))
        except FAILURES as error:
            log.warning("home_not_published", reason=reason_of(error))

    async def ask_about_key(self, body: Body) -> None:
        """Show the key that a message names, as `keys show` does, in a modal that is opened at once."""
        actor, web, title = _actor(body), self.app.web, "Service key"
        kid = key_in(body["message"])
        if kid is None:
            await self._open(body["trigger_id"], modals.modal(title, errors.sentence(NO_KEY)))
            return
        try:
            opened = await web.views_open(
                trigger_id=body["trigger_id"], view=modals.modal(title, errors.sentence("Asking Quay …"))
            )
            text = question(self.app.dispatcher.grammar.commands["keys show"], kid)
            said = await self._ask(body["trigger_id"], actor, body["channel"]["id"], text)
            await web.views_update(
                view_id=opened["view"]["id"], view=modals.modal(title, said or Message("There is nothing to show."))
            )
        except FAILURES as error:
            log.warning("key_not_shown", reason=reason_of(error))
            said = errors.sentence("Slack did not show the key. Ask for it again, or type keys show KID.")
            await self._tell(body["channel"]["id"], actor, said)

    async def _fill_in(
        self, body: Body, path: str, given: Mapping[str, str], proposed: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Open the form of a command with what the button names; say why not to those who may not."""
        channel, person = channel_where(body), await self.app.authorization.person(_actor(body))
        view = await self.forms.asking(person, channel, path, {**given, **proposed})
        named = " ".join(f"{name}={quoted(value)}" for name, value in given.items())
        await self._open_or_answer(body, channel, view, f"why {path} {named}")

    async def _open_or_answer(self, body: Body, channel: str, view: dict[str, Any] | None, text: str) -> None:
        """Open a form; where it cannot be offered, the answer to a command says why."""
        actor = _actor(body)
        if view is None:
            await self._answer(body["trigger_id"], actor, channel, text)
        elif not await self._open(body["trigger_id"], view):
            await self._tell(channel, actor, errors.sentence("Slack did not open the form. Press the button again."))

    async def _answer(self, delivery_id: str, actor: Actor, channel: str, text: str) -> None:
        """Answer a command to the person alone; from the Home tab, which shows then how things are."""
        said = await self._ask(delivery_id, actor, channel, text)
        if said is not None:
            await self._tell(channel, actor, said)
        if channel == HOME:
            await self.publish(actor, answered=text if said else "")

    async def _ask(self, delivery_id: str, actor: Actor, channel: str, text: str) -> Message | None:
        async def answer() -> Message | None:
            person = await self.app.authorization.person(actor)
            return await self.app.dispatcher.answer(
                person, Delivery(delivery_id, actor.team, actor.user, channel, text)
            )

        return await guarded(f"{self.app.settings.slack_command} {text}", answer())

    async def _tell(self, channel: str, actor: Actor, said: Message) -> None:
        """Tell the person alone, in the channel; where the bot cannot, in their direct messages."""
        try:
            await self.messenger.whisper(channel, actor.user, said)
        except MessengerError as error:
            log.warning("answer_went_elsewhere", channel=channel, reason=error.reason)
            try:
                await self.messenger.whisper(HOME, actor.user, said)
            except MessengerError as lost:
                log.error("answer_not_taken", reason=lost.reason)

    async def _open(self, trigger_id: str, view: dict[str, Any]) -> bool:
        try:
            await self.app.web.views_open(trigger_id=trigger_id, view=view)
        except FAILURES as error:
            log.warning("form_not_opened", reason=reason_of(error))
            return False
        return True


def build_surfaces(app: App) -> Surfaces:
    """Put the parts together."""
    grammar = app.dispatcher.grammar
    names = Names(app.quay, app.clock)
    return Surfaces(
        app,
        SlackMessenger(app.web),
        Forms(grammar, app.authorization),
        names,
        Suggestions(names, app.authorization),
        Home(app.confirmations, app.authorization, names, grammar, app.jobs.measurement, app.clock),
    )


def channel_where(body: Body) -> str:
    """The channel of a click, or the Home tab."""
    return str(body["channel"]["id"]) if body.get("channel") else HOME


def value_of(action: Body) -> str:
    """What a button carries, or the chosen option of a menu."""
    return str(action["selected_option"]["value"] if "selected_option" in action else action["value"])


def _actor(body: Body) -> Actor:
    return Actor(body["team"]["id"], body["user"]["id"])
