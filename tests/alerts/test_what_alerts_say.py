"""Alerts answer first, tell exact figures and what they mean, ping one user group at most, and fit into Slack."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.model.alert_facts import FULL_SOON, Alert, Counting, Forecast, Refusal, Silence
from bot.model.enforcement import Threshold
from bot.model.usage import Ending, Usage
from bot.slack.messages import Message
from bot.views.alerts import (
    counted,
    counting,
    quota_alert,
    quota_digest,
    quota_digest_update,
    quota_moved,
    quota_news,
    quota_recovered,
)
from sandbox.slack.blocks import check_message

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
GiB = 2**30
LIMITS = (Threshold("Reject", 100), Threshold("Warning", 80))
SWITCHED_OFF = (Threshold("Reject", 90), Threshold("Warning", 100))
EVIL = "<!channel>&\u202e`*" * 15


def alert(used: int, name: str = "team-ml-vision", level: int = 90, **more: Any) -> Alert:
    limits = more.pop("limits", LIMITS)
    reading = Usage(name, used, 100 * GiB, complete=True, enforcement=limits)
    return Alert("a1b2", reading, level, NOW - timedelta(hours=3, minutes=20), **more)


def words(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False)


def test_an_alert_answers_first() -> None:
    """The notification alone says who, how full, and what is left."""
    message = quota_alert(alert(91 * GiB), NOW)
    assert message.text == (
        "team-ml-vision is at 91 % of its quota: 91 GiB of 100 GiB used · 9 GiB left · pushes are refused at 100%"
    )
    assert message.blocks[0]["text"]["text"] == "team-ml-vision is at 91 % of its quota"
    assert message.blocks[0]["text"]["type"] == "plain_text"


def test_an_alert_shows_exact_bytes_its_level_and_quays_own_limits() -> None:
    """Everything that somebody needs to check the figures."""
    shown = words(quota_alert(alert(91 * GiB + 1), NOW))
    assert "97,710,505,985 bytes of 107,374,182,400 bytes" in shown
    assert "Alert level 90 % · Quay warns at 80%, refuses pushes at 100% (100 GiB)" in shown


def test_an_alert_can_be_acknowledged_snoozed_and_its_quota_raised() -> None:
    """The buttons name the alert and the namespace; a choice names the alert and a length, and is never kept."""
    first, later = (quota_alert(alert(91 * GiB), NOW + timedelta(hours=h)).blocks[-1] for h in (0, 1))
    assert [element["action_id"] for element in first["elements"]] == ["alert_ack", "alert_snooze", "quota_raise"]
    acknowledge, snooze, raise_ = first["elements"]
    assert (acknowledge["value"], raise_["value"]) == ("a1b2", "team-ml-vision")
    assert [option["value"] for option in snooze["options"]] == ["a1b2 1h", "a1b2 morning", "a1b2 1w"]
    assert first["block_id"] != later["block_id"]


@pytest.mark.parametrize(
    ("used", "limits", "said", "unsaid"),
    [
        (91 * GiB, (), "9 GiB left · nothing stops it", "refuse"),
        (103 * GiB, (), "3 GiB over · nothing stops it", "refuse"),
        (91 * GiB, (Threshold("Warning", 90),), "9 GiB left · nothing stops it", "refuse"),
        (91 * GiB, (Threshold("Reject", 95),), "pushes are refused at 95%", "over"),
        (100 * GiB, LIMITS, "Pushes are refused · 100 GiB of 100 GiB used · 0 B left", "refused at"),
        (103 * GiB, LIMITS, "Pushes are refused · 103 GiB of 100 GiB used · 3 GiB over", "refused at"),
        (103 * GiB, SWITCHED_OFF, "pushes are refused from 90% to 100%, but not above", "Pushes are refused"),
    ],
)
def test_refused_pushes_are_mentioned_only_where_quay_refuses_them(
    used: int, limits: tuple[Threshold, ...], said: str, unsaid: str
) -> None:
    """A Warning refuses nothing, and switches off a Reject below it."""
    text = quota_alert(alert(used, limits=limits), NOW).text
    assert said in text
    assert unsaid not in text


def test_a_namespace_under_the_system_default_is_told_as_such() -> None:
    """What it is measured by, and that Quay refuses pushes by it."""
    full = alert(100 * GiB, limits=())
    message = quota_alert(replace(full, reading=replace(full.reading, default=True)), NOW)
    assert message.text == (
        "team-ml-vision is at 100 % of the system default: Pushes are refused · 100 GiB of 100 GiB used · 0 B left"
    )
    assert "Quay refuses pushes at the system default, 100 GiB" in words(message)


def test_where_quay_checks_no_quotas_nothing_is_said_to_be_refused() -> None:
    """FEATURE_VERIFY_QUOTA is off there."""
    full = alert(103 * GiB)
    message = quota_alert(replace(full, reading=replace(full.reading, checked=False)), NOW)
    assert "3 GiB over · nothing stops it" in message.text
    assert "Quay never refuses pushes (FEATURE_VERIFY_QUOTA is off)" in words(message)


@pytest.mark.parametrize(
    ("forecast", "said"),
    [
        (Forecast(9.9, 13.2), "9–14 days"),
        (Forecast(9.5, 9.9), "9–10 days"),
        (Forecast(10.0, 10.0), "10 days"),
        (Forecast(0.2, 0.9), "less than a day"),
        (Forecast(0.2, 1.1), "0–2 days"),
    ],
)
def test_a_forecast_admits_doubt(forecast: Forecast, said: str) -> None:
    """Both ends, rounded away from each other; as the alert's level, it is the answer."""
    below = quota_alert(alert(50 * GiB, level=FULL_SOON, forecast=forecast), NOW)
    assert below.text.startswith(
        f"team-ml-vision may be full in {said}: If it grows on as it did · 50 % now: 50 GiB of 100 GiB"
    )
    above = quota_alert(alert(91 * GiB, forecast=forecast), NOW)
    assert f"full in {said} if it grows on as it did" in above.text


