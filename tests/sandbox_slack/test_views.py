"""Triggers, modals in a stack, the Home tab, and what a submission's acknowledgement does."""

from typing import Any

import pytest


async def trigger(slack: Any, bot: Any, user: str = "U01ALICE") -> str:
    await slack.command("/quay form", user)
    return str(bot.got[-1].fields["trigger_id"])


async def opened(slack: Any, bot: Any, view: dict[str, Any]) -> dict[str, Any]:
    answer = await slack.api("views.open", trigger_id=await trigger(slack, bot), view=view)
    found: dict[str, Any] = answer["view"]
    return found


async def titles(slack: Any, user: str = "U01ALICE") -> list[str]:
    return [view["title"]["text"] for view in (await slack.see("views", user))["views"]]


async def test_a_trigger_works_once_for_three_seconds(slack: Any, bot: Any, clock: Any, shapes: Any) -> None:
    """expired_trigger_id, exchanged_trigger_id."""
    first, late = await trigger(slack, bot), await trigger(slack, bot)
    assert (await slack.api("views.open", trigger_id=first, view=shapes.modal()))["ok"]
    assert (await slack.api("views.open", trigger_id=first, view=shapes.modal()))["error"] == "exchanged_trigger_id"
    clock.passes(seconds=3)
    just = await slack.api("views.open", trigger_id=late, view={"type": "modal"})
    assert just["error"] == "invalid_arguments", "a faulty view does not use the trigger up"
    clock.passes(seconds=0.1)
    assert (await slack.api("views.open", trigger_id=late, view=shapes.modal()))["error"] == "expired_trigger_id"
    assert (await slack.api("views.open", trigger_id="1.2.3", view=shapes.modal()))["error"] == "invalid_trigger_id"


async def test_a_view_opens_for_the_person_who_acted(slack: Any, bot: Any, shapes: Any) -> None:
    """And for nobody else."""
    await slack.api("views.open", trigger_id=await trigger(slack, bot, "U02BOB"), view=shapes.modal())
    assert await titles(slack, "U02BOB") == ["A form"]
    assert await titles(slack, "U01ALICE") == []


async def test_a_faulty_view_is_refused_with_pointers(slack: Any, bot: Any, shapes: Any) -> None:
    """invalid_arguments, as Slack says for views."""
    answer = await slack.api("views.open", trigger_id=await trigger(slack, bot), view=shapes.modal(title="x" * 25))
    assert answer["error"] == "invalid_arguments"
    assert [error["pointer"] for error in answer["errors"]] == ["/view/title/text"]
    assert "[json-pointer:/view/title/text]" in answer["response_metadata"]["messages"][0]


async def test_a_view_can_be_filled_later(slack: Any, bot: Any, shapes: Any) -> None:
    """By its id; a hash that is out of date is refused; a closed view is not found."""
    view = await opened(slack, bot, shapes.modal(title="Loading"))
    update = {"view_id": view["id"], "view": shapes.modal(title="Loaded")}
    changed = await slack.api("views.update", **update, hash=view["hash"])
    assert changed["view"]["hash"] != view["hash"]
    assert await titles(slack) == ["Loaded"]
    assert (await slack.api("views.update", **update, hash=view["hash"]))["error"] == "hash_conflict"
    await slack.do("close", view_id=view["id"])
    assert (await slack.api("views.update", **update))["error"] == "not_found"


async def test_a_view_can_be_named_by_the_apps_own_id(slack: Any, bot: Any, shapes: Any) -> None:
    """external_id, one view each."""
    await opened(slack, bot, shapes.modal(external_id="mine"))
    changed = await slack.api("views.update", external_id="mine", view=shapes.modal(title="New", external_id="mine"))
    assert changed["ok"]
    again = {"trigger_id": await trigger(slack, bot), "view": shapes.modal(external_id="mine")}
    assert (await slack.api("views.open", **again))["error"] == "duplicate_external_id"


async def test_three_views_lie_on_each_other_at_most(slack: Any, bot: Any, shapes: Any) -> None:
    """A push needs a trigger from within the modal."""
    button = {"type": "actions", "block_id": "b", "elements": [shapes.button()]}
    top = await opened(slack, bot, shapes.modal(button, title="1"))
    root = top["id"]
    click = {"block_id": "b", "action": {"action_id": "change_approve"}}
    for title, error in (("2", None), ("3", None), ("4", "push_limit_reached")):
        await slack.do("act", view_id=top["id"], **click)
        trigger_id = bot.got[-1].payload["trigger_id"]
        answer = await slack.api("views.push", trigger_id=trigger_id, view=shapes.modal(button, title=title))
        assert answer.get("error") == error
        if not error:
            assert (answer["view"]["root_view_id"], answer["view"]["previous_view_id"]) == (root, top["id"])
            top = answer["view"]
    assert await titles(slack) == ["1", "2", "3"]
    outside = {"trigger_id": await trigger(slack, bot), "view": shapes.modal()}
    assert (await slack.api("views.push", **outside))["error"] == "invalid_trigger_id"
    assert (await slack.do("close", view_id=root))["error"] == "not_found", "only the top one can be closed"
    await slack.do("close", view_id=top["id"])
    assert await titles(slack) == ["1", "2"]


