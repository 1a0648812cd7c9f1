"""Every quota that can be there × everything that can be requested × superusers' full access.

The plan says what Quay will do with pushes and marks what weakens it, the writes come in an order without a gap, and
then the simulated Quay's own check of a push says the same.
"""

import pytest

from tests.support.quotas import STATES, prepare, pushes, writes_sent
from tests.support.world import World, text_of

COMMANDS = {
    "raise": "quota set team-alpha 200GiB",
    "lower": "quota set team-alpha 90GiB",
    "limits": "quota set team-alpha 200GiB --warn 70 --reject 90",
    "no reject": "quota set team-alpha 200GiB --no-reject",
    "delete": "quota delete team-alpha",
}
POST, PUT, DELETE = ["POST quota"], ["PUT quota"], ["DELETE quota"]
NEW = ["POST quota", "POST limit", "POST limit"]
NEVER, NO_LIMITS = "never refuses pushes (no quota)", "never refuses pushes (the quota has no limits)"
DEFAULT = "refuses pushes at the system default, 100 GiB"
USUAL_200 = "warns at 80%, refuses pushes at 100% (200 GiB)"
USUAL_90 = "warns at 80%, refuses pushes at 100% (90 GiB)"
CHOSEN = "warns at 70%, refuses pushes at 90% (180 GiB)"
ONLY_WARNS = "warns at 80%, never refuses pushes"
BAND = "warns at 100%, refuses pushes from 90% to 100%, but not above"
TABLE = {
    # mark, what the plan says that Quay will do, the writes, and at each use: . taken, w taken and warned of, R refused
    ("none", "raise"): ("keeps", NO_LIMITS, POST, "......"),
    ("none", "lower"): ("keeps", NO_LIMITS, POST, "......"),
    ("none", "limits"): ("keeps", CHOSEN, NEW, "....wR"),
    ("none", "no reject"): ("keeps", NO_LIMITS, POST, "......"),
    ("none", "delete"): ("refused", "no quota of its own. Nothing to delete.", [], "......"),
    ("own without limits", "raise"): ("keeps", NO_LIMITS, PUT, "......"),
    ("own without limits", "lower"): ("keeps", NO_LIMITS, PUT, "......"),
    ("own without limits", "limits"): ("keeps", CHOSEN, ["PUT quota", "POST limit", "POST limit"], "....wR"),
    ("own without limits", "no reject"): ("keeps", NO_LIMITS, PUT, "......"),
    ("own without limits", "delete"): ("keeps", NEVER, DELETE, "......"),
    ("own with limits", "raise"): ("keeps", USUAL_200, PUT, ".....R"),
    ("own with limits", "lower"): ("keeps", USUAL_90, PUT, ".wRRRR"),
    ("own with limits", "limits"): ("keeps", CHOSEN, ["PUT limit", "PUT limit", "PUT quota"], "....wR"),
    ("own with limits", "no reject"): ("weakens", ONLY_WARNS, ["PUT quota", "DELETE limit"], ".....w"),
    ("own with limits", "delete"): ("weakens", NEVER, DELETE, "......"),
    ("default", "raise"): ("weakens", NO_LIMITS, POST, "......"),
    ("default", "lower"): ("weakens", NO_LIMITS, POST, "......"),
    ("default", "limits"): ("keeps", CHOSEN, NEW, "....wR"),
    ("default", "no reject"): ("weakens", NO_LIMITS, POST, "......"),
    ("default", "delete"): ("refused", "It is under the system default, 100 GiB. Nothing to delete.", [], "...RRR"),
    ("own without limits, default", "raise"): ("keeps", NO_LIMITS, PUT, "......"),
    ("own without limits, default", "lower"): ("keeps", NO_LIMITS, PUT, "......"),
    ("own without limits, default", "limits"): ("keeps", CHOSEN, ["PUT quota", "POST limit", "POST limit"], "....wR"),
    ("own without limits, default", "no reject"): ("keeps", NO_LIMITS, PUT, "......"),
    ("own without limits, default", "delete"): ("keeps", DEFAULT, DELETE, "...RRR"),
    ("own with limits, default", "raise"): ("keeps", USUAL_200, PUT, ".....R"),
    ("own with limits, default", "lower"): ("keeps", USUAL_90, PUT, ".wRRRR"),
    ("own with limits, default", "limits"): ("keeps", CHOSEN, ["PUT limit", "PUT limit", "PUT quota"], "....wR"),
    ("own with limits, default", "no reject"): ("weakens", ONLY_WARNS, ["PUT quota", "DELETE limit"], ".....w"),
    ("own with limits, default", "delete"): ("keeps", DEFAULT, DELETE, "...RRR"),
    ("a warning above the reject", "raise"): ("keeps", BAND, PUT, ".....w"),
    ("a warning above the reject", "lower"): ("keeps", BAND, PUT, ".Rwwww"),
    ("a warning above the reject", "limits"): ("keeps", CHOSEN, ["PUT limit", "PUT quota"], "....wR"),
    ("a warning above the reject", "no reject"): (
        "weakens",
        "warns at 100%, never refuses pushes",
        ["PUT quota", "DELETE limit"],
        ".....w",
    ),
    ("a warning above the reject", "delete"): ("weakens", NEVER, DELETE, "......"),
    ("two rejects", "raise"): ("keeps", "warns at 80%, refuses pushes at 90% (180 GiB)", PUT, ".....R"),
    ("two rejects", "lower"): ("keeps", "warns at 80%, refuses pushes at 90% (81 GiB)", PUT, ".RRRRR"),
    ("two rejects", "limits"): ("keeps", CHOSEN, ["DELETE limit", "PUT limit", "PUT quota"], "....wR"),
    ("two rejects", "no reject"): (
        "weakens",
        ONLY_WARNS,
        ["DELETE limit", "PUT quota", "DELETE limit"],
        ".....w",
    ),
    ("two rejects", "delete"): ("weakens", NEVER, DELETE, "......"),
}
CANT = "The bot can't change limits here: superusers' full access is off in Quay"
WOULD_LIFT = "A quota of its own would lift the system default of 100 GiB"
WITHOUT_FULL_ACCESS = {
    # what the plan refuses then, and how pushes fare
    **{(state, "limits"): CANT for state in STATES},
    ("own with limits", "no reject"): CANT,
    ("own with limits, default", "no reject"): CANT,
    ("a warning above the reject", "no reject"): CANT,
    ("two rejects", "no reject"): CANT,
    ("default", "raise"): WOULD_LIFT,
    ("default", "lower"): WOULD_LIFT,
}


