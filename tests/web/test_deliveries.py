"""What Slack delivers, through the whole web application: odd shapes break nothing, and nothing is done twice."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.app import App, open_app
from bot.config.settings import Settings
from bot.loading import Files, build_grammar, open_alerts, open_policy
from bot.views import forms, keys, lists, lookups, menu, rejections
from sandbox.quay.app import create_app as create_quay
from sandbox.quay.faults import Faults
from sandbox.quay.seed import seed
from sandbox.slack.app import SlackSettings
from tests.support.servers import served
from tests.web.conftest import POLICY, SECRET, Bot
from tests.web.line import Line, open_line
from tests.web.test_payloads import odd_payloads

JSON = "application/json"
ANSWERS = "https://answers"
ALICE: dict[str, Any] = {
    "response_url": ANSWERS,
    "team": {"id": "T0SANDBOX"},
    "user": {"id": "U01ALICE"},
    "trigger_id": "1.1",
}
CHANNEL = {"id": "C0REGADMIN"}
ACTIONS = [
    ("change_approve", "abc"),
    ("change_reject", "abc"),
    ("page_next", "abc"),
    ("alert_ack", "abc"),
    ("measurement_stop", "abc"),
    ("secret_reveal", "abc"),
    ("key_details", "abc"),
    ("quota_raise", "team-alpha"),
    (menu.MENU, "quota set"),
    (keys.EXTEND, "abcdef"),
    (lookups.LOOK_AGAIN, "abc"),
    (lists.FILTER, json.dumps({"channel": "C0REGADMIN", "text": "keys list"})),
]
METADATA = json.dumps({"command": "quota set", "channel": "C0REGADMIN", "record": "abc"})
FIELDS = {
    "field:namespace": {"search:namespaces": {"type": "external_select", "selected_option": {"value": "team-alpha"}}},
    "field:size": {"value": {"type": "plain_text_input", "value": "90GiB"}},
    "reason": {"reason": {"type": "plain_text_input", "value": "because"}},
}
BLOCKS = [{"type": "input", "block_id": "field:namespace"}]
VIEW = {"id": "V1", "private_metadata": METADATA, "state": {"values": FIELDS}, "blocks": BLOCKS}
TAKEN: list[dict[str, Any]] = [
    *(
        {**ALICE, "type": "block_actions", "channel": CHANNEL, "actions": [{"action_id": name, "value": value}]}
        for name, value in ACTIONS
    ),
    {**ALICE, "type": "view_submission", "view": {**VIEW, "callback_id": forms.FORM}},
    {**ALICE, "type": "view_submission", "view": {**VIEW, "callback_id": rejections.REJECTION}},
    {**ALICE, "type": "block_suggestion", "action_id": f"{forms.SEARCH}namespaces", "value": "team", "view": VIEW},
    {
        **ALICE,
        "type": "message_action",
        "callback_id": "ask_about_key",
        "channel": CHANNEL,
        "message": {"text": "0" * 64, "blocks": [{"text": {"text": "hello"}}]},
    },
    {"type": "event_callback", "event": {"type": "app_home_opened", "user": "U01ALICE", "tab": "home"}},
    {
        "command": "/quay",
        "text": "keys list",
        "team_id": "T0SANDBOX",
        "user_id": "U01ALICE",
        "channel_id": "C0REGADMIN",
        "trigger_id": "1.1",
        "response_url": ANSWERS,
    },
]
"""A payload for each listener."""


@pytest.fixture
async def line(app: App, slack: str) -> AsyncIterator[Line]:
    """Slack's line to the bot."""
    async with open_line(app, slack) as opened:
        yield opened


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"payload=null", "application/x-www-form-urlencoded"),
        (b"payload=[1]", "application/x-www-form-urlencoded"),
        (b"payload=%7Boops", "application/x-www-form-urlencoded"),
        (b"payload=%ff", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "text/plain"),
        (b"[1]", JSON),
        (b"{oops", JSON),
        (b"null", JSON),
    ],
)
async def test_signed_bytes_that_are_no_payload_are_400(line: Line, body: bytes, content_type: str) -> None:
    """Slack has no such thing, but whoever holds the secret may."""
    assert (await line.deliver(body, content_type=content_type)).status_code == 400


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "block_actions", "user": {"id": "U01ALICE"}, "team": None, "actions": None, "trigger_id": "1"},
        {"type": "block_actions", "user": None},
        {"type": "view_submission", "user": {"id": "U01ALICE"}, "view": None},
        {"type": "view_closed", "user": {"id": "U01ALICE"}, "view": {"id": "V1", "callback_id": "form"}},
        {"type": "event_callback", "event": {"type": "unheard_of", "user": "U01ALICE"}},
        {"type": "nothing of Slack's"},
        {"view": None, "team": 7, "authorizations": {"a": 1}, "enterprise": 7},
    ],
)
async def test_a_payload_that_nobody_takes_is_an_empty_200(line: Line, payload: dict[str, Any]) -> None:
    """Slack would deliver it again otherwise, and tell people that the bot is broken."""
    answer = await line.deliver(urlencode({"payload": json.dumps(payload)}).encode())
    assert (answer.status_code, answer.content) == (200, b"")


