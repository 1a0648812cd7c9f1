"""That Quay cannot be used is said once, with its end, and never for one lost packet."""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.alerts.health import HEALTH_KEY, QUAY, Health, HealthWatch, condition_of, is_news, noted
from bot.quay.errors import Forbidden, NotAdvancing, QuayError, ReadTokenRefused, ServerError, Unauthorized, Unreachable
from bot.slack.messages import Message, MessageId
from bot.views.health import Condition
from tests.support.world import START, Clock, FakeSlack, World, text_of

ADMIN = "C2"
DOWN = Unreachable("The registry did not answer in time.", operation="listServiceKeys")
BROKEN = ServerError("The registry failed.", operation="listServiceKeys", status=502)
REFUSED = Unauthorized("The token is missing, wrong or expired.", operation="listServiceKeys", status=401)


class Died(Exception):
    """The worker's process ended."""


@dataclass
class DyingSlack(FakeSlack):
    """Its worker dies before the next message."""

    dies: bool = False

    async def post(self, channel: str, message: Message, *, thread: MessageId | None = None) -> MessageId:
        if self.dies:
            raise Died
        return await super().post(channel, message, thread=thread)


@dataclass
class Watching:
    """Looks at Quay, a minute apart."""

    redis: Redis
    slack: DyingSlack = field(default_factory=DyingSlack)
    clock: Clock = field(default_factory=Clock)
    of_writer: QuayError | None = None
    """What Quay says to the token for changes."""

    async def prove_tokens(self) -> None:
        if self.of_writer:
            raise self.of_writer

    async def look(self, *errors: QuayError | None, workers: int = 1) -> None:
        """None is a look that went well."""
        for error in errors:
            watch = HealthWatch(self.redis, self.slack, self.clock, self.prove_tokens)
            await asyncio.gather(*(self._one(watch, error) for _ in range(workers)))
            self.clock.forward(minutes=1)

    async def sweep(self, error: QuayError | None) -> None:
        watch = HealthWatch(self.redis, self.slack, self.clock, self.prove_tokens)

        async def sweeping() -> None:
            if error:
                raise error

        with pytest.raises(type(error)) if error else nullcontext():
            await watch.over_lists(sweeping(), ADMIN)

    async def _one(self, watch: HealthWatch, error: QuayError | None) -> None:
        async def reading() -> str:
            if error:
                raise error
            return "keys"

        with pytest.raises(type(error)) if error else nullcontext():
            assert await watch.over(reading(), ADMIN) == "keys"

    def said(self) -> list[str]:
        """The messages that stand in the channel."""
        return [message.text for message in self.slack.messages.values()]


@pytest.fixture
def watching(redis: Redis) -> Watching:
    return Watching(redis)


@pytest.mark.parametrize(
    ("looks", "posted"),
    [
        ([None, None, None], 0),
        ([None, DOWN, None, DOWN, None], 0),
        ([DOWN, DOWN], 1),
        ([DOWN, DOWN, DOWN, DOWN], 1),
        ([DOWN, REFUSED], 1),
        ([DOWN, DOWN, None, DOWN, None, DOWN], 1),
        ([DOWN, DOWN, None, None, DOWN, None], 1),
        ([DOWN, DOWN, None, None, DOWN, DOWN], 2),
    ],
)
async def test_two_failed_looks_in_a_row_are_said_once(
    watching: Watching, looks: list[QuayError | None], posted: int
) -> None:
    """One lost packet says nothing, and neither does one good look in the midst of trouble."""
    await watching.look(*looks)
    assert len(watching.slack.messages) == posted


async def test_nothing_is_remembered_of_a_registry_that_is_well(watching: Watching) -> None:
    """Not even after a trouble that is over."""
    await watching.look(None, None)
    assert not await watching.redis.exists(HEALTH_KEY)
    await watching.look(DOWN, DOWN, None, None)
    assert not await watching.redis.exists(HEALTH_KEY)


async def test_the_message_says_since_when_what_quay_said_and_what_to_do(watching: Watching) -> None:
    """In the admin channel."""
    await watching.look(DOWN, DOWN)
    ((channel, _), message), *_ = watching.slack.messages.items()
    assert channel == ADMIN
    assert message.text == "Quay does not answer the bot as it should: The registry did not answer in time."
    assert f"<!date^{int(START.timestamp())}^" in text_of(message)
    assert "Look at Quay's own logs" in text_of(message)


