"""One message for each key, or one for many at once; edited down the steps, and closed when it is settled."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.alerts.config import KeyAlerts
from bot.alerts.expiring_keys import ExpiringKeys, ToldKeys
from bot.quay.models import KeyApproval, ServiceKey
from bot.slack.messages import Message, MessageId, MessengerError
from tests.support.world import Clock, FakeSlack, text_of

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONFIG = KeyAlerts(channel="C0KEYS")
DAY = timedelta(days=1)


@dataclass
class Shop:
    """The keys of a registry, and whoever tells of their ends."""

    redis: Redis
    clock: Clock = field(default_factory=Clock)
    slack: FakeSlack = field(default_factory=FakeSlack)
    keys: dict[str, ServiceKey] = field(default_factory=dict)

    def put(self, name: str, days: float, service: str = "clair") -> None:
        approval = KeyApproval(approval_type="ServiceKeyApprovalType.SUPERUSER", approved_date=START)
        self.keys[name] = ServiceKey(
            kid=f"kid-of-{name}",
            name=name,
            service=service,
            jwk={},
            created_date=START - 60 * DAY,
            expiration_date=self.clock.now + days * DAY,
            approval=approval,
        )

    async def run(self, *, workers: int = 1) -> None:
        keys = list(self.keys.values())
        some = [ExpiringKeys(self.redis, self.slack, self.clock) for _ in range(workers)]
        await asyncio.gather(*(one.run(keys, CONFIG, "C0ADMIN") for one in some))

    async def days(self, days: int) -> None:
        """Let days pass, in each hour of which a worker comes by."""
        for _ in range(days * 24):
            self.clock.forward(hours=1)
            await self.run()

    @property
    def titles(self) -> list[str]:
        """What stands in the channels."""
        return [message.blocks[0]["text"]["text"] for message in self.slack.messages.values()]

    @property
    def replies(self) -> list[str]:
        """What was said in threads."""
        return [message.text for _, _, message in self.slack.threads]


@pytest.fixture
def shop(redis: Redis) -> Shop:
    return Shop(redis)


async def test_a_key_has_one_message_from_its_first_step_to_its_end(shop: Shop) -> None:
    """Each step is a reply in the thread, the last one seen in the channel as well; between them only figures move."""
    shop.put("scanner", 31)
    await shop.run()
    assert shop.titles == []
    await shop.days(1)
    assert shop.titles == ["Key scanner (clair) expires in 30 days"]
    (message,) = shop.slack.messages.values()
    assert message.text.startswith("Key scanner (clair) expires in 30 days. Valid until <!date^")
    assert "then clair can't sign requests to Quay with it" in message.text
    assert "*clair has no other valid key then.*" in text_of(message)
    await shop.days(5)
    assert (shop.titles, shop.replies) == (["Key scanner (clair) expires in 25 days"], [])
    await shop.days(18)
    assert shop.titles == ["Key scanner (clair) expires in 7 days"]
    assert [reply.split(":")[0] for reply in shop.replies] == ["Key scanner (clair) expires in 7 days"]
    await shop.days(6)
    assert shop.titles == ["Key scanner (clair) expires within a day"]
    assert [message.text for message in shop.slack.broadcasts] == shop.replies[1:]
    await shop.days(1)
    assert shop.titles == ["Key scanner (clair) has expired"]
    assert [reply.split(":")[0] for reply in shop.replies] == [
        "Key scanner (clair) expires in 7 days",
        "Key scanner (clair) expires within a day",
        "Key scanner (clair) has expired",
    ]
    edits = len(shop.slack.edits)
    await shop.days(2)
    assert (len(shop.slack.edits), len(shop.slack.broadcasts)) == (edits, 1)


async def test_missed_steps_are_one(shop: Shop) -> None:
    """No worker came by for weeks."""
    shop.put("scanner", 29)
    await shop.run()
    shop.clock.forward(days=28.5)
    await shop.run()
    await shop.run()
    assert [reply.split(":")[0] for reply in shop.replies] == ["Key scanner (clair) expires within a day"]


@pytest.mark.parametrize(
    ("becomes", "title", "said"),
    [
        (200, "Key scanner (clair) no longer expires soon", "It is valid until <!date^"),
        (None, "Key scanner (clair) never expires any more", "It is valid for good"),
        ("gone", "Key scanner (clair) is no longer in Quay", "It was deleted, or clair renewed it"),
    ],
)
async def test_an_alert_is_closed_when_it_is_settled(
    shop: Shop, becomes: int | str | None, title: str, said: str
) -> None:
    """Extended, for good, or gone; forgotten then, and told anew if it comes again."""
    shop.put("scanner", 5)
    await shop.run()
    if becomes == "gone":
        shop.keys.clear()
    else:
        until = shop.clock.now + becomes * DAY if isinstance(becomes, int) else None
        shop.keys["scanner"] = shop.keys["scanner"].model_copy(update={"expiration_date": until})
    await shop.run()
    assert shop.titles == [title]
    (message,) = shop.slack.messages.values()
    assert said in text_of(message)
    assert "key_extend" not in text_of(message)
    assert not await ToldKeys.load(shop.redis)
    assert not await shop.redis.exists(ToldKeys.key)
    shop.put("scanner", 5)
    await shop.run()
    assert len(shop.titles) == 2


async def test_an_extension_that_is_not_long_is_seen(shop: Shop) -> None:
    """The message says the new date, and its steps are told again."""
    shop.put("scanner", 0.5)
    await shop.run()
    shop.put("scanner", 8)
    await shop.run()
    assert (shop.titles, shop.replies) == (["Key scanner (clair) expires in 8 days"], [])
    await shop.days(1)
    assert [reply.split(":")[0] for reply in shop.replies] == ["Key scanner (clair) expires in 7 days"]


async def test_a_key_that_expired_before_anybody_watched_is_said_once(shop: Shop) -> None:
    """Quay hides it a week later, which needs no word."""
    shop.put("scanner", -2)
    await shop.days(1)
    shop.keys.clear()
    await shop.run()
    assert (shop.titles, shop.slack.edits) == (["Key scanner (clair) has expired"], [])
    assert not await shop.redis.exists(ToldKeys.key)


async def test_another_key_of_the_service_changes_what_is_said(shop: Shop) -> None:
    """Whoever reads the message later reads what is so by then."""
    shop.put("scanner", 5)
    await shop.run()
    shop.put("successor", 300)
    await shop.run()
    (message,) = shop.slack.messages.values()
    assert "clair has 1 other valid key then." in text_of(message)
    assert len(shop.slack.edits) == 1


async def test_five_keys_are_five_messages_and_six_are_a_table(shop: Shop) -> None:
    """However many there are; 300 keys are more than a table holds, which it says."""
    for number in range(5):
        shop.put(f"a{number}", 20)
    await shop.run()
    assert len(shop.titles) == 5
    for number in range(300):
        shop.put(f"b{number}", 10 + number / 100)
    await shop.run()
    assert shop.titles[5:] == ["300 service keys expire soon"]
    assert "201 more, later ones, are not in the table" in text_of(list(shop.slack.messages.values())[-1])


async def test_a_key_of_a_table_is_extended_by_choosing_it(shop: Shop) -> None:
    """Those that Slack has room for; a key leaves the choice with the table."""
    for number in range(150):
        shop.put(f"k{number}", 10 + number / 100)
    await shop.run()
    assert choice_of(*shop.slack.messages.values()) == [f"kid-of-k{number}" for number in range(100)]
    shop.put("k0", 300)
    shop.keys = {kid: shop.keys[kid] for kid in ("k0", "k1", "k2")}
    await shop.run()
    assert choice_of(*shop.slack.messages.values()) == ["kid-of-k1", "kid-of-k2"]


async def test_an_id_that_slack_takes_for_no_value_is_in_no_choice(shop: Shop) -> None:
    """A service may choose any id; the message is not refused for it."""
    for number in range(6):
        shop.put(f"{number}" * 200, 20)
    await shop.run()
    assert shop.titles == ["6 service keys expire soon"]
    assert "key_extend" not in text_of(*shop.slack.messages.values())


def choice_of(message: Message) -> list[str]:
    """The ids that can be chosen under a table."""
    (select,) = [one for block in message.blocks for one in block.get("elements", []) if "options" in one]
    assert select["action_id"] == "key_extend"
    return [option["value"] for option in select["options"]]


async def test_a_table_follows_its_keys(shop: Shop) -> None:
    """One edit and one reply for all that changed at once; what is settled leaves it."""
    for number in range(8):
        shop.put(f"k{number}", 20)
    await shop.run()
    shop.put("k0", 300)
    del shop.keys["k1"]
    await shop.run()
    assert (shop.titles, len(shop.slack.edits)) == (["6 of 8 service keys expire soon"], 1)
    await shop.days(13)
    assert [reply.split(":")[0] for reply in shop.replies] == ["6 of these keys expire within 7 d"]
    await shop.days(7)
    assert shop.titles == ["6 of 8 service keys expire soon (6 have already)"]
    shop.keys = {"k0": shop.keys["k0"]}
    await shop.run()
    assert shop.titles == ["All 8 service keys of this list are extended or gone"]
    assert not await shop.redis.exists(ToldKeys.key)


async def test_three_workers_say_it_once(shop: Shop) -> None:
    """First words, steps and last words alike."""
    for number in range(4):
        shop.put(f"k{number}", 8)
    await shop.run(workers=3)
    shop.clock.forward(days=1)
    await shop.run(workers=3)
    shop.keys.clear()
    await shop.run(workers=3)
    assert (len(shop.titles), len(shop.replies), len(shop.slack.edits)) == (4, 4, 8)


async def test_three_workers_make_one_table(shop: Shop) -> None:
    """They do not share the keys out among them."""
    for number in range(9):
        shop.put(f"k{number}", 8)
    await shop.run(workers=3)
    assert shop.titles == ["9 service keys expire soon"]


async def test_what_the_channel_refuses_goes_to_the_admin_channel(shop: Shop) -> None:
    """With the reason; there it lives on."""
    shop.slack.refuses = {"C0KEYS"}
    shop.put("scanner", 8)
    await shop.run()
    await shop.run()
    assert [channel for channel, _ in shop.slack.messages] == ["C0ADMIN"]
    assert "Meant for <#C0KEYS>, which Slack refused: `not_in_channel`" in text_of(*shop.slack.messages.values())
    await shop.days(1)
    assert [channel for channel, *_ in shop.slack.threads] == ["C0ADMIN"]


async def test_a_step_whose_message_is_lost_is_told_anew(shop: Shop) -> None:
    """The bot was taken out of the channel since."""
    shop.put("scanner", 8)
    await shop.run()
    shop.slack.refuses = {"C0KEYS"}
    await shop.days(1)
    assert [channel for channel, _ in shop.slack.messages] == ["C0KEYS", "C0ADMIN"]
    assert shop.titles[-1] == "Key scanner (clair) expires in 7 days"


async def test_what_slack_does_not_take_now_is_said_later(shop: Shop) -> None:
    """Nothing is lost while it is away, and nothing is said twice afterwards."""
    shop.put("scanner", 8)
    shop.slack.fails = "TimeoutError"
    await shop.run()
    shop.slack.fails = None
    await shop.run()
    shop.clock.forward(days=1)
    shop.slack.fails = "TimeoutError"
    await shop.run()
    shop.slack.fails = None
    await shop.run()
    await shop.run()
    assert shop.titles == ["Key scanner (clair) expires in 7 days"]
    assert len(shop.replies) == 1


class Died(Exception):
    """The worker's process ended."""


