"""`/quay audit` shows the record newest first, to those whom a rule gives `audit`, in pages that a phone can show."""

import json
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.audit import STREAM
from bot.permissions import Policy
from bot.slack.messages import Message
from tests.support.answers import buttons
from tests.support.world import POLICY, World, text_of

GUARDS = {"name": "admins read the record", "who": ["admins"], "may": ["audit"]}
GIB = 1024**3


@pytest.fixture
def world(world: World) -> World:
    """With admins who may search."""
    world.policy = Policy.model_validate({**POLICY, "rules": [*POLICY["rules"], GUARDS]})
    return world


async def search(world: World, options: str = "") -> Message:
    answer = await world.type("U0ALICE", f"audit {options}".strip())
    assert answer is not None
    return answer


def rows(message: Message) -> list[list[str]]:
    """The cells of each row; a person by their id."""

    def shown(cell: Any) -> str:
        return str(cell["text"] if "text" in cell else cell["elements"][0]["elements"][0]["user_id"])

    tables = [block for block in message.blocks if block["type"] == "table"]
    return [[shown(cell) for cell in row] for table in tables for row in table["rows"][1:]]


async def live(world: World) -> None:
    """A change that is asked for, agreed to and done; and one refusal."""
    await world.type("U0DAVE", "quota set team-alpha 900GiB")
    await world.agree()
    await world.work()
    await world.type("U0MALLORY", "quota set team-alpha 1GiB", delivery="d2")


def events(message: Message) -> list[str]:
    """What happened in each row, without to what."""
    found = [row[0] for row in rows(message)]
    return ["is sent" if said.startswith("is sent") else said.split()[0] for said in found]


async def test_each_row_says_what_happened_to_what(world: World) -> None:
    """First what, on what and of which change; then who (by the name that Slack knows), and when. Newest first."""
    await live(world)
    found = rows(await search(world))
    assert [(row[0].partition(" · ")[0], row[1]) for row in found] == [
        ("allowed audit", "U0ALICE"),
        ("denied quota set", "U0MALLORY"),
        ("done quota set team-alpha 900 GiB", "the bot"),
        ("is sent quota set team-alpha 900 GiB", "the bot"),
        ("approved quota set team-alpha 900 GiB", "U0EVE"),
        ("approved quota set team-alpha 900 GiB", "U0BOB"),
        ("asked quota set team-alpha 900 GiB", "U0DAVE"),
        ("allowed quota set", "U0DAVE"),
    ]
    assert found[0][2] == "11-24 12:00"
    (change,) = {str(e.details["change"]) async for e in world.audit.entries() if "change" in e.details}
    assert found[4][0] == f"approved quota set team-alpha 900 GiB · 2 of 2 · #{change[:8]}"
    assert all(row[0].endswith(f" · #{change[:8]}") for row in found[2:7])
    assert all(len(cell) <= 160 for row in found for cell in row)


async def test_a_step_from_before_entries_named_their_command_is_found_and_shown_by_it(world: World) -> None:
    """By the operation's own."""
    await world.audit.record("change_approved", actor="T1/U1", operation="deleteServiceKey", approvals=1, needed=1)
    assert rows(await search(world, "--operation 'keys delete'"))[0][0] == "approved keys delete · 1 of 1"


async def test_the_heading_names_the_person_who_was_asked_for(world: World) -> None:
    """As Slack shows them, and pings nobody."""
    await live(world)
    assert " by Bob " in (await search(world, "--actor <@U0BOB|bob>")).text


async def test_the_file_that_is_spoken_of_is_offered(world: World) -> None:
    """Also where one page holds everything."""
    message = await search(world)
    assert "The file has every field" in text_of(message)
    assert "page_file" in buttons(message)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ("--actor <@U0BOB|bob>", ["approved"]),
        ("--actor U0MALLORY", ["denied"]),
        (
            "--operation changeUserQuotaSuperUser",
            ["denied", "done", "is sent", "approved", "approved", "asked", "allowed"],
        ),
        ("--operation change_approved", ["approved", "approved"]),
        ("--operation 'quota set' --actor <@U0MALLORY>", ["denied"]),
        ("--operation 'Quota set'", ["denied", "done", "is sent", "approved", "approved", "asked", "allowed"]),
        ("--operation 'quota delete'", []),
        ("--since 2026-11-24 --until 2026-11-24 --operation CHANGE_OUTCOME", ["done"]),
    ],
)
async def test_it_can_be_narrowed(world: World, options: str, what: list[str]) -> None:
    """By person, by operation, command or event, and by time."""
    await live(world)
    assert events(await search(world, options)) == what


async def test_time_narrows_it_too(world: World) -> None:
    """Counted from now."""
    await live(world)
    world.clock.forward(hours=2)
    assert events(await search(world, "--since 1h")) == ["allowed"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--actor Bob", "is no person"),
        ("--operation 'drop table;'", "an operation is one such as"),
        ("--operation nonsense", "There is no such operation or command as 'nonsense'"),
        ("--operation 'quota sett'", "Did you mean 'quota set'?"),
        ("--since 2030-01-01", "lies in the future"),
    ],
)
async def test_what_cannot_be_searched_for_gets_a_sentence(world: World, options: str, said: str) -> None:
    """Nothing is guessed."""
    assert said in text_of(await search(world, options))


async def test_it_is_for_those_whom_a_rule_gives_audit(world: World) -> None:
    """Not for whoever may read the registry."""
    answer = await world.type("U0CAROL", "audit")
    assert answer is not None
    assert "You may not do this here" in text_of(answer)


async def test_pages_are_turned_and_a_file_has_every_field(world: World) -> None:
    """With the digests and hashes that a table has no room for."""
    for _ in range(12):
        await world.type("U0CAROL", "keys list")
        await world.type("U0CAROL", "orgs list")
        world.clock.forward(minutes=1)
    first = await search(world)
    assert len(rows(first)) == 20
    id_ = buttons(first)["page_next"]
    second = (await world.turn("U0ALICE", "page_next", id_)).message
    assert len(rows(second)) >= 5
    assert rows(second)[-1] == ["allowed keys list · The rule “staff may look” allows it.", "U0CAROL", "11-24 12:00"]
    await world.turn("U0ALICE", "page_file", id_)
    (_, name, content) = world.slack.files[-1]
    assert name == "audit.csv"
    header, *lines = content.decode().splitlines()
    assert header.startswith('\ufeff"sequence","time"') or header.startswith('"sequence","time"')
    assert len(lines) >= 25


async def test_nobody_elses_words_become_markup_or_secrets(world: World) -> None:
    """A reason that looks like a mention stays text, and what would format it does not, in a table and in a heading."""
    await world.audit.record("changes_frozen", actor="T1/U1", reason="<!channel> & *co*")
    shown = json.dumps([dict(block) for block in (await search(world)).blocks], ensure_ascii=False)
    assert '"raw_text", "text": "froze · <!channel> & *co*"' in shown
    refused = await world.type("U0ALICE", "quota show *team*")
    assert refused is not None
    assert "`*team*` cannot be a namespace" in text_of(refused)


async def test_what_was_altered_is_not_shown_as_if_it_were_true(world: World, redis: Redis) -> None:
    """And its reader is told."""
    await live(world)
    await redis.xadd(STREAM, {"body": '{"event": "change_approved"}', "hash": "0" * 64, "seal": "0" * 64})
    message = await search(world)
    assert "1 stored here were altered" in text_of(message)
    assert len(rows(message)) == 8
