"""Builds: how far they have come, and their logs as files for one person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.quay.client import Quay, open_client
from bot.quay.errors import NotFound
from bot.quay.models import BuildLogLine, BuildLogs
from bot.views import builds
from handlers.builds import plain_lines
from sandbox.quay.faults import OddEntries
from tests.support.answers import asked, requests_to_quay
from tests.support.world import World, open_world, text_of, valid

UNKNOWN = "00000000-0000-4000-8000-000000000000"


class EmptyArchive(Quay):
    """The client of a registry that lost its archive."""

    async def get_archived_build_logs(self, build_uuid: str) -> BuildLogs:
        raise NotFound(f"No archived log of {build_uuid}.", operation="getArchivedBuildLogs", status=400)


def build_in(world: World, phase: str) -> str:
    return next(build.uuid for build in world.registry.builds.values() if build.phase == phase)


async def test_a_build_is_shown(world: World) -> None:
    """Its phase first, then what it builds."""
    for phase in ["building", "error", "waiting", "complete"]:
        answer = await asked(world, f"builds show {build_in(world, phase)}")
        assert answer.text == f"The build of team-alpha/api is in phase {phase}"


async def test_the_status_says_how_far_it_is(world: World) -> None:
    """The step that Quay names."""
    assert "Step 2 of 4" in text_of(await asked(world, f"builds status {build_in(world, 'building')}"))


async def test_a_log_comes_as_a_file_without_the_codes_of_a_terminal(world: World) -> None:
    """To the person alone; its end is shown at once."""
    answer = await asked(world, f"builds logs {build_in(world, 'error')}")
    ((user, name, content),) = world.slack.files
    assert user == "U0CAROL"
    assert name.endswith(".log")
    assert "\x1b" not in content.decode()
    assert content.decode().splitlines()[-1] == "error: exit 2"
    assert "Step 2/4 : RUN make all" in content.decode()
    assert "8 lines of log" in answer.text
    assert "error: exit 2" in text_of(answer)


async def test_a_file_that_slack_refuses_is_no_card(world: World) -> None:
    """Slack's word, what was not sent and what to do; nothing about cards, of which there is none."""
    world.slack.fails = "missing_scope"
    uuid = build_in(world, "error")
    answer = await asked(world, f"builds logs {uuid}")
    assert answer.text == f"/quay builds logs {uuid}: Slack refused what the bot sent (missing_scope)."
    assert "The bot may lack a scope" in text_of(answer)
    assert "card" not in text_of(answer)


async def test_an_archived_log_is_read_from_the_archive(world: World) -> None:
    """It comes as a file like any other; the link that Quay gives, which answers 403, is in no answer."""
    uuid = build_in(world, "complete")
    answer = await asked(world, f"builds logs {uuid}")
    ((user, _, content),) = world.slack.files
    assert user == "U0CAROL"
    assert content.decode().splitlines()[-1] in text_of(answer)
    assert "logarchive" not in text_of(answer)
    assert await requests_to_quay(world) == [
        f"GET /api/v1/superuser/{uuid}/logs",
        f"GET /api/v1/superuser/{uuid}/logs/archive",
    ]


async def test_the_token_for_reading_reads_the_archive(world: World) -> None:
    """Which a global read-only superuser may."""
    async with open_client(world.quay_url) as http:
        quay = Quay(http, "sandbox-superuser", "sandbox-readonly")
        assert (await quay.get_archived_build_logs(build_in(world, "complete"))).logs
        assert quay.tokens.refusal is None
        with pytest.raises(NotFound, match="Archived logs not available"):
            await quay.get_archived_build_logs(build_in(world, "error"))


async def test_a_log_that_is_not_in_the_archive(redis: Redis) -> None:
    """Quay said that it was there: what to look at is said, not that there is no such build."""
    async with open_world(redis, EmptyArchive) as world:
        answer = await asked(world, f"builds logs {build_in(world, 'complete')}")
        assert answer.text == "Quay archived this log, but can't read it from its archive."
        assert not world.slack.files


async def test_a_line_that_cannot_be_read_is_counted(world: World) -> None:
    """The file has the others."""
    uuid = build_in(world, "error")
    world.faults.odd_entries.append(OddEntries("message", operation="getRepoBuildLogsSuperUser", every=4))
    assert "⚠️ 2 entries from Quay can't be read and are left out." in text_of(await asked(world, f"builds logs {uuid}"))


async def test_a_build_without_a_log_is_said_to_have_none(world: World) -> None:
    """No empty file."""
    assert "has no log" in (await asked(world, f"builds logs {build_in(world, 'waiting')}")).text


async def test_a_build_that_does_not_exist(world: World) -> None:
    """Quay says so in two ways; people hear one."""
    for verb in ["show", "status", "logs"]:
        assert f"There is no build {UNKNOWN}" in (await asked(world, f"builds {verb} {UNKNOWN}")).text


async def test_what_is_no_build_is_not_asked_for(world: World) -> None:
    """Quay decodes before it routes: only an id goes into a path."""
    for typed in ["abc", "../users", "''", "users", "x" * 10_000, "<!channel>", "%00"]:
        assert "a build has an id such as" in (await asked(world, f"builds show {typed}")).text
    assert not await requests_to_quay(world)


@given(st.lists(st.text()))
def test_no_line_of_a_file_holds_a_control_character(texts: list[str]) -> None:
    """Whatever a build printed."""
    lines = plain_lines([BuildLogLine(message=text) for text in texts])
    assert not any(ord(character) < 32 and character != "\t" for line in lines for character in line)
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("printed", "plain"),
    [
        ("\x1b[1;31mred\x1b[0m", ["red"]),
        ("\x1b]0;title\x07text", ["text"]),
        ("\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\", ["link"]),
        ("10%\r20%\r\n", ["10%", "20%"]),
        ("\x1b(Bplain\x1b[", ["plain"]),
        ("a\nb\n", ["a", "b"]),
    ],
)
def test_codes_of_a_terminal_are_taken_out(printed: str, plain: list[str]) -> None:
    """Colours, titles, links, moves of the cursor."""
    assert plain_lines([BuildLogLine(message=printed)]) == plain


@given(st.lists(st.text(), max_size=8))
def test_the_end_of_any_log_can_be_shown(tail: list[str]) -> None:
    """Code fences, mentions and long lines in it do no harm."""
    valid(builds.log_sent(UNKNOWN, len(tail), tail))
