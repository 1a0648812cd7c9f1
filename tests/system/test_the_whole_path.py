"""From a slash command to a changed registry, through real processes, over HTTP and over Socket Mode."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.support.cli import run
from tests.system.conftest import ADMIN, Town, Transport, over_http

pytestmark = pytest.mark.asyncio(loop_scope="module")
GIB = 1024**3


@pytest.fixture(scope="module", params=["http", "socket"])
def transport(request: pytest.FixtureRequest) -> Transport:
    """Every story whose way matters is told twice."""
    way: Transport = request.param
    return way


def waiting_kid(town: Town, service: str) -> str:
    return next(k.kid for k in town.registry.keys.values() if k.service == service and k.approval is None)


async def test_a_key_is_approved_by_somebody_who_may(town: Town) -> None:
    """Command → card → a click by someone who may not → a click by someone who may → approved, with their name."""
    kid = waiting_kid(town, "quay_builder")
    await town.say("U04DAVE", f"/quay keys approve {kid[:8]}")
    refused = await town.sees("U04DAVE", "You may not do this here", "No rule allows it")
    assert refused["ephemeral"]
    card = await town.sees("U04DAVE", kid, "waits for approval")
    await town.press("U04DAVE", card, "key_approve")
    await town.sees("U04DAVE", "Deciding on it is for approvers")
    assert town.registry.keys[kid].approval is None
    await town.press("U02BOB", card, "key_approve")
    ended = await town.sees("U04DAVE", kid, "✅", "*Approved* by Bob Brandt")
    assert ended["ts"] == card["ts"]
    assert ended["edited"]
    assert "key_approve" not in str(ended)
    approval = town.registry.keys[kid].approval
    assert approval is not None
    assert "Bob Brandt (U02BOB)" in approval.notes


async def test_a_new_users_password_is_revealed_to_the_requester_alone_once(town: Town) -> None:
    """In a modal that was empty at first; the button goes, and a second click is told so."""
    await town.say("U03CAROL", "/quay users create kim --email kim@example.com")
    card = await town.sees("U02BOB", "Create the user kim", "waits for approval")
    await town.press("U02BOB", card, "change_approve")
    offer = await town.sees("U03CAROL", "secret_reveal", "The password of kim")
    assert offer["ephemeral"]
    await town.press("U03CAROL", offer, "secret_reveal")

    async def look() -> str | None:
        views = (await town.page.get("/sandbox/slack/views", params={"user": "U03CAROL"})).json()["views"]
        shown = [block for view in views for block in view["blocks"] if block["type"] == "rich_text"]
        return shown[0]["elements"][0]["elements"][0]["text"] if shown else None

    password = await town.until(look)
    assert len(password) == 32
    await town.sees("U03CAROL", "The bot has forgotten it")
    messages = await town.page.get("/sandbox/slack/messages", params={"channel": ADMIN, "user": "U03CAROL"})
    assert password not in messages.text
    assert "secret_reveal" not in messages.text


async def test_fifty_clicks_at_once_are_one_approval(town: Town) -> None:
    """Everybody else is told who was first."""
    kid = waiting_kid(town, "clair_scanner")
    card = await town.sees("U02BOB", kid, "waits for approval")
    button = next(e for e in card["blocks"][-1]["elements"] if e["action_id"] == "key_approve")

    clicks = [town.click(user, card, button) for user in ["U02BOB", "U01ALICE"] * 25]
    assert set(await asyncio.gather(*map(town.deliver, clicks))) == {200}
    await town.sees("U02BOB", f"✅ Key {kid[:12]}")
    of_this_key = [entry for entry in await audit(town) if kid in json.dumps(entry)]
    steps = ["key_arrived", "change_approved", "change_intent", "change_outcome"]
    assert [entry["event"] for entry in of_this_key] == steps
    assert len({str(entry["details"]["change"]) for entry in of_this_key}) == 1  # type: ignore[index]


async def test_a_quota_is_confirmed_by_its_requester(town: Town) -> None:
    """The plan to Carol alone; the outcome to the channel."""
    await town.say("U03CAROL", "/quay quota set team-alpha 100GiB")
    plan = await town.sees("U03CAROL", "80 GiB → *100 GiB*", "change_confirm")
    assert plan["ephemeral"]
    await town.press("U03CAROL", plan, "change_confirm")
    await town.sees("U04DAVE", "<@U03CAROL>", "Quay confirms a quota of 100 GiB for team-alpha")
    namespace = town.registry.organization("team-alpha")
    assert namespace is not None
    assert namespace.quota is not None
    assert namespace.quota.limit_bytes == 100 * GIB


@over_http
async def test_a_click_after_expiry_does_nothing_and_the_card_says_so(town: Town) -> None:
    """Expired after a second by this file; the worker edits the card by itself."""
    await town.say("U03CAROL", "/quay quota delete team-beta")
    card = await town.sees("U02BOB", "Delete the quota of team-beta", "change_approve")
    ended = await town.sees("U02BOB", "⌛ Delete the quota of team-beta: expired")
    assert ended["ts"] == card["ts"]
    assert "change_approve" not in str(ended)
    assert await town.deliver(town.click("U02BOB", card, card["blocks"][-1]["elements"][0])) == 200
    namespace = town.registry.organization("team-beta")
    assert namespace is not None
    assert namespace.quota is not None


@pytest.mark.parametrize(
    ("user", "channel", "said"),
    [
        ("U05GUEST", ADMIN, "You may not do this here"),
        ("U06LEFT", ADMIN, "Bots, deactivated people"),
        ("U07STRANGER", "C0SHARED", "You may not do this here"),
        ("U02BOB", "C0SHARED", "shared with another company"),
        ("U02BOB", "C0GENERAL", "but not in this channel"),
    ],
)
async def test_the_wrong_person_or_place_gets_nothing(town: Town, user: str, channel: str, said: str) -> None:
    """Told why, to them alone."""
    await town.say(user, "/quay keys list", channel)
    answer = await town.sees(user, said, channel=channel)
    assert answer["ephemeral"]


@over_http
async def test_alerts_go_to_the_channel_that_the_file_names(town: Town) -> None:
    """By the worker's schedule, once."""
    await town.sees("U04DAVE", "team-ml-vision is at 88.5 % of its quota", channel="C0ML")


