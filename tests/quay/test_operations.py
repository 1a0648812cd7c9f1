"""The table of the 28 operations holds together."""

import re
import string

import pytest

from bot.quay.client import Quay
from bot.quay.operations import BEYOND, KNOWN, OPERATIONS, Operation

ALL = list(OPERATIONS.values())


def test_there_are_28_operations() -> None:
    """Twelve read, sixteen change."""
    assert len(OPERATIONS) == 28
    assert [operation.kind for operation in ALL].count("change") == 16


@pytest.mark.parametrize("operation", ALL, ids=list(OPERATIONS))
def test_an_operation_has_its_own_method_on_the_client(operation: Operation) -> None:
    """Named as the operation, in snake case, and its documentation names the operation."""
    name = re.sub(r"(?=[A-Z])", "_", operation.id).lower()
    assert operation.id in (getattr(Quay, name).__doc__ or "")


@pytest.mark.parametrize("operation", ALL, ids=list(OPERATIONS))
def test_reads_are_harmless_and_changes_are_not(operation: Operation) -> None:
    """A read carries no risk and can be repeated; creating something twice is not creating it once."""
    assert (operation.kind == "read") == (operation.risk == "none")
    assert operation.kind == "change" or operation.idempotent
    assert not (operation.id.startswith("create") and operation.idempotent)


@pytest.mark.parametrize("operation", ALL, ids=list(OPERATIONS))
def test_what_is_in_the_path_can_be_asked_for_by_a_rule(operation: Operation) -> None:
    """Except a quota's number, which nobody types. The summary is one sentence."""
    in_path = {field for _, field, _, _ in string.Formatter().parse(operation.path) if field}
    assert in_path - {"quota_id"} <= set(operation.arguments)
    assert re.fullmatch(r"[A-Z][^.]*\.", operation.summary)


def test_operations_beyond_the_28_have_nouns_of_their_own() -> None:
    """So that what a rule says of an older noun stays what it was."""
    assert {each.noun for each in BEYOND.values()}.isdisjoint(each.noun for each in ALL)
    assert KNOWN.keys() == OPERATIONS.keys() | BEYOND.keys()
    assert OPERATIONS.keys().isdisjoint(BEYOND)


def test_lists_end_in_a_slash_where_quay_wants_it() -> None:
    """Users, organizations and the registry's size do; nothing else does."""
    ends = {operation.path.split("/")[-2] for operation in ALL if operation.path.endswith("/")}
    assert ends == {"users", "organizations", "registrysize"}


def test_quota_operations_go_by_quays_odd_names() -> None:
    """An organization's quota is a `UserQuota`, a user's an `OrganizationQuota`."""
    for operation in ALL:
        if operation.noun == "quotas":
            place = "/organization/{namespace}/" if "UserQuota" in operation.id else "/users/{namespace}/"
            assert place in operation.path
