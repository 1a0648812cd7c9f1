"""A page of which little fits is looked for through many answers of Quay's: said as it goes, and stopped on demand."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.permissions import Actor
from bot.quay.errors import ServerError
from bot.slack.in_flight import InFlight
from bot.slack.messages import Message
from bot.storage.tasks import CancellableTasks
from bot.views import lists
from bot.views.lists import Setting, Shown
from handlers.listing import Batch, Listing
from handlers.pages import LONGEST, UnderWay
from tests.support.answers import asked, buttons, forget_requests, requests_to_quay, rows
from tests.support.world import ADMIN, TEAM, World, text_of

CAROL = Actor(TEAM, "U0CAROL")
TEXT = "users list --match x"


@dataclass
class Many:
    """Entries by the hundred, every `one_in`-th of which fits; an answer takes `seconds`."""

    world: World
    total: int = 4300
    one_in: int = 400
    seconds: float = 0.4
    asked: list[int] = field(default_factory=list)
    stop_at: int = -1
    hangs_at: int = -1
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    breaks_at: int = -1

    def listing(self) -> Listing[Setting]:
        return Listing(
            "things", self.fetch, self.draw, ("thing",), lambda row: (row.name,), entries="things", picks=True
        )

    @staticmethod
    def draw(shown: Shown[Setting]) -> Message:
        return lists.settings(shown, asked=" that fit")

    async def fetch(self, token: str | None) -> Batch[Setting]:
        start = int(token or 0)
        self.asked.append(start)
        self.world.clock.forward(seconds=self.seconds)
        if start == self.breaks_at:
            raise ServerError("The registry failed.", operation="listAllUsers", status=500)
        if start == self.hangs_at:
            self.hanging.set()
            await asyncio.Event().wait()
        if start == self.stop_at:
            await self.world.turn("U0CAROL", "work_cancel", buttons(progress(self.world))["work_cancel"])
        end = min(start + 100, self.total)
        found = [Setting(str(number), "") for number in range(start, end) if number % self.one_in == 0]
        return Batch(found, str(end) if end < self.total else None, looked=end - start)

    async def first(self, channel: str = ADMIN) -> Message:
        return await self.world.pages.first(self.listing(), CAROL, channel, TEXT, self.world.clock())

    async def turned(self, page: Message, action: str = "page_next") -> Message:
        id_ = buttons(page)[action]
        cursor = await self.world.pages.cursors.find(id_, CAROL)
        return await self.world.pages.at(id_, cursor.turned(1 if action == "page_next" else -1), self.listing())


def progress(world: World) -> Message:
    """The one message in Carol's direct messages."""
    (((channel, _), shown),) = world.slack.messages.items()
    assert channel == "DU0CAROL"
    return shown


async def test_a_short_look_is_answered_and_nothing_else(world: World) -> None:
    """Below two seconds nobody is told that it goes on, and Redis keeps nothing of it."""
    answer = await Many(world, total=400).first()
    assert not world.slack.messages
    assert not world.slack.whispers
    assert await world.redis.keys("quaymaster:work:*") == []
    assert "1 setting that fit" in answer.text


async def test_a_long_look_edits_one_message_until_it_ends(world: World) -> None:
    """In the direct messages, since the answer to a command cannot be edited; where it was asked it is pointed to.

    Slack takes 50 edits a minute from the whole bot: these 17 seconds have 9 at most.
    """
    answer = await Many(world).first()
    said = [edit.text for edit in world.slack.edits]
    assert "Read 1,000 things, 3 match …" in said
    assert 5 <= len(said) <= 9
    assert progress(world).text == "Read 4,300 things, 11 to show. The list is where you asked for it."
    assert "work_cancel" not in buttons(progress(world))
    ((channel, user, pointer),) = world.slack.whispers
    assert (channel, user) == (ADMIN, "U0CAROL")
    assert "in your direct messages" in pointer.text
    assert len(rows(answer)) == 11
    assert await world.redis.keys("quaymaster:work:*") == []


async def test_in_direct_messages_nobody_is_pointed_to_them(world: World) -> None:
    """Nor from the Home tab, whose answers are there."""
    for channel in ("DU0CAROL", "home"):
        await Many(world).first(channel)
    assert not world.slack.whispers


