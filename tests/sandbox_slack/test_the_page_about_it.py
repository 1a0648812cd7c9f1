"""docs/simulated-slack.md names every switch, and tests that exist."""

import re
from pathlib import Path

from starlette.routing import Mount

from sandbox.slack.app import SlackSettings, create_app
from sandbox.slack.cast import default_workspace

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "simulated-slack.md").read_text(encoding="utf-8")
BY_PEOPLE = {
    *("state", "messages", "home", "views", "events", "files/{file}"),
    *("say", "act", "submit", "close", "suggest", "open_home", "shortcut"),
}
"""What the sandbox's page uses; `page.py` documents it."""


def test_every_test_named_there_exists() -> None:
    """So that no rule loses its test unnoticed."""
    exist = {name for file in HERE.glob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())}
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 40
    assert named - exist == set()


def test_every_switch_is_named_there() -> None:
    """With its method."""
    [door] = [route for route in create_app(default_workspace(), SlackSettings("")).routes if isinstance(route, Mount)]
    switches = {route.path.removeprefix("/") for route in door.routes if hasattr(route, "path")} - BY_PEOPLE
    assert len(switches) > 15
    assert {name for name in switches if not re.search(rf"`(GET|POST|DELETE) {name}`", PAGE)} == set()
