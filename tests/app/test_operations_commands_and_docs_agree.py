"""One table of operations; whatever else names them says the same."""

import inspect
import json
import re
from pathlib import Path

from bot.loading import build_grammar
from bot.permissions.names import OWN_NAMES, confirmed_in, sets
from bot.quay.client import Quay
from bot.quay.operations import BEYOND, OPERATIONS
from tests.support.cli import run
from tests.support.effects import effects_at_rest

ROOT = Path(__file__).parents[2]
GRAMMAR = build_grammar("/quay")
LISTED_BY = {"users show": "users list", "orgs show": "orgs list"}
"""One user or organization is no superuser operation of its own: who may list may look."""


def snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def test_there_are_28_operations_each_with_its_method_of_the_client() -> None:
    """Named as the operationId."""
    assert len(OPERATIONS) == 28
    for operation in OPERATIONS:
        assert inspect.iscoroutinefunction(getattr(Quay, snake(operation)))


def test_every_operation_and_its_noun_is_a_name_for_permissions() -> None:
    """So are the sets made of them, and the bot's own names, which stand in `all` alone."""
    for operation in OPERATIONS.values():
        for name in (operation.noun, f"{operation.noun}.{operation.kind}", operation.kind, "all"):
            assert operation.id in sets()[name]
    for own in OWN_NAMES:
        assert [name for name, members in sets().items() if own in members] == [own, "all"]


def test_every_command_of_an_operation_is_the_one_of_the_table() -> None:
    """And every change that can be typed has an effect, every effect a command."""
    for command in GRAMMAR.commands.values():
        path = LISTED_BY.get(command.path, command.path)
        assert all(OPERATIONS[operation].command == path for operation in command.operations)
    changing = {
        command.path
        for command in GRAMMAR.commands.values()
        if any(OPERATIONS[operation].kind == "change" for operation in command.operations)
    }
    assert changing == set(effects_at_rest())


def test_the_readme_lists_every_command() -> None:
    """A command that nobody is told of does not exist."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in GRAMMAR.commands.values():
        assert f"/quay {command.path}" in readme, command.path


def test_the_readme_lists_every_setting() -> None:
    """The same for the environment."""
    from bot.config.settings import Settings  # noqa: PLC0415

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"`{name.upper()}`" in readme or name == "slack_app_token", name


def test_the_tests_that_the_security_model_names_exist() -> None:
    """A claim without its proof is none."""
    named = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for test in re.findall(r"`(test_\w+)`", named):
        assert f"def {test}(" in written, test
    for path in re.findall(r"`(tests/[\w/.]+)`", named):
        assert (ROOT / path).exists(), path


def test_operations_json_is_what_others_rely_on() -> None:
    """Exactly these fields, with the documented path parameters."""
    rows = json.loads(run("operations", "--json").stdout)
    assert len(rows) == 28
    assert set(rows[0]) == {"id", "method", "path", "kind", "noun", "command"}
    parameters = {name for row in rows for name in re.findall(r"\{(\w+)\}", row["path"])}
    assert parameters == {"username", "name", "namespace", "quota_id", "kid", "build_uuid"}


def test_operations_all_marks_those_beyond_the_28() -> None:
    """Without it they aren't listed: who relies on the 28 sees the 28."""
    rows = json.loads(run("operations", "--all", "--json").stdout)
    assert [row["id"] for row in rows if not row["beyond"]] == [*OPERATIONS]
    assert [row["id"] for row in rows if row["beyond"]] == [*BEYOND]
    marked = [line for line in run("operations", "--all").stdout.splitlines() if line.endswith("(beyond the 28)")]
    assert [line.split()[0] for line in marked] == [*BEYOND]


def test_an_operation_beyond_the_28_is_in_all_and_in_no_older_set() -> None:
    """So an upgrade gives nobody a right; the exception is a confirmation for `change`, which has to confirm it."""
    for operation in BEYOND.values():
        holding = {name for name, members in sets().items() if operation.id in members}
        assert holding == {operation.id, operation.noun, f"{operation.noun}.{operation.kind}", "all"}
        assert operation.id in confirmed_in(("change",))
        assert operation.id not in confirmed_in(("quotas.change",))
