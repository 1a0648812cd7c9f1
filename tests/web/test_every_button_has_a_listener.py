"""The table of listeners and what people can use are the same: what the views make, and what the manifest names."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.commands import Field, Form, form_of
from bot.model.alert_facts import Alert
from bot.model.enforcement import Threshold
from bot.model.usage import Usage
from bot.permissions import Policy
from bot.slack.manifest import manifest
from bot.views import alerts, forms, keys, progress
from bot.web.edge import Edge
from bot.web.listeners import Listener, listeners
from handlers.home import Home
from handlers.name_index import Names
from sandbox.quay.faults import Failure
from tests.support.answers import asked, buttons
from tests.support.seen_views import SeenViews, makers
from tests.support.world import ADMIN, POLICY, World

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GIB = 1024**3
AT_HOME = {"name": "everything from home", "who": ["staff"], "may": ["read", "quotas.change"], "in": ["home"]}


async def cards(world: World) -> None:
    """Plans, cards, rejections, `pending`, the Home tab with all of them, outcomes that nobody knows, secrets."""
    await world.type("U0CAROL", "quota set team-alpha 100GiB", delivery="c1")
    await world.type("U0DAVE", "quota set team-beta 900GiB", delivery="c2")
    await world.key_requests.watch(ADMIN)
    for user in ("U0CAROL", "U0DAVE"):
        await world.type(user, "pending")
        await home(world, user)
    await home(world, "U0BOB")
    (record,) = [one for one in await world.confirmations.waiting() if one.requester_label == "Dave"]
    await world.clicks.ask_reason(record.id, await world.person("U0BOB"), ADMIN)
    await world.clicks.ask_reason(record.id, await world.person("U0DAVE"), ADMIN)
    await world.click("U0BOB", "change_reject", record.id)
    (own,) = [one for one in await world.confirmations.waiting() if one.private]
    world.faults.failures.append(Failure("closed", method="PUT"))
    await world.click("U0CAROL", "change_confirm", own.id)
    await world.work()
    await world.carry_out("users create kim --email kim@example.com", "c3")
    await world.carry_out("registry measure", "c4")
    await world.measurement.follow()


async def home(world: World, user: str) -> None:
    world.policy = Policy.model_validate({**POLICY, "rules": [*POLICY["rules"], AT_HOME]})
    names = Names(world.quay, world.clock)
    await names.refresh()
    tab = Home(world.confirmations, world.authorization, names, world.app.files.grammar, world.measurement, world.clock)
    await tab.view(await world.person(user))


async def lists(world: World) -> None:
    """A page in the middle, long work, the menu, the form of every command."""
    first = await asked(world, "users list")
    await world.turn("U0CAROL", "page_next", buttons(first)["page_next"])
    progress.in_progress("users.csv", 3, "w.1")
    progress.looking("users", 100, 3, "w.1")
    await world.type("U0CAROL", "")
    for command in world.app.files.grammar.commands.values():
        if form_of(command).fields:
            forms.form("/quay", form_of(command), {}, "{}", submit="Show")
    day = Form("logs", "No command asks for a day yet", (Field("on", "date", "On", "", required=True),))
    forms.form("/quay", day, {}, "{}", submit="Show")


def told_by_itself() -> None:
    """Alerts of namespaces and of keys, singly and as tables."""
    reading = Usage("team-a", 91 * GIB, 100 * GIB, complete=True, enforcement=(Threshold("Reject", 100),))
    alert = Alert("a1b2", reading, 90, NOW)
    alerts.quota_alert(alert, NOW)
    alerts.quota_digest([alert, alert], NOW)
    end = keys.KeyEnd("k" * 64, "signing", "clair", NOW, NOW + timedelta(days=7), timedelta(days=7), 7)
    keys.ending(end)
    keys.digest([end], 2)


@pytest.fixture
async def seen(world: World) -> SeenViews:
    """Everything that views make in these stories."""
    with SeenViews() as seen:
        await cards(world)
        await lists(world)
        told_by_itself()
    return seen


def answering(table: Sequence[Listener], kind: str, id_: str) -> Listener:
    """The listener that answers, as Bolt finds it."""
    return next(listener for listener in table if listener.kind == kind and listener.pattern.match(id_))


def unlistened(table: Sequence[Listener], shown: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """What people can use and only the last rows of the table catch."""
    return {(kind, id_) for kind, id_ in shown if answering(table, kind, id_).matcher == "*"}


def unshown(table: Sequence[Listener], shown: set[tuple[str, str]], *kinds: str) -> set[str]:
    """The listeners for what nobody can use."""
    answered = {answering(table, kind, id_) for kind, id_ in shown}
    return {each.matcher for each in table if each.kind in kinds and each.matcher != "*" and each not in answered}


async def test_every_view_is_made_in_these_stories(seen: SeenViews) -> None:
    """Each call in bot/views that makes a button, a field or a form; a new one has to be shown here."""
    assert len(makers()) > 30
    assert sorted(makers() - seen.made_at) == []


async def test_every_button_has_a_listener_and_every_listener_a_button(edge: Edge, seen: SeenViews) -> None:
    """Buttons and choices, forms, fields that search."""
    table = listeners(edge, "/quay")
    assert unlistened(table, seen.elements) == set()
    assert unshown(table, seen.elements, "action", "view", "options") == set()


async def test_the_manifest_names_the_command_the_events_and_the_shortcuts(edge: Edge) -> None:
    """Slack delivers what the manifest names, and nothing else."""
    described: dict[str, Any] = manifest("/registry", "https://bot.example.com")
    features, table = described["features"], listeners(edge, "/registry")
    named = {("command", each["command"]) for each in features["slash_commands"]}
    named |= {("shortcut", each["callback_id"]) for each in features["shortcuts"]}
    named |= {("event", each) for each in described["settings"]["event_subscriptions"]["bot_events"]}
    assert unlistened(table, named) == set()
    assert unshown(table, named, "command", "shortcut", "event") == set()


async def test_a_button_without_a_listener_would_be_found(edge: Edge) -> None:
    """And a listener without a button: the test above can fail both ways."""
    table = listeners(edge, "/quay")
    assert unlistened(table, {("action", "change_undo"), ("action", "menu:keys list")}) == {("action", "change_undo")}
    assert "change_confirm" in unshown(table, {("action", "menu:keys list")}, "action")
