"""Text from elsewhere is shown as it is and does nothing; figures read easily and never flatter."""

import html
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views.blocks import message
from bot.views.text import (
    DateStyle,
    clip,
    code,
    count,
    date,
    duration,
    escape,
    escape_quoted,
    exact_size,
    length,
    percent,
    size,
    unlinked,
    visible,
)

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a & b", "a &amp; b"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U123|bob>", "&lt;@U123|bob&gt;"),
        ("&amp;", "&amp;amp;"),
        ("two\nlines\r\n\there", "two lines   here"),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("half\ud800", "half\\ud800"),
        ("filler\u3164", "filler\\u3164"),
        ("Müller 東京 😀", "Müller 東京 😀"),
        ("*bold* ~no~ _x_ `code`", "∗bold∗ ∼no∼ ˍxˍ ˋcodeˋ"),
        ("'*team*' cannot be a namespace", "'∗team∗' cannot be a namespace"),
        ("keys of quay_*, 1 waiting", "keys of quayˍ∗, 1 waiting"),
        ("```pre``` a`b`c", "ˋˋˋpreˋˋˋ aˋbˋc"),
        ("team_alpha team__beta 2*3", "team_alpha team__beta 2*3"),
        ("東*京*", "東∗京∗"),
    ],
)
def test_escaped_text_is_seen_and_does_nothing(text: str, shown: str) -> None:
    """Mentions, links and invisible characters all become letters."""
    assert escape(text) == shown


@given(ANY_TEXT)
def test_escaped_text_has_no_angle_bracket_and_no_loose_ampersand(text: str) -> None:
    """Only the three entities of Slack hold an ampersand."""
    escaped = escape(text)
    assert not re.search(r"[<>]|&(?!(?:amp|lt|gt);)", escaped)
    escaped.encode()


@given(st.text(st.sampled_from("ab1 é.*_~`&<")))
def test_escaped_text_formats_nothing(text: str) -> None:
    """What would format stands inside a word only, and a backtick nowhere; no character is lost."""
    escaped = escape(text)
    assert not re.search(r"`|(?<![A-Za-z0-9*_~])[*_~]|[*_~](?![A-Za-z0-9*_~])", escaped)
    assert html.unescape(escaped).translate(str.maketrans("∗ˍ∼ˋ", "*_~`")) == text


@given(ANY_TEXT)
def test_unlinked_text_keeps_its_marks(text: str) -> None:
    """In code, and in what is read aloud, they do nothing and are shown as they are."""
    assert html.unescape(unlinked(text)) == visible(text)
    assert code("quay_*") == "`quay_*`"


@given(ANY_TEXT)
def test_what_is_visible_stays_the_same_when_shown_again(text: str) -> None:
    """So nobody needs to know whether a text was made visible before."""
    assert visible(visible(text)) == visible(text)


@given(ANY_TEXT)
def test_inline_code_cannot_be_left(text: str) -> None:
    """There are two backticks, the first and the last character."""
    shown = code(text)
    assert re.fullmatch(r"`[^`]+`", shown)


@given(st.text(st.sampled_from("ab&<>\u202e\U000e0041 ")), st.integers(1, 40))
def test_clipped_text_is_short_enough_and_whole(text: str, limit: int) -> None:
    """No entity and no spelt-out character is cut through, and a cut is always marked."""
    escaped = escape(text)
    clipped = clip(escaped, limit)
    assert len(clipped) <= limit
    assert clipped == escaped or clipped.endswith("…")
    kept = clipped.removesuffix("…")
    assert escaped.startswith(kept)
    pieces = re.compile(r"(?:&(?:amp|lt|gt);|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|[ab ])*")
    assert pieces.fullmatch(kept)


def test_a_date_is_not_cut_through() -> None:
    """What stands in angle brackets is kept whole or left out."""
    moment = date(datetime(2026, 11, 23, tzinfo=UTC))
    assert clip(f"At {moment}, say", 30) == "At …"


