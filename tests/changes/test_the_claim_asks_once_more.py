"""Between the last approval and the call the file may change: what it asks then must be met, or nothing is sent."""

from typing import Any

import pytest

from bot.confirmations import Record, State
from bot.permissions import Policy
from tests.support.world import POLICY, World

GIB = 1024**3
AS_IT_WAS: dict[str, Any] = {"for": ["change"], "approvals": 2, "approvers": ["approvers"], "expires": "1h"}


async def agreed(world: World) -> Record:
    """Carol asked for much quota, and Bob and Eve agreed."""
    record = await world.propose("U0CAROL", "quota set", namespace="team-alpha", limit=600 * GIB)
    for approver in ("U0BOB", "U0EVE"):
        await world.click(approver, "change_approve", record.id)
    return await world.confirmations.get(record.id)


@pytest.mark.parametrize(
    ("changed", "state", "said"),
    [
        ({}, "done", "Quay confirms a quota of 600 GiB for team-alpha"),
        ({"confirmations": [{**AS_IT_WAS, "approvals": 3}]}, "failed", "It now needs 3 approvals, and has 2."),
        ({"confirmations": [{**AS_IT_WAS, "approvals": 1}]}, "done", "Quay confirms a quota of 600 GiB for team-alpha"),
        ({"confirmations": []}, "failed", "says nothing of how such a change is confirmed"),
        (
            {"groups": {**POLICY["groups"], "approvers": ["U0BOB", "U0FAY"]}},
            "failed",
            "Eve may no longer agree to it: Deciding on it is for approvers.",
        ),
        (
            {"rules": [*POLICY["rules"], {"name": "no", "who": ["approvers"], "deny": ["quotas.change"]}]},
            "failed",
            "Bob may no longer agree to it: The rule “no” forbids it.",
        ),
        (
            {"rules": [*POLICY["rules"], {"name": "no", "who": ["managers"], "deny": ["quotas.change"]}]},
            "failed",
            "Carol may no longer ask for it: The rule “no” forbids it.",
        ),
        ({"rules": POLICY["rules"][:1]}, "failed", "Carol may no longer ask for it: No rule allows it."),
    ],
)
async def test_what_the_file_asks_then_must_be_met(
    world: World, changed: dict[str, Any], state: str, said: str
) -> None:
    """The number of approvals, each approver, and the requester."""
    record = await agreed(world)
    assert record.state is State.APPROVED
    world.policy = Policy.model_validate({**POLICY, **changed})
    (ended,) = await world.work()
    assert ended.state == state
    assert said in ended.note
