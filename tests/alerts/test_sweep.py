"""A sweep asks Quay once for each page, and each alert is said once whatever happens to those who say it."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.alerts.alert_states import STANDINGS_KEY
from bot.alerts.config import AlertsFile
from bot.alerts.publisher import MOST_EDITS
from bot.alerts.schedule import Schedule
from bot.quay.errors import NotAdvancing
from tests.support.alerts import CONFIG, Died, Workshop


@pytest.fixture
def shop(redis: Redis) -> Workshop:
    return Workshop(redis)


async def test_quay_is_asked_once_for_each_page(shop: Workshop) -> None:
    """250 organizations are three requests, and 100 users one."""
    shop.quay.used = {f"org{n}": 0 for n in range(250)} | {f"user:u{n}": 0 for n in range(100)}
    shop.quay.incomplete = {"org7"}
    result = await shop.sweep.run(CONFIG)
    assert shop.quay.requests == {"organizations": 3, "users": 1}
    assert (result.requests, result.namespaces, result.incomplete, result.posted) == (4, 350, 1, 0)


async def test_without_a_section_on_quotas_nobody_is_asked(shop: Workshop) -> None:
    """No rule, no alert."""
    await shop.sweep.run(CONFIG.model_copy(update={"quotas": None}))
    assert not shop.quay.requests


async def test_each_namespace_is_told_where_its_route_says(shop: Workshop) -> None:
    """At the levels of that route; users' namespaces are named as such."""
    shop.quay.used = {"ml-a": 75, "web-a": 75, "web-b": 85, "user:bob": 95}
    await shop.run()
    assert [(channel, text.split(" is ")[0]) for channel, text in shop.slack.posts] == [
        ("C0ML", "ml-a"),
        ("C0WEB", "web-b"),
        ("C0ADMIN", "user:bob"),
    ]


async def test_a_rise_is_told_once_and_its_end_is_an_edit(shop: Workshop) -> None:
    """A new level is told in the thread; after the recovery the next rise is a new message."""
    for used in (10, 85, 85, 84, 80, 79, 78, 95, 96, 88, 87, 77, 10, 81):
        await shop.run(web_a=used)
    assert [text.split(" of its")[0] for _, text in shop.slack.posts] == ["web-a is at 85 %", "web-a is at 81 %"]
    assert [(message, text.split(" of its")[0]) for _, message, text in shop.slack.replies] == [
        ("1.0", "web-a is at 95 %")
    ]
    assert [(message, text.split(" of its")[0]) for _, message, text in shop.slack.edits] == [
        ("1.0", "web-a is at 79 %"),
        ("1.0", "web-a is at 95 %"),
        ("1.0", "web-a is at 87 %"),
        ("1.0", "web-a is below its alert levels again · 77 %"),
    ]


async def test_of_incomplete_figures_only_that_is_said_once(shop: Workshop) -> None:
    """An alert that was active stays so; the one message is edited when Quay has counted, and for a day after."""
    await shop.run(web_a=85)
    shop.quay.incomplete = {"web-a", "web-b"}
    for _ in range(3):
        await shop.run(web_a=0, web_b=99)
    assert [text.split(".")[0] for channel, text in shop.slack.posts[1:] if channel == "C0ADMIN"] == [
        "Quay is still counting 2 namespaces of 2 with a limit"
    ]
    shop.quay.incomplete = set()
    await shop.run(web_a=85, web_b=0)
    await shop.run()
    shop.quay.incomplete = {"web-b"}
    await shop.run()
    await shop.run()
    assert len(shop.slack.posts) == 2
    assert [(message, text.split(" namespace")[0]) for _, message, text in shop.slack.edits] == [
        ("2.0", "Quay has counted every"),
        ("2.0", "Quay is still counting 1"),
    ]
    shop.quay.incomplete = set()
    await shop.run()
    shop.clock.advance(days=1)
    shop.quay.incomplete = {"web-b"}
    await shop.run()
    assert len(shop.slack.posts) == 3


@pytest.mark.parametrize(
    ("how", "said"), [("unlimited", "has no quota any more"), ("deleted", "is gone from the registry")]
)
async def test_an_alert_ends_when_its_ground_goes(shop: Workshop, how: str, said: str) -> None:
    """The limit was lifted, or the namespace deleted or renamed."""
    await shop.run(web_a=85)
    if how == "unlimited":
        shop.quay.unlimited = {"web-a"}
    else:
        del shop.quay.used["web-a"]
    await shop.run()
    await shop.run()
    assert shop.slack.edits == [("C0WEB", "1.0", f"web-a {said}")]


