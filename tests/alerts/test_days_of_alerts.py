"""Days and weeks of readings, and what people hear of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.alerts.alert_states import STANDINGS_KEY, AlertStates
from bot.alerts.backfill_notice import COUNTING_KEY, quotas_off_since
from bot.alerts.config import AlertsFile
from bot.alerts.silences import SILENCES_KEY, Silences
from bot.model.alert_facts import Silence
from tests.support.alerts import Workshop


def config(**quotas: Any) -> AlertsFile:
    routes = [{"namespaces": ["*"], "channel": "C0WEB", "mention": "S0WEB"}]
    return AlertsFile.model_validate(
        {
            "version": 1,
            "time_zone": "Europe/Berlin",
            "admin_channel": "C0ADMIN",
            "quotas": {"levels": [80, 90, 100], "routes": routes} | quotas,
        }
    )


@pytest.fixture
def shop(redis: Redis) -> Workshop:
    return Workshop(redis, config())


async def silence(shop: Workshop, *, until: str | None = None, by: str = "Bob") -> None:
    """What a click does to web-a, as far as a sweep sees it."""
    alert_state = (await AlertStates.load(shop.redis))["web-a"]
    end = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
    wish = Silence("U0BOB", by, shop.clock.now, alert_state.said.level, end)
    await (await Silences.load(shop.redis)).swap({"web-a": wish})


async def test_one_message_lives_as_long_as_the_alert(shop: Workshop) -> None:
    """Posted, edited as it moves, told anew in its thread at a new level, closed in the end."""
    days = [
        ("2026-11-23 10:00", 70, []),
        ("2026-11-23 10:15", 82, ["post C0WEB web-a is at 82 %"]),
        ("2026-11-23 10:30", 84, []),
        ("2026-11-23 11:15", 84, ["edit C0WEB web-a is at 84 %"]),
        ("2026-11-23 11:30", 91, ["edit C0WEB web-a is at 91 %", "reply C0WEB web-a is at 91 %"]),
        ("2026-11-24 09:00", 89, ["edit C0WEB web-a is at 89 %"]),
        ("2026-11-24 09:15", 87, ["edit C0WEB web-a is at 87 %"]),
        ("2026-11-24 09:30", 90, ["edit C0WEB web-a is at 90 %", "reply C0WEB web-a is at 90 %"]),
        ("2026-11-24 12:00", 60, ["edit C0WEB web-a is below its alert levels again"]),
        ("2026-11-24 12:15", 60, []),
        ("2026-11-25 12:00", 85, ["post C0WEB web-a is at 85 %"]),
    ]
    for moment, used, heard in days:
        assert await shop.at(moment, web_a=used) == heard, moment


async def test_flapping_at_a_level_is_told_once(shop: Workshop) -> None:
    """Two points below a level it is still the level's."""
    heard = []
    for hour in range(24):
        heard += await shop.at(f"2026-11-23 {hour:02}:00", web_a=80 if hour % 2 else 78)
    assert [line for line in heard if not line.startswith("edit")] == ["post C0WEB web-a is at 80 %"]


async def test_a_use_that_runs_up_and_down_all_day_is_edited_once_an_hour(shop: Workshop) -> None:
    """96 sweeps, each with another figure, are 23 edits and one message."""
    start, heard = datetime(2026, 11, 23, tzinfo=UTC), []
    for sweep in range(96):
        moment = (start + timedelta(minutes=15 * sweep)).strftime("%Y-%m-%d %H:%M")
        heard += await shop.at(moment, web_a=81 + 2 * (sweep % 4))
    assert [line.split()[0] for line in heard].count("post") == 1
    assert 20 <= len(heard) <= 24