async def test_the_home_tab_is_each_persons_own(slack: Any) -> None:
    """views.publish; clicks in it come with the view."""
    home = {"type": "home", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Hello"}}]}
    assert (await slack.api("views.publish", user_id="U01ALICE", view=home))["ok"]
    assert (await slack.see("home"))["view"]["blocks"][0]["text"]["text"] == "Hello"
    assert (await slack.see("home", "U02BOB"))["view"] is None
    wrong = await slack.api("views.publish", user_id="U01ALICE", view={"type": "modal", "blocks": []})
    assert wrong["error"] == "invalid_arguments"


async def test_a_click_in_a_view_comes_with_what_was_entered(slack: Any, bot: Any, shapes: Any) -> None:
    """And no message, channel or response_url."""
    row = {"type": "actions", "block_id": "b", "elements": [shapes.button()]}
    view = await opened(slack, bot, shapes.modal(row, shapes.text_input()))
    values = {"name": {"v": {"type": "plain_text_input", "value": "half"}}}
    await slack.do(
        "act", view_id=view["id"], block_id="b", action={"action_id": "change_approve"}, state={"values": values}
    )
    payload = bot.got[-1].payload
    assert payload["container"] == {"type": "view", "view_id": view["id"]}
    assert payload["view"]["state"]["values"] == values
    assert not {"message", "channel", "response_url"} & set(payload)
    stolen = {"view_id": view["id"], "block_id": "b", "action": {"action_id": "change_approve"}}
    assert (await slack.do("act", "U02BOB", **stolen))["error"] == "not_found"


FILLED = {"name": {"v": {"type": "plain_text_input", "value": "x"}}}


@pytest.mark.parametrize(
    ("acknowledgement", "answer", "left"),
    [
        ({}, {"ok": True}, []),
        ({"response_action": "clear"}, {"ok": True}, []),
        (
            {"response_action": "errors", "errors": {"name": "No."}},
            {"ok": False, "errors": {"name": "No."}},
            ["A form"],
        ),
        ({"response_action": "update", "view": "NEXT"}, {"ok": True}, ["Next"]),
        ({"response_action": "push", "view": "NEXT"}, {"ok": True}, ["A form", "Next"]),
        ({"response_action": "errors", "errors": {"other": "No."}}, "trouble", ["A form"]),
        ({"response_action": "update", "view": {"type": "modal"}}, "trouble", ["A form"]),
        ({"response_action": "dance"}, "trouble", ["A form"]),
    ],
)
async def test_what_the_acknowledgement_of_a_submission_does(
    slack: Any, bot: Any, shapes: Any, acknowledgement: dict[str, Any], answer: Any, left: list[str]
) -> None:
    """Empty closes; errors, update, push and clear do as they say; what is wrong leaves the modal open."""
    view = await opened(slack, bot, shapes.modal(shapes.text_input()))
    bot.says({key: shapes.modal(title="Next") if value == "NEXT" else value for key, value in acknowledgement.items()})
    answered = await slack.do("submit", view_id=view["id"], values=FILLED)
    if answer == "trouble":
        answer = {"ok": False, "error": "We had some trouble connecting. Try again?"}
    assert answered == answer
    assert await titles(slack) == left


async def test_a_modal_is_not_submitted_before_it_is_filled_in(slack: Any, bot: Any, shapes: Any) -> None:
    """Inputs that are not optional; what an input starts with counts."""
    initial = {"type": "plain_text_input", "action_id": "v", "initial_value": "there"}
    blocks = [shapes.text_input(), shapes.text_input("o", optional=True), shapes.text_input("i", element=initial)]
    view = await opened(slack, bot, shapes.modal(*blocks))
    count = len(bot.got)
    assert set((await slack.do("submit", view_id=view["id"], values={}))["errors"]) == {"name"}
    assert len(bot.got) == count
    assert (await slack.do("submit", view_id=view["id"], values=FILLED))["ok"]


async def test_a_failed_submission_leaves_the_modal_open(slack: Any, bot: Any, shapes: Any) -> None:
    """With what was entered."""
    view = await opened(slack, bot, shapes.modal(shapes.text_input()))
    bot.fails(500)
    assert not (await slack.do("submit", view_id=view["id"], values=FILLED))["ok"]
    [still] = (await slack.see("views"))["views"]
    assert still["state"]["values"] == FILLED


async def test_clear_on_close_closes_all(slack: Any, bot: Any, shapes: Any) -> None:
    """And says so to those that asked."""
    await opened(slack, bot, shapes.modal(title="1", notify_on_close=True))
    [first] = (await slack.see("views"))["views"]
    bot.says({"response_action": "push", "view": shapes.modal(title="2", clear_on_close=True)})
    await slack.do("submit", view_id=first["id"], values={})
    top = (await slack.see("views"))["views"][-1]
    await slack.do("close", view_id=top["id"])
    assert bot.got[-1].payload["is_cleared"] is True
    assert await titles(slack) == []
