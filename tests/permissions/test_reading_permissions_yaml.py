"""permissions.yaml is read whole, with the line of everything that is wrong; a bad one never comes into force."""

import os
from functools import partial
from pathlib import Path

import pytest

from bot.app import build_grammar
from bot.documents import DocumentError
from bot.permissions.file import PolicyFile, read_policy
from handlers.calls import operations_of

READ_CALL = partial(operations_of, build_grammar("/quay"))
SHIPPED = Path(__file__).parents[2] / "permissions.yaml"
TEXT = SHIPPED.read_text(encoding="utf-8")


def test_the_shipped_file_is_good() -> None:
    """The example at the top level holds its own expectations."""
    assert read_policy(TEXT, "permissions.yaml", READ_CALL).expect


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("may: [keys.read,", "may: [keys.reed,", "rules[0].may[0]: 'keys.reed' is neither an operation nor a set"),
        ("who: [quota-managers]", "who: [quota-menagers]", "rules[1].who[0]: there is no group 'quota-menagers'"),
        ("may_request:", "may_ask:", "unknown key"),
        ("expires: 15m", "expires: 15", "confirmations[0].expires"),
        ("    approvers: [key-approvers]\n", "", "approvals: 1 needs approvers"),
        ("approvers: [key-approvers]", "approvers: [staff]", "is every member of the workspace"),
        ("where: {name: [platform]}", "where: {namespace: [platform]}", "has no such argument"),
        ("verdict: deny", "verdict: allow", "expect[1]: 'keys approve abcdef' for U03CAROL is deny, not allow"),
        ("limit: {max: 500GiB}}\n  - name", "limit: {max: 500}}\n  - name", "needs a unit"),
        ("in: [admin]", "in: [admins]", "there are no channels 'admins'"),
        ("version: 1", "version: 2", "version"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, complaint: str) -> None:
    """Each complaint begins with the file and the line on which the fault stands."""
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    with pytest.raises(DocumentError) as raised:
        read_policy(text, "permissions.yaml", READ_CALL)
    said = str(raised.value)
    assert complaint in said
    assert said.startswith("permissions.yaml:")
    assert all(1 <= problem.line <= len(text.splitlines()) for problem in raised.value.problems)


def _touch(path: Path, text: str, stamp: int) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(stamp, stamp))


def event(file: PolicyFile) -> str | None:
    return file.news[-1].event if file.news else None


def test_a_changed_file_comes_into_force_and_a_bad_one_does_not(tmp_path: Path) -> None:
    """A bad file is reported once and the old one stays; a good one replaces it whole."""
    path = tmp_path / "permissions.yaml"
    _touch(path, TEXT, 1)
    file = PolicyFile(path, READ_CALL)
    first = file.load()
    _touch(path, TEXT.replace("keys.read", "keys.reed"), 2)
    assert file.current() == first
    assert file.current() == first
    assert event(file) == "policy_refused"
    assert "keys.reed" in file.problems[0]
    _touch(path, TEXT.replace("400GiB", "300GiB"), 3)
    assert file.current() != first
    assert event(file) == "policy_loaded"
    assert not file.problems
    path.rename(tmp_path / "elsewhere")
    assert file.current().expect
    assert "cannot be read" in file.problems[0]
    (tmp_path / "elsewhere").rename(path)
    assert file.current().expect
    assert not file.problems, "the same file again is as good as before"