async def test_reminders_come_once_a_day_while_it_is_over_the_limit(shop: Workshop) -> None:
    """In the thread; none is owed for the time when nobody looked."""
    days = [
        ("2026-11-23 10:00", 100, ["post C0WEB web-a is at 100 %"]),
        ("2026-11-24 09:45", 100, []),
        ("2026-11-24 10:00", 100, ["edit C0WEB web-a is at 100 %", "reply C0WEB Still over its limit"]),
        ("2026-11-24 10:15", 100, []),
        ("2026-11-28 08:00", 100, ["edit C0WEB web-a is at 100 %", "reply C0WEB Still over its limit"]),
        ("2026-11-28 08:15", 100, []),
        ("2026-11-29 09:00", 99, ["edit C0WEB web-a is at 99 %"]),
    ]
    for moment, used, heard in days:
        assert await shop.at(moment, web_a=used) == heard, moment


async def test_only_the_highest_level_pings_and_only_the_user_group_of_the_route(shop: Workshop) -> None:
    """Once in what is new, never in an edit."""
    for used in (85, 95, 99):
        await shop.run(web_a=used)
    assert not any("subteam" in text for _, text in shop.slack.posts)
    await shop.run(web_a=100)
    await shop.run(web_b=100)
    assert [text.count("<!subteam^S0WEB>") for *_, text in shop.slack.replies] == [0, 1]
    assert [text.count("<!subteam^S0WEB>") for _, text in shop.slack.posts] == [0, 1]
    assert not any("subteam" in text for *_, text in shop.slack.edits)


@pytest.mark.parametrize(
    ("end", "after"), [("2026-11-24 06:00", "2026-11-24 06:15"), ("2026-07-01 05:00", "2026-07-01 05:15")]
)
async def test_what_is_true_at_the_end_of_quiet_hours_is_told_then(redis: Redis, end: str, after: str) -> None:
    """22:00 to 7:00 in Berlin, in winter and in summer: the highest level alone is told in between."""
    shop = Workshop(redis, config(quiet="22:00-07:00"))
    last = datetime.fromisoformat(end)
    night = [(last - timedelta(minutes=15 * n)).isoformat() for n in range(8, 0, -1)]
    shop.quay.used = {"web-a": 85, "web-b": 85, "web-c": 100, "web-d": 70}
    assert await shop.at(night[0]) == ["post C0WEB web-c is at 100 %"]
    assert await shop.at(night[1], web_b=70) == []
    assert await shop.at(night[7]) == []
    assert await shop.at(end) == ["post C0WEB web-a is at 85 %"]
    assert await shop.at(after) == []


async def test_that_quota_management_is_off_is_said_once_in_the_admin_channel(shop: Workshop) -> None:
    """What stands stays as it is; when it is on again, the same message says so."""
    await shop.at("2026-11-23 10:00", web_a=85)
    shop.quay.off = True
    await shop.at("2026-11-23 11:00")
    assert shop.slack.posts[-1][0] == "C0ADMIN"
    assert shop.slack.posts[-1][1].startswith("Quay shows no quotas.")
    assert quotas_off_since(await shop.redis.get(COUNTING_KEY)) is not None
    assert await shop.at("2026-11-23 12:00") == []
    shop.quay.off = False
    assert await shop.at("2026-11-23 13:00") == ["edit C0ADMIN Quay shows quotas again"]
    assert quotas_off_since(await shop.redis.get(COUNTING_KEY)) is None
    assert len(shop.slack.posts) == 2


async def test_an_alert_that_ends_by_a_raised_limit_says_so(shop: Workshop) -> None:
    """And not one that ends by a smaller use."""
    await shop.at("2026-11-23 10:00", web_a=85, web_b=85)
    shop.quay.limits["web-a"] = 200
    await shop.at("2026-11-23 11:00", web_b=5)
    said = {text.split()[0]: text for *_, text in shop.slack.edits}
    assert said["web-a"].endswith("42.5 % of its quota: 85 B of 200 B used · limit raised 100 B → 200 B")
    assert "raised" not in said["web-b"]


