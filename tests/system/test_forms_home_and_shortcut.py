"""What people do without typing, through real processes: forms, suggestions, the menu, the Home tab, the shortcut."""

import json
from typing import Any

import pytest

from tests.system.conftest import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
GIB = 1024**3


async def do(town: Town, what: str, user: str, **wish: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await town.page.post(f"/sandbox/slack/{what}", json={"user": user, **wish})).json()
    return answer


async def home(town: Town, user: str, *wanted: str, gone: str = "\0") -> dict[str, Any]:
    """Wait for somebody's Home tab to hold these texts, and not another one."""

    async def look() -> dict[str, Any] | None:
        view = (await town.page.get("/sandbox/slack/home", params={"user": user})).json()["view"]
        return view if view and all(text in str(view) for text in wanted) and gone not in str(view) else None

    found: dict[str, Any] = await town.until(look)
    return found


def field(view: dict[str, Any], name: str) -> tuple[str, str]:
    """The block and the action of a field."""
    block = next(block for block in view["blocks"] if block["block_id"] == f"field:{name}")
    return block["block_id"], block["element"]["action_id"]


async def test_a_quota_is_set_by_a_form(town: Town) -> None:
    """Command → form → suggestion → a wrong value said at its field → plan → confirmed → Quay has it."""
    await town.say("U03CAROL", "/quay quota set")
    view = await town.modal("U03CAROL", "Namespace", "Limit")
    (block, action), (limit, value) = field(view, "namespace"), field(view, "limit")

    async def suggested() -> dict[str, Any] | None:
        question = {"view_id": view["id"], "block_id": block, "action_id": action, "value": "team-al"}
        options = (await do(town, "suggest", "U03CAROL", **question))["options"]
        return next((option for option in options if option["value"] == "team-alpha"), None)

    chosen = {block: {action: {"selected_option": await town.until(suggested)}}}
    wrong = await do(
        town, "submit", "U03CAROL", view_id=view["id"], values={**chosen, limit: {value: {"value": "100"}}}
    )
    assert wrong["errors"] == {limit: "100 of what? A size needs a unit: 100GiB or 100GB, say."}
    good = {**chosen, limit: {value: {"value": "100GiB"}}}
    assert (await do(town, "submit", "U03CAROL", view_id=view["id"], values=good))["ok"]
    plan = await town.sees("U03CAROL", "80 GiB → *100 GiB*", "change_confirm")
    assert plan["ephemeral"]
    await town.press("U03CAROL", plan, "change_confirm")
    await town.sees("U04DAVE", "<@U03CAROL>", "Quay confirms a quota of 100 GiB for team-alpha")
    namespace = town.registry.organization("team-alpha")
    assert namespace is not None
    assert namespace.quota is not None
    assert namespace.quota.limit_bytes == 100 * GIB


async def test_a_rejection_has_a_reason(town: Town) -> None:
    """Reject → a window → the reason on the card, and in the thread with the requester's name."""
    await town.say("U04DAVE", "/quay quota set team-beta 90GiB")
    card = await town.sees("U02BOB", "Set the quota of team-beta to 90 GiB", "change_reject")
    await town.press("U02BOB", card, "change_reject")
    view = await town.modal("U02BOB", "Reject this change", "reason")
    reason = {"reason": {"reason": {"value": "Delete old tags first."}}}
    assert (await do(town, "submit", "U02BOB", view_id=view["id"], values=reason))["ok"]
    await town.sees("U04DAVE", "<@U04DAVE>", "rejected by Bob Brandt", "Reason: Delete old tags first.")
    ended = await town.sees("U04DAVE", "*Rejected* by Bob Brandt", "Reason: Delete old tags first.")
    assert ended["ts"] == card["ts"]
    assert "change_reject" not in str(ended)


async def test_a_change_is_rejected_from_home(town: Town) -> None:
    """The same window; the tab shows then how things are."""
    await town.say("U04DAVE", "/quay quota set team-beta 91GiB")
    await town.sees("U02BOB", "Set the quota of team-beta to 91 GiB", "change_reject")
    await do(town, "open_home", "U02BOB")
    view = await home(town, "U02BOB", "Waiting for you", "91 GiB")
    row = next(block for block in view["blocks"] if "change_reject" in str(block))
    await do(town, "act", "U02BOB", view_id=view["id"], block_id=row["block_id"], action={"action_id": "change_reject"})
    asked = await town.modal("U02BOB", "Reject this change", "reason")
    assert (await do(town, "submit", "U02BOB", view_id=asked["id"], values={}))["ok"]
    await town.sees("U04DAVE", "<@U04DAVE>", "91 GiB", "rejected by Bob Brandt")
    await home(town, "U02BOB", gone="91 GiB")


async def test_the_menu_leads_to_answers_and_forms(town: Town) -> None:
    """A read answers to the person alone; what needs something opens its form, with nothing to be typed first."""
    await town.say("U03CAROL", "/quay")
    menu = await town.sees("U03CAROL", "What you may do here")
    assert menu["ephemeral"]
    await town.press("U03CAROL", menu, "menu:registry size")
    assert (await town.sees("U03CAROL", "The registry holds"))["ephemeral"]
    await town.press("U03CAROL", menu, "menu:quota show")
    view = await town.modal("U03CAROL", "Namespace", "/quay quota show")
    block, action = field(view, "namespace")
    typed = {block: {action: {"selected_option": {"value": "team-beta", "text": {"type": "plain_text", "text": "x"}}}}}
    assert (await do(town, "submit", "U03CAROL", view_id=view["id"], values=typed))["ok"]
    assert (await town.sees("U03CAROL", "team-beta is at"))["ephemeral"]