def test_the_admin_channel_is_told_whom_the_message_should_have_reached() -> None:
    """With Slack's reason, and what to do about it."""
    shown = words(quota_alert(alert(91 * GiB, refusal=Refusal("C0ML", "not_in_channel")), NOW))
    assert "Meant for <#C0ML>, which Slack refused: `not_in_channel`" in shown
    assert "Invite the bot there" in shown


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (None, "Acknowledged by Bob \\u202e&lt;!here&gt; (`U0BOB`)"),
        (NOW + timedelta(hours=1), "Snoozed until <!date^1795431600^"),
    ],
)
def test_who_silenced_it_is_named_and_not_pinged(until: datetime | None, said: str) -> None:
    """By the name that Slack shows, which does nothing, and the id, which is who they are."""
    silence = Silence("U0BOB", "Bob \u202e<!here>", NOW, 90, until)
    for message in (
        quota_alert(alert(91 * GiB, silence=silence), NOW),
        quota_recovered(alert(70 * GiB, silence=silence), "recovered", NOW),
        quota_digest_update([alert(91 * GiB, silence=silence)] * 3, 4, NOW),
    ):
        assert said in words(message).replace("\\\\", "\\")
        assert "<@" not in words(message)


@pytest.mark.parametrize(
    ("wish", "now", "afterwards"),
    [
        (
            Silence("U0BOB", "Bob", NOW, 90),
            "said again only at a higher level",
            "if it rises again within 24 hours, it stays quiet up to the level that was acknowledged",
        ),
        (
            Silence("U0BOB", "Bob", NOW, 100, at_highest=True),
            "quiet until it recovers",
            "if it rises again within 24 hours, it stays quiet",
        ),
        *(
            (Silence("U0BOB", "Bob", NOW, 90, NOW + timedelta(hours=1), at_highest, broken), said, said)
            for at_highest, broken, said in (
                (False, False, "its highest level would be said all the same"),
                (True, False, "nothing is said until then"),
                (False, True, "the highest level was told, and nothing more is said until then"),
            )
        ),
    ],
)
def test_what_a_silence_means_is_said_as_it_is(wish: Silence, now: str, afterwards: str) -> None:
    """There is no level above the highest, and an alert that is over can only come again."""
    assert f'; {now}"' in words(quota_alert(alert(91 * GiB, silence=wish), NOW))
    assert f'; {afterwards}"' in words(quota_recovered(alert(70 * GiB, silence=wish), "recovered", NOW))


