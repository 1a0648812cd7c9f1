"""The whole list as a CSV file, to one person alone; long work shows how it goes and can be stopped."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.permissions import Actor
from bot.quay.errors import ServerError
from bot.storage.tasks import CancellableTasks
from bot.views.blocks import message
from bot.views.text import spelt_out
from handlers.csv_files import as_csv, safe_cell
from handlers.exporting import MOST_ROWS
from handlers.listing import Batch, Listing
from tests.support.answers import asked, buttons
from tests.support.world import TEAM, World, text_of

CAROL = Actor(TEAM, "U0CAROL")


def table_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def cancel_button(world: World) -> str:
    """What the Cancel button of the progress stands for."""
    return buttons(next(iter(world.slack.messages.values())))["work_cancel"]


@dataclass
class Numbers:
    """A list of many answers of Quay's; each takes a while, and something may happen at one of them."""

    world: World
    total: int
    per_batch: int = 100
    asked: list[str | None] = field(default_factory=list)
    stop_at: str = ""
    again_at: str = ""
    """Where it is cancelled, and made anew before it notices."""
    breaks_at: str = ""
    seconds: float = 0.4

    def listing(self) -> Listing[int]:
        return Listing("numbers", self.fetch, lambda _: message("numbers"), ("number",), lambda row: (str(row),))

    async def fetch(self, token: str | None) -> Batch[int]:
        self.asked.append(token)
        self.world.clock.now += timedelta(seconds=self.seconds)
        if token == self.stop_at:
            await self.world.turn("U0CAROL", "work_cancel", cancel_button(self.world))
        if token == self.again_at:
            await self.world.turn("U0CAROL", "work_cancel", cancel_button(self.world))
            self.again_at = ""
            await self.world.exporter.send("w", self.listing(), CAROL)
        if token and token == self.breaks_at:
            raise ServerError("The registry failed.", operation="listAllLogs", status=500)
        start = int(token or 0)
        end = min(start + self.per_batch, self.total)
        return Batch(range(start, end), str(end) if end < self.total else None, looked=end - start)


async def test_the_file_holds_the_whole_list(world: World) -> None:
    """It goes to the direct messages of the person who pressed the button."""
    answer = await asked(world, "users list")
    said = await world.turn("U0CAROL", "page_file", buttons(answer)["page_file"])
    ((user, name, content),) = world.slack.files
    assert (user, name) == ("U0CAROL", "users.csv")
    assert {row["username"] for row in table_of(content)} == {user.name for user in world.registry.users()}
    assert "is in your direct messages" in said.message.text
    assert not said.replaces


async def test_every_list_can_be_had_as_a_file(world: World) -> None:
    """Each with its filter."""
    for text in ["orgs list", "logs --since 30d", "config", "orgs list --match team-"]:
        answer = await asked(world, text)
        await world.turn("U0CAROL", "page_file", buttons(answer)["page_file"])
        assert len(table_of(world.slack.files[-1][2])) > 20
    assert all("team-" in row["organization"] for row in table_of(world.slack.files[-1][2]))


async def test_short_work_is_not_talked_about(world: World) -> None:
    """One answer of Quay's: there is nothing to wait for."""
    await world.exporter.send("w", Numbers(world, 50).listing(), CAROL)
    assert not world.slack.messages


async def test_long_work_edits_one_message_at_most_every_other_second(world: World) -> None:
    """Thirty answers of 0.4 s each; then the message says that it is done."""
    await world.exporter.send("w", Numbers(world, 3000).listing(), CAROL)
    (((channel, _), shown),) = world.slack.messages.items()
    assert channel == "DU0CAROL"
    assert "3,000 rows" in shown.text
    assert 5 <= len(world.slack.edits) <= 7
    assert len(table_of(world.slack.files[0][2])) == 3000


async def test_a_file_of_what_was_picked_says_how_much_was_looked_at(world: World) -> None:
    """Since nothing that fits may come for a long while."""
    numbers = Numbers(world, 3000, stop_at="2000")
    picked = replace(numbers.listing(), picks=True, entries="users")
    await world.exporter.send("w", picked, CAROL)
    assert "Making numbers.csv: 600 rows among the first 600 users so far …" in [
        edit.text for edit in world.slack.edits
    ]


async def test_cancel_stops_the_work_between_two_answers(world: World) -> None:
    """Nothing is sent, and Quay is not asked again."""
    numbers = Numbers(world, 3000, stop_at="500")
    said = await world.exporter.send("w", numbers.listing(), CAROL)
    assert "was stopped after 600 rows" in said.text
    assert numbers.asked[-1] == "500"
    assert not world.slack.files
    assert "was stopped" in next(iter(world.slack.messages.values())).text


