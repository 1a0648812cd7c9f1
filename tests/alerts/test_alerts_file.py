"""alerts.yaml says who hears of what, how often, and from which level on."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.alerts.config import AlertsFile, KeyAlerts, QuotaAlerts
from bot.config.documents import DocumentError, read_document

EXAMPLE = Path(__file__).parents[2] / "alerts.yaml"
KEYS = "version: 1\nadmin_channel: C0ADMIN\nkeys:\n  channel: C0KEYS\n  "
QUOTAS = "version: 1\nadmin_channel: C0ADMIN\nquotas:\n  "


def read(text: str) -> AlertsFile:
    return read_document(text, AlertsFile, name="alerts.yaml")


def test_the_example_is_read_as_it_is_meant() -> None:
    """The file at the top of the repository is a good one."""
    alerts = read(EXAMPLE.read_text())
    assert alerts.time_zone == ZoneInfo("Europe/Berlin")
    assert alerts.keys
    assert alerts.keys.every.interval == timedelta(minutes=1)
    assert alerts.keys == KeyAlerts(channel="C0REGADMIN"), "and tells what holds anyhow"
    assert alerts.quotas
    assert str(alerts.quotas.every) == "*/15 * * * *"
    assert alerts.channels == {"C0REGADMIN", "C0ML"}


def test_sections_that_are_missing_mean_no_such_alerts() -> None:
    """Cards about keys still have a place: the admin channel."""
    alerts = read("version: 1\nadmin_channel: C0ADMIN")
    assert alerts.quotas is None
    assert alerts.keys_channel == "C0ADMIN"


def test_reminders_and_steps_are_as_many_as_one_likes() -> None:
    """None at all, too."""
    alerts = read(KEYS + "reminders: []\n  expiring: [2w, 12h]")
    assert alerts.keys
    assert (alerts.keys.reminders, alerts.keys.expiring) == ((), (timedelta(days=14), timedelta(hours=12)))
    assert read(KEYS + "expiring: []").keys == KeyAlerts(channel="C0KEYS", expiring=())


@pytest.mark.parametrize(
    ("namespace", "channel", "levels"),
    [
        ("team-ml-vision", "C0ML", (70, 90)),
        ("team-web", "C0TEAMS", (80, 100)),
        ("user:carol", "C0PEOPLE", (80, 100)),
        ("user:team-ml-bob", "C0PEOPLE", (80, 100)),
        ("library", None, None),
        ("Team-web", None, None),
    ],
)
def test_the_first_route_that_fits_decides(namespace: str, channel: str | None, levels: tuple[int, ...] | None) -> None:
    """A route's own levels come before those for everyone; `*` alone never means a user's namespace."""
    alerts = read(
        QUOTAS
        + """levels: [80, 100]
  routes:
    - {namespaces: ["team-ml-*"], channel: C0ML, levels: [70, 90]}
    - {namespaces: ["team-*", "*-ml-bob"], channel: C0TEAMS}
    - {namespaces: ["user:*"], channel: C0PEOPLE}
"""
    )
    assert alerts.quotas
    route = alerts.quotas.route_for(namespace)
    assert (route and route.channel, route and route.levels) == (channel, levels)


def test_forecast_quiet_hours_and_a_mention_are_asked_for() -> None:
    """None of them is there by itself."""
    assert read(QUOTAS + "levels: [80]").quotas == QuotaAlerts(levels=(80,))
    quotas = read(
        QUOTAS
        + """full_within: 14d
  quiet: "22:00-07:00"
  routes:
    - {namespaces: ["*"], channel: C0A, levels: [70, 90], mention: S0ML}
"""
    ).quotas
    assert quotas
    assert (quotas.full_within, str(quotas.quiet)) == (timedelta(days=14), "22:00-07:00")
    route = quotas.route_for("team-a")
    assert route
    assert (route.mention, route.highest) == ("S0ML", 90)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("version: 1", "alerts.yaml:1: admin_channel: is missing"),
        ("version: 1\nadmin_channel: '#general'", "2: admin_channel: #general is not a channel's id"),
        ("version: 1\nadmin_channel: C0A\ntime_zone: Mars", '3: time_zone: "Mars" is not a time zone'),
        ("version: 1\nadmin_channel: C0A\nkey: {}", '3: unknown key "key", did you mean "keys"?'),
        (KEYS + "reminders: [80, 50]", "5: keys.reminders: levels should ascend, and 50 comes after 80"),
        (KEYS + "reminders: [100]", "5: keys.reminders[0]: should be 99 or less, not 100"),
        (KEYS + "expiring: [7d, 30d]", "5: keys.expiring: the lengths of time should descend, such as 30d, 7d, 1d"),
        (KEYS + "expiring: [7]", "5: keys.expiring[0]: 7 is no length of time: it needs a unit, such as 7d"),
        (KEYS + "expiring: [soon]", "5: keys.expiring[0]: 'soon' is not a duration"),
        (QUOTAS + "levels: [90, 80]", "4: quotas.levels: levels should ascend, and 80 comes after 90"),
        (QUOTAS + "levels: [80, 80]", "4: quotas.levels: levels should ascend, and 80 comes after 80"),
        (QUOTAS + "levels: [0]", "4: quotas.levels[0]: should be 1 or more, not 0"),
        (QUOTAS + "levels: [1001]", "4: quotas.levels[0]: should be 1000 or less, not 1001"),
        (QUOTAS + "levels: [80.5]", "4: quotas.levels[0]: should be a whole number, not 80.5"),
        (QUOTAS + "levels: [true]", "4: quotas.levels[0]: should be a whole number, not true"),
        (QUOTAS + "levels: []", "4: quotas.levels: should have 1 or more entries"),
        (QUOTAS + "every: 15", "4: quotas.every: 15 is no schedule: it needs a unit, such as 15m"),
        (QUOTAS + "every: 5s", "4: quotas.every: '5s' is too often: 10s is the shortest"),
        (QUOTAS + "quiet: 22-7", "4: quotas.quiet: '22-7' is no span of hours: write 22:00-07:00, say"),
        (QUOTAS + "quiet: '07:00-07:00'", "4: quotas.quiet: '07:00-07:00' begins and ends at the same time"),
        (QUOTAS + "quiet: 7", '4: quotas.quiet: 7 is no span of hours: write "22:00-07:00", in quotes'),
        (QUOTAS + "full_within: 12h", "4: quotas.full_within: 12h should be between 1d and 90d"),
        (QUOTAS + "full_within: 14", "4: quotas.full_within: '14' is not a duration"),
        (
            QUOTAS + "routes:\n  - {namespaces: ['*'], channel: C0A, mention: '!channel'}",
            "5: quotas.routes[0].mention: !channel is not a user group's id",
        ),
        (
            QUOTAS + "routes:\n  - {namespaces: ['*'], chanel: C0A}",
            '5: quotas.routes[0]: unknown key "chanel", did you mean "channel"?',
        ),
        (
            QUOTAS + "routes:\n  - {namespaces: [], channel: C0A}",
            "5: quotas.routes[0].namespaces: should have 1",
        ),
    ],
)
def test_a_faulty_file_is_refused_with_its_lines(text: str, complaint: str) -> None:
    """Every fault names its place and what would be right."""
    with pytest.raises(DocumentError) as caught:
        read(text)
    assert complaint in str(caught.value)