@pytest.mark.parametrize(
    ("why", "beginning"),
    [
        ("level", "team-ml-vision is at 91 % of its quota: 91 GiB of 100 GiB used"),
        ("again", "The snooze is over, and team-ml-vision is at 91 %"),
        ("reminder", "Still over its limit: team-ml-vision is at 91 %"),
    ],
)
def test_a_reply_says_why_people_are_notified(why: Any, beginning: str) -> None:
    """It makes sense alone, as a notification."""
    assert quota_news(alert(91 * GiB), why).text.startswith(beginning)


def test_a_user_group_is_pinged_once_in_a_message_where_it_is_wanted() -> None:
    """In the notification and in the message; an edit that shows the same never does."""
    for message in (
        quota_alert(alert(GiB), NOW, ["S0ML"]),
        quota_news(alert(GiB), "level", ["S0ML"]),
        quota_digest([alert(GiB)] * 3, NOW, ["S0ML"]),
    ):
        assert message.text.endswith(" · <!subteam^S0ML>")
        assert words(message).count("<!subteam^S0ML>") == 1
        assert valid(message)
    assert "<!subteam" not in words(quota_alert(alert(GiB), NOW)) + words(quota_digest([alert(GiB)] * 3, NOW))


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("recovered", "team-a is below its alert levels again · 70 % of its quota: 70 GiB of 100 GiB used"),
        ("no limit", "team-a has no quota any more"),
        ("gone", "team-a is gone from the registry"),
        ("unwatched", "team-a is not watched any more"),
    ],
)
def test_the_end_of_an_alert_says_why(ending: Ending, text: str) -> None:
    """And how long it lasted; nothing can be pressed any more."""
    message = quota_recovered(alert(70 * GiB, "team-a"), ending, NOW)
    assert message.text == text
    assert "was over after 3 h 20 min" in words(message)
    assert "action_id" not in words(message)


def test_the_end_of_an_alert_by_a_raised_limit_says_so() -> None:
    """With both limits."""
    ended = alert(70 * GiB, "team-a", lower_limit=75 * GiB)
    assert quota_recovered(ended, "recovered", NOW).text.endswith(" used · limit raised 75 GiB → 100 GiB")


@pytest.mark.parametrize(("every", "said"), [(True, "All are at their"), (False, "Some are at their")])
def test_a_digest_that_pings_says_why(every: bool, said: str) -> None:
    """For whom it was sent that way."""
    assert said in words(quota_digest(rows(12), NOW, ["S0ML"], all_highest=every))


def rows(number: int) -> list[Alert]:
    return [alert((80 + index) * GiB, f"team-{index:04}", 80) for index in range(number)]


def table_of(message: Message) -> list[list[str]]:
    (table,) = [block for block in message.blocks if block["type"] == "table"]
    return [[cell["text"] for cell in row] for row in table["rows"]]


def test_a_digest_is_a_table_with_the_fullest_first() -> None:
    """Names are raw text there, so that they do nothing."""
    message = quota_digest(rows(12), NOW)
    assert message.text == (
        "12 namespaces are at an alert level of their quota: "
        "team-0011 (91 %), team-0010 (90 %), team-0009 (89 %) and 9 more"
    )
    assert table_of(message)[1] == ["team-0011", "91 %", "91 GiB", "100 GiB"]
    assert len(table_of(message)) == 13


def test_a_digest_shows_forecasts_where_there_are_any() -> None:
    """In a column of their own."""
    message = quota_digest([alert(91 * GiB, forecast=Forecast(2.5, 4.2)), *rows(3)], NOW)
    assert [row[2] for row in table_of(message)] == ["Full in", "2–5 days", "–", "–", "–"]


