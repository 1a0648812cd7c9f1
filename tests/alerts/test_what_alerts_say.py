"""Alerts answer first, tell exact figures and what they mean, and stay within what Slack takes."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.messages import Message
from bot.readings import Ending, Enforcement, Reading
from bot.views.alerts import Refusal, Row, quota_alert, quota_digest, quota_digest_update, quota_recovered

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
GiB = 2**30
LIMITS = (Enforcement("Reject", 100), Enforcement("Warning", 80))
EVIL = "<!channel>&\u202e`*" * 15


def reading(used: int, name: str = "team-ml-vision", limits: tuple[Enforcement, ...] = LIMITS) -> Reading:
    return Reading(name, used, 100 * GiB, complete=True, enforcement=limits)


def words(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False)


def test_an_alert_answers_first() -> None:
    """The notification alone says who, how full, and what is left."""
    message = quota_alert(reading(91 * GiB), 90, NOW)
    assert message.text == (
        "team-ml-vision is at 91 % of its quota: 91 GiB of 100 GiB used · 9 GiB left · pushes are refused at 100 %"
    )
    assert message.blocks[0]["text"]["text"] == "team-ml-vision is at 91 % of its quota"
    assert message.blocks[0]["text"]["type"] == "plain_text"


def test_an_alert_shows_exact_bytes_its_level_and_quays_own_limits() -> None:
    """Everything that somebody needs to check the figures."""
    shown = words(quota_alert(reading(91 * GiB + 1), 90, NOW))
    assert "97,710,505,985 bytes of 107,374,182,400 bytes" in shown
    assert "Alert level 90 % · Quay warns at 80 % · Quay refuses pushes at 100 %" in shown


@pytest.mark.parametrize(
    ("used", "limits", "said", "unsaid"),
    [
        (91 * GiB, (), "9 GiB left", "refuse"),
        (91 * GiB, (Enforcement("Warning", 90),), "9 GiB left", "refuse"),
        (91 * GiB, (Enforcement("Reject", 95),), "pushes are refused at 95 %", "over"),
        (100 * GiB, LIMITS, "0 B left · pushes are refused at 100 %", "over"),
        (103 * GiB, LIMITS, "3 GiB over · pushes are refused", "refused at"),
    ],
)
def test_refused_pushes_are_mentioned_only_where_quay_refuses_them(
    used: int, limits: tuple[Enforcement, ...], said: str, unsaid: str
) -> None:
    """A Warning limit refuses nothing."""
    text = quota_alert(reading(used, limits=limits), 90, NOW).text
    assert said in text
    assert unsaid not in text


def test_the_admin_channel_is_told_whom_the_message_should_have_reached() -> None:
    """With Slack's reason, and what to do about it."""
    shown = words(quota_alert(reading(91 * GiB), 90, NOW, Refusal("C0ML", "not_in_channel")))
    assert "Meant for <#C0ML>, which Slack refused: `not_in_channel`" in shown
    assert "Invite the bot there" in shown


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
    """And how long it lasted."""
    known = None if ending == "gone" else reading(70 * GiB, "team-a")
    message = quota_recovered("team-a", ending, known, NOW - timedelta(hours=3, minutes=20), NOW)
    assert message.text == text
    assert "was over after 3 h 20 min" in words(message)


def rows(number: int) -> list[Row]:
    names = [f"team-{index:04}" for index in range(number)]
    return [Row(name, 80, reading((80 + index) * GiB, name)) for index, name in enumerate(names)]


def test_a_digest_is_a_table_with_the_fullest_first() -> None:
    """Names are raw text there, so that they do nothing."""
    message = quota_digest(rows(12), NOW)
    assert message.text == (
        "12 namespaces reached an alert level of their quota: "
        "team-0011 (91 %), team-0010 (90 %), team-0009 (89 %) and 9 more"
    )
    table = next(block for block in message.blocks if block["type"] == "table")
    assert [cell["text"] for cell in table["rows"][1]] == ["team-0011", "91 %", "91 GiB", "100 GiB"]
    assert len(table["rows"]) == 13


def test_a_digest_that_is_cut_says_so() -> None:
    """Slack's table has room for 99 rows below its heading."""
    assert "901 more, less full, are not in the table" in words(quota_digest(rows(1000), NOW))


def test_a_digest_is_edited_down_to_those_that_still_stand() -> None:
    """A figure that is not to be trusted is not shown."""
    message = quota_digest_update([Row("team-a", 90, None)], 12, NOW)
    assert message.text.startswith("1 of 12 namespaces are still at an alert level")
    assert "≥ 90 %" in words(message)
    assert quota_digest_update([], 12, NOW).text.startswith("All 12 namespaces")


MESSAGES = [
    quota_alert(reading(10**15, EVIL), 1000, NOW, Refusal("C0ML", "not_in_channel")),
    quota_recovered(EVIL, "recovered", reading(0, EVIL), NOW, NOW),
    quota_digest(
        [Row(EVIL, 90, reading(2**63 - 1, EVIL)) for _ in range(5000)],
        NOW,
        [Refusal(f"C0{number}", "channel_not_found") for number in range(5000)],
    ),
    quota_digest_update([Row(EVIL, 90, None) for _ in range(5000)], 10**9, NOW),
    quota_digest_update([], 10**9, NOW),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_names_do_nothing_wherever_they_appear(message: Message) -> None:
    """No mention, nothing turned around; what is markup is escaped."""
    assert "<!channel>" not in message.text
    for block in message.blocks:
        for text in (block.get("text"), *block.get("elements", ())):
            assert text is None or text["type"] == "plain_text" or "<!channel>" not in text["text"]
    assert "\u202e" not in words(message) + message.text


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_stays_within_slacks_limits(message: Message) -> None:
    """However long the names are and however many there be."""
    assert 0 < len(message.text) <= 40_000
    assert 0 < len(message.blocks) <= 50
    limits = {"header": 150, "section": 3000}
    for block in message.blocks:
        if block["type"] == "table":
            cells = [cell["text"] for row in block["rows"] for cell in row]
            assert len(block["rows"]) <= 100
            assert sum(map(len, cells)) <= 10_000
            assert all(cells)
        elif block["type"] == "context":
            assert 1 <= len(block["elements"]) <= 10
            assert all(0 < len(element["text"]) <= 3000 for element in block["elements"])
        else:
            assert 0 < len(block["text"]["text"]) <= limits[block["type"]]
