"""What is in an answer, and what it cost Quay."""

from typing import Any

from httpx import AsyncClient

from bot.slack.messages import Message
from tests.support.world import World


def buttons(message: Message) -> dict[str, str]:
    """The action ids of a message's buttons, with their values."""
    elements: list[dict[str, Any]] = [each for block in message.blocks for each in block.get("elements", [])]
    return {element["action_id"]: element["value"] for element in elements if "action_id" in element}


def rows(message: Message) -> list[list[str]]:
    """The table of a message, without its header."""
    (drawn,) = [block for block in message.blocks if block["type"] == "table"]
    return [[cell["text"] for cell in row] for row in drawn["rows"][1:]]


async def asked(world: World, text: str, user: str = "U0CAROL") -> Message:
    """The answer to a command, which there must be."""
    answer = await world.type(user, text)
    assert answer is not None
    return answer


async def requests_to_quay(world: World) -> list[str]:
    """What the simulated Quay was asked, as method and path."""
    async with AsyncClient(base_url=world.quay_url) as client:
        answer = (await client.get("/sandbox/quay/requests")).json()
    return [f"{request['method']} {request['path']}" for request in answer["requests"]]


async def forget_requests(world: World) -> None:
    """Let the simulated Quay forget what it was asked."""
    async with AsyncClient(base_url=world.quay_url) as client:
        await client.delete("/sandbox/quay/requests")