def test_a_digest_that_is_cut_says_so() -> None:
    """Slack's table has room for 99 rows below its heading."""
    assert "901 more, less full, are not in the table" in words(quota_digest(rows(1000), NOW))


def test_a_digest_is_edited_down_to_those_that_still_stand() -> None:
    """Until none is left, and nothing can be pressed."""
    assert quota_digest_update(rows(1), 12, NOW).text.startswith("1 of 12 namespaces is still at an alert level")
    assert quota_digest_update(rows(12), 12, NOW).text.startswith("12 namespaces are still at an alert level")
    assert quota_digest_update([], 12, NOW).text.startswith("All 12 namespaces")
    assert "action_id" not in words(quota_digest_update([], 12, NOW))


def test_incomplete_figures_are_named() -> None:
    """With what it means."""
    message = counting(Counting(tuple(f"team-{n}" for n in range(30)), 200, NOW))
    assert message.text.startswith("Quay is still counting 30 namespaces of 200 with a limit. Until it has,")
    assert "`team-19` and 10 more" in words(message)


MESSAGES = [
    quota_alert(alert(10**15, EVIL, 1000, refusal=Refusal("C0ML", "not_in_channel")), NOW),
    quota_alert(alert(10**9, EVIL, FULL_SOON, silence=Silence("U1", EVIL, NOW, 0)), NOW),
    quota_news(alert(10**15, EVIL, 1000, limits=(Threshold("Reject", 5),)), "level"),
    quota_recovered(alert(0, EVIL), "recovered", NOW),
    quota_moved(alert(0, EVIL), NOW),
    quota_digest(
        [alert(2**63 - 1, EVIL, refusal=Refusal(f"C0{n}", "channel_not_found")) for n in range(5000)],
        NOW,
    ),
    quota_digest_update([alert(5, EVIL, silence=Silence(f"U{n}", EVIL, NOW, 90)) for n in range(5000)], 10**9, NOW),
    quota_digest_update([], 10**9, NOW),
    counting(Counting((EVIL,) * 5000, 9000, NOW)),
    counted(Counting((EVIL,) * 5000, 9000, NOW), NOW),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_names_do_nothing_wherever_they_appear(message: Message) -> None:
    """No mention of anybody, nothing turned around; what is markup is escaped."""
    for kind, text in (("mrkdwn", message.text), *texts(message.blocks)):
        assert "\u202e" not in text
        assert kind != "mrkdwn" or not re.search(r"<[!@](?!date)", text)


def texts(part: Any) -> list[tuple[str, str]]:
    """Every text that is shown, with its kind: Slack looks for markup in mrkdwn alone."""
    if isinstance(part, dict):
        own = [(part["type"], part["text"])] if isinstance(part.get("text"), str) else []
        return own + [text for value in part.values() for text in texts(value)]
    return [text for item in part for text in texts(item)] if isinstance(part, list | tuple) else []


def valid(message: Message) -> bool:
    return not check_message({"text": message.text, "blocks": [dict(block) for block in message.blocks]})


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_is_taken_by_slack(message: Message) -> None:
    """However long the names are and however many there be."""
    assert valid(message)
    assert 0 < len(message.text) <= 40_000


def test_what_only_warns_refuses_nothing() -> None:
    """Nor does a quota without limits."""
    assert "Quay warns at 80%, never refuses pushes" in words(
        quota_alert(alert(85 * GiB, limits=(Threshold("Warning", 80),)), NOW)
    )
    assert "Quay never refuses pushes (the quota has no limits)" in words(quota_alert(alert(85 * GiB, limits=()), NOW))


def test_a_table_says_which_of_its_namespaces_were_meant_for_another_channel() -> None:
    """Unless all were meant for the same one."""
    refusal = Refusal("C0ML", "not_in_channel")
    some = quota_digest([*rows(11), alert(91 * GiB, "ml-a", refusal=refusal)], NOW)
    assert "`ml-a`: Meant for <#C0ML>" in words(some)
    every = quota_digest([alert(91 * GiB, f"ml-{n}", refusal=refusal) for n in range(12)], NOW)
    assert "`ml-0`" not in words(every)
    assert "Meant for <#C0ML>" in words(every)
