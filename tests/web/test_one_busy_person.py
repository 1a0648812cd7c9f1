"""One person's many requests are bounded and refused truthfully; everyone else is served as if they were not there."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.permissions import Actor
from bot.slack.in_flight import InFlight, Limits, TooMany
from tests.web.conftest import Bot

ALICE, BOB, CAROL = "U01ALICE", "U02BOB", "U03CAROL"
RUNNING = "You have 20 requests running. Wait for one to finish, then try again."


async def busy(bot: Bot, user: str) -> None:
    """Let a person ask for more than they may have, of a Quay that is slow."""
    await bot.slow_quay("listAllOrganizations", 60)
    for _ in range(20):
        assert (await bot.command(user, "orgs list")).text == ""


async def test_the_twenty_first_request_is_refused_in_the_acknowledgement(bot: Bot) -> None:
    """It costs the bot no call to Slack, and lies in no memory."""
    await busy(bot, CAROL)
    answers = [(await bot.command(CAROL, "orgs list")).json() for _ in range(5)]
    assert answers == [{"text": RUNNING, "response_type": "ephemeral"}] * 5


async def test_a_refused_form_stays_open(bot: Bot) -> None:
    """What was filled in is not lost."""
    await bot.person("say", CAROL, text="/quay quota show")
    view = await bot.modal(CAROL)
    await busy(bot, CAROL)
    values = {"field:namespace": {"search:namespaces": {"selected_option": {"value": "team-alpha"}}}}
    answer = await bot.person("submit", CAROL, view_id=view["id"], values=values)
    assert answer["errors"] == {"field:namespace": RUNNING}


async def test_a_refused_button_is_explained_once(bot: Bot) -> None:
    """However often it is pressed meanwhile: an answer costs a call to Slack."""
    await bot.person("say", CAROL, text="/quay")
    menu = await bot.sees(CAROL, "menu:help")
    await busy(bot, CAROL)
    await bot.http.delete("/sandbox/slack/calls")
    await bot.http.post("/sandbox/slack/latency", json={"method": "response_url", "seconds": 0.5})
    await asyncio.gather(*(bot.press(CAROL, "menu:help", menu) for _ in range(5)))
    await bot.sees(CAROL, RUNNING)
    assert await bot.calls("response_url") == 1


async def test_others_are_served_meanwhile(bot: Bot) -> None:
    """Bob is answered and Alice approves, as fast as ever; how Quay's own slots are shared is another test."""
    await bot.person("say", CAROL, text="/quay quota set team-alpha 2TiB")
    await busy(bot, CAROL)
    began = time.monotonic()
    await bot.person("say", BOB, text="/quay pending")
    await bot.sees(BOB, "1 pending change")
    await bot.press(ALICE, "change_approve", await bot.sees(ALICE, "change_approve"))
    await bot.sees(ALICE, "approved by Alice")
    assert time.monotonic() - began < 3


async def test_status_shows_how_busy_the_process_is(bot: Bot) -> None:
    """Also while Quay is: it waits for Quay for three seconds, and then says so."""
    await busy(bot, CAROL)
    await bot.person("say", BOB, text="/quay status")
    shown = str(await bot.sees(BOB, "21 of 200 requests running, at most 20 per person"))
    assert "No answer within 3 seconds." in shown


@asynccontextmanager
async def running(in_flight: InFlight, *people: str) -> AsyncIterator[asyncio.Event]:
    """Requests of these people, under way until the event is set."""
    over = asyncio.Event()

    async def work() -> None:
        await over.wait()

    for user, number in Counter(people).items():
        for _ in range(number):
            in_flight.start(Actor("T1", user), work())
    yield over
    over.set()
    await in_flight.drain(1)
    assert in_flight.running == 0


async def test_decisions_have_room_that_reads_cannot_fill() -> None:
    """Neither of one person nor of all; both bounds say what they are."""
    in_flight = InFlight(Limits(each=3, total=4, decisions=1))
    async with running(in_flight, "A", "A", "A", "C") as over:
        in_flight.admit(Actor("T1", "A"), decides=True)
        with pytest.raises(TooMany, match="The bot is running 4 requests, its limit"):
            in_flight.admit(Actor("T1", "D"))
        in_flight.start(Actor("T1", "A"), asyncio.sleep(0, None), decides=True)
        with pytest.raises(TooMany, match="The bot is running 5 requests"):
            in_flight.admit(Actor("T1", "E"), decides=True)
        over.set()


async def test_room_is_free_again_once_a_request_has_ended() -> None:
    """Of the person who was refused."""
    in_flight, actor = InFlight(Limits(each=1)), Actor("T1", "A")
    async with running(in_flight, "A") as over:
        with pytest.raises(TooMany, match="You have 1 requests running"):
            in_flight.admit(actor)
        over.set()
        await asyncio.sleep(0.01)
        in_flight.admit(actor)
