"""Whatever an error of Quay's echoes, no token of the settings leaves in a message."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.config.logs import mask_of
from bot.slack.messages import Message
from bot.slack.messenger import open_slack
from bot.slack.response_urls import ResponseUrls
from tests.support.servers import served

TOKEN = "quay-superuser-token-0123456789"
SAID = Message(f"Quay said: {TOKEN}", ({"type": "section", "text": {"type": "mrkdwn", "text": f"Quay: {TOKEN}"}},))


async def post(web: AsyncWebClient, url: str) -> None:
    await web.chat_postMessage(channel="C1", text=SAID.text, blocks=[dict(block) for block in SAID.blocks])


async def open_modal(web: AsyncWebClient, url: str) -> None:
    await web.views_open(trigger_id="1", view={"type": "modal", "blocks": [dict(block) for block in SAID.blocks]})


async def publish_home(web: AsyncWebClient, url: str) -> None:
    await web.views_publish(user_id="U1", view={"type": "home", "blocks": [dict(block) for block in SAID.blocks]})


async def answer(web: AsyncWebClient, url: str) -> None:
    await ResponseUrls(web, mask_of([TOKEN])).send(f"{url}/hook", SAID, replaces=False)


@pytest.mark.parametrize("send", [post, open_modal, publish_home, answer])
async def test_a_token_is_masked_in_everything_that_slack_is_sent(send: Any) -> None:
    """Messages, modals, the Home tab and answers."""
    bodies: list[str] = []

    async def take(request: Request) -> JSONResponse:
        bodies.append((await request.body()).decode())
        return JSONResponse({"ok": True, "channel": "C1", "ts": "1.1"})

    app = Starlette(routes=[Route("/{rest:path}", take, methods=["POST"])])
    async with served(app) as url, open_slack(f"{url}/", "xoxb-1", mask_of([TOKEN])) as web:
        await send(web, url)
    assert bodies
    assert all(TOKEN not in body and "secret" in body for body in bodies)
