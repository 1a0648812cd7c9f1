"""Bytes become payloads in a shape that the bot knows, and any payload becomes its actor."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.permissions import Actor
from bot.web.origin import actor_of, origin_of
from bot.web.payloads import Malformed, Unknown, check, decode

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
RECORDED = [
    found
    for line in (Path(__file__).parents[1] / "sandbox_slack" / "payloads.jsonl").read_text().splitlines()
    if (found := json.loads(line))
]

COMMAND = {
    "command": "/quay",
    "text": "keys list",
    "team_id": "T1",
    "user_id": "U1",
    "channel_id": "C1",
    "trigger_id": "1.1",
    "response_url": "https://hooks.slack.test/1",
}
CLICK: dict[str, Any] = {
    "type": "block_actions",
    "team": {"id": "T1", "domain": "one"},
    "user": {"id": "U1", "team_id": "T1"},
    "trigger_id": "1.1",
    "actions": [{"action_id": "change_approve", "value": "abc"}],
}
VIEW: dict[str, Any] = {"id": "V1", "callback_id": "form", "state": {"values": {}}}
SUBMISSION: dict[str, Any] = {"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U1"}, "view": VIEW}
SUGGESTION: dict[str, Any] = {**SUBMISSION, "type": "block_suggestion", "action_id": "search:keys", "value": "ab"}
SHORTCUT: dict[str, Any] = {
    "type": "message_action",
    "callback_id": "ask_about_key",
    "team": {"id": "T1"},
    "user": {"id": "U1"},
    "channel": {"id": "C1"},
    "trigger_id": "1.1",
    "message": {"text": "hello"},
}
HOME: dict[str, Any] = {
    "type": "event_callback",
    "team_id": "T1",
    "event": {"type": "app_home_opened", "user": "U1", "tab": "home"},
}


@pytest.mark.parametrize(
    ("payload", "actor"),
    [
        pytest.param(COMMAND, Actor("T1", "U1"), id="command"),
        pytest.param(CLICK, Actor("T1", "U1"), id="click"),
        pytest.param(SUBMISSION, Actor("T1", "U1"), id="form"),
        pytest.param(SUGGESTION, Actor("T1", "U1"), id="suggestion"),
        pytest.param(SHORTCUT, Actor("T1", "U1"), id="shortcut"),
        pytest.param(HOME, Actor("T1", "U1"), id="Home"),
        pytest.param(COMMAND | {"team_id": "T2"}, Actor("T2", "U1"), id="command of another team"),
        pytest.param(CLICK | {"team": {"id": "T2"}}, Actor("T2", "U1"), id="click of another team"),
        pytest.param(HOME | {"team_id": "T2"}, Actor("T2", "U1"), id="Home of another team"),
        pytest.param(
            CLICK | {"user": {"id": "W1", "team_id": "T1"}}, Actor("T1", "W1"), id="an id of the organization"
        ),
        pytest.param(
            CLICK | {"user": {"id": "U1", "team_id": "T2"}},
            Actor("T1", "U1"),
            id="a user who signed up in another team",
        ),
        pytest.param(CLICK | {"team": None}, Actor("T1", "U1"), id="app of an organization: no team"),
        pytest.param(
            CLICK | {"team": None, "enterprise": {"id": "E1"}, "is_enterprise_install": True},
            Actor("T1", "U1"),
            id="app of an organization: the organization alone",
        ),
        pytest.param(
            CLICK | {"team": None, "user": {"id": "U1", "team_id": "T2"}},
            Actor("T1", "U1"),
            id="app of an organization: a user who signed up in another team",
        ),
        pytest.param(
            SUBMISSION | {"team": None, "view": VIEW | {"app_installed_team_id": "T2"}},
            Actor("T2", "U1"),
            id="app of an organization: a view of another team",
        ),
        pytest.param(
            SUBMISSION | {"view": VIEW | {"app_installed_team_id": "T1"}}, Actor("T1", "U1"), id="a view of this team"
        ),
        pytest.param(
            SUBMISSION | {"team": {"id": "T2"}, "view": VIEW | {"app_installed_team_id": "T1"}},
            Actor("T2", "U1"),
            id="a view of this team, sent by somebody of another one",
        ),
    ],
)
def test_a_payload_has_an_actor(payload: dict[str, Any], actor: Actor) -> None:
    """Of this workspace, unless it names another team anywhere; the user's own team is not looked at."""
    assert actor_of(check(payload), "T1") == actor


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param({"type": "view_closed", "user": {"id": "U1"}, "view": VIEW}, id="of an unused type"),
        pytest.param({"hello": "world"}, id="of no type"),
        pytest.param({"ssl_check": "1", "token": "t"}, id="ssl_check"),
        pytest.param({"type": {"a": 1}}, id="a type that is no text"),
        pytest.param(CLICK | {"user": None}, id="nobody"),
        pytest.param(CLICK | {"user": "U1"}, id="a user that is a text"),
        pytest.param(CLICK | {"user": {"id": ""}}, id="an empty user id"),
        pytest.param(CLICK | {"user": {"id": "U1\n"}}, id="a line feed in a user id"),
        pytest.param(CLICK | {"team": "T1"}, id="a team that is a text"),
        pytest.param(CLICK | {"team": {}}, id="a team without an id"),
        pytest.param(CLICK | {"actions": []}, id="no action"),
        pytest.param(CLICK | {"actions": {"0": 1}}, id="actions that are no list"),
        pytest.param(CLICK | {"actions": [None]}, id="an action that is null"),
        pytest.param(CLICK | {"channel": {"id": "C 1"}}, id="a space in a channel id"),
        pytest.param(CLICK | {"trigger_id": None}, id="no trigger"),
        pytest.param(SUBMISSION | {"view": None}, id="no view"),
        pytest.param(SUBMISSION | {"view": VIEW | {"state": {"values": []}}}, id="values that are a list"),
        pytest.param(SUBMISSION | {"view": VIEW | {"private_metadata": 5}}, id="metadata that is a number"),
        pytest.param(HOME | {"event": None}, id="no event"),
        pytest.param(HOME | {"event": {"type": "app_home_opened"}}, id="an event of nobody"),
        pytest.param({**SUGGESTION, "view": None}, id="a suggestion outside of a form"),
        pytest.param({**COMMAND, "user_id": 5}, id="a user id that is a number"),
        pytest.param({"command": "/quay"}, id="a command and nothing else"),
    ],
)
def test_a_payload_of_another_shape_is_unknown(payload: dict[str, Any]) -> None:
    """What is said of it names fields and kinds, and nothing that it holds."""
    with pytest.raises(Unknown) as caught:
        check(payload | {"text": "xoxb-secret"})
    assert "xoxb-secret" not in caught.value.said
    assert "U1" not in caught.value.said


