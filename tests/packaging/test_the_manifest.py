"""What Slack makes the app from: one manifest for each way in which deliveries come, with the fewest scopes."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.slack.manifest import BOT_SCOPES, REASONS, form_link, manifest
from tests.support.cli import run

ROOT = Path(__file__).parents[2]
LONGEST = {
    "display_information.name": 35,
    "display_information.description": 140,
    "features.bot_user.display_name": 80,
    "features.slash_commands.0.command": 32,
    "features.slash_commands.0.description": 2000,
    "features.slash_commands.0.usage_hint": 1000,
    "features.shortcuts.0.name": 24,
    "features.shortcuts.0.callback_id": 255,
    "features.shortcuts.0.description": 150,
}
"""Characters; https://docs.slack.dev/reference/app-manifest"""


def at(thing: Any, path: str) -> Any:
    for step in path.split("."):
        thing = thing[int(step) if step.isdigit() else step]
    return thing


def addresses(thing: Any) -> list[str]:
    if isinstance(thing, dict):
        return [found for value in thing.values() for found in addresses(value)]
    if isinstance(thing, list):
        return [found for value in thing for found in addresses(value)]
    return [thing] if isinstance(thing, str) and thing.startswith("http") else []


@pytest.mark.parametrize("url", ["https://bot.example.com", None], ids=["HTTP", "Socket Mode"])
def test_nothing_is_longer_than_slack_takes(url: str | None) -> None:
    """It would refuse the whole manifest."""
    for path, longest in LONGEST.items():
        assert 0 < len(at(manifest("/quay", url), path)) <= longest, path


def test_over_http_everything_comes_to_one_address() -> None:
    """Commands, events, buttons and menus."""
    made = manifest("/quay", "https://bot.example.com/")
    assert addresses(made) == ["https://bot.example.com/slack/events"] * 4
    assert not made["settings"]["socket_mode_enabled"]


def test_in_socket_mode_there_is_no_address() -> None:
    """Slack has nothing to call; it refuses interactivity without an address unless Socket Mode is on."""
    made = manifest("/quay", None)
    assert addresses(made) == []
    assert made["settings"]["socket_mode_enabled"]
    assert made["settings"]["interactivity"] == {"is_enabled": True}


@pytest.mark.parametrize("url", ["https://bot.example.com", None])
def test_tokens_do_not_expire(url: str | None) -> None:
    """The bot could not renew them."""
    assert manifest("/quay", url)["settings"]["token_rotation_enabled"] is False


def test_every_scope_is_explained() -> None:
    """In the code, and in the page about installing it, in the same words."""
    page = (ROOT / "docs" / "install.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z:.]+)` \| (.+) \|$", page, re.MULTILINE))
    assert rows == REASONS
    assert manifest("/quay", None)["oauth_config"]["scopes"]["bot"] == list(BOT_SCOPES)


def test_the_command_line_prints_both() -> None:
    """As JSON, or as a link to Slack's form with the same in it."""
    http = json.loads(run("manifest", "https://bot.example.com", "--command", "/registry").stdout)
    assert http == manifest("/registry", "https://bot.example.com")
    socket = json.loads(run("manifest", "--socket").stdout)
    assert socket == manifest("/quay", None)
    link = urlsplit(run("manifest", "--socket", "--link").stdout.strip())
    query = parse_qs(link.query)
    assert (link.netloc, link.path, query["new_app"]) == ("api.slack.com", "/apps", ["1"])
    assert json.loads(query["manifest_json"][0]) == socket
    assert form_link(socket) == link.geturl()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "either the address"),
        (("https://bot.example.com", "--socket"), "either the address"),
        (("http://bot.example.com",), "by HTTPS"),
        (("https://bot.example.com/slack/events",), "not the address of a host"),
        (("https://me:pass@bot.example.com",), "not the address of a host"),
        (("--socket", "--command", "quay"), "'quay' is not a slash command, such as /quay"),
        (("--socket", "--command", "/Quay"), "lower-case"),
        (("--socket", "--command", "/" + "q" * 32), "not a slash command"),
    ],
)
def test_what_slack_would_refuse_is_refused(words: tuple[str, ...], said: str) -> None:
    """With status 2, and nothing on standard output."""
    done = run("manifest", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
