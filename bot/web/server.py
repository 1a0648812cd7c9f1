"""The edge to Slack: Bolt's listeners, acknowledged before any I/O, served over HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from logging import Logger, getLogger
from typing import Any

import structlog
from redis.exceptions import RedisError
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_bolt.lazy_listener.async_internals import to_runnable_function
from slack_bolt.lazy_listener.async_runner import AsyncLazyListenerRunner
from slack_bolt.request.async_request import AsyncBoltRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.permissions import Actor, Person
from bot.slack.messages import HOME, Message
from bot.slack.messenger import FAILURES, reason_of
from bot.views import errors, progress, secrets
from bot.web.surfaces import Surfaces, build_surfaces, channel_where, value_of
from handlers.confirmations import ClickAnswer
from handlers.dispatch import Delivery, guarded
from handlers.key_details import Details

DRAIN_SECONDS = 20
"""So long may what is under way take to its end when the process is to go."""
BREAK_OFF_SECONDS = 3
"""So long has what is broken off then for saying so."""
CLICKS = re.compile(r"^(change_(confirm|cancel|approve)|key_(approve|reject))$")
ALERTS = re.compile(r"^alert_(ack|snooze)$")
PAGES = re.compile(r"^(page_(next|previous|file)|work_cancel)$")

log = structlog.get_logger()


class DrainingRunner(AsyncLazyListenerRunner):
    """Runs what comes after the acknowledgement, and holds on to it until it is done."""

    def __init__(self, logger: Logger) -> None:
        self.logger = logger
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, function: Callable[..., Awaitable[None]], request: AsyncBoltRequest) -> None:
        """Start a listener's work beside the answer to Slack."""
        work: Any = to_runnable_function(internal_func=function, logger=self.logger, request=request)
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait for what is under way, then break it off: long work says so where it shows how far it is."""
        if not self._tasks:
            return
        _, unfinished = await asyncio.wait(self._tasks, timeout=seconds)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=BREAK_OFF_SECONDS)


@dataclass
class Listeners:
    """What the bot does with what Slack delivers."""

    app: App
    details: Details
    surfaces: Surfaces
    runner: DrainingRunner = field(default_factory=lambda: DrainingRunner(getLogger("slack_bolt")))

    async def command(self, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Answer a slash command, to the person alone."""
        delivery = Delivery(
            body["trigger_id"], body["team_id"], body["user_id"], body["channel_id"], body.get("text", "")
        )

        async def answer() -> Message | None:
            person = await self.app.authorization.person(Actor(delivery.team, delivery.user))
            if await self.surfaces.complete(body["trigger_id"], person, delivery):
                return None
            return await self.app.dispatcher.answer(person, delivery)

        asked = f"{self.app.settings.slack_command} {delivery.text}".strip()
        await _respond(respond, await guarded(asked, answer()), replaces=False)

    async def click(self, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Answer a click on a record's button; everything but the record's id is asked again."""
        at_home = channel_where(body) == HOME
        await self._click(body, respond, partial(self.app.clicks.click, at_home=at_home))

    async def turn(self, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Answer a click under a list, or on Cancel of a file that is being made."""
        await self._click(body, respond, self.app.paging.click)

    async def silence(self, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Answer a click on Acknowledge or Snooze of an alert."""
        await self._click(body, respond, self.app.alert_clicks.click)

    async def stop_following(self, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Follow a measurement no longer."""

        async def answer() -> Message | None:
            stopped = await self.app.jobs.measurement.stop(Actor(body["team"]["id"], body["user"]["id"]))
            return None if stopped else progress.over()

        await _respond(respond, await guarded("The button", answer()), replaces=False)

    async def _click(
        self,
        body: dict[str, Any],
        respond: AsyncRespond,
        click: Callable[[str, str, Person], Awaitable[ClickAnswer | None]],
    ) -> None:
        action = body["actions"][0]
        value = value_of(action)
        replaces = False

        async def answer() -> Message | None:
            nonlocal replaces
            person = await self.app.authorization.person(Actor(body["team"]["id"], body["user"]["id"]))
            said = await click(action["action_id"], value, person)
            if said is None:
                return None
            replaces = said.replaces and _they_alone_see(body)
            return said.message

        said = await guarded("The button", answer())
        if channel_where(body) == HOME:
            await self.surfaces.publish(Actor(body["team"]["id"], body["user"]["id"]), said)
        else:
            await _respond(respond, said, replaces=replaces)

    async def reveal(self, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Show somebody their secret, in a modal that is opened at once; then the button that led there goes."""
        action, web, said = body["actions"][0], self.app.web, None
        try:
            opened = await web.views_open(trigger_id=body["trigger_id"], view=secrets.loading())
        except FAILURES as error:
            log.warning("secret_not_opened", reason=reason_of(error))
            await _respond(
                respond, errors.sentence("Slack did not open the window. Press the button again."), replaces=False
            )
            return

        async def show(view: dict[str, Any]) -> bool:
            try:
                await web.views_update(view_id=opened["view"]["id"], view=view)
            except FAILURES as error:
                log.warning("secret_not_shown", reason=reason_of(error))
                return False
            return True

        async def answer() -> Message | None:
            nonlocal said
            person = await self.app.authorization.person(Actor(body["team"]["id"], body["user"]["id"]))
            said = await self.app.reveals.reveal(action["value"], person, show)
            return None

        trouble = await guarded("The button", answer())
        if trouble is not None:
            await show(secrets.told(trouble))
        elif said is not None:
            replaces = said.replaces and bool(body.get("container", {}).get("is_ephemeral"))
            await _respond(respond, said.message, replaces=replaces)

    async def show_details(self, body: dict[str, Any]) -> None:
        """Open the details of a waiting key in a modal: empty at once, since the trigger lives for 3 s, then filled."""
        action, web = body["actions"][0], self.app.web
        try:
            opened = await web.views_open(trigger_id=body["trigger_id"], view=self.details.loading())
            person = await self.app.authorization.person(Actor(body["team"]["id"], body["user"]["id"]))
            message = await guarded("The details", self.details.show(action["value"], person))
            view = self.details.view(message or Message("There is nothing to show."))
            await web.views_update(view_id=opened["view"]["id"], view=view)
        except FAILURES as error:
            log.warning("details_not_shown", reason=reason_of(error))


async def _respond(respond: AsyncRespond, message: Message | None, *, replaces: bool) -> None:
    """Answer through the response_url: to the person alone, and where the bot is no member as well."""
    if message is None:
        return
    blocks = [dict(block) for block in message.blocks]
    answer = await respond(text=message.text, blocks=blocks, response_type="ephemeral", replace_original=replaces)
    if answer.status_code != 200:
        log.error("answer_not_taken", status=answer.status_code, said=str(answer.body)[:200])


def _they_alone_see(body: dict[str, Any]) -> bool:
    """Whether the message in which somebody clicked is for them alone: ephemeral, or in their direct messages."""
    return bool(body.get("container", {}).get("is_ephemeral")) or channel_where(body).startswith("D")


async def _acknowledge(ack: AsyncAck) -> None:
    await ack()


def build_bolt(listeners: Listeners) -> AsyncApp:
    """Bolt with our listeners. The authorization is static: one workspace, one token, no auth.test."""
    settings = listeners.app.settings
    token = settings.slack_bot_token.get_secret_value()

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    bolt = AsyncApp(
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        authorize=authorize,
        process_before_response=True,
    )
    bolt.listener_runner.lazy_listener_runner = listeners.runner
    bolt.command(settings.slack_command)(ack=_acknowledge, lazy=[listeners.command])
    bolt.action(CLICKS)(ack=_acknowledge, lazy=[listeners.click])
    bolt.action(PAGES)(ack=_acknowledge, lazy=[listeners.turn])
    bolt.action(ALERTS)(ack=_acknowledge, lazy=[listeners.silence])
    listeners.surfaces.listen(bolt, _acknowledge)
    bolt.event(re.compile(".*"))(_acknowledge)
    bolt.action("measurement_stop")(ack=_acknowledge, lazy=[listeners.stop_following])
    bolt.action("secret_reveal")(ack=_acknowledge, lazy=[listeners.reveal])
    bolt.action("key_details")(ack=_acknowledge, lazy=[listeners.show_details])
    return bolt


def build_server(app: App) -> Starlette:
    """The web application: one URL for Slack, and two for whoever keeps the process alive."""
    surfaces = build_surfaces(app)
    listeners = Listeners(app, Details(app.confirmations, app.authorization, app.quay, app.audit, app.clock), surfaces)
    handler = AsyncSlackRequestHandler(build_bolt(listeners))

    async def slack(request: Request) -> Response:
        return await handler.handle(request)

    async def healthz(_: Request) -> Response:
        return JSONResponse({"ok": True})

    async def readyz(_: Request) -> Response:
        """Redis answers and a policy is loaded; neither Quay nor Slack is asked."""
        try:
            await app.redis.exists("quaymaster:ready")
        except RedisError as error:
            return JSONResponse({"ok": False, "redis": type(error).__name__}, status_code=503)
        return JSONResponse({"ok": True, "policy_problems": list(app.policy.problems)})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with surfaces.running():
            yield
            await listeners.runner.drain()

    routes = [
        Route("/slack/events", slack, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
