"""Reject asks for a reason, which may be left out; it is shown, told and recorded, and the right is asked for again."""

from typing import Any

import pytest

from bot.model.redaction import redact_words
from bot.views import rejections
from sandbox.slack.blocks import check_view
from tests.support.world import ADMIN, World, markup_of, text_of


async def request(world: World) -> str:
    """A quota change that Dave asked for and others decide on."""
    await world.type("U0DAVE", "quota set team-alpha 90GiB")
    (record,) = await world.confirmations.waiting()
    return record.id


async def window(world: World, user: str, record_id: str) -> dict[str, Any]:
    """What somebody sees who presses Reject."""
    view = await world.clicks.ask_reason(record_id, await world.person(user), ADMIN)
    problems = check_view(view)
    assert not problems, problems
    return view


async def test_the_window_carries_the_record_and_nothing_is_decided_yet(world: World) -> None:
    """The reason is short and optional; where the button was is where one is answered."""
    record_id = await request(world)
    view = await window(world, "U0EVE", record_id)
    assert view["submit"]["text"] == "Reject"
    (asked,) = [block for block in view["blocks"] if block["type"] == "input"]
    assert (asked["optional"], asked["element"]["max_length"]) == (True, rejections.REASON_LIMIT)
    state = {"values": {asked["block_id"]: {asked["element"]["action_id"]: {"value": "Not now."}}}}
    assert rejections.entered({**view, "state": state}) == rejections.Entered(record_id, ADMIN, "Not now.")
    assert (await world.confirmations.get(record_id)).state == "pending"


async def test_the_requester_is_asked_whether_to_withdraw(world: World) -> None:
    """The same button, in other words."""
    view = await window(world, "U0DAVE", await request(world))
    assert (view["title"]["text"], view["submit"]["text"]) == ("Withdraw this change", "Withdraw")


async def test_whoever_may_not_sees_why_instead(world: World) -> None:
    """And that is recorded."""
    view = await window(world, "U0CAROL", await request(world))
    assert "submit" not in view
    assert "You can't decide on this" in str(view)
    assert (await world.events())[-1] == "command_denied"


async def test_the_reason_is_on_the_card_told_and_recorded(world: World) -> None:
    """The requester is named in the thread, with who rejected it."""
    record_id = await request(world)
    assert await world.click("U0EVE", "change_reject", record_id, "Clean up old tags first.") is None
    assert "*Rejected* by Eve (`U0EVE`). Reason: Clean up old tags first." in world.only_card()
    assert "change_reject" not in world.only_card()
    ((_, _, told),) = world.slack.threads
    assert "<@U0DAVE>" in text_of(told)
    assert "rejected by Eve (`U0EVE`). Reason: Clean up old tags first." in text_of(told)
    (entry,) = [entry async for entry in world.audit.entries(count=1)]
    assert (entry.event, entry.details["reason"]) == ("change_rejected", "Clean up old tags first.")


async def test_nobody_elses_reason_formats_the_card(world: World) -> None:
    """Bold, struck or slanted letters and code in it stay the characters that were typed, or look like them."""
    await world.click("U0EVE", "change_reject", await request(world), "*yes* ~no~ _x_ `y`")
    assert "Reason: ∗yes∗ ∼no∼ ˍxˍ ˋyˋ" in world.only_card()


async def test_the_next_one_is_told_who_was_first_and_why(world: World) -> None:
    """Instead of a window."""
    record_id = await request(world)
    await world.click("U0EVE", "change_reject", record_id, "Not now.")
    assert "Eve (`U0EVE`) was first: it was rejected" in str(await window(world, "U0BOB", record_id))
    answer = await world.click("U0BOB", "change_approve", record_id)
    assert answer is not None
    assert "Reason: Not now." in text_of(answer.message)


@pytest.mark.parametrize(
    "word",
    [
        "(INC0012345)",
        "CHG0031234,",
        "OPS-123456",
        "<@U03CAROL>,",
        "<@U03CAROL|carol>",
        "(U02BOB)",
        "U03CAROL1XY.",
        "https://jira.example.com/browse/OPS-1234?focusedId=123456&page=comments",
        "(https://jira.example.com/issues/?filter=12345&view=list).",
    ],
)
def test_what_leads_to_a_ticket_or_a_person_may_be_read(word: str) -> None:
    """Whatever stands around it."""
    assert redact_words(f"see {word} first") == f"see {word} first"


@pytest.mark.parametrize(
    "word",
    [
        "(k3J9x2LmQ8vZ)",
        "a8f5f167f44f4964e6c998dee827110c",
        "https://kim:hunter2@jira.example.com/browse/OPS-1",
        "https://jira.example.com/browse/OPS-1?token=abc",
        "https://jira.example.com/?q=k3J9x2LmQ8vZ4tRw",
        "https://jira.example.com/#k3J9x2LmQ8vZ4tRw",
        "https://hooks.slack.com/services/T000/B000/XXXX",
        "<xoxb-17653672481-19874698323>",
    ],
)
def test_what_looks_random_or_like_a_secret_may_not(word: str) -> None:
    """In brackets or in an address either."""
    assert redact_words(f"see {word} first") == "see •••••• (hidden) first"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  see\n OPS-1234  first!", "see OPS-1234 first!"),
        ("password: hunter2", "password: •••••• (hidden)"),
        ("it shows xoxb-17653672481-19874698323 in the name", "it shows •••••• (hidden) in the name"),
        ("no " * 200, ("no " * 200)[:299] + "…"),
    ],
)
async def test_a_reason_is_cut_and_what_looks_like_a_secret_is_masked(world: World, typed: str, kept: str) -> None:
    """Before it is stored anywhere."""
    record_id = await request(world)
    await world.click("U0EVE", "change_reject", record_id, typed)
    record = await world.confirmations.get(record_id)
    assert record.note == (f"Reason: {kept}" if kept else "")
    (entry,) = [entry async for entry in world.audit.entries(count=1)]
    assert entry.details["reason"] == kept


async def test_a_reason_pings_and_links_nobody(world: World) -> None:
    """It is text, whatever it says."""
    record_id = await request(world)
    await world.click("U0EVE", "change_reject", record_id, "<!channel> <https://evil.test|click> *now*")
    shown = [*world.slack.messages.values(), *(told for _, _, told in world.slack.threads)]
    assert all("<!channel>" not in text and "<https" not in text for message in shown for text in markup_of(message))


async def test_a_right_that_was_lost_since_the_window_opened_rejects_nothing(world: World) -> None:
    """The check is made again at the submission."""
    record_id = await request(world)
    assert "submit" in await window(world, "U0EVE", record_id)
    world.web.users["U0EVE"] = {"deleted": True}
    world.clock.forward(minutes=1)
    answer = await world.click("U0EVE", "change_reject", record_id, "Not now.")
    assert answer is not None
    assert "You can't decide on this" in text_of(answer.message)
    assert (await world.confirmations.get(record_id)).state == "pending"


async def test_what_was_approved_since_the_window_opened_is_not_rejected(world: World) -> None:
    """Who was first is who counts."""
    record_id = await request(world)
    await window(world, "U0EVE", record_id)
    await world.agree()
    answer = await world.click("U0EVE", "change_reject", record_id, "Not now.")
    assert answer is not None
    assert "was first and approved it" in text_of(answer.message)
