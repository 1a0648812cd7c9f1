"""Slack's text is read as its writer meant it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import Call, Correction, Help, read
from bot.loading import build_grammar

GRAMMAR = build_grammar("/quay")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("keys list", ["keys", "list"]),
        ("  keys \u00a0 list  ", ["keys", "list"]),
        ("keys approve abc —notes “seen by Kim”", ["keys", "approve", "abc", "--notes", "seen by Kim"]),
        ("keys approve abc –notes ‘it’s fine’", ["keys", "approve", "abc", "--notes", "it’s fine"]),
        ('keys approve abc --notes="a b"', ["keys", "approve", "abc", "--notes=a b"]),
        ("users list --match <mailto:a@b.c|a@b.c>", ["users", "list", "--match", "a@b.c"]),
        ("users list --match <mailto:a@b.c>", ["users", "list", "--match", "a@b.c"]),
        (
            "orgs list --match <https://x.example/a?b=1&amp;c=2>",
            ["orgs", "list", "--match", "https://x.example/a?b=1&c=2"],
        ),
        ("orgs list --match <http://x.example|x.example>", ["orgs", "list", "--match", "x.example"]),
        ("why read <@U02BOB|bob>", ["why", "read", "<@U02BOB>"]),
        ("why read <#C1|general>", ["why", "read", "#general"]),
        ("orgs list --match a&lt;b&amp;c", ["orgs", "list", "--match", "a<b&c"]),
        ("don't split it's words", ["don't", "split", "it's", "words"]),
        ('an "open quote reaches the end', ["an", "open quote reaches the end"]),
        ("keys show -abcdef", ["keys", "show", "-abcdef"]),
        ("", []),
    ],
)
def test_what_keyboards_and_slack_make_of_a_text(typed: str, words: list[str]) -> None:
    """Curly quotes, long dashes, wrapped addresses and links, escapes."""
    assert read(typed) == words


@given(st.text())
def test_any_text_is_a_call_or_a_correction(text: str) -> None:
    """Never an exception of another kind."""
    with suppress(Correction):
        assert isinstance(GRAMMAR.parse(text), Call | Help)


heads = st.sampled_from(sorted(GRAMMAR.commands))
tails = st.lists(
    st.sampled_from(
        [
            "abcdef",
            "team-a",
            "100GiB",
            "5",
            "--notes",
            "--pending",
            "--match",
            "x",
            "--expiring",
            "30d",
            "-x",
            "--",
            "=",
        ]
    )
    | st.text(max_size=5),
    max_size=5,
)


@given(heads, tails)
def test_any_arguments_are_a_call_or_a_correction(head: str, tail: list[str]) -> None:
    """The same for texts that begin as a command."""
    with suppress(Correction):
        assert isinstance(GRAMMAR.parse(f"{head} {' '.join(tail)}"), Call | Help)