async def test_a_snooze_is_broken_once_by_the_highest_level(shop: Workshop) -> None:
    """However often it comes and goes, over recoveries too; when the snooze ends, what is still true is told."""
    await shop.at("2026-11-23 10:00", web_a=85)
    await silence(shop, until="2026-11-24 08:00")
    heard = await shop.at("2026-11-23 11:00", web_a=100)
    for hour, used in ((12, 95), (13, 101), (14, 50), (15, 103), (16, 0), (17, 120)):
        heard += await shop.at(f"2026-11-23 {hour}:00", web_a=used)
        assert "Snoozed until" in shop.slack.words("1.0")
        assert "the highest level was told" in shop.slack.words("1.0")
    assert [line for line in heard if not line.startswith("edit")] == ["reply C0WEB web-a is at 100 %"]
    assert (await shop.at("2026-11-24 08:00"))[-1].startswith("reply C0WEB The snooze is over, and web-a is at 120 %")
    assert "Snoozed until" not in shop.slack.words("1.0")
    await silence(shop, until="2026-11-25 08:00")
    await shop.at("2026-11-24 09:00", web_a=85)
    await silence(shop, until="2026-11-25 08:00")
    assert (await shop.at("2026-11-24 10:00", web_a=100))[-1] == "reply C0WEB web-a is at 100 %"


async def test_a_snooze_holds_until_its_time_through_flaps_and_levels(shop: Workshop) -> None:
    """What happens meanwhile is shown; what is still true afterwards is told."""
    await shop.at("2026-11-23 10:00", web_a=85)
    await silence(shop, until="2026-11-25 08:00")
    days = [
        ("2026-11-23 10:15", 85, ["edit C0WEB web-a is at 85 %"]),
        ("2026-11-23 12:00", 91, ["edit C0WEB web-a is at 91 %"]),
        ("2026-11-23 13:00", 50, ["edit C0WEB web-a is below its alert levels again"]),
        ("2026-11-23 14:00", 86, ["edit C0WEB web-a is at 86 %"]),
        ("2026-11-25 07:45", 86, []),
        (
            "2026-11-25 08:00",
            86,
            ["edit C0WEB web-a is at 86 %", "reply C0WEB The snooze is over, and web-a is at 86 %"],
        ),
        ("2026-11-25 08:15", 86, []),
        ("2026-11-25 12:00", 50, ["edit C0WEB web-a is below its alert levels again"]),
        ("2026-11-25 13:00", 86, ["post C0WEB web-a is at 86 %"]),
    ]
    for moment, used, heard in days:
        assert await shop.at(moment, web_a=used) == heard, moment


async def test_the_highest_level_is_told_in_spite_of_a_snooze(shop: Workshop) -> None:
    """Once; a snooze of that level itself holds."""
    await shop.at("2026-11-23 10:00", web_a=85)
    await silence(shop, until="2026-11-30 10:00")
    assert (await shop.at("2026-11-23 11:00", web_a=100))[-1] == "reply C0WEB web-a is at 100 %"
    await silence(shop, until="2026-11-30 10:00")
    for day in range(24, 30):
        assert not [line for line in await shop.at(f"2026-11-{day} 12:00") if "edit" not in line]
    assert (await shop.at("2026-11-30 10:00"))[-1] == "reply C0WEB The snooze is over, and web-a is at 100 %"


async def test_an_acknowledgement_ends_the_reminders_and_holds_for_a_day_after_a_recovery(shop: Workshop) -> None:
    """Nothing of it is left in Redis after that."""
    await shop.at("2026-11-23 10:00", web_a=100)
    await silence(shop)
    days = [
        ("2026-11-25 10:00", 100, ["edit C0WEB web-a is at 100 %"]),
        ("2026-11-25 11:00", 50, ["edit C0WEB web-a is below its alert levels again"]),
        ("2026-11-26 10:45", 100, ["edit C0WEB web-a is at 100 %"]),
        ("2026-11-26 11:45", 50, ["edit C0WEB web-a is below its alert levels again"]),
        ("2026-11-27 11:30", 50, []),
        ("2026-11-27 11:45", 50, []),
        ("2026-11-27 12:00", 100, ["post C0WEB web-a is at 100 %"]),
    ]
    for moment, used, heard in days:
        if moment == "2026-11-27 12:00":
            assert not await shop.redis.exists(STANDINGS_KEY, SILENCES_KEY)
        assert await shop.at(moment, web_a=used) == heard, moment