async def test_only_the_owner_can_cancel(world: World) -> None:
    """Anyone else hears that there is nothing of theirs."""
    tasks = CancellableTasks(world.redis)
    run = await tasks.begin("w", CAROL)
    assert run is not None
    assert "somebody else's" in (await world.turn("U0BOB", "work_cancel", run)).message.text
    assert await tasks.goes_on(run, CAROL)


async def test_what_was_cancelled_and_is_made_anew_is_made_once(world: World) -> None:
    """The run that was cancelled stops, though its file is under way again, and leaves the other alone."""
    numbers = Numbers(world, 3000, again_at="500")
    said = await world.exporter.send("w", numbers.listing(), CAROL)
    assert "was stopped after 600 rows" in said.text
    ((_, _, content),) = world.slack.files
    assert len(table_of(content)) == 3000


async def test_an_old_cancel_button_stops_no_later_run(world: World) -> None:
    """Each run has its own."""
    tasks = CancellableTasks(world.redis)
    first = await tasks.begin("w", CAROL)
    assert first is not None
    assert await tasks.stop(first, CAROL)
    second = await tasks.begin("w", CAROL)
    assert second is not None
    assert not await tasks.stop(first, CAROL)
    assert not await tasks.goes_on(first, CAROL)
    assert await tasks.goes_on(second, CAROL)


async def test_the_same_file_is_not_made_twice_at_once(world: World) -> None:
    """A second click hears so."""
    await CancellableTasks(world.redis).begin("w", CAROL)
    said = await world.exporter.send("w", Numbers(world, 50).listing(), CAROL)
    assert "being made already" in said.text
    assert not world.slack.files


async def test_a_file_has_an_end(world: World) -> None:
    """More rows than memory should hold are cut, and it is said."""
    numbers = Numbers(world, MOST_ROWS + 1, per_batch=1000)
    said = await world.exporter.send("w", numbers.listing(), CAROL)
    assert len(table_of(world.slack.files[0][2])) == MOST_ROWS
    assert "There are more" in text_of(said)


async def test_where_slack_takes_no_file_it_is_said_what_it_needs(world: World) -> None:
    """With Slack's own word."""
    world.slack.fails = "missing_scope"
    said = await world.exporter.send("w", Numbers(world, 50).listing(), CAROL)
    assert "missing_scope" in said.text
    assert "files:write" in text_of(said)


@pytest.mark.parametrize("refused", ["numbers.csv: 100 rows", "rows so far"])
async def test_progress_that_slack_refuses_does_not_cost_the_file(world: World, refused: str) -> None:
    """Whether it is the first word of it or any; it is tried again no oftener than once a second."""
    world.slack.refuses_text = refused
    said = await world.exporter.send("w", Numbers(world, 3000).listing(), CAROL)
    assert "is in your direct messages" in said.text
    assert len(table_of(world.slack.files[0][2])) == 3000


async def test_work_that_broke_can_be_asked_for_again(world: World) -> None:
    """What Quay said is told where the person asked; the progress says that nothing was sent."""
    numbers = Numbers(world, 3000, breaks_at="500")
    with pytest.raises(ServerError):
        await world.exporter.send("w", numbers.listing(), CAROL)
    assert "broke off after 500 rows; nothing was sent" in next(iter(world.slack.messages.values())).text
    numbers.breaks_at = ""
    await world.exporter.send("w", numbers.listing(), CAROL)
    assert len(world.slack.files) == 1


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2)))
def test_a_file_reads_back_and_holds_no_formula(rows: list[Sequence[str]]) -> None:
    """Whatever people put into names: commas, quotes, line breaks, and what a spreadsheet would run.

    Characters that hide or turn text are spelt out.
    """
    content = as_csv(("a", "b"), rows).decode()
    assert "\0" not in content
    back = list(csv.reader(io.StringIO(content, newline="")))[1:]
    assert [[cell.removeprefix("'") for cell in row] for row in back] == [
        [spelt_out(value.replace("\0", "")).removeprefix("'") for value in row] for row in rows
    ]
    assert not any(cell.lstrip().startswith(tuple("=+-@＝＋－＠")) for row in back for cell in row)


@pytest.mark.parametrize(
    "value", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "＋1", "－1", "＠A1", "\u3000＝1"]
)
def test_what_begins_as_a_formula_becomes_text(value: str) -> None:
    """An apostrophe in front, as spreadsheets take it."""
    assert safe_cell(value) == f"'{value}"


def test_every_cell_is_in_quotes_and_without_nul() -> None:
    """So that no program takes a cell for two, or a file for binary."""
    assert as_csv(("a", "b"), [("\0=1", "x;y")]) == b'"a","b"\r\n"\'=1","x;y"\r\n'
