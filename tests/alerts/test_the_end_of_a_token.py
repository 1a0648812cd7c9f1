"""A token that says when it ends is told of before that; of one that does not say so, nothing is made up."""

import asyncio
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.alerts.tokens import TokenEnds
from bot.quay.tokens import end_of, ends_of
from bot.views.overview import Overview, overview
from tests.support.world import START, Clock, FakeSlack, text_of, valid

ADMIN = "C1"


def web_token(claims: object) -> str:
    """A JSON Web Token with these claims."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    return ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


def test_a_json_web_token_says_when_it_ends() -> None:
    """In seconds since 1970."""
    assert end_of(web_token({"sub": "quaybot", "exp": 1_800_000_000})) == datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "token",
    [
        "Xk3vNwqPz9LmA7bRt2YcEoUi5HsDfGjKlQwErTyU",
        "sandbox-superuser",
        web_token({"sub": "quaybot"}),
        web_token({"exp": "soon"}),
        web_token({"exp": 1e300}),
        web_token([1]),
        "a.b.c",
    ],
)
def test_no_other_token_does(token: str) -> None:
    """Least of all an OAuth token that Quay made."""
    assert end_of(token) is None
    assert ends_of({"QUAY_TOKEN": token}) == {}


@given(st.text())
def test_whatever_the_token_reading_it_breaks_nothing(token: str) -> None:
    """Somebody's paste is not the bot's end."""
    assert end_of(token) is None


async def told(redis: Redis, slack: FakeSlack, clock: Clock, ends: datetime, workers: int = 1) -> list[str]:
    """What is newly said at this look."""
    before = len(slack.messages)
    look = (TokenEnds(redis, slack, clock, {"QUAY_TOKEN": ends}).run(ADMIN) for _ in range(workers))
    await asyncio.gather(*look)
    return [message.text for message in list(slack.messages.values())[before:]]


async def test_each_step_is_said_once_by_one_of_many_workers(redis: Redis) -> None:
    """A month, a week and a day before; what was missed is not made up for."""
    slack, clock, ends = FakeSlack(), Clock(), START + timedelta(days=31)
    said = {}
    for day in (0, 1, 2, 24, 29, 30, 30.5, 31, 40):
        clock.now = START + timedelta(days=day)
        said[day] = await told(redis, slack, clock, ends, workers=3)
    assert {day: texts for day, texts in said.items() if texts} == {
        1: ["The bot's QUAY_TOKEN ends in 30 d"],
        24: ["The bot's QUAY_TOKEN ends in 7 d"],
        30: ["The bot's QUAY_TOKEN ends in 1 d"],
    }


async def test_a_new_token_has_steps_of_its_own(redis: Redis) -> None:
    """The old one's are forgotten."""
    slack, clock = FakeSlack(), Clock()
    assert await told(redis, slack, clock, START + timedelta(days=5))
    assert await told(redis, slack, clock, START + timedelta(days=90)) == []
    clock.forward(days=86)
    assert await told(redis, slack, clock, START + timedelta(days=90)) == ["The bot's QUAY_TOKEN ends in 4 d"]


async def test_what_slack_refuses_is_said_at_the_next_look(redis: Redis) -> None:
    """It is not lost."""
    slack, clock, ends = FakeSlack(fails="ratelimited"), Clock(), START + timedelta(days=5)
    assert await told(redis, slack, clock, ends) == []
    slack.fails = None
    assert len(await told(redis, slack, clock, ends)) == 1


async def test_the_message_says_what_to_do_and_holds_no_token(redis: Redis) -> None:
    """Neither does Redis."""
    slack, clock, ends = FakeSlack(), Clock(), START + timedelta(days=5)
    await told(redis, slack, clock, ends)
    (message,) = slack.messages.values()
    assert f"Valid until <!date^{int(ends.timestamp())}^" in text_of(message)
    assert "set it as `QUAY_TOKEN` where the bot runs" in text_of(message)


def test_alerts_shows_when_tokens_end() -> None:
    """Where they say so."""
    message = overview(Overview([], [], "UTC", "alerts.yaml", tokens={"QUAY_TOKEN": START}))
    valid(message)
    assert f"`QUAY_TOKEN` ends <!date^{int(START.timestamp())}^" in text_of(message)