async def test_a_namespace_that_cannot_be_read_is_not_gone(shop: Workshop) -> None:
    """Its alert stands as it was, those of the others go on, and the sweep counts it."""
    await shop.run(web_a=85)
    shop.quay.unreadable = {"web-a"}
    shop.quay.used |= {"web-b": 85, "web-a": 99}
    result = await shop.sweep.run(CONFIG)
    assert (result.unreadable, result.namespaces, result.finished) == (1, 1, True)
    assert [text.split(" is ")[0] for _, text in shop.slack.posts] == ["web-a", "web-b"]
    assert not shop.slack.edits
    shop.quay.unreadable = set()
    del shop.quay.used["web-a"]
    await shop.run()
    assert shop.slack.edits == [("C0WEB", "1.0", "web-a is gone from the registry")]


async def test_a_list_that_does_not_advance_ends_the_sweep(shop: Workshop) -> None:
    """Nothing is said of what was read so far: half of a registry is not the registry."""
    shop.quay.used = {f"web-{n}": 85 for n in range(250)}
    shop.quay.repeats = True
    with pytest.raises(NotAdvancing, match="listAllOrganizations"):
        await shop.sweep.run(CONFIG)
    assert shop.quay.requests["organizations"] == 2
    assert not shop.slack.posts


async def test_an_alert_ends_when_its_route_goes(shop: Workshop) -> None:
    """Nobody is left to tell."""
    await shop.run(web_a=85)
    assert CONFIG.quotas
    nothing = CONFIG.model_copy(update={"quotas": CONFIG.quotas.model_copy(update={"routes": ()})})
    await shop.sweep.run(nothing)
    assert shop.slack.edits == [("C0WEB", "1.0", "web-a is not watched any more")]


async def test_only_active_alerts_are_remembered(shop: Workshop) -> None:
    """The memory grows with what is wrong, not with the registry."""
    shop.quay.used = {f"org{n}": 0 for n in range(300)} | {"web-a": 85}
    await shop.run()
    assert await shop.redis.hkeys(STANDINGS_KEY) == [b"web-a"]  # type: ignore[misc]
    await shop.run(web_a=0)
    assert not await shop.redis.exists(STANDINGS_KEY)


async def test_three_workers_say_it_once(shop: Workshop) -> None:
    """Rises, falls and recoveries alike: one of them looks, and the others leave it to that one."""
    shop.quay.used = {f"web-{n}": 85 for n in range(8)}
    for used in (85, 95, 85, 10):
        shop.quay.used = dict.fromkeys(shop.quay.used, used)
        await asyncio.gather(*(replace(shop).sweep.run(CONFIG) for _ in range(3)))
    assert (len(shop.slack.posts), len(shop.slack.replies), len(shop.slack.edits)) == (8, 8, 24)
    assert set(Counter(text for _, text in shop.slack.posts).values()) == {1}
    assert shop.quay.requests == {"organizations": 4, "users": 4}


async def test_three_workers_make_one_digest(shop: Workshop) -> None:
    """They do not share the rises out among them, each below the measure of a digest."""
    shop.quay.used = {f"web-{n}": 85 for n in range(25)}
    await asyncio.gather(*(replace(shop).sweep.run(CONFIG) for _ in range(3)))
    assert [text.split(":")[0] for _, text in shop.slack.posts] == [
        "25 namespaces are at an alert level of their quota"
    ]


async def test_ten_rises_are_ten_messages_and_eleven_are_one(shop: Workshop) -> None:
    """Counted for each channel."""
    shop.quay.used = {f"web-{n}": 85 for n in range(10)} | {f"ml-{n}": 85 for n in range(11)}
    await shop.run()
    assert Counter(channel for channel, _ in shop.slack.posts) == {"C0WEB": 10, "C0ML": 1}


