"""Acknowledge and Snooze: who may, what they do, and that it is shown and recorded."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.config import AlertsFile
from bot.alerts.silences import Silences
from bot.alerts.sweep import QuotaSweep
from bot.model.alert_facts import SNOOZES, snoozed_until
from bot.permissions import Policy
from bot.slack.messages import Message
from handlers.alerts import AlertClicks
from tests.support.alerts import FakeRegistry
from tests.support.world import POLICY, World, text_of, valid

ML = "C0ML"
ALERTS = AlertsFile.model_validate(
    {
        "version": 1,
        "time_zone": "Europe/Berlin",
        "admin_channel": "C1",
        "quotas": {
            "routes": [{"namespaces": ["ml-*"], "channel": ML}, {"namespaces": ["*"], "channel": "C1"}],
        },
    }
)
RULES = [
    *POLICY["rules"],
    {"name": "the team looks after its alerts", "who": ["managers"], "may": ["alerts"], "in": [ML]},
]


class Story:
    """A world with alerts: sweeps, and clicks on what the channel shows."""

    def __init__(self, world: World, **used: int) -> None:
        world.policy = Policy.model_validate(POLICY | {"rules": RULES})
        self.world = world
        self.quay = FakeRegistry({name.replace("_", "-"): amount for name, amount in used.items()})
        self.sweeps = QuotaSweep(self.quay, world.redis, world.slack, world.clock)
        self.clicks = AlertClicks(
            world.authorization, world.redis, world.slack, world.audit, lambda: ALERTS, world.clock
        )

    async def sweep(self, **used: int) -> None:
        self.quay.used |= {name.replace("_", "-"): amount for name, amount in used.items()}
        await self.sweeps.run(ALERTS)

    def button(self, action_id: str) -> dict[str, Any]:
        (message,) = self.world.slack.messages.values()
        elements = [element for block in message.blocks for element in block.get("elements", ())]
        (found,) = [element for element in elements if element.get("action_id") == action_id]
        return dict(found)

    async def acknowledge(self, user: str) -> Message | None:
        return await self.click(user, "alert_ack", self.button("alert_ack")["value"])

    async def snooze(self, user: str, length: str) -> Message | None:
        (value,) = [o["value"] for o in self.button("alert_snooze")["options"] if o["value"].endswith(f" {length}")]
        return await self.click(user, "alert_snooze", value)

    async def click(self, user: str, action_id: str, value: str) -> Message | None:
        answer = await self.clicks.click(action_id, value, await self.world.person(user))
        if answer is None:
            return None
        valid(answer.message)
        return answer.message


async def test_who_acknowledged_an_alert_stands_in_its_message(world: World) -> None:
    """At once, with a name that pings nobody; it is in the audit, and nobody is reminded."""
    story = Story(world, ml_a=100)
    await story.sweep()
    assert await story.acknowledge("U0CAROL") is None
    assert "Acknowledged by Carol (`U0CAROL`)" in world.only_card()
    for _ in range(3):
        world.clock.forward(days=1)
        await story.sweep()
    assert world.slack.threads == []
    assert "Acknowledged by Carol (`U0CAROL`)" in world.only_card()
    (entry,) = [entry async for entry in world.audit.entries() if entry.event == "alert_acknowledged"]
    assert (entry.actor, entry.details["namespaces"]) == ("T1/U0CAROL", ["ml-a"])


async def test_a_second_acknowledgement_says_who_was_first(world: World) -> None:
    """And changes nothing; it came from a message that was not drawn anew yet."""
    story = Story(world, ml_a=85)
    await story.sweep()
    value = story.button("alert_ack")["value"]
    await story.acknowledge("U0CAROL")
    assert "alert_ack" not in world.only_card()
    world.policy = Policy.model_validate(
        POLICY | {"rules": [{"name": "all", "who": ["staff"], "may": ["alerts"], "in": [ML]}]}
    )
    said = await story.click("U0DAVE", "alert_ack", value)
    assert said
    assert "Carol (`U0CAROL`) acknowledged it" in text_of(said)
    assert "Carol" in world.only_card()


@pytest.mark.parametrize(
    ("user", "reason"),
    [("U0DAVE", "No rule allows it."), ("U0ALICE", "No rule allows it."), ("U0STRANGER", "Bots, deactivated people")],
)
async def test_nobody_silences_an_alert_whom_no_rule_allows(world: World, user: str, reason: str) -> None:
    """It needs the permission `alerts` in the alert's channel, asked at the click; a refusal is in the audit."""
    world.web.users["U0STRANGER"] = {"is_stranger": True}
    story = Story(world, ml_a=85)
    await story.sweep()
    for said in (await story.acknowledge(user), await story.snooze(user, "1w")):
        assert said
        assert reason in text_of(said)
    assert not await Silences.load(world.redis)
    assert "Acknowledged" not in world.only_card()
    assert (await world.events())[-2:] == ["command_denied", "command_denied"]