async def test_a_failure_is_told_with_its_status(watching: Watching) -> None:
    """As a sentence."""
    await watching.look(BROKEN, BROKEN)
    assert watching.said() == ["Quay does not answer the bot as it should: The registry failed (HTTP 502)."]


async def test_a_refused_token_is_called_that(watching: Watching) -> None:
    """It is nothing that passes by itself."""
    await watching.look(REFUSED, REFUSED)
    assert watching.said()[0].startswith("Quay refuses the bot's token: ")
    assert "Make a new token" in watching.slack.messages[ADMIN, "1.0"].blocks[1]["text"]["text"]


async def test_the_end_edits_the_message_and_is_said_under_it(watching: Watching) -> None:
    """With how long it was: from the first look that failed to the first that did not."""
    await watching.look(*[DOWN] * 5, None, None, None)
    assert watching.said() == ["Quay answers the bot again, after 5 min"]
    assert [(channel, thread, reply.text) for channel, thread, reply in watching.slack.threads] == [
        (ADMIN, "1.0", "Quay answers the bot again, after 5 min.")
    ]


async def test_a_trouble_that_becomes_another_stays_one_message(watching: Watching) -> None:
    """Quay came back and takes the token no more."""
    await watching.look(DOWN, DOWN, REFUSED, REFUSED, REFUSED)
    assert [text.split(":")[0] for text in watching.said()] == ["Quay refuses the bot's token"]
    assert [reply.text.split(":")[0] for _, _, reply in watching.slack.threads] == ["Quay refuses the bot's token now"]
    await watching.look(None, None)
    assert watching.said() == ["Quay answers the bot again, after 5 min"]


async def test_a_token_for_changes_that_is_refused_is_told_apart(watching: Watching) -> None:
    """The bot still reads, and says so; the end is told as ever."""
    watching.of_writer = REFUSED
    await watching.look(None, None, None)
    assert [text.split(":")[0] for text in watching.said()] == ["Quay refuses the bot's token for changes"]
    shown = text_of(watching.slack.messages[ADMIN, "1.0"])
    assert "set it as `QUAY_TOKEN` where" in shown
    assert "the bot reads and tells as before" in shown
    watching.of_writer = None
    await watching.look(None, None)
    assert watching.said() == ["Quay answers the bot again, after 3 min"]


async def test_a_token_for_reading_that_is_refused_is_told_apart(watching: Watching) -> None:
    """Everything works by the other, which is said, as is its end."""
    watching.of_writer = ReadTokenRefused("The token in QUAY_READ_TOKEN is wrong.", operation="proveWriter")
    await watching.look(None, None, None)
    assert watching.said() == ["Quay refuses the bot's token for reading: The token in QUAY_READ_TOKEN is wrong."]
    shown = text_of(watching.slack.messages[ADMIN, "1.0"])
    assert "set it as `QUAY_READ_TOKEN` where" in shown
    assert "the bot reads with `QUAY_TOKEN`, and everything works" in shown
    watching.of_writer = None
    await watching.look(None, None)
    assert watching.said() == ["Quay takes the bot's token for reading again, after 3 min"]


async def test_lists_that_quay_does_not_give_are_told_apart(watching: Watching) -> None:
    """The look each minute asks for other things and goes well: two sweeps that failed are said once, and their end."""
    stuck = NotAdvancing(operation="listAllUsers")
    for _ in range(3):
        await watching.sweep(stuck)
        await watching.look(*[None] * 15)
    assert [text.split(":")[0] for text in watching.said()] == ["Quota alerts are paused"]
    shown = text_of(watching.slack.messages[ADMIN, "1.0"])
    assert "PAGE_TOKEN_KEY" in shown
    assert "no quota alert is said, changed or ended; keys and changes work" in shown
    for _ in range(2):
        await watching.sweep(None)
        await watching.look(*[None] * 15)
    assert watching.said() == ["Quota alerts work again, after 45 min"]
    assert not await watching.redis.exists(HEALTH_KEY)


async def test_a_registry_that_is_down_is_not_told_twice(watching: Watching) -> None:
    """Its sweeps fail with it."""
    for _ in range(3):
        await watching.look(DOWN, DOWN)
        await watching.sweep(DOWN)
    assert [text.split(":")[0] for text in watching.said()] == ["Quay does not answer the bot as it should"]


