"""A changed permissions.yaml: noticed by every process, swapped whole, and told of in words, once."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.audit import Audit
from bot.jobs.file_announcements import FileAnnouncements
from bot.loading import build_grammar
from bot.permissions import Policy
from bot.permissions.file import channels_told, open_policy_file
from bot.slack.messages import Message
from bot.views import policy as views
from handlers.arguments import operations_of
from tests.support.world import Clock, FakeSlack, text_of

READ_CALL = partial(operations_of, build_grammar("/quay"))
TEXT = (Path(__file__).parents[2] / "permissions.yaml").read_text(encoding="utf-8")
ADMIN = "C0REGADMIN"
Write = Callable[[str], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "permissions.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def write(path: Path) -> Write:
    """Replace the file in one step, as `mv` does."""

    def replace(text: str) -> None:
        other = path.with_suffix(".new")
        other.write_text(text, encoding="utf-8")
        os.replace(other, path)

    return replace


@pytest.fixture
def slack() -> FakeSlack:
    return FakeSlack()


@pytest.fixture
def audit(redis: Redis) -> Audit:
    return Audit(redis, (b"a" * 32,), Clock())


Teller = FileAnnouncements[Policy]
Worker = Callable[[], Teller]


@pytest.fixture
def worker(redis: Redis, audit: Audit, slack: FakeSlack, path: Path) -> Worker:
    """Another worker, with its own copy of the policy."""

    def start() -> Teller:
        file = open_policy_file(path, READ_CALL)
        return FileAnnouncements(
            redis, audit, slack, file, "policy_loaded", "policy_refused", views.news, channels_told
        )

    return start


def told(slack: FakeSlack, channel: str = ADMIN) -> list[str]:
    """The texts of what a channel was told."""

    def whole(message: Message) -> str:
        return "\n".join(block["text"]["text"] for block in message.blocks if block["type"] == "section")

    return [whole(message) for (where, _), message in slack.messages.items() if where == channel]


async def test_the_difference_is_announced_and_audited_once(
    worker: Worker, write: Write, slack: FakeSlack, audit: Audit
) -> None:
    """By one of two workers, with the same words in both."""
    one, two = worker(), worker()
    write(TEXT.replace("may: [keys.read, quotas.read]", "may: [keys.read, quotas.read, deleteInstallUser]"))
    await one.tell()
    await two.tell()
    (text,) = told(slack)
    assert "permissions.yaml was changed and is in force." in text
    assert "• staff may now delete users in admin channels." in text
    (entry,) = [entry async for entry in audit.entries()]
    assert entry.event == "policy_loaded"
    assert "staff may now delete users in admin channels." in str(entry.details["said"])
    assert one.file.current() == two.file.current()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("approvals: 2", "approvals: 1", "Approvals needed to delete users and delete organizations: 2 → 1."),
        ("expires: 24h", "expires: 1h", "delete service keys: 1d → 1h."),
        ("U02BOB]", "U02BOB, U07EVE]", "The group key-approvers: U07EVE joined."),
        (
            "U02BOB]",
            "U02BOB, U07EVE]",
            "U07EVE (now in key-approvers) may now look after service keys in admin channels.",
        ),
        ("[C0REGADMIN, C0REGOPS]", "[C0REGADMIN]", "The admin channels: C0REGOPS taken out."),
        ("deny: [deleteOrganization]", "deny: [deleteOrganization, changeOrganization]", "staff may not update organ"),
        (
            "max: 500GiB}}\n  - name",
            "max: 1TiB}}\n  - name",
            "enforcement is not weakened, limit is 1TiB or less and namespace is team-∗.",
        ),
        ("type_the_name: true", "type_the_name: false", "Whether the name must be typed to delete users"),
        ("400GiB", "300GiB", "Nobody may do more or less than before."),
    ],
)
async def test_it_is_said_in_words(
    worker: Worker, write: Write, slack: FakeSlack, old: str, new: str, said: str
) -> None:
    """Who gains and loses what, how changes are confirmed, members, channels; or that nothing did."""
    assert old in TEXT
    one = worker()
    write(TEXT.replace(old, new, 1))
    await one.tell()
    (text,) = told(slack)
    assert said in text.replace("&gt;", ">")


async def test_a_faulty_file_is_said_loudly_and_the_old_one_stays(
    worker: Worker, write: Write, slack: FakeSlack, audit: Audit
) -> None:
    """With the line of what is wrong; the same fault is told once, and its end as well."""
    one = worker()
    before = one.file.current()
    write(TEXT.replace("quotas.read]", "quotas.reed]"))
    await one.tell()
    await one.tell()
    (text,) = told(slack)
    assert "faulty; the one before it stays in force" in text
    assert "permissions.yaml:" in text
    assert one.file.current() == before
    write(TEXT)
    await one.tell()
    assert "is in force" in told(slack)[1]
    assert [entry.event async for entry in audit.entries()] == ["policy_loaded", "policy_refused"]


async def test_what_slack_does_not_take_now_is_told_later_and_recorded_once(
    worker: Worker, write: Write, slack: FakeSlack, audit: Audit
) -> None:
    """Nothing that was decided is lost, even where the file changes again in between."""
    one = worker()
    slack.fails = "ratelimited"
    write(TEXT.replace("approvals: 2", "approvals: 3"))
    with pytest.raises(Exception, match="ratelimited"):
        await one.tell()
    write(TEXT.replace("approvals: 2", "approvals: 4"))
    with pytest.raises(Exception, match="ratelimited"):
        await one.tell()
    slack.fails = None
    await one.tell()
    first, second = told(slack)
    assert "2 → 3" in first
    assert "3 → 4" in second
    assert len([entry async for entry in audit.entries()]) == 2


async def test_a_move_of_the_admin_channel_is_told_in_both(worker: Worker, write: Write, slack: FakeSlack) -> None:
    """Else whoever moves it would take the witnesses away; a channel that the bot is not in holds up nothing."""
    one = worker()
    write(TEXT.replace("[C0REGADMIN, C0REGOPS]", "[C0MINE]").replace("in: C0REGADMIN, ", ""))
    slack.refuses.add("C0MINE")
    await one.tell()
    (text,) = told(slack)
    assert "C0MINE added; C0REGADMIN and C0REGOPS taken out" in text
    assert not one.file.news


async def test_addresses_are_told_and_not_kept(
    worker: Worker, write: Write, slack: FakeSlack, audit: Audit, redis: Redis
) -> None:
    """People read who joined; the log, the audit and Redis know the domain alone."""
    one = worker()
    write(TEXT.replace("alice@example.com", "mallory@example.org"))
    with capture_logs() as logs:
        await one.tell()
    assert "mallory@example.org joined; alice@example.com left" in told(slack)[0]
    (entry,) = [entry async for entry in audit.entries()]
    assert "…@example.org joined; …@example.com left" in str(entry.details["said"])
    kept = str([await redis.xrange(key) for key in await redis.keys("*") if await redis.type(key) == b"stream"])
    assert "mallory" not in kept + str(logs)


async def test_names_in_the_file_are_no_markup(worker: Worker, write: Write, slack: FakeSlack) -> None:
    """Whatever somebody calls a rule pings nobody."""
    one = worker()
    write(TEXT.replace("name: anyone may ask for more quota", 'name: "<!channel> *look*"'))
    await one.tell()
    assert "<!channel>" not in told(slack)[0]
    assert text_of(next(iter(slack.messages.values())))
