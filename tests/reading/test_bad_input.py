"""Whatever is typed into a reading command gives an answer or a sentence; nothing pings, nothing breaks Quay."""

import re
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.commands import Call, Correction
from bot.loading import build_grammar
from bot.views.errors import sentence
from tests.support.answers import asked
from tests.support.world import World, markup_of, valid

GRAMMAR = build_grammar("/quay")
READING = [
    "logs --user",
    "logs --namespace",
    "logs --kind",
    "logs --since",
    "logs --until",
    "builds show",
    "builds status",
    "builds logs",
    "config",
    "users show",
    "orgs show",
    "users list --match",
    "orgs list --match",
    "keys list --service",
    "keys list --expiring",
    "quota show",
    "keys show",
]
NASTY = [
    "<!channel>",
    "&lt;!channel&gt;",
    "<@U0BOB|bob>",
    "<https://evil.example|quay.example.com>",
    "*bold*",
    "`code`",
    "\u202egnirts",
    "a\u200bb",
    "😀😀",
    "''",
    '""',
    "' '",
    "x" * 10_000,
    "'" + "y " * 5_000 + "'",
    "9" * 30,
    "9" * 5_000 + "d",
    "9999999d",
    "0001-01-01T00:00+23:59",
    "../../users",
    "%2e%2e%2f",
    "\x00",
    "team-alpha\nteam-beta",
    "2026-02-30",
    "-1d",
]


def read_as(text: str) -> str:
    """What becomes of a text: a call's command, or a correction."""
    try:
        read = GRAMMAR.parse(text)
    except Correction as correction:
        return str(correction)
    return read.command.path if isinstance(read, Call) else read.title


async def test_nasty_text_gets_a_sentence(world: World) -> None:
    """No mention, no link of the typist's, no incident; and Quay is asked nothing that breaks it."""
    for command, text in product(READING, NASTY):
        answer = await asked(world, f"{command} {text}")
        for markup in [answer.text, *markup_of(answer)]:
            assert not re.search(r"<[!@#]|evil\.example\|", markup.replace("<!date", "")), (text, markup)
        assert "ncident" not in str(answer.blocks), (command, text)


@given(st.sampled_from(READING), st.text() | st.sampled_from(NASTY))
@settings(max_examples=300)
def test_any_text_is_a_call_or_a_correction(command: str, text: str) -> None:
    """Which is short, and can be shown."""
    said = read_as(f"{command} {text}")
    assert len(said) <= 500
    valid(sentence(said))


@given(text=st.text(min_size=1, max_size=40).filter(lambda text: text.strip()))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_any_text_to_find_is_looked_for(world: World, text: str) -> None:
    """Names are compared by the bot: what is looked for never reaches Quay."""
    quoted = text.replace('"', "")
    answer = await asked(world, f'users list --match "{quoted}"')
    assert "ncident" not in str(answer.blocks)