async def test_a_failure_for_the_token_for_changes_alone_is_no_trouble(watching: Watching) -> None:
    """Quay has just answered the other one; it was one lost packet."""
    watching.of_writer = DOWN
    await watching.look(None, None, None)
    assert watching.said() == []


async def test_three_workers_say_it_once(watching: Watching) -> None:
    """Its beginning and its end."""
    await watching.look(DOWN, DOWN, DOWN, None, None, None, workers=3)
    assert (len(watching.slack.messages), len(watching.slack.threads)) == (1, 1)


async def test_looks_at_the_same_moment_are_not_two_in_a_row(watching: Watching) -> None:
    """Two workers that lose the same packet say nothing."""
    await watching.look(DOWN, workers=3)
    assert watching.said() == []


async def test_what_slack_did_not_take_is_tried_at_the_next_look(watching: Watching) -> None:
    """And a trouble that was over before Slack took it is not told."""
    watching.slack.fails = "ratelimited"
    await watching.look(DOWN, DOWN, DOWN)
    watching.slack.fails = None
    await watching.look(DOWN)
    assert len(watching.said()) == 1
    watching.slack.fails = "ratelimited"
    await watching.look(None, None)
    watching.slack.fails = None
    await watching.look(None)
    assert watching.said() == ["Quay answers the bot again, after 4 min"]
    assert len(watching.slack.threads) == 1


async def test_a_message_that_was_deleted_does_not_hold_up_the_next(watching: Watching) -> None:
    """Slack has nothing to edit then."""
    await watching.look(DOWN, DOWN)
    watching.slack.fails = "message_not_found"
    await watching.look(None, None)
    watching.slack.fails = None
    await watching.look(None, DOWN, DOWN)
    assert len(watching.said()) == 2


async def test_a_worker_that_dies_is_replaced(watching: Watching) -> None:
    """Once its claim is two minutes old."""
    watching.slack.dies = True
    with pytest.raises(Died):
        await watching.look(DOWN, DOWN)
    watching.slack.dies = False
    await watching.look(DOWN, DOWN, DOWN)
    assert watching.said() == []
    await watching.look(DOWN)
    assert len(watching.said()) == 1


async def test_what_another_version_remembered_counts_as_nothing(watching: Watching) -> None:
    """It is written anew."""
    await watching.redis.hset(HEALTH_KEY, QUAY, '{"older": true}')  # type: ignore[misc]  # typed for both clients
    await watching.look(DOWN, DOWN)
    assert len(watching.said()) == 1


@pytest.mark.parametrize(
    ("error", "condition"),
    [
        (DOWN, "down"),
        (BROKEN, "down"),
        (REFUSED, "refused"),
        (Forbidden("The token may not do this.", operation="listServiceKeys", status=403), "refused"),
    ],
)
def test_what_an_error_says_of_the_registry(error: QuayError, condition: Condition) -> None:
    """Whether somebody has to look after Quay, or after the token."""
    assert condition_of(error) == condition


@given(st.lists(st.tuples(st.sampled_from(["well", "down", "refused"]), st.integers(0, 90)), max_size=12))
def test_no_look_alone_is_news(looks: list[tuple[Condition, int]]) -> None:
    """News is agreed on by the last two looks at least, which are not of the same moment."""
    health: Health | None = None
    now = START
    troubled = [condition != "well" for condition, _ in looks]
    for index, (condition, seconds) in enumerate(looks):
        now += timedelta(seconds=seconds)
        health = noted(health, condition, "", now)
        if is_news(health, now):
            assert index > 0
            assert troubled[index] == troubled[index - 1]
            assert now > health.since


async def test_quay_gets_no_request_for_it(world: World) -> None:
    """The watch on keys, which is made anyway, is the look: of a bot that reads with the token for changes."""
    watch = HealthWatch(world.redis, world.slack, world.clock, world.quay.prove_tokens)
    await watch.over(world.key_requests.watch("C1"), ADMIN)
    world.registry.tokens.clear()
    cards = len(world.slack.messages)
    for _ in range(2):
        with pytest.raises(Unauthorized):
            await watch.over(world.key_requests.watch("C1"), ADMIN)
        world.clock.forward(minutes=1)
    assert [message.text.split(":")[0] for message in list(world.slack.messages.values())[cards:]] == [
        "Quay refuses the bot's token"
    ]