async def test_the_channel_of_the_alert_counts_and_not_that_of_the_click(world: World) -> None:
    """Carol may in the team's channel; an alert in another one is not hers."""
    story = Story(world, library=85)
    await story.sweep()
    said = await story.acknowledge("U0CAROL")
    assert said
    assert "not in this channel" in text_of(said)


async def test_of_two_wishes_at_the_same_moment_one_holds(world: World) -> None:
    """And the message shows that one. Whoever lost is told so; whoever came just after the other replaced it."""
    story = Story(world, ml_a=85)
    await story.sweep()
    answers = await asyncio.gather(story.acknowledge("U0CAROL"), story.snooze("U0CAROL", "1w"))
    lost = [answer.text for answer in answers if answer]
    assert all("at the same moment" in text or "acknowledged" in text for text in lost)
    assert len(lost) <= 1
    await story.sweep()
    (silence,) = (await Silences.load(world.redis)).values()
    assert ("Snoozed" in world.only_card(), "Acknowledged" in world.only_card()) == (
        silence.until is not None,
        silence.until is None,
    )


async def test_an_alert_that_is_over_cannot_be_silenced(world: World) -> None:
    """Nor one that never was."""
    story = Story(world, ml_a=85)
    await story.sweep()
    value = story.button("alert_ack")["value"]
    await story.sweep(ml_a=5)
    for gone in (value, "", "ml-a", "' OR 1"):
        said = await story.click("U0CAROL", "alert_ack", gone)
        assert said
        assert "This alert is over" in text_of(said)


async def test_a_snooze_shows_its_end_and_keeps_still_until_then(world: World) -> None:
    """A restart changes nothing: it is in Redis."""
    story = Story(world, ml_a=85)
    await story.sweep()
    assert await story.snooze("U0CAROL", "1h") is None
    assert "Snoozed until" in world.only_card()
    assert "by Carol (`U0CAROL`)" in world.only_card()
    world.clock.forward(minutes=59)
    await Story(world, ml_a=95).sweep()
    assert world.slack.threads == []
    world.clock.forward(minutes=1)
    await Story(world, ml_a=95).sweep()
    ((channel, _, message),) = world.slack.threads
    assert (channel, message.text.split(" of its")[0]) == (ML, "ml-a is at 95 %")
    assert "Snoozed" not in world.only_card()


async def test_a_table_is_silenced_whole(world: World) -> None:
    """One click for all of its namespaces; the audit counts them."""
    story = Story(world)
    story.quay.used = {f"ml-{n}": 85 for n in range(30)}
    await story.sweep()
    assert await story.acknowledge("U0CAROL") is None
    assert world.only_card().count("Acknowledged by Carol") == 1
    story.quay.used = {f"ml-{n}": 100 if n == 7 else 50 for n in range(30)}
    world.clock.forward(hours=2)
    await story.sweep()
    assert [m.text.split(" of its")[0] for m in world.slack.messages.values()][1:] == ["ml-7 is at 100 %"]
    (entry,) = [entry async for entry in world.audit.entries() if entry.event == "alert_acknowledged"]
    assert entry.details["number"] == 30


async def test_a_message_that_slack_did_not_edit_is_edited_by_the_next_sweep(world: World) -> None:
    """The wish holds all the same."""
    story = Story(world, ml_a=85)
    await story.sweep()
    world.slack.refuses = {ML}
    said = await story.acknowledge("U0CAROL")
    assert said
    assert said.text.startswith("Noted.")
    world.slack.refuses = set()
    await story.sweep()
    assert "Acknowledged by Carol" in world.only_card()


BERLIN = ALERTS.time_zone


@pytest.mark.parametrize(
    ("now", "length", "until"),
    [
        ("2026-11-23 10:00", "1h", "2026-11-23 11:00"),
        ("2026-11-23 10:00", "morning", "2026-11-24 08:00"),
        ("2026-11-23 23:11", "morning", "2026-11-24 08:00"),
        ("2026-11-24 07:59", "morning", "2026-11-24 08:00"),
        ("2026-11-24 08:00", "morning", "2026-11-25 08:00"),
        ("2026-03-28 10:00", "morning", "2026-03-29 07:00"),
        ("2026-10-25 00:30", "1h", "2026-10-25 01:30"),
        ("2026-10-24 10:00", "morning", "2026-10-25 08:00"),
        ("2026-10-24 10:00", "1w", "2026-10-31 10:00"),
    ],
)
def test_the_morning_is_that_of_the_files_time_zone(now: str, length: str, until: str) -> None:
    """In Berlin, given in UTC, and at night it is the coming one; an hour is an hour also when clocks change."""
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert snoozed_until(length, moment, BERLIN) == datetime.fromisoformat(until).replace(tzinfo=UTC)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), st.sampled_from(list(SNOOZES)))
def test_a_snooze_ends_within_a_week(now: datetime, length: str) -> None:
    """And after it began."""
    assert timedelta(0) < snoozed_until(length, now, BERLIN) - now <= timedelta(weeks=1)