async def test_who_silenced_it_is_shown_by_the_next_sweep_if_the_click_could_not(shop: Workshop) -> None:
    """With a name that does nothing."""
    await shop.at("2026-11-23 10:00", web_a=85)
    await silence(shop, by="Bob <!channel>")
    assert await shop.at("2026-11-23 10:15") == ["edit C0WEB web-a is at 85 %"]
    assert "Acknowledged by Bob &lt;!channel&gt; (`U0BOB`)" in shop.slack.words("1.0")
    assert await shop.at("2026-11-23 10:30") == []


async def test_a_renamed_namespace_is_another_one(shop: Workshop) -> None:
    """The old alert ends with what silenced it, and the new name begins anew."""
    await shop.at("2026-11-23 10:00", web_a=85)
    await silence(shop)
    shop.quay.used = {"web-b": 85}
    assert await shop.at("2026-11-23 10:15") == [
        "post C0WEB web-b is at 85 %",
        "edit C0WEB web-a is gone from the registry",
    ]
    assert not await shop.redis.exists(SILENCES_KEY)


async def test_after_days_without_a_worker_people_hear_what_is_true_now(shop: Workshop) -> None:
    """Not what they missed."""
    await shop.at("2026-11-23 10:00", web_a=85, web_b=85, web_c=50)
    assert await shop.at("2026-11-27 10:00", web_a=95, web_b=50, web_c=81) == [
        "edit C0WEB web-a is at 95 %",
        "reply C0WEB web-a is at 95 %",
        "post C0WEB web-c is at 81 %",
        "edit C0WEB web-b is below its alert levels again",
    ]


async def test_many_that_rise_together_leave_their_own_messages_for_a_table(shop: Workshop) -> None:
    """One message for 12 namespaces with messages of their own; those lead on, and the table lives on."""
    names = [f"web-{n}" for n in range(12)]
    for half in (names[:6], names[6:]):
        shop.quay.used |= dict.fromkeys(half, 85)
        await shop.run()
    assert len(shop.slack.listen()) == 12
    shop.quay.used = dict.fromkeys(names, 95)
    await shop.run()
    heard = shop.slack.listen()
    assert heard[0] == "post C0WEB 12 namespaces are at an alert level of their quota"
    assert {line.split(" has ")[1] for line in heard[1:]} == {"a newer message, further down"}
    assert len(heard) == 13
    shop.quay.used["web-1"] = 100
    await shop.run()
    assert shop.slack.listen() == [
        "post C0WEB web-1 is at 100 %",
        "edit C0WEB 11 of 12 namespaces are still at an alert level of their quota",
    ]


async def test_a_route_that_leads_elsewhere_counts_from_the_next_level_on(shop: Workshop) -> None:
    """The message in the old channel says so."""
    await shop.at("2026-11-23 10:00", web_a=85)
    shop.config = config(routes=[{"namespaces": ["*"], "channel": "C0NEW"}])
    assert await shop.at("2026-11-23 10:15") == []
    assert await shop.at("2026-11-23 10:30", web_a=95) == [
        "post C0NEW web-a is at 95 %",
        "edit C0WEB web-a has a newer message in another channel",
    ]