def test_what_the_bot_does_not_read_is_left_out() -> None:
    """The verification token, names, and whatever Slack adds; so nothing else can trip over it, or log it."""
    known = check(
        CLICK | {"token": "t", "enterprise": 7, "authorizations": {"a": 1}, "user": {"id": "U1", "name": "x"}}
    )
    assert known == {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "trigger_id": "1.1",
        "actions": [{"type": "", "action_id": "change_approve", "block_id": "", "value": "abc"}],
        "container": {"type": "", "is_ephemeral": False},
    }


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"payload=null", FORM),
        (b"payload=%7Boops", FORM),
        (b"payload=[1]", FORM),
        (b"payload=", FORM),
        (b"payload=%ff", FORM),
        (b"text=%ff", FORM),
        (b"\xff\xfe", FORM),
        (b"&".join(b"a%d=1" % number for number in range(200)), FORM),
        (b"{oops", FORM),
        (b"[1]", JSON),
        (b"null", JSON),
        (b"{}", JSON),
        (b"{oops", JSON),
        (b'{"a": ' + b"9" * 5000 + b"}", JSON),
        (b"[" * 100_000, JSON),
        (b'"\xff"', JSON),
    ],
)
def test_bytes_that_are_no_payload_are_malformed(body: bytes, content_type: str) -> None:
    """Whatever they are, nothing else is raised."""
    with pytest.raises(Malformed):
        decode(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (urlencode({"payload": json.dumps(CLICK)}).encode(), FORM),
        (json.dumps(CLICK).encode(), "application/json; charset=utf-8"),
        (json.dumps(CLICK).encode(), ""),
    ],
)
def test_a_payload_is_read_as_json_or_from_a_form(body: bytes, content_type: str) -> None:
    """Slack sends interactions in a form, events as JSON."""
    assert decode(body, content_type) == CLICK


@pytest.mark.parametrize("text", ["größer — “so”", "&<>", "a+b %41", "🙂", ""])
def test_a_commands_text_comes_as_it_was_typed(text: str) -> None:
    """In whatever letters."""
    body = "&".join(f"{name}={quote(value)}" for name, value in {**COMMAND, "text": text}.items())
    assert check(decode(body.encode(), FORM))["text"] == text


def test_half_a_character_becomes_a_whole_one() -> None:
    """JSON can spell one, and then nothing could encode it: no log, no Redis."""
    found = decode(b'{"value": "a\\ud83d", "whole": "\\ud83d\\ude42"}', JSON)
    assert found == {"value": "a\ufffd", "whole": "🙂"}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("T1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def odd_payloads(draw: st.DrawFn, usual: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One of the usual payloads, but for one thing in it that is anything else."""
    payload: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from(usual))))
    place: Any = payload
    while True:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            place[key] = draw(anything)
            return payload
        place = place[key]


@given(odd_payloads([*RECORDED, COMMAND, CLICK, SUGGESTION, HOME]))
def test_an_odd_payload_has_an_actor_or_is_unknown(payload: dict[str, Any]) -> None:
    """Never anything else, whatever stands in it."""
    try:
        known = check(payload)
    except Unknown:
        return
    if known.get("type") != "url_verification":
        assert origin_of(known, "T1").actor.user
