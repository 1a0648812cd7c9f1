"""A file that changes while the bot runs is swapped whole, or left; either way it is told once."""

from pathlib import Path

import pytest

from bot.alerts.config import WatchedAlerts
from bot.config.documents import DocumentError
from bot.loading import open_alerts

GOOD = "version: 1\nadmin_channel: {}\n"


def write(path: Path, channel: str) -> Path:
    path.write_text(GOOD.format(channel))
    return path


def channel_of(alerts: WatchedAlerts) -> str | None:
    current = alerts.current()
    return current.admin_channel if current else None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.yaml"


def test_a_changed_file_is_in_force_at_once(path: Path) -> None:
    """And every process gives the news the same id, so that one of them tells it."""
    one, other = open_alerts(str(write(path, "C0A"))), open_alerts(str(path))
    assert (channel_of(one), list(one.news)) == ("C0A", [])
    write(path, "C0OTHER")
    assert (channel_of(one), channel_of(other)) == ("C0OTHER", "C0OTHER")
    assert one.news == other.news
    assert [news.loaded for news in one.news] == [True]


def test_a_faulty_file_leaves_what_was_in_force_and_is_told_once(path: Path) -> None:
    """With its lines; until another fault, or a good file."""
    alerts = open_alerts(str(write(path, "C0A")))
    write(path, "general")
    assert channel_of(alerts) == "C0A"
    news = alerts.news.popleft()
    assert not news.loaded
    assert news.said[0].startswith("alerts.yaml:2: admin_channel: general is not a channel's id")
    assert (channel_of(alerts), list(alerts.news)) == ("C0A", [])
    write(path, "C0B")
    assert channel_of(alerts) == "C0B"
    assert alerts.problems == ()


def test_a_file_that_is_not_text_or_gone_leaves_what_was_in_force(path: Path) -> None:
    """It says that it cannot be read."""
    alerts = open_alerts(str(write(path, "C0A")))
    path.write_bytes(b"\xff\xfe")
    assert channel_of(alerts) == "C0A"
    assert alerts.news
    path.unlink()
    assert channel_of(alerts) == "C0A"
    assert "cannot be read" in alerts.problems[0]


def test_a_file_need_not_be_there_and_may_come(path: Path) -> None:
    """Nothing is told of one that never was."""
    alerts = open_alerts(str(path))
    assert (channel_of(alerts), list(alerts.news)) == (None, [])
    write(path, "C0A")
    assert channel_of(alerts) == "C0A"
    assert [news.loaded for news in alerts.news] == [True]


def test_a_faulty_file_at_the_start_is_an_error(path: Path) -> None:
    """Nothing was in force before it."""
    path.write_text("version: 2")
    with pytest.raises(DocumentError):
        open_alerts(str(path))