async def test_an_alert_that_a_channel_refused_goes_on_in_the_admin_channel(shop: Workshop) -> None:
    """In a thread there; the note of where it belongs stays in the message."""
    shop.slack.refusals = {"C0WEB": "not_in_channel"}
    assert await shop.at("2026-11-23 10:00", web_a=85) == ["post C0ADMIN web-a is at 85 %"]
    assert await shop.at("2026-11-23 10:15", web_a=95) == [
        "edit C0ADMIN web-a is at 95 %",
        "reply C0ADMIN web-a is at 95 %",
    ]
    assert "Meant for <#C0WEB>" in shop.slack.words("1.0")


async def test_what_is_new_is_told_in_the_right_channel_as_soon_as_that_takes_it(shop: Workshop) -> None:
    """The message in the admin channel then says where it goes on."""
    shop.slack.refusals = {"C0WEB": "not_in_channel"}
    await shop.at("2026-11-23 10:00", web_a=85)
    shop.slack.refusals = {}
    assert await shop.at("2026-11-23 10:15", web_a=95) == [
        "post C0WEB web-a is at 95 %",
        "edit C0ADMIN web-a has a newer message in another channel",
    ]
    assert "Meant for" not in shop.slack.words("2.0")
    assert "It goes on in <#C0WEB>" in shop.slack.words("1.0")
    assert (await shop.at("2026-11-23 10:30", web_a=100))[-1] == "reply C0WEB web-a is at 100 %"


async def test_a_channel_that_threw_the_bot_out_is_told_in_the_admin_channel(shop: Workshop) -> None:
    """With the reason, at the next level."""
    await shop.at("2026-11-23 10:00", web_a=85)
    shop.slack.refusals = {"C0WEB": "not_in_channel"}
    assert await shop.at("2026-11-23 10:15", web_a=95) == ["post C0ADMIN web-a is at 95 %"]


async def test_a_message_that_somebody_deleted_is_posted_anew_at_the_next_level(shop: Workshop) -> None:
    """There is no thread to answer in."""
    await shop.at("2026-11-23 10:00", web_a=85)
    shop.slack.deleted = {"1.0"}
    assert await shop.at("2026-11-23 10:15", web_a=95) == ["post C0WEB web-a is at 95 %"]


async def test_a_busy_slack_loses_nothing(shop: Workshop) -> None:
    """The reply that Slack did not take is sent by the next sweep."""
    await shop.at("2026-11-23 10:00", web_a=85)
    shop.slack.refusals = {"C0WEB": "ratelimited"}
    assert await shop.at("2026-11-23 10:15", web_a=95) == []
    shop.slack.refusals = {}
    assert (await shop.at("2026-11-23 10:30"))[-1] == "reply C0WEB web-a is at 95 %"
    assert await shop.at("2026-11-23 10:45") == []


async def test_full_soon_is_told_after_a_week_of_steady_growth(redis: Redis) -> None:
    """At 66 % of its limit and 6 % a day; when the growth stops, it is over."""
    shop = Workshop(redis, config(full_within="14d"))
    heard = {}
    for day in range(1, 8):
        heard[day] = await shop.at(f"2026-11-{day:02} 10:00", web_a=30 + 6 * (day - 1), web_b=50)
    assert {day: lines for day, lines in heard.items() if lines} == {7: ["post C0WEB web-a may be full in 5–6 days"]}
    assert (await shop.at("2026-11-08 10:00", web_a=82))[-1] == "reply C0WEB web-a is at 82 %"
    for day in range(9, 30):
        await shop.at(f"2026-11-{day:02} 10:00", web_a=60)
    assert shop.slack.edits[-1][2].startswith("web-a is not about to fill up any more · 60 %")


async def test_three_workers_remind_once(shop: Workshop) -> None:
    """Whoever comes first."""
    await shop.at("2026-11-23 10:00", web_a=100)
    shop.clock.advance(days=2)
    for _ in range(3):
        await replace(shop).sweep.run(shop.config)
    assert len(shop.slack.replies) == 1


