"""`alerts` shows what is active, acknowledged and snoozed, and when the bot looks again; to those who may see it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.alerts.alert_states import AlertStates
from bot.alerts.config import AlertsFile, KeyAlerts
from bot.alerts.expiring_keys import ExpiringKeys
from bot.alerts.health import HealthWatch
from bot.alerts.quota_rules import AlertState
from bot.alerts.schedule import Schedule
from bot.alerts.silences import Silences
from bot.model.alert_facts import Alert, Silence
from bot.model.usage import Usage
from bot.permissions import Policy
from bot.slack.messages import MessageId
from bot.views.health import TITLES
from bot.views.keys import KeyEnd
from bot.views.overview import LISTED, Active, Ending, Overview, overview
from tests.support.world import POLICY, START, World, markup_of, text_of, valid

WATCHERS: dict[str, Any] = {"name": "askers see alerts", "who": ["askers"], "may": ["alerts"]}
FILE = AlertsFile.model_validate(
    {
        "version": 1,
        "time_zone": "Europe/Berlin",
        "admin_channel": "C1",
        "quotas": {
            "every": "*/15 * * * *",
            "quiet": "22:00-07:00",
            "routes": [{"namespaces": ["*"], "channel": "C0ML"}],
        },
        "report": {},
    }
)


def alert(name: str, used: int = 85, level: int = 80) -> Alert:
    return Alert("id", Usage(name, used, 100, complete=True), level, START - timedelta(hours=3))


async def stand(world: World, *alerts: Alert, over: bool = False) -> None:
    """Let these alerts have been told."""
    alert_states = await AlertStates.load(world.redis)
    told = {
        each.namespace: AlertState(
            each, "C0ML", MessageId("1.0"), each.level, START, START, over_since=START if over else None
        )
        for each in alerts
    }
    await alert_states.swap(told)


@pytest.fixture
def watched(world: World) -> World:
    """A world with an alerts file, in which Dave may see alerts."""
    world.alerts = FILE
    world.policy = Policy.model_validate(POLICY | {"rules": [*POLICY["rules"], WATCHERS]})
    return world


async def asked(world: World, user: str = "U0DAVE") -> str:
    answer = await world.type(user, "alerts")
    assert answer
    return text_of(answer)


@pytest.mark.parametrize("user", ["U0ALICE", "U0CAROL"])
async def test_without_the_permission_nothing_is_shown(watched: World, user: str) -> None:
    """Not even to those who may change everything in the registry."""
    await stand(watched, alert("team-secret"))
    shown = await asked(watched, user)
    assert "You may not do this here" in shown
    assert "team-secret" not in shown


async def test_each_alert_stands_under_what_was_done_about_it(watched: World) -> None:
    """A click counts at once; a higher level and the end of a snooze make an alert active again."""
    await stand(watched, alert("loud"), alert("seen"), alert("later"), alert("risen", 95, 90), alert("slept"))
    silences = await Silences.load(watched.redis)
    await silences.swap(
        {
            "seen": Silence("U0BOB", "Bob", START, 80),
            "later": Silence("U0BOB", "Bob", START, 80, START + timedelta(hours=1)),
            "risen": Silence("U0BOB", "Bob", START, 80),
            "slept": Silence("U0BOB", "Bob", START, 80, START - timedelta(hours=1)),
        }
    )
    answer = await watched.type("U0DAVE", "alerts")
    assert answer
    assert answer.text == "Alerts: 3 active, 1 acknowledged, 1 snoozed"
    texts = markup_of(answer)
    (active,) = [text for text in texts if text.startswith("*Active*")]
    assert [line.split()[1] for line in active.splitlines()[1:]] == ["`risen`", "`loud`", "`slept`"]
    assert "95 % · <#C0ML> · since <!date^" in active
    (acknowledged,) = [text for text in texts if text.startswith("*Acknowledged*")]
    assert "• `seen` 85 % · <#C0ML> · by " in acknowledged
    (snoozed,) = [text for text in texts if text.startswith("*Snoozed*")]
    assert "• `later` 85 % · <#C0ML> · until <!date^" in snoozed
    assert "the highest level was told" not in snoozed


async def test_a_snooze_is_shown_while_the_highest_level_is(watched: World) -> None:
    """With what was told in spite of it."""
    wish = Silence("U0BOB", "Bob", START, 80, START + timedelta(hours=1))
    await stand(watched, replace(alert("full", 100, 100), silence=replace(wish, broken=True)))
    await (await Silences.load(watched.redis)).swap({"full": wish})
    shown = await asked(watched)
    assert "Alerts: 1 snoozed" in shown
    assert "by Bob (`U0BOB`); the highest level was told" in shown


async def test_an_alert_that_is_over_is_not_shown(watched: World) -> None:
    """Although somebody's silence keeps it remembered."""
    await stand(watched, alert("past"), over=True)
    assert "No namespace is at an alert level" in await asked(watched)