async def test_slacks_question_whether_the_bot_is_there_is_answered(line: Line) -> None:
    """When somebody enters its address."""
    question = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    answer = await line.deliver(question, content_type=JSON)
    assert answer.json() == {"challenge": "abc"}


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=odd_payloads(TAKEN))
async def test_no_payload_breaks_anything(
    line: Line, caplog: pytest.LogCaptureFixture, payload: dict[str, Any]
) -> None:
    """Whatever stands in it, the answer is no 500, and no listener fails after it."""
    sent = json.loads(json.dumps(payload).replace(ANSWERS, line.answers_at))
    form = sent if "command" in sent else {"payload": json.dumps(sent)}
    with capture_logs() as logs:
        answer = await line.deliver(urlencode(form).encode())
    assert answer.status_code in {200, 400}
    said = [one["event"] for one in logs if one["log_level"] in {"error", "critical"}]
    said += [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert set(said) <= {"answer_lost"}  # to somebody who is nobody


async def test_a_command_delivered_again_does_nothing(line: Line) -> None:
    """It is acknowledged; it is neither recorded nor answered, by whichever process."""
    body = line.command("freeze one moment")
    headers = line.signed(body)
    assert (await line.deliver(body, headers=headers)).status_code == 200
    await line.deliver(line.command("thaw"))
    done = ["command_allowed", "changes_frozen", "command_allowed", "changes_thawed"]
    assert await line.events() == done
    calls = await line.calls()
    for _ in range(3):
        assert (await line.deliver(body, headers=headers)).status_code == 200
    assert (await line.events(), await line.calls(), line.told) == (done, calls, [])


@pytest.mark.parametrize(
    "text",
    ["", "help", "no such command", "pending", "status", "keys list", "quota show team-alpha", "orgs delete platform"],
)
async def test_an_answer_is_given_once(line: Line, text: str) -> None:
    """Be it a menu, help, a correction, a list or a refusal; the same asked anew is answered anew."""
    body = line.command(text)
    headers = line.signed(body)
    for _ in range(2):
        assert (await line.deliver(body, headers=headers)).status_code == 200
    assert len(line.told) == 1
    events = await line.events()
    await line.deliver(line.command(text))
    assert len(line.told) == 2
    assert await line.events() == events * 2


async def test_a_proposal_delivered_again_posts_no_second_card(line: Line) -> None:
    """Nor a second record."""
    body = line.command("quota delete team-alpha", user="U03CAROL")
    headers = line.signed(body)
    for _ in range(2):
        await line.deliver(body, headers=headers)
    assert len(await line.waiting()) == 1
    assert (await line.calls())["chat.postMessage"] <= 1


async def test_two_people_with_one_trigger_have_two_proposals(line: Line) -> None:
    """A record's id covers who asked, and what for."""
    for user, text in [
        ("U01ALICE", "quota set team-alpha 90GiB"),
        ("U03CAROL", "quota set team-alpha 90GiB"),
        ("U03CAROL", "quota set team-alpha 91GiB"),
    ]:
        await line.deliver(line.command(text, user=user, trigger_id="7.7"))
    assert len({record.id for record in await line.waiting()}) == 3


async def test_a_click_delivered_again_does_nothing(line: Line) -> None:
    """Not even saying once more what came of it."""
    await line.deliver(line.command("quota set team-alpha 90GiB"))
    (record,) = await line.waiting()
    body = line.click({"type": "button", "action_id": "change_cancel", "value": record.id})
    headers = line.signed(body)
    await line.deliver(body, headers=headers)
    told = len(line.told)
    events = await line.events()
    assert events.count("change_cancelled") == 1
    await line.deliver(body, headers=headers)
    assert (len(line.told), await line.events()) == (told, events)
    await line.deliver(line.click({"type": "button", "action_id": "change_cancel", "value": record.id}))
    assert len(line.told) == told + 1


async def test_a_home_that_was_opened_is_published_once(line: Line) -> None:
    """An event is delivered up to four times."""
    event = {"type": "app_home_opened", "user": "U01ALICE", "tab": "home"}
    body = json.dumps({"type": "event_callback", "team_id": "T0SANDBOX", "event": event}).encode()
    headers = line.signed(body)
    for _ in range(2):
        assert (await line.deliver(body, headers=headers, content_type=JSON)).status_code == 200
    assert (await line.calls())["views.publish"] == 1


async def test_signatures_are_forgotten_when_they_are_too_old_to_be_used(line: Line, redis: Redis) -> None:
    """Ten minutes: five before and five after the time that they carry. None can be read in Redis."""
    body = line.command("help")
    headers = line.signed(body)
    await line.deliver(body, headers=headers)
    (key,) = await redis.keys("quaymaster:delivered:*")
    assert 590 < await redis.ttl(key) <= 600
    assert headers["x-slack-signature"][3:] not in key.decode()


async def test_a_form_is_opened_once(bot: Bot) -> None:
    """A command that lacks something, delivered twice at the same time: the second one doesn't say that it failed."""
    wish = {"how": "twice", "of": "command"}
    assert (await bot.http.post("/sandbox/slack/irregularities", json=wish)).is_success
    await bot.person("say", "U03CAROL", text="/quay quota set team-alpha")
    await bot.modal("U03CAROL")
    assert [one["status"] for one in (await bot.http.get("/sandbox/slack/deliveries")).json()] == [200, 200]
    await bot.person("say", "U03CAROL", text="/quay help")
    await bot.sees("U03CAROL", "Help")
    assert (await bot.calls("views.open"), await bot.calls("response_url")) == (1, 1)


@pytest.fixture
async def stranded(slack: str) -> AsyncIterator[Line]:
    """Slack's line to a bot that does not reach Redis."""
    async with served(create_quay(seed(), Faults())) as quay:
        configured = Settings(
            slack_bot_token=SlackSettings(bot_url="").bot_token,
            slack_signing_secret=SECRET,
            slack_api_url=f"{slack}/api/",
            quay_url=quay,
            quay_token="sandbox-superuser",
            redis_url="redis://127.0.0.1:1",
        )
        grammar = build_grammar("/quay")
        files = Files(grammar, open_policy(str(POLICY), grammar), open_alerts("no alerts.yaml"))
        async with open_app(configured, files) as app, open_line(app, slack) as opened:
            yield opened


@pytest.mark.parametrize("text", ["freeze one moment", "keys list", "help", "quota set team-alpha 90GiB"])
async def test_without_redis_a_command_has_no_effect(stranded: Line, text: str) -> None:
    """Nobody can say whether it was carried out before. It is acknowledged, and its person hears why."""
    assert (await stranded.deliver(stranded.command(text))).status_code == 200
    (told,) = stranded.told
    assert "The bot can't use its storage" in told["text"]
    assert await stranded.calls() == {}


@pytest.mark.parametrize(("action", "value"), ACTIONS)
async def test_without_redis_a_button_has_no_effect(stranded: Line, action: str, value: str) -> None:
    """Not even a window is opened."""
    body = stranded.click({"type": "button", "action_id": action, "value": value})
    assert (await stranded.deliver(body)).status_code == 200
    (told,) = stranded.told
    assert "The bot can't use its storage" in told["text"]
    assert await stranded.calls() == {}
