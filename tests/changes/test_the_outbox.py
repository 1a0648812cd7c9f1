"""What people see of a change is delivered beside the work: once, whoever does it, wherever Slack takes it."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.changes import Outbox
from bot.changes.poster import Poster
from bot.confirmations import Record, State
from bot.slack.messages import ABOUT_THE_TOKEN, Message, MessageId, MessengerError
from tests.support.world import ADMIN, FakeSlack, World, text_of

SPARE = "C2"
REQUEST = "quota set team-alpha 90GiB"


@dataclass
class TouchySlack(FakeSlack):
    """Refuses by method and channel, and takes a moment for each call."""

    words: dict[tuple[str, str], str] = field(default_factory=dict)
    """Slack's word for refusing a method in a channel: `post`, `reply`, `edit`, `link`."""
    deleted: set[str] = field(default_factory=set)
    """Messages that an admin deleted."""
    calls: int = 0

    def _refuse(self, method: str, channel: str, message_id: str | None = None) -> None:
        self.calls += 1
        if message_id in self.deleted:
            raise MessengerError("thread_not_found" if method == "reply" else "message_not_found")
        if word := self.words.get((method, channel)):
            raise MessengerError(word)

    async def post(self, channel: str, message: Message, *, thread: MessageId | None = None) -> MessageId:
        await asyncio.sleep(0)
        self._refuse("reply" if thread else "post", channel, thread)
        return await super().post(channel, message, thread=thread)

    async def edit(self, channel: str, message_id: MessageId, message: Message) -> None:
        await asyncio.sleep(0)
        self._refuse("edit", channel, message_id)
        await super().edit(channel, message_id, message)

    async def link(self, channel: str, message_id: MessageId) -> str:
        self._refuse("link", channel, message_id)
        return await super().link(channel, message_id)


@pytest.fixture
def slack(world: World) -> TouchySlack:
    """The world's Slack, which refuses when told to."""
    slack = TouchySlack()
    world.slack = slack
    world.outbox.poster = Poster(slack, lambda: SPARE)
    return slack


async def asked(world: World, text: str = REQUEST) -> Record:
    """A change that others have to approve, with its card."""
    await world.type("U0DAVE", text)
    (record,) = await world.confirmations.waiting()
    return record


async def done(world: World, text: str = REQUEST) -> Record:
    await asked(world, text)
    await world.agree()
    (record,) = await world.work()
    return record


def outcomes(slack: FakeSlack) -> list[Message]:
    """Everything that announces an end."""
    everything = [message for _, _, message in slack.threads] + list(slack.messages.values())
    return [message for message in everything if "<@U0DAVE>: " in text_of(message)]


class TestOnce:
    """Whichever processes are at it."""

    async def test_an_outcome_is_announced_once_by_however_many_processes(
        self, world: World, slack: TouchySlack
    ) -> None:
        """Two processes deliver each step, at once and while the next one is taken."""
        other = Outbox(Poster(slack, lambda: SPARE), world.confirmations, world.clock)
        record = await asked(world)
        for user in ("U0BOB", "U0EVE"):
            approving = world.click(user, "change_approve", record.id)
            await asyncio.gather(approving, other.deliver_due(), world.outbox.deliver_due())
        await asyncio.gather(world.work(), other.deliver_due(), world.outbox.deliver_due(), other.deliver_due())
        for _ in range(3):
            await asyncio.gather(world.outbox.deliver_due(), other.deliver_due())
        assert len(outcomes(slack)) == 1

    async def test_a_card_is_not_sent_twice_unchanged(self, world: World, slack: TouchySlack) -> None:
        """One edit for each state that people can tell apart."""
        record = await done(world)
        shown = [text_of(message) for message in slack.edits]
        assert len(shown) == len(set(shown))
        before = slack.calls
        await world.outbox.deliver(record)
        assert slack.calls == before

    async def test_an_unknown_outcome_that_was_cleared_up_is_said_once_more_as_a_correction(
        self, world: World, slack: TouchySlack
    ) -> None:
        """And never a third time."""
        record = await done(world)
        await world.confirmations.note_announced(record.model_copy(update={"state": State.UNKNOWN}))
        for _ in range(3):
            await world.confirmations.advance(record.id, lambda stored: stored.moved(note="It was done after all."))
            await world.outbox.deliver_due()
        assert [("Correction: " in message.text) for message in outcomes(slack)].count(True) == 1


class TestNobodyWaits:
    """For a Slack that is slow, limited or gone."""

    async def test_a_click_is_answered_though_slack_takes_no_edit(self, world: World, slack: TouchySlack) -> None:
        """The person reads that their approval is recorded, and the change runs."""
        record = await asked(world)
        slack.words["edit", ADMIN] = "ratelimited"
        answers = [await world.click(user, "change_approve", record.id) for user in ("U0BOB", "U0EVE")]
        assert all(answers)
        (ended,) = await world.work()
        assert ended.state is State.DONE

    async def test_what_slack_does_not_take_is_tried_with_growing_pauses(
        self, world: World, slack: TouchySlack
    ) -> None:
        """Ten minutes of 429 cost few calls; then the card shows the end."""
        record = await done(world)
        slack.words["edit", ADMIN] = "ratelimited"
        await world.confirmations.advance(record.id, lambda stored: stored.moved(note="Look again."))
        before = slack.calls
        for _ in range(300):
            await world.outbox.deliver_due()
            world.clock.now += timedelta(seconds=2)
        assert slack.calls - before <= 12
        del slack.words["edit", ADMIN]
        world.clock.now += timedelta(minutes=2)
        await world.outbox.deliver_due()
        assert "Look again." in world.only_card()
        assert await world.confirmations.undelivered() == []

    @pytest.mark.parametrize("word", sorted(ABOUT_THE_TOKEN))
    async def test_what_a_refused_token_kept_back_is_delivered_with_the_next_one(
        self, world: World, slack: TouchySlack, word: str
    ) -> None:
        """The card shows the end, and the outcome is announced: the token was refused, not the message."""
        record = await asked(world)
        await world.agree()
        slack.words |= {(method, channel): word for method in ("post", "reply", "edit") for channel in (ADMIN, SPARE)}
        await world.work()
        assert outcomes(slack) == []
        slack.words.clear()
        world.clock.now += timedelta(minutes=2)
        await world.outbox.deliver_due()
        assert len(outcomes(slack)) == 1
        assert "✅" in world.only_card()
        assert await world.confirmations.undelivered() == []
        assert (await world.confirmations.get(record.id)).state is State.DONE

    async def test_an_edit_that_is_refused_does_not_hold_back_the_announcement(
        self, world: World, slack: TouchySlack
    ) -> None:
        """The requester hears of it in the thread."""
        await asked(world)
        slack.words["edit", ADMIN] = "ratelimited"
        await world.agree()
        await world.work()
        assert len(outcomes(slack)) == 1