class DyingSlack(FakeSlack):
    """Its worker dies at a call."""

    dies = False

    async def post(self, channel: str, message: Message, *, thread: MessageId | None = None) -> MessageId:
        if self.dies:
            raise Died
        if self.fails:
            raise MessengerError(self.fails)
        return await super().post(channel, message, thread=thread)


@pytest.mark.parametrize("step", [False, True])
async def test_a_worker_that_dies_is_replaced_after_two_minutes(redis: Redis, step: bool) -> None:
    """Whether it was about to post the message or a reply under it."""
    shop = Shop(redis, slack=DyingSlack())
    assert isinstance(shop.slack, DyingSlack)
    shop.put("scanner", 8)
    if step:
        await shop.run()
        shop.clock.forward(days=1)
    shop.slack.dies = True
    with pytest.raises(Died):
        await shop.run()
    shop.slack.dies = False
    await shop.run()
    assert (len(shop.titles), len(shop.replies)) == (int(step), 0)
    shop.clock.forward(minutes=3)
    await shop.run()
    await shop.run()
    assert (len(shop.titles), len(shop.replies)) == (1, int(step))


async def test_names_that_others_chose_do_no_harm(shop: Shop) -> None:
    """No mention, no link, nothing too long: every message is one that Slack takes."""
    evil = "<!channel>&\u202e`*_" * 20
    shop.put(evil, 8)
    await shop.run()
    shop.clock.forward(days=1)
    await shop.run()
    for number in range(120):
        shop.put(f"{evil}{number}", 6)
    await shop.run()
    shop.keys.clear()
    await shop.run()
    said = [*shop.slack.messages.values(), *shop.slack.edits, *(message for *_, message in shop.slack.threads)]
    assert len(said) > 4
    assert all("<!channel" not in message.text for message in said)
