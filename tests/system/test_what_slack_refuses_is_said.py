"""Through real processes: response URLs that are gone, windows that don't open, files and people refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.system.conftest import Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]
CAROL, BOB, GUS = "U03CAROL", "U02BOB", "U05GUEST"


@pytest_asyncio.fixture(loop_scope="module")
async def slack(town: Town) -> AsyncIterator[Town]:
    """The town; its Slack has no faults afterwards."""
    yield town
    await town.page.delete("/sandbox/slack/faults")


@pytest.mark.parametrize("status", [404, 410, 429, 500])
async def test_an_answer_goes_another_way(slack: Town, status: int) -> None:
    """Whatever the response URL answers."""
    await slack.switch("faults", method="response_url", status=status, times=None)
    await slack.say(CAROL, f"/quay quota show team-{'alpha' if status < 420 else 'beta'}")
    answer = await slack.sees(CAROL, "team-alpha is at" if status < 420 else "team-beta is at")
    assert answer["ephemeral"]


async def test_details_whose_window_does_not_open_are_said_not_to_be_shown(slack: Town) -> None:
    """The trigger of a click works for three seconds."""
    card = await slack.sees(BOB, "waits for approval", "key_details")
    await slack.switch("faults", method="views.open", error="expired_trigger_id")
    await slack.press(BOB, card, "key_details")
    assert (await slack.sees(BOB, "Slack didn't show the key. Try again"))["ephemeral"]


async def test_a_log_that_slack_refuses_is_said_not_to_be_sent(slack: Town) -> None:
    """There is no card, so none is spoken of."""
    await slack.switch("faults", method="files.getUploadURLExternal", error="missing_scope")
    uuid = next(build.uuid for build in slack.registry.builds.values() if build.phase == "error")
    await slack.say(CAROL, f"/quay builds logs {uuid}")
    answer = await slack.sees(CAROL, f"builds logs {uuid}: Slack refused what the bot sent (missing_scope)")
    assert "card" not in str(answer["blocks"])


async def test_home_says_that_slack_does_not_answer(slack: Town) -> None:
    """A person of whom Slack says nothing isn't told that there is nothing for them."""
    await slack.switch("faults", method="users.info", error="internal_error", times=None)
    await slack.page.post("/sandbox/slack/open_home", json={"user": GUS})

    async def shown() -> dict[str, Any] | None:
        view: dict[str, Any] | None = (await slack.page.get("/sandbox/slack/home", params={"user": GUS})).json()["view"]
        return view

    assert "Slack isn't answering, so I can't tell who you are" in str(await slack.until(shown))