@pytest.mark.parametrize(
    ("style", "token"),
    [
        ("short", "<!date^1795473956^{date_short_pretty} {time}|2026-11-23 22:45 UTC>"),
        ("long", "<!date^1795473956^{date_long_pretty} {time}|Monday 2026-11-23 22:45 UTC>"),
        ("day", "<!date^1795473956^{date_short_pretty}|2026-11-23>"),
    ],
)
def test_a_moment_is_shown_in_the_readers_zone(style: DateStyle, token: str) -> None:
    """Slack's token, with UTC for where it is not understood."""
    berlin = timezone(timedelta(hours=1))
    assert date(datetime(2026, 11, 23, 23, 45, 56, tzinfo=berlin), style) == token


def test_a_moment_without_a_zone_is_refused() -> None:
    """It would be guessed."""
    with pytest.raises(ValueError, match="time zone"):
        date(datetime(2026, 11, 23))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1,023 B"),
        (1024, "1 KiB"),
        (1025, "1.0 KiB"),
        (80 * 2**30, "80 GiB"),
        (80 * 2**30 - 1, "79.9 GiB"),
        (80 * 2**30 + 1, "80.0 GiB"),
        (85_255_100_900, "79.4 GiB"),
        (2**40 - 1, "1,023.9 GiB"),
        (2**40, "1 TiB"),
        (3 * 2**50, "3 PiB"),
        (2**63 - 1, "7.9 EiB"),
        (2**73, "8,192 EiB"),
        (-(2**30), "−1 GiB"),
    ],
)
def test_a_size_is_cut_and_never_raised(amount: int, shown: str) -> None:
    """A figure without a tenth is exact."""
    assert size(amount) == shown


@pytest.mark.parametrize(
    ("used", "limit", "shown"),
    [
        (0, 5, "0 %"),
        (97, 100, "97 %"),
        (9996, 10_000, "99.9 %"),
        (7995, 10_000, "79.9 %"),
        (1003, 1000, "100.3 %"),
        (10, 1, "1,000 %"),
        (10_000, 1, "more than 1,000 %"),
        (2**63 - 2, 2**63 - 1, "99.9 %"),
    ],
)
def test_a_percentage_is_cut_and_never_raised(used: int, limit: int, shown: str) -> None:
    """Whoever reads 80 % is at 80 %."""
    assert percent(used, limit) == shown


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=45), "45 s"),
        (timedelta(minutes=15), "15 min"),
        (timedelta(minutes=61, seconds=9), "1 h 1 min"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(days=2, minutes=5), "2 d"),
        (timedelta(days=90, hours=1), "90 d 1 h"),
    ],
)
def test_a_duration_has_two_units_at_most(length: timedelta, shown: str) -> None:
    """The smaller of two is left out when it is nothing."""
    assert duration(length) == shown


def test_exact_figures_have_separators() -> None:
    """To the byte, and readable."""
    assert exact_size(85_899_345_920) == "85,899,345,920 bytes"
    assert exact_size(1) == "1 byte"
    assert count(1_234_567) == "1,234,567"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (":white_check_mark: approved by ada", "꞉white_check_mark: approved by ada"),
        ("build:100:ok :+1:", "build꞉100:ok ꞉+1:"),
        ("12:30:45", "12:30:45"),
        ("clair: a:b", "clair: a:b"),
        ("http://x.test:80/a", "http://x.test:80/a"),
    ],
)
def test_no_word_of_others_becomes_an_emoji(text: str, shown: str) -> None:
    """An approval's tick is the bot's alone."""
    assert escape(text) == shown
    assert message(text).text == shown


def test_what_is_quoted_is_code_and_can_be_copied() -> None:
    """No letter that looks like another stands in it."""
    assert escape_quoted("'quay_*' isn't a service. Try 'keys list --service _x_'") == (
        "`quay_*` isn't a service. Try `keys list --service _x_`"
    )


@given(ANY_TEXT, st.integers(2, 60))
def test_lengths_are_counted_as_the_stricter_reader_does(text: str, limit: int) -> None:
    """Slack may count an emoji as two."""
    clipped = clip(visible(text), limit)
    assert len(clipped.encode("utf-16-le", "surrogatepass")) // 2 <= limit
    assert length(clipped) == len(clipped.encode("utf-16-le", "surrogatepass")) // 2