async def test_what_answers_at_once_offers_its_filters(town: Town) -> None:
    """From the menu to the answer, from its button to the form, from the form to the narrower answer."""
    await town.say("U03CAROL", "/quay")
    menu = await town.sees("U03CAROL", "What you may do here")
    await town.press("U03CAROL", menu, "menu:keys list")
    await town.press("U03CAROL", await town.sees("U03CAROL", "9 service keys"), "list_filter")
    view = await town.modal("U03CAROL", "Only those that wait for approval", "/quay keys list")
    block, action = field(view, "service")
    typed = {block: {action: {"value": "quay_builder"}}}
    assert (await do(town, "submit", "U03CAROL", view_id=view["id"], values=typed))["ok"]
    assert (await town.sees("U03CAROL", "3 service keys of quay_builder"))["ephemeral"]


async def test_an_unknown_outcome_is_looked_at_with_one_press(town: Town) -> None:
    """By whoever may, to them alone; what Quay says then is the answer."""
    lost = {"failures": [{"kind": "closed", "method": "PUT"}]}
    await town.say("U03CAROL", "/quay quota set team-beta 120GiB")
    plan = await town.sees("U03CAROL", "Set the quota of team-beta to 120 GiB?", "change_confirm")
    assert (await town.page.post(f"{town.environment['QUAY_URL']}/sandbox/quay/faults", json=lost)).is_success
    await town.press("U03CAROL", plan, "change_confirm")
    told = await town.sees("U04DAVE", "outcome unknown", "`quota show team-beta`", "look_again")
    await town.press("U04DAVE", told, "look_again")
    assert (await town.sees("U04DAVE", "team-beta is at", after=told["ts"]))["ephemeral"]


async def test_a_message_that_names_a_key_can_be_asked_about(town: Town) -> None:
    """From its menu: the key's details in a modal, by the permissions of `keys show`."""
    kid = next(k.kid for k in town.registry.keys.values() if k.service == "quay_builder" and k.approval is None)
    await do(town, "say", "U04DAVE", channel=ADMIN, text=f"who knows {kid}?")
    message = await town.sees("U04DAVE", f"who knows {kid}?")
    wish = {"callback_id": "ask_about_key", "channel": ADMIN, "ts": message["ts"]}
    assert (await do(town, "shortcut", "U04DAVE", **wish))["ok"]
    view = await town.modal("U04DAVE", "of quay_builder waits for approval")
    await do(town, "close", "U04DAVE", view_id=view["id"])
    assert (await do(town, "shortcut", "U05GUEST", **wish))["ok"]
    await town.modal("U05GUEST", "You may not do this here")
    await do(town, "say", "U04DAVE", channel=ADMIN, text="nothing in here")
    other = await town.sees("U04DAVE", "nothing in here")
    assert (await do(town, "shortcut", "U04DAVE", **{**wish, "ts": other["ts"]}))["ok"]
    await town.modal("U04DAVE", "holds no id of a service key")


async def test_a_key_is_approved_from_the_home_tab(town: Town) -> None:
    """By somebody who may; the tab is published anew after the click. Others find nothing there."""
    kid = next(k.kid for k in town.registry.keys.values() if k.service == "clair_scanner" and k.approval is None)
    await town.sees("U02BOB", kid, "waits for approval")
    assert (await do(town, "open_home", "U04DAVE"))["ok"]
    await home(town, "U04DAVE", "Nothing waits for you")
    assert (await do(town, "open_home", "U02BOB"))["ok"]
    view = await home(town, "U02BOB", "Waiting for you", kid[:12])
    start = next(index for index, block in enumerate(view["blocks"]) if kid[:12] in json.dumps(block))
    block = next(block for block in view["blocks"][start:] if block["type"] == "actions")
    button = next(element for element in block["elements"] if element["action_id"] == "key_approve")
    action = {"action_id": "key_approve", "value": button["value"]}
    assert (await do(town, "act", "U02BOB", view_id=view["id"], block_id=block["block_id"], action=action))["ok"]
    await home(town, "U02BOB", gone=button["value"])
    await town.sees("U04DAVE", kid, "✅", "*Approved* by Bob Brandt")
    approval = town.registry.keys[kid].approval
    assert approval is not None
    assert "Bob Brandt (U02BOB)" in approval.notes


async def test_a_key_that_expires_is_extended_from_its_message(town: Town) -> None:
    """The button opens the form with key and time; a new date, agreed to, closes the message. Others learn why not."""
    message = await town.sees("U03CAROL", "Key builders us (quay_builder) expires in 3 days", "key_extend")
    assert (await town.press("U04DAVE", message, "key_extend"))["ok"]
    assert (await town.sees("U04DAVE", "What Dave Diaz may do"))["ephemeral"]
    await town.press("U03CAROL", message, "key_extend")
    view = await town.modal("U03CAROL", "/quay keys update", "90d")
    key = next(key for key in town.registry.keys.values() if key.name == "builders us")
    (block, action), (expires, value) = field(view, "kid"), field(view, "expires")
    shown = next(one for one in view["blocks"] if one["block_id"] == block)["element"]["initial_option"]
    assert shown["value"] == key.kid
    entered = {block: {action: {"selected_option": shown}}, expires: {value: {"value": "90d"}}}
    assert (await do(town, "submit", "U03CAROL", view_id=view["id"], values=entered))["ok"]
    card = await town.sees("U02BOB", "Change the key", "change_approve")
    await town.press("U02BOB", card, "change_approve")
    closed = await town.sees("U04DAVE", "Key builders us (quay_builder) no longer expires soon")
    assert closed["ts"] == message["ts"]