async def test_an_alert_is_acknowledged_and_snoozed_where_it_is(town: Town) -> None:
    """By those who may, and for everybody to see; its quota can be raised from there."""
    alert = await town.sees("U04DAVE", "team-ml-vision is at", channel="C0ML")
    await town.press("U03CAROL", alert, "alert_ack", "C0ML")
    assert (await town.sees("U03CAROL", "No rule allows it", channel="C0ML"))["ephemeral"]
    await town.press("U04DAVE", alert, "alert_ack", "C0ML")
    alert = await town.sees("U01ALICE", "Acknowledged by Dave Diaz (`U04DAVE`)", channel="C0ML")
    await town.choose("U04DAVE", alert, "alert_snooze", "For 1 week", "C0ML")
    alert = await town.sees("U01ALICE", "Snoozed until", "Dave Diaz (`U04DAVE`)", channel="C0ML")
    await town.press("U04DAVE", alert, "quota_raise", "C0ML")
    assert "team-ml-vision" in str(await town.modal("U04DAVE", "quota set"))


@over_http
async def test_a_changed_alerts_file_is_told_of(town: Town) -> None:
    """A faulty one too, with its line; what it said before stays in force."""
    file = Path(town.environment["ALERTS_FILE"])
    text = await asyncio.to_thread(file.read_text)
    await asyncio.to_thread(file.write_text, text.replace("every: 10s", "every: 1s"))
    await town.sees("U01ALICE", "alerts.yaml is faulty; what it said before stays in force", "alerts.yaml:3")
    await asyncio.to_thread(file.write_text, text)
    await town.sees("U01ALICE", "alerts.yaml was read anew and is in force")


@over_http
@pytest.mark.parametrize("fault", ["forged", "old", "none"])
async def test_a_forged_or_old_signature_is_401_and_nothing_else(town: Town, fault: str) -> None:
    """Whatever the body says: nobody is answered, and nothing is recorded, not even a refusal."""

    async def of_bob() -> list[dict[str, object]]:
        return [entry for entry in await audit(town) if entry["actor"] == "T0SANDBOX/U02BOB"]

    body = "command=%2Fquay&text=keys+list&team_id=T0SANDBOX&user_id=U02BOB&channel_id=C0REGADMIN&trigger_id=1.1"
    headers = town.signature(body, int(time.time()) - (301 if fault == "old" else 0))
    if fault == "forged":
        headers["x-slack-signature"] = headers["x-slack-signature"][:-2] + "zz"
    before = await of_bob()
    answer = await town.send(body, {} if fault == "none" else headers)
    assert answer.status_code == 401
    assert await of_bob() == before


