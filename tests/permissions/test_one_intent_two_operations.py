"""`quota set` may come to two operations: it is offered only if neither is denied, and decided again on the one."""

from functools import partial
from typing import Any

import pytest

from bot.config.documents import DocumentError
from bot.loading import build_grammar
from bot.permissions import Policy
from bot.permissions.file import read_policy
from handlers.arguments import operations_of
from tests.support.world import POLICY, World, text_of


def with_rules(*rules: dict[str, Any]) -> Policy:
    return Policy.model_validate({**POLICY, "rules": list(rules)})


ALL = {"name": "managers", "who": ["managers"], "may": ["quotas.change"]}


@pytest.mark.parametrize("denied", ["createUserQuotaSuperUser", "changeUserQuotaSuperUser"])
async def test_it_is_not_offered_where_one_of_them_is_denied(world: World, denied: str) -> None:
    """Whichever the state would ask for."""
    world.policy = with_rules(ALL, {"name": "never", "who": ["managers"], "deny": [denied]})
    answer = await world.type("U0CAROL", "quota set team-alpha 90GiB")
    assert answer is not None
    assert "The rule “never” forbids it." in text_of(answer)
    assert await world.confirmations.waiting() == []


async def test_the_state_decides_which_of_two_rules_counts(world: World) -> None:
    """To create may be asked for, to change may be done: the one that the plan is about is decided."""
    world.policy = with_rules(
        {"name": "change", "who": ["managers"], "may": ["changeUserQuotaSuperUser"]},
        {"name": "create", "who": ["managers"], "may_request": ["createUserQuotaSuperUser"]},
    )
    without = next(found.name for found in world.registry.organizations() if found.quota is None)
    await world.type("U0CAROL", "quota set team-alpha 90GiB", delivery="d1")
    await world.type("U0CAROL", f"quota set {without} 90GiB", delivery="d2")
    offers = {record.offer.operation: record.offer.needed for record in await world.confirmations.waiting()}
    assert offers == {"changeUserQuotaSuperUser": 0, "createUserQuotaSuperUser": 2}


@pytest.mark.parametrize(("verdict", "good"), [("request", True), ("allow", False)])
def test_an_example_is_proved_by_the_stricter_of_them(verdict: str, *, good: bool) -> None:
    """Offline, nobody can tell to which it comes."""
    text = f"""\
version: 1
workspace: T1
groups: {{g: [U1], h: [U2]}}
channels: {{admin: [C1]}}
rules:
  - {{name: change, who: g, may: [changeUserQuotaSuperUser]}}
  - {{name: create, who: g, may_request: [createUserQuotaSuperUser]}}
confirmations:
  - {{for: [change], approvers: [h]}}
expect:
  - {{who: U1, do: quota set team-a 1GiB, verdict: {verdict}}}
"""
    read_call = partial(operations_of, build_grammar("/quay"))
    if good:
        assert read_policy(text, "permissions.yaml", read_call)
    else:
        with pytest.raises(DocumentError, match="is request, not allow"):
            read_policy(text, "permissions.yaml", read_call)