REFUSALS = ["restricted_action", "is_archived", "not_in_channel", "a_word_of_next_year", "team_access_not_granted"]


class TestRefusals:
    """A word that is in no list is a refusal like any other."""

    @pytest.mark.parametrize("word", REFUSALS)
    async def test_a_card_that_a_channel_refuses_stands_in_the_admin_channel(
        self, world: World, slack: TouchySlack, word: str
    ) -> None:
        """With Slack's word for it."""
        slack.words["post", ADMIN] = word
        await world.key_requests.watch(ADMIN)
        assert {channel for channel, _ in slack.messages} == {SPARE}
        assert any(word in text_of(message) for channel, _, message in slack.threads if channel == SPARE)

    @pytest.mark.parametrize(
        "word", ["cannot_reply_to_message", "restricted_action_non_threadable_channel", "a_word_of_next_year"]
    )
    async def test_an_outcome_that_a_thread_refuses_goes_into_the_channel(
        self, world: World, slack: TouchySlack, word: str
    ) -> None:
        """Once."""
        slack.words["reply", ADMIN] = word
        await done(world)
        await world.outbox.deliver_due()
        assert [channel for (channel, _), message in slack.messages.items() if message in outcomes(slack)] == [ADMIN]

    @pytest.mark.parametrize("word", REFUSALS)
    async def test_an_outcome_that_nothing_takes_is_not_tried_for_ever(
        self, world: World, slack: TouchySlack, word: str
    ) -> None:
        """It is in the log, and its requester reads it in their direct messages."""
        await asked(world)
        await world.agree()
        slack.words |= {("reply", ADMIN): word, ("post", ADMIN): word, ("post", SPARE): word}
        with capture_logs() as logs:
            await world.work()
        assert any(entry["event"] == "outcome_not_announced" and entry["reason"] == word for entry in logs)
        (told,) = [channel for (channel, _), message in slack.messages.items() if message in outcomes(slack)]
        assert told == await slack.direct("U0DAVE")
        assert await world.confirmations.undelivered() == []

    async def test_a_reminder_that_a_thread_refuses_goes_into_the_channel(
        self, world: World, slack: TouchySlack
    ) -> None:
        """Half of the time is over."""
        await asked(world)
        slack.words["reply", ADMIN] = "cannot_reply_to_message"
        world.clock.forward(minutes=31)
        await world.reminders.run()
        assert len(slack.messages) == 2
        assert await world.confirmations.to_remind_of(world.clock()) == []


class TestDeletedCards:
    """A pending change has a card that can be pressed, whatever an admin deleted."""

    async def test_a_card_that_is_gone_at_an_edit_is_posted_again(self, world: World, slack: TouchySlack) -> None:
        """The first approval shows on the new one."""
        record = await asked(world)
        slack.deleted.add(record.cards[0].message_id)
        await world.click("U0BOB", "change_approve", record.id)
        stored = await world.confirmations.get(record.id)
        (card,) = stored.cards
        assert card != record.cards[0]
        assert "change_approve" in text_of(slack.messages[card.channel, MessageId(card.message_id)])

    async def test_a_waiting_key_whose_card_is_gone_gets_another_when_it_is_asked_for(
        self, world: World, slack: TouchySlack
    ) -> None:
        """`keys approve` leads to a card that stands."""
        await world.key_requests.watch(ADMIN)
        kid = world.waiting_key()
        record = await world.confirmations.get(await world.confirmations.live_for(f"waiting key {kid}") or "")
        slack.deleted.add(record.cards[0].message_id)
        answer = await world.type("U0BOB", f"keys approve {kid}")
        (card,) = (await world.confirmations.get(record.id)).cards
        assert card != record.cards[0]
        assert answer is None or card.message_id in text_of(answer)

    async def test_a_card_that_is_gone_at_the_reminder_is_posted_again(self, world: World, slack: TouchySlack) -> None:
        """It is the reminder then."""
        record = await asked(world)
        slack.deleted.add(record.cards[0].message_id)
        world.clock.forward(minutes=31)
        await world.reminders.run()
        assert (await world.confirmations.get(record.id)).cards != record.cards

    async def test_the_card_of_an_ended_change_is_not_posted_again(self, world: World, slack: TouchySlack) -> None:
        """Its outcome goes into the channel."""
        record = await asked(world)
        await world.agree()
        slack.deleted.add(record.cards[0].message_id)
        await world.work()
        assert (await world.confirmations.get(record.id)).cards == ()
        assert len(outcomes(slack)) == 1