async def audit(town: Town) -> list[dict[str, object]]:
    """The audit's entries, read from Redis as anybody could."""
    async with Redis.from_url(town.redis_url) as redis:
        return [json.loads(fields[b"body"]) for _, fields in await redis.xrange("quaymaster:audit")]


@over_http
async def test_the_audit_verifies(town: Town) -> None:
    """All that happened above, in one unbroken chain."""
    command = [sys.executable, "-m", "bot.cli", "audit", "verify", "--json"]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, env=town.environment, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["entries"] > 5
    events = {entry["event"] for entry in await audit(town)}
    assert {"key_arrived", "change_proposed", "change_approved", "change_intent", "change_outcome"} <= events
    assert {"change_expired", "command_denied", "command_allowed"} <= events


@over_http
async def test_the_audit_is_exported_and_verified_without_redis(town: Town, tmp_path: Path) -> None:
    """Exit status 1 for whatever was done to the file, 2 for a head that is none.

    Exporting needs Redis and the secret, and nothing of Slack or Quay.
    """
    secret = town.environment["SLACK_SIGNING_SECRET"]
    done = await asyncio.to_thread(run, "audit", "export", REDIS_URL=town.redis_url, SLACK_SIGNING_SECRET=secret)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "audit.jsonl"
    file.write_text(done.stdout, encoding="utf-8")
    last = json.loads(done.stdout.splitlines()[-1])
    verify = ("audit", "verify", "--file", str(file), "--published", f"{last['sequence']}:{last['hash']}")
    good = await asyncio.to_thread(run, *verify)
    assert good.returncode == 0, good.stderr
    assert "seals were not" in good.stderr
    sealed = await asyncio.to_thread(run, *verify, SLACK_SIGNING_SECRET=secret)
    assert (sealed.returncode, sealed.stderr) == (0, "")
    unanchored = await asyncio.to_thread(run, *verify[:-2])
    assert unanchored.returncode == 0
    assert "nothing to compare its end with: give --published SEQUENCE:HASH" in unanchored.stderr
    foreign = await asyncio.to_thread(run, *verify[:-2], SECRET_KEY="x" * 32)
    assert foreign.returncode == 1
    assert "Not one seal fits" in foreign.stderr
    assert "more like that" in foreign.stderr
    assert len(foreign.stderr.splitlines()) < 15
    assert "0:0" not in foreign.stdout
    file.write_text(done.stdout.replace('"change_approved"', '"change_rejected"'), encoding="utf-8")
    bad = await asyncio.to_thread(run, *verify)
    assert bad.returncode == 1
    assert "was changed after it was recorded" in bad.stderr
    assert (await asyncio.to_thread(run, *verify[:-1], "nonsense")).returncode == 2
    file.write_text("", encoding="utf-8")
    empty = await asyncio.to_thread(run, *verify[:-2])
    assert empty.returncode == 1
    assert "no entries: nothing was verified" in empty.stderr


@over_http
async def test_a_freeze_is_seen_by_everybody_at_once(town: Town) -> None:
    """In the channel, by whoever asks for a change, in the status; and its end."""
    await town.say("U01ALICE", "/quay freeze the upgrade begins")
    await town.sees("U02BOB", "Changes are frozen", "the upgrade begins")
    await town.say("U03CAROL", "/quay quota set team-alpha 90GiB")
    await town.sees("U03CAROL", "Changes are frozen", "Nothing was proposed")
    await town.say("U01ALICE", "/quay status")
    await town.sees("U01ALICE", "Changes are frozen", "pending ·")
    await town.say("U01ALICE", "/quay thaw")
    await town.sees("U02BOB", "let changes go on")


@over_http
async def test_a_list_is_turned_and_sent_as_a_file(town: Town) -> None:
    """In the message that the asker alone sees; the file goes to their direct messages with the bot."""
    await town.say("U04DAVE", "/quay users list")
    first = await town.sees("U04DAVE", "More than 20 users", "Showing 1–20")
    await town.press("U04DAVE", first, "page_next")
    second = await town.sees("U04DAVE", "Showing 21–40")
    assert second["ts"] == first["ts"]
    await town.press("U04DAVE", second, "page_file")
    await town.sees("U04DAVE", "users.csv with", "is in your direct messages")
    direct = await town.page.get("/sandbox/slack/messages", params={"channel": "D04DAVE", "user": "U04DAVE"})
    assert direct.json()["messages"][-1]["file"]["name"] == "users.csv"