async def test_a_digest_shrinks_as_its_namespaces_recover(shop: Workshop) -> None:
    """One edit for each sweep that finds a change; the last one says that all is well."""
    names = [f"web-{n}" for n in range(12)]
    shop.quay.used = dict.fromkeys(names, 85)
    await shop.run()
    shop.quay.used |= {"web-0": 5, "web-1": 5, "web-2": 95}
    await shop.run()
    assert shop.slack.posts[-1][1].startswith("web-2 is at 95 %")
    assert [text for *_, text in shop.slack.edits] == ["9 of 12 namespaces are still at an alert level of their quota"]
    assert "web-3" in shop.slack.words("1.0")
    assert not {"web-0", "web-1", "web-2"} & {word.strip('"') for word in shop.slack.words("1.0").split()}
    shop.quay.used = dict.fromkeys(names, 5)
    await shop.run()
    assert len(shop.slack.edits) == 3
    assert "All 12 namespaces of this list" in shop.slack.messages["1.0"].text


async def test_a_worker_that_dies_before_slack_heard_is_replaced(shop: Workshop) -> None:
    """For two minutes its claim holds; then another worker says it."""
    shop.slack.dies = True
    with pytest.raises(Died):
        await shop.run(web_a=85)
    shop.slack.dies = False
    shop.clock.advance(minutes=2)
    await shop.sweep.run(CONFIG)
    assert shop.slack.posts == []
    shop.clock.advance(seconds=1)
    await shop.run()
    await shop.run()
    assert [channel for channel, _ in shop.slack.posts] == ["C0WEB"]


async def test_a_worker_that_dies_before_it_noted_its_message_costs_one_more(shop: Workshop) -> None:
    """Whether Slack heard cannot be known then; to say it twice is better than never."""
    shop.slack.dies_after_posting = True
    with pytest.raises(Died):
        await shop.run(web_a=85)
    shop.slack.dies_after_posting = False
    for _ in range(3):
        shop.clock.advance(minutes=15)
        await shop.run()
    assert len(shop.slack.posts) == 2


async def test_a_worker_that_dies_while_it_edits_is_replaced(shop: Workshop) -> None:
    """The alert is not over before its message says so."""
    await shop.run(web_a=85)
    shop.slack.dies = True
    with pytest.raises(Died):
        await shop.run(web_a=5)
    shop.slack.dies = False
    shop.clock.advance(minutes=3)
    await shop.run()
    await shop.run()
    assert [text.split(" · ")[0] for *_, text in shop.slack.edits] == ["web-a is below its alert levels again"]


@pytest.mark.parametrize("reason", ["not_in_channel", "channel_not_found", "is_archived"])
async def test_what_a_channel_refuses_goes_to_the_admin_channel_with_the_reason(shop: Workshop, reason: str) -> None:
    """There it lives on: told once, and edited when it is over."""
    shop.slack.refusals = {"C0WEB": reason}
    await shop.run(web_a=85)
    await shop.run(web_a=85)
    assert [channel for channel, _ in shop.slack.posts] == ["C0ADMIN"]
    assert f"<#C0WEB>, which Slack refused: `{reason}`" in shop.slack.words("1.0")
    await shop.run(web_a=5)
    assert [channel for channel, *_ in shop.slack.edits] == ["C0ADMIN"]


async def test_what_no_channel_takes_is_tried_again(shop: Workshop) -> None:
    """Nothing is lost while Slack is away, and nothing is said twice afterwards."""
    shop.slack.refusals = {"C0WEB": "TimeoutError", "C0ADMIN": "TimeoutError"}
    shop.quay.used = {"web-a": 85, "org": 85}
    result = await shop.sweep.run(CONFIG)
    assert (result.posted, result.postponed) == (0, 2)
    shop.slack.refusals = {}
    await shop.run()
    await shop.run()
    assert sorted(channel for channel, _ in shop.slack.posts) == ["C0ADMIN", "C0WEB"]


async def test_a_channel_that_is_only_busy_is_tried_again(shop: Workshop) -> None:
    """The admin channel isn't bothered with it."""
    shop.slack.refusals = {"C0WEB": "ratelimited"}
    await shop.run(web_a=85)
    assert shop.slack.posts == []
    shop.slack.refusals = {}
    await shop.run()
    assert [channel for channel, _ in shop.slack.posts] == ["C0WEB"]


async def test_refusals_do_not_flood_the_admin_channel(shop: Workshop) -> None:
    """More than ten in all are one digest there too, its own rises included."""
    shop.slack.refusals = {"C0WEB": "not_in_channel", "C0ML": "channel_not_found"}
    shop.quay.used = dict.fromkeys([*(f"web-{n}" for n in range(6)), *(f"ml-{n}" for n in range(20)), "org"], 85)
    await shop.run()
    assert [channel for channel, _ in shop.slack.posts] == ["C0ADMIN"]
    assert "<#C0WEB>" in shop.slack.words("1.0")
    assert "<#C0ML>" in shop.slack.words("1.0")