async def test_a_channel_that_takes_messages_again_gets_the_alert_that_it_refused(shop: Workshop) -> None:
    """It is tried once an hour; until then the message in the admin channel goes on, and after that it leads there."""
    shop.slack.refusals = {"C0WEB": "not_in_channel"}
    hours = [
        ("2026-11-23 10:00", 100, ["post C0ADMIN web-a is at 100 %"]),
        ("2026-11-23 10:45", 100, []),
        ("2026-11-23 11:00", 100, ["edit C0ADMIN web-a is at 100 %"]),
        ("2026-11-23 11:15", 100, []),
    ]
    for moment, used, heard in hours:
        assert await shop.at(moment, web_a=used) == heard, moment
    assert "Meant for <#C0WEB>" in shop.slack.words("1.0")
    shop.slack.refusals = {}
    assert await shop.at("2026-11-23 12:00") == [
        "post C0WEB web-a is at 100 %",
        "edit C0ADMIN web-a has a newer message in another channel",
    ]
    assert "<!subteam^S0WEB>" in shop.slack.posts[-1][1]
    assert "Meant for" not in shop.slack.words("2.0")
    assert (await shop.at("2026-11-24 12:00"))[-1] == "reply C0WEB Still over its limit"


async def test_a_digest_that_was_refused_is_tried_again_as_one(shop: Workshop) -> None:
    """Not as a message for each namespace."""
    shop.slack.refusals = {"C0WEB": "not_in_channel"}
    shop.quay.used = {f"web-{n}": 85 for n in range(12)}
    assert await shop.at("2026-11-23 10:00") == ["post C0ADMIN 12 namespaces are at an alert level of their quota"]
    assert len(await shop.at("2026-11-23 11:00")) == 1
    shop.slack.refusals = {}
    assert await shop.at("2026-11-23 12:00") == [
        "post C0WEB 12 namespaces are at an alert level of their quota",
        "edit C0ADMIN All 12 namespaces of this list have recovered or have newer messages",
    ]
    assert await shop.at("2026-11-23 12:15") == []


async def test_an_alert_whose_route_was_led_to_where_it_stands_says_no_more_of_the_refusal(shop: Workshop) -> None:
    """Nothing is posted anew."""
    shop.slack.refusals = {"C0WEB": "not_in_channel"}
    await shop.at("2026-11-23 10:00", web_a=85)
    shop.config = config(routes=[{"namespaces": ["*"], "channel": "C0ADMIN"}])
    assert await shop.at("2026-11-23 11:00") == ["edit C0ADMIN web-a is at 85 %"]
    assert "Meant for" not in shop.slack.words("1.0")


@pytest.mark.parametrize("reason", ["ratelimited", "internal_error", "TimeoutError", "ClientConnectorError"])
async def test_what_says_nothing_against_a_channel_is_tried_again_there(shop: Workshop, reason: str) -> None:
    """The admin channel does not hear of it."""
    shop.slack.refusals = {"C0WEB": reason}
    assert await shop.at("2026-11-23 10:00", web_a=85) == []
    shop.slack.refusals = {}
    assert await shop.at("2026-11-23 10:15") == ["post C0WEB web-a is at 85 %"]


async def test_the_highest_level_is_seen_in_the_channel_and_not_in_a_thread_alone(shop: Workshop) -> None:
    """Nobody follows the thread of a bot's message by themselves. Reminders stay there."""
    for used in (85, 95, 100):
        await shop.run(web_a=used)
    shop.clock.advance(days=1)
    await shop.run()
    assert len(shop.slack.replies) == 3
    assert [text.partition(" of its")[0] for text in shop.slack.broadcasts] == ["web-a is at 100 %"]


async def test_the_first_message_foresees_as_well(redis: Redis) -> None:
    """Whether or not being full soon is an alert of its own."""
    shop = Workshop(redis, config())
    for day in range(1, 8):
        await shop.at(f"2026-11-{day:02} 10:00", web_a=51 + 5 * (day - 1))
    assert "full in 3–4 days" in shop.slack.posts[0][1]
