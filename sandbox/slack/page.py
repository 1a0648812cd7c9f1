"""What the sandbox's page asks for and does, under `/sandbox/slack/`.

- `GET state`, `messages`, `home`, `views`, `events` (Server-Sent Events), `files/{id}`: what one person sees
- `POST say`, `act`, `submit`, `close`, `suggest`, `open_home`, `shortcut`: what one person does
"""

import asyncio
import json
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.slack.errors import SlackError
from sandbox.slack.interactions import Interactions
from sandbox.slack.model import SLACKBOT, Channel, Json, StoredMessage, View
from sandbox.slack.objects import view_object
from sandbox.slack.simulation import Simulation

IDLE_SECONDS = 15.0
Asked = Callable[[Json], Awaitable[Json]]


@dataclass
class Page:
    """The page's endpoints."""

    slack: Simulation
    people: Interactions

    def routes(self) -> list[Route]:
        """Where everything is."""
        shown = {"state": self._state, "messages": self._messages, "home": self._home, "views": self._views}
        done: dict[str, Asked] = {
            "say": self._say,
            "act": self._act,
            "submit": self._submit,
            "close": self._close,
            "suggest": self._suggest,
            "open_home": self._open_home,
            "shortcut": self._shortcut,
        }
        return [
            *(Route(f"/{name}", self._showing(show)) for name, show in shown.items()),
            *(Route(f"/{name}", self._doing(do), methods=["POST"]) for name, do in done.items()),
            Route("/events", self._events),
            Route("/files/{file}", self._file),
        ]

    def _showing(self, show: Callable[[Json], Json]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.slack.settings.learn_url(request)
            try:
                return JSONResponse(show(dict(request.query_params)))
            except SlackError as error:
                return JSONResponse({"error": error.code}, 404)
            except KeyError as missing:
                return JSONResponse({"error": f"missing {missing}"}, 400)

        return endpoint

    def _doing(self, do: Asked) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.slack.settings.learn_url(request)
            try:
                return JSONResponse(await do(await request.json()))
            except SlackError as error:
                return JSONResponse(error.answer())
            except (KeyError, TypeError, json.JSONDecodeError) as mistake:
                return JSONResponse({"ok": False, "error": f"{type(mistake).__name__}: {mistake}"}, 400)

        return endpoint

    def _state(self, asked: Json) -> Json:
        workspace, user = self.slack.workspace, asked["user"]
        people = [
            {"id": one.id, "name": one.name, "real_name": one.real_name, "kind": one.kind, "color": one.color}
            for one in workspace.people.values()
        ]
        channels = [
            {
                "id": one.id,
                "name": one.name,
                "is_private": one.is_private,
                "is_ext_shared": one.is_ext_shared,
                "is_im": one.is_im,
            }
            for one in workspace.channels.values()
            if user in one.members
        ]
        return {
            "team": {"id": workspace.id, "name": workspace.name},
            "users": people,
            "channels": channels,
            "groups": [{"id": one.id, "handle": one.handle} for one in workspace.groups.values()],
            "now": workspace.now(),
            "command": self.slack.settings.command,
            "shortcuts": [asdict(one) for one in self.slack.settings.shortcuts],
        }

    def _messages(self, asked: Json) -> Json:
        user, channel = asked["user"], self._channel(asked["channel"], asked["user"])
        messages = self.slack.workspace.messages.get(channel.id, [])
        return {"messages": [self._message(one) for one in messages if one.only_for in {None, user}]}

    def _message(self, message: StoredMessage) -> Json:
        person = self.slack.workspace.people.get(message.user)
        file = message.file
        return {
            "ts": message.ts,
            "channel": message.channel,
            "user": message.user,
            "name": person.real_name if person else "Slackbot",
            "is_bot": message.user == SLACKBOT or bool(person and person.is_bot),
            "text": message.text,
            "blocks": message.blocks,
            "ephemeral": message.only_for is not None,
            "edited": message.edited,
            "thread_ts": message.thread_ts,
            "broadcast": message.broadcast,
            **({"warning": message.warnings} if message.warnings else {}),
            **({"file": {"name": file.name, "size": file.length, "url": self.slack.file_url(file.id)}} if file else {}),
        }

    def _home(self, asked: Json) -> Json:
        view = self.slack.workspace.homes.get(asked["user"])
        return {"view": view_object(self.slack.workspace, view) if view else None}

    def _views(self, asked: Json) -> Json:
        stack = self.slack.workspace.stack(asked["user"])
        return {"views": [view_object(self.slack.workspace, view) for view in stack]}

    async def _events(self, _: Request) -> Response:
        async def told() -> AsyncIterator[str]:
            with self.slack.workspace.feed.listening() as changes:
                yield ": listening\n\n"
                while True:
                    try:
                        change = await asyncio.wait_for(changes.get(), IDLE_SECONDS)
                        yield f"data: {json.dumps(change)}\n\n"
                    except TimeoutError:
                        yield ": still here\n\n"

        return StreamingResponse(told(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def _file(self, request: Request) -> Response:
        file = self.slack.workspace.files.get(request.path_params["file"])
        if file is None or file.content is None:
            return JSONResponse({"error": "file_not_found"}, 404)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Response(file.content, media_type=kind, headers={"x-content-type-options": "nosniff"})

    async def _say(self, wish: Json) -> Json:
        return await self.people.say(wish["user"], wish["channel"], wish["text"])

    async def _act(self, wish: Json) -> Json:
        user, block_id, action = wish["user"], wish["block_id"], wish["action"]
        state = (wish.get("state") or {}).get("values", {})
        source = self._source(wish)
        if isinstance(source, View):
            return await self.people.act_on_view(user, source, block_id, action, state)
        return await self.people.act_on_message(user, source, block_id, action, state)

    async def _submit(self, wish: Json) -> Json:
        return await self.people.submit(wish["user"], self._top_view(wish), wish.get("values", {}))

    async def _close(self, wish: Json) -> Json:
        return await self.people.close(wish["user"], self._top_view(wish))

    async def _suggest(self, wish: Json) -> Json:
        wanted = {name: wish[name] for name in ("block_id", "action_id", "value")}
        return await self.people.suggest(wish["user"], self._source(wish), wanted)

    async def _open_home(self, wish: Json) -> Json:
        return await self.people.open_home(wish["user"])

    async def _shortcut(self, wish: Json) -> Json:
        """A message shortcut where the wish names a message by its channel and ts, else a global one."""
        if "ts" in wish:
            source = self._source(wish)
            if isinstance(source, StoredMessage):
                return await self.people.shortcut_on(wish["user"], wish["callback_id"], source)
        return await self.people.shortcut(wish["user"], wish["callback_id"])

    def _channel(self, channel_id: str, user: str) -> Channel:
        channel = self.slack.workspace.channels.get(channel_id)
        if channel is None or user not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def _source(self, wish: Json) -> View | StoredMessage:
        """The view or message that a wish is about, if the person sees it."""
        if "view_id" in wish:
            return self._view(wish)
        channel = self._channel(wish["channel"], wish["user"])
        message = self.slack.workspace.find_message(channel.id, wish["ts"])
        if message is None or message.only_for not in {None, wish["user"]}:
            raise SlackError("message_not_found")
        return message

    def _view(self, wish: Json) -> View:
        view = self.slack.workspace.find_view(wish["view_id"])
        if view is None or view.user != wish["user"]:
            raise SlackError("not_found")
        return view

    def _top_view(self, wish: Json) -> View:
        view = self._view(wish)
        if self.slack.workspace.stack(view.user)[-1:] != [view]:
            raise SlackError("not_found")
        return view