async def test_keys_that_come_to_their_end_are_shown(watched: World) -> None:
    """Those of which a channel was told."""
    config = KeyAlerts(channel="C0KEYS")
    keys = (await watched.quay.list_service_keys()).items
    await ExpiringKeys(watched.redis, watched.slack, watched.clock).run(keys, config, "C1")
    shown = await asked(watched)
    told = len(watched.slack.messages)
    assert f"No namespace is at an alert level · {told} service keys expire" in shown
    assert shown.count("<#C0KEYS> · expire") == told > 1
    assert "<#C0KEYS> · expired <!date^" in shown


async def test_each_schedule_says_when_it_is_due_next(watched: World) -> None:
    """In the file's time zone; the tokens show it in the reader's."""
    answer = await watched.type("U0DAVE", "alerts")
    assert answer
    nine_in_berlin = START.replace(day=30, hour=8)
    for what, schedule, next_ in (
        ("Service keys", "`1m`", START + timedelta(minutes=1)),
        ("Quotas", "`*/15 * * * *`, quiet `22:00-07:00`", START + timedelta(minutes=15)),
        ("Report of the registry", "`0 9 * * mon`", nine_in_berlin),
        ("Head of the audit", "`0 8 * * *`", START.replace(day=25, hour=7)),
    ):
        (line,) = [line for text in markup_of(answer) for line in text.splitlines() if line.startswith(f"• {what} ")]
        assert line.startswith(f"• {what} <!date^{int(next_.timestamp())}^")
        assert line.endswith(f" · {schedule}")
    assert "alerts.yaml · its times are in Europe/Berlin" in text_of(answer)


async def test_a_sweep_is_due_when_quiet_hours_end(watched: World) -> None:
    """Where that comes before the schedule's next moment."""
    assert FILE.quotas
    quotas = FILE.quotas.model_copy(update={"every": Schedule.parse("0 12 * * *")})
    watched.alerts = FILE.model_copy(update={"quotas": quotas})
    seven_in_berlin = START.replace(day=25, hour=6)
    assert f"• Quotas <!date^{int(seven_in_berlin.timestamp())}^" in await asked(watched)


async def test_keys_that_wait_are_counted(watched: World) -> None:
    """Those of which there is a card; `pending` shows them."""
    await watched.key_requests.watch("C1")
    shown = await asked(watched)
    assert "No namespace is at an alert level · 2 service keys wait" in shown
    assert "*2 service keys wait for approval* · `pending` lists what waits" in shown


async def test_without_an_alerts_file_keys_are_watched_alone(watched: World) -> None:
    """And it is said that there is no file."""
    watched.alerts = None
    shown = await asked(watched)
    assert "• Service keys <!date^" in shown
    assert "• Head of the audit <!date^" in shown
    assert "Quotas" not in shown
    assert "There is no alerts file" in shown


async def test_a_quay_that_cannot_be_used_is_shown(watched: World) -> None:
    """As the admin channel was told of it."""
    watch = HealthWatch(watched.redis, watched.slack, watched.clock, watched.quay.prove_tokens)
    for _ in range(2):
        await watch.note("refused", "The token is wrong.", "C1")
        watched.clock.forward(minutes=1)
    assert f"{TITLES['refused']}* since <!date^" in await asked(watched)


def test_quota_management_that_is_off_is_shown() -> None:
    """Nothing is said of quotas until it is on again."""
    shown = text_of(overview(Overview([], [], "UTC", "alerts.yaml", quotas_off_since=START)))
    assert "*Quay shows no quotas* since <!date^" in shown


def test_many_alerts_with_hostile_names_fit() -> None:
    """The fullest of each kind are listed, the others counted."""
    evil = "<!channel>&\u202e`*" * 15
    silence = Silence("U0BOB", evil, START, 80)
    alerts = [alert(f"{number}{evil}", number) for number in range(LISTED + 5)]
    found = [
        *(Active(each, "C0ML") for each in alerts),
        *(Active(replace(each, silence=silence), "C0ML") for each in alerts),
        *(Active(replace(each, silence=replace(silence, until=START)), "C0ML") for each in alerts),
    ]
    end = KeyEnd("k" * 64, evil, evil, START, START, timedelta(days=1), 1)
    message = overview(Overview(found, [], "UTC", "alerts.yaml", [Ending(end, "C0KEYS")] * 20))
    valid(message)
    assert not any("<!channel>" in text for text in markup_of(message))
    assert text_of(message).count(f"*, the fullest {LISTED} of 20") == 3