async def test_a_rise_that_failed_leaves_the_earlier_alert_as_it_was(shop: Workshop) -> None:
    """The level told before is still the one told."""
    await shop.run(org=85)
    shop.slack.refusals = {"C0ADMIN": "TimeoutError"}
    await shop.run(org=95)
    shop.slack.refusals = {}
    await shop.run(org=85)
    assert (len(shop.slack.posts), shop.slack.edits) == (1, [])
    await shop.run(org=5)
    assert [message for _, message, _ in shop.slack.edits] == ["1.0"]


@pytest.mark.parametrize(("reason", "tries"), [("TimeoutError", 1), ("message_not_found", 0)])
async def test_a_refused_edit_is_tried_again_unless_there_is_nothing_to_edit(
    shop: Workshop, reason: str, tries: int
) -> None:
    """A message that somebody deleted is not looked for in every sweep."""
    await shop.run(web_a=85)
    shop.slack.refusals = {"C0WEB": reason}
    await shop.run(web_a=5)
    shop.slack.refusals = {}
    await shop.run()
    assert len(shop.slack.edits) == tries
    assert not await shop.redis.exists(STANDINGS_KEY)


async def test_a_standing_that_cannot_be_read_is_written_anew(shop: Workshop) -> None:
    """Another version's memory costs one message, not the alert."""
    await shop.redis.hset(STANDINGS_KEY, "web-a", "{}")  # type: ignore[misc]
    await shop.run(web_a=85)
    await shop.run(web_a=85)
    assert len(shop.slack.posts) == 1


async def test_what_a_sweep_could_not_say_is_due_again_before_its_next_moment(shop: Workshop) -> None:
    """Even where sweeps are daily; once it is done, nothing is due until tomorrow."""
    assert CONFIG.quotas
    daily = CONFIG.model_copy(
        update={"quotas": CONFIG.quotas.model_copy(update={"every": Schedule.parse("0 9 * * *")})}
    )
    shop.quay.used, shop.slack.refusals = {"web-a": 85}, {"C0WEB": "ratelimited"}
    moments = []
    for _ in range(4):
        if moment := await shop.sweep.due(daily):
            moments.append(moment)
            await shop.sweep.keep(daily, moment)
        assert await shop.sweep.due(daily) is None
        shop.slack.refusals = {}
        shop.clock.advance(minutes=10)
    assert [f"{moment:%H:%M}" for moment in moments] == ["09:00", "09:00"]
    assert len(shop.slack.posts) == 1
    shop.clock.advance(days=3)
    assert await shop.sweep.due(daily)
    assert await replace(shop).sweep.due(daily) is None


async def test_more_messages_than_slack_takes_edits_are_left_for_the_next_sweep(shop: Workshop) -> None:
    """Slack takes 50 edits a minute, and a sweep has ten minutes."""
    names = [f"web-{n}" for n in range(MOST_EDITS + 5)]
    for start in range(0, len(names), 10):
        shop.quay.used |= dict.fromkeys(names[start : start + 10], 85)
        await shop.run()
    shop.clock.advance(hours=1)
    shop.quay.used = dict.fromkeys(names, 5)
    result = await shop.sweep.run(CONFIG)
    assert (result.edited, result.postponed, result.finished) == (MOST_EDITS, 5, False)
    result = await shop.sweep.run(CONFIG)
    assert (result.edited, result.postponed, result.finished) == (5, 0, True)


async def test_a_thousand_namespaces_that_move_together_are_a_few_calls_of_slack(shop: Workshop) -> None:
    """Rise, move, rise again, recover: each time one message, and one edit, for each of two channels."""
    routes = [{"namespaces": [f"c{n}-*"], "channel": f"C0N{n}"} for n in range(2)]
    shop.config = AlertsFile.model_validate({"version": 1, "admin_channel": "C0ADMIN", "quotas": {"routes": routes}})
    names = [f"c{n % 2}-{n}" for n in range(1000)]
    calls = []
    for used in (85, 86, 88, 95, 100, 5):
        shop.quay.used = dict.fromkeys(names, used)
        await shop.run()
        shop.clock.advance(hours=1)
        calls.append(len(shop.slack.listen()) / 2)
    assert calls == [1, 1, 1, 2, 2, 1]