async def test_a_stopped_look_shows_what_it_found(world: World) -> None:
    """And Next goes on where it stopped."""
    many = Many(world, stop_at=1200)
    answer = await many.first()
    assert [row[0] for row in rows(answer)] == ["0", "400", "800", "1200"]
    assert "Showing 1–4 among the first 1,300 settings; stopped there, Next looks further." in text_of(answer)
    assert "Stopped after 1,300 things, 4 match so far." in progress(world).text
    world.slack.messages.clear()
    many.asked.clear()
    further = await many.turned(answer)
    assert many.asked[0] == 1300
    assert [row[0] for row in rows(further)] == ["1600", "2000", "2400", "2800", "3200", "3600", "4000"]
    assert "Showing 5–11 of 11." in text_of(further)


async def test_a_look_has_an_end(world: World) -> None:
    """A registry that answers slowly is not asked for ever."""
    many = Many(world, total=100_000, one_in=50_000, seconds=10)
    answer = await many.first()
    assert len(many.asked) <= LONGEST / timedelta(seconds=10) + 1
    assert "Next looks further" in text_of(answer)


async def test_a_turn_goes_on_where_the_page_ended(world: World) -> None:
    """Nothing is read twice but the answer in which the page ended; back again, only what that page came from."""
    many = Many(world, one_in=10)
    first = await many.first()
    assert many.asked == [0, 100]
    assert "20 settings so far that fit" in first.text
    assert "Showing 1–20 among the first 200 settings; more may follow." in text_of(first)
    second = await many.turned(first)
    assert many.asked == [0, 100, 200, 300]
    assert "Showing 21–40 among the first 400 settings" in text_of(second)
    many.asked.clear()
    back = await many.turned(second, "page_previous")
    assert (many.asked, rows(back)) == ([0, 100], rows(first))


async def test_where_nothing_follows_it_is_said(world: World) -> None:
    """The page was full, and the rest of the registry held nothing that fits."""
    many = Many(world, total=1000, one_in=10)
    page = await many.first()
    many.one_in = 5000
    page = await many.turned(page)
    assert "20 settings that fit" in page.text
    assert "No further one found." in text_of(page)
    assert set(buttons(page)) == {"page_previous", "page_file"}


async def test_the_same_page_is_not_looked_for_twice_at_once(world: World) -> None:
    """A second press of Next hears so, and reads no further."""
    many = Many(world, stop_at=1200)
    page = await many.first()
    id_ = buttons(page)["page_next"]
    await CancellableTasks(world.redis).begin(f"{id_}-page", CAROL)
    many.asked.clear()
    with pytest.raises(UnderWay):
        await many.turned(page)
    assert len(many.asked) == 5


async def test_a_look_that_broke_says_so_where_it_was_followed(world: World) -> None:
    """What Quay said is told where the list was asked for; it can be asked for again."""
    with pytest.raises(ServerError):
        await Many(world, breaks_at=1200).first()
    assert "Broke off after 1,200 things" in progress(world).text
    assert await world.redis.keys("quaymaster:work:*") == []


async def test_a_process_that_goes_breaks_the_look_off(world: World) -> None:
    """After a while; and whoever waits for it reads so, and may ask again at once."""
    in_flight, many = InFlight(), Many(world, hangs_at=1200)

    async def look() -> None:
        await many.first()

    in_flight.start(CAROL, look())
    await many.hanging.wait()
    await in_flight.drain(seconds=0.1)
    assert "Broke off after 1,200 things" in progress(world).text
    assert await world.redis.keys("quaymaster:work:*") == []


async def test_progress_that_slack_refuses_does_not_cost_the_answer(world: World) -> None:
    """The bot may not be in the channel, and may not be let into direct messages."""
    world.slack.fails = "missing_scope"
    assert len(rows(await Many(world).first())) == 11


async def test_matching_users_are_read_as_far_as_somebody_looks(world: World) -> None:
    """One answer of Quay's fills a page; the next page costs one more, not all of them again."""
    page = await asked(world, "users list --match e")
    assert await requests_to_quay(world) == ["GET /api/v1/superuser/users/"]
    await forget_requests(world)
    answer = await world.turn("U0CAROL", "page_next", buttons(page)["page_next"])
    assert len(await requests_to_quay(world)) == 1
    assert not {row[0] for row in rows(page)} & {row[0] for row in rows(answer.message)}