@pytest.mark.parametrize("full_access", [True, False], ids=["full access", "no full access"])
@pytest.mark.parametrize(("state", "request_"), TABLE, ids=str)
async def test_the_plan_says_what_quay_then_does(world: World, state: str, request_: str, full_access: bool) -> None:
    """The mark, the line of the plan, the writes in order, and a push at each use afterwards."""
    mark, will_do, writes, after = TABLE[state, request_]
    namespace = prepare(world, state, full_access=full_access)
    before = pushes(world, namespace)
    if not full_access and (state, request_) in WITHOUT_FULL_ACCESS:
        mark, will_do, writes, after = "refused", WITHOUT_FULL_ACCESS[state, request_], [], before
    answer = await world.type("U0CAROL", COMMANDS[request_])
    assert answer is not None
    waiting = await world.confirmations.waiting()
    if mark == "refused":
        assert will_do in answer.text
        assert "Nothing changed." in answer.text or "Nothing to delete." in answer.text
        assert waiting == []
    else:
        (record,) = waiting
        assert f"*Quay then:* {will_do}" in text_of(answer).replace("\\n", "\n")
        assert ("🚨 *This weakens enforcement." in text_of(answer)) is (mark == "weakens")
        await world.click("U0CAROL", "change_confirm", record.id)
        (done,) = await world.work()
        assert done.state == "done", done.note
        assert f"Quay {will_do}." in done.note
    assert await writes_sent(world) == writes
    assert pushes(world, namespace) == after
