"""Commands, help and corrections come from the handlers' signatures."""

from datetime import timedelta
from typing import Any

import pytest

from bot.commands import Call, Correction, Help
from bot.commands.grammar import LONGEST
from bot.loading import build_grammar
from bot.quay.operations import OPERATIONS
from tests.support.effects import effects_at_rest

GRAMMAR = build_grammar("/quay")
LISTED_BY = {"users show": "users list", "orgs show": "orgs list"}


@pytest.mark.parametrize(
    ("text", "path", "arguments"),
    [
        ("keys list", "keys list", {}),
        ("Keys List —pending", "keys list", {"pending": True}),
        (
            "keys list --expiring 30d --service quay_builder",
            "keys list",
            {"expiring": timedelta(days=30), "service": "quay_builder"},
        ),
        ("keys show -abcdef", "keys show", {"kid": "-abcdef"}),
        ("keys show abcdefabcdef…", "keys show", {"kid": "abcdefabcdef"}),
        ("keys approve abcdef --notes 'seen by Kim'", "keys approve", {"kid": "abcdef", "notes": "seen by Kim"}),
        ("quota set team-a 100GiB", "quota set", {"namespace": "team-a", "limit": 100 * 1024**3}),
        ("quota set user:kim 1.5TB", "quota set", {"namespace": "user:kim", "limit": 1_500_000_000_000}),
        ("quota set team-a 1,500GiB", "quota set", {"namespace": "team-a", "limit": 1500 * 1024**3}),
        ("quota set team-a 1,234,567.5 KiB", "quota set", {"namespace": "team-a", "limit": 1_264_197_120}),
        ("quota set team-a 1B --reject 100", "quota set", {"namespace": "team-a", "limit": 1, "reject": 100}),
        (
            "quota set team-a 1B --warn 80 --warn=70% --no-reject",
            "quota set",
            {"namespace": "team-a", "limit": 1, "warn": (80, 70), "no_reject": True},
        ),
        ("quota show team-a", "quota show", {"namespace": "team-a"}),
        ("registry size", "registry size", {}),
        ("pending", "pending", {}),
    ],
)
def test_what_is_typed_becomes_a_typed_call(text: str, path: str, arguments: dict[str, Any]) -> None:
    """Words, options, sizes and durations."""
    call = GRAMMAR.parse(text)
    assert isinstance(call, Call)
    assert (call.command.path, call.arguments) == (path, arguments)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kyes list", "Did you mean /quay keys list?"),
        ("keys aprove abcdef", "Did you mean /quay keys approve?"),
        ("frobnicate", "/quay help lists what there is"),
        ("keys approve", "KID is missing. Usage: /quay keys approve KID [--notes TEXT]"),
        ("keys approve abc/def", "isn't a key ID. Use the ID or its first 6 characters"),
        ("keys approve abcdef --note x", "Did you mean --notes?"),
        ("keys approve abcdef ghijkl", "'ghijkl' is too much"),
        ("quota set team-a 1GiB --warn 0", "'0' isn't a percentage. Use a whole number from 1 to 100, e.g. 80."),
        ("quota set team-a 1GiB --reject 101", "'101' isn't a percentage."),
        ("quota set team-a 1GiB --reject -5", "'-5' isn't a percentage."),
        ("quota set team-a 1GiB --warn 80.5", "'80.5' isn't a percentage."),
        ("quota set team-a 1GiB --warn most", "'most' isn't a percentage."),
        ("quota set team-a 1GiB --reject 90 --reject 100", "--reject is given twice"),
        ("quota set team-a 100", "A size needs a unit: 100GiB or 100GB"),
        ("quota set team-a 0GiB", "use 'quota delete'"),
        ("quota set team-a 0", "A size of 0 is not a limit; to lift the limit, use 'quota delete'"),
        ("quota set team-a 0.0001KiB", "'0.0001KiB' is less than a byte"),
        ("quota set team-a 9EiB", "more than Quay can store"),
        ("keys approve abcdef --notes ''", "they are empty"),
        ("keys approve abcdef --notes 'a\0b'", "the character NUL"),
        ("users create kim --email <@U02BOB|bob>", "is no e-mail address"),
        ("quota set team-a 5XB", "not a unit of size"),
        ("quota set team-a 1,5TiB", "'1,5TiB' could be 1.5TiB or 15TiB: write 1.5TiB."),
        ("quota set team-a 1,5 TiB", "'1,5TiB' could be 1.5TiB or 15TiB: write 1.5TiB."),
        ("quota set team-a 1500,000GiB", "could be 1500.000GiB or 1500000GiB"),
        ("quota set team-a 1,50,000GiB", "'1,50,000GiB' is not a size"),
        ("quota set team-a ,5GiB", "',5GiB' is not a size"),
        ("quota set team-a 5GiB,", "'5GiB,' is not a size"),
        ("quota set team-a -1GiB", "'-1GiB' is less than nothing: a size is above 0, such as 100GiB."),
        ("quota set team-a -1 GiB", "'-1GiB' is less than nothing"),
        ("quota set team-a --force", "'--force' is not a size"),
        ("keys list --expiring 1,5h", "'1,5h' is not a duration"),
        ("quota set Team-A 5GB", "cannot be a namespace"),
        ("quota show ../users", "cannot be a namespace"),
        ("keys list --expiring soon", "not a duration"),
    ],
)
def test_what_is_wrong_gets_a_short_exact_correction(text: str, said: str) -> None:
    """What was probably meant, or what is missing, with the usage."""
    with pytest.raises(Correction) as raised:
        GRAMMAR.parse(text)
    assert said in str(raised.value)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"quota set team-a {'9' * 5000}GiB", "more than Quay can store"),
        (f"quota set team-a 1.{'0' * 5000}GiB", "not a size"),
        (f"keys list --expiring {'9' * 5000}d", "is too long"),
    ],
)
def test_digits_without_end_get_a_sentence_as_well(text: str, said: str) -> None:
    """Not Python's own about its limit of 4,300 digits."""
    with pytest.raises(Correction) as raised:
        GRAMMAR.parse(text)
    assert said in str(raised.value)
    assert len(str(raised.value)) <= LONGEST


@pytest.mark.parametrize("text", ["", "help", "keys", "keys --help", "help keys", "HELP"])
def test_help_is_never_far(text: str) -> None:
    """No text at all, a noun alone, or the word itself."""
    assert isinstance(GRAMMAR.parse(text), Help)


@pytest.mark.parametrize("path", sorted(GRAMMAR.commands))
def test_every_command_is_documented(path: str) -> None:
    """A first line, each parameter, and an example that can be read."""
    page = GRAMMAR.help(path.split())
    assert page.summary.endswith(".")
    assert all(said for _, said in page.parameters)
    assert page.examples
    for example in page.examples:
        assert isinstance(GRAMMAR.parse(example.removeprefix("/quay ")), Call | Help)


def test_commands_and_operations_agree() -> None:
    """Each operation is used by the command that the table names, and each change has its effect."""
    for command in GRAMMAR.commands.values():
        for operation in command.operations:
            assert OPERATIONS[operation].command == LISTED_BY.get(command.path, command.path)
            if OPERATIONS[operation].kind == "change":
                assert command.path in effects_at_rest()
