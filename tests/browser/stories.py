"""What the bot says by itself over days, collected as it was said: for the pictures, which cannot wait that long."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from bot.alerts.config import AlertsFile, QuotaAlerts
from bot.alerts.health import HealthWatch
from bot.alerts.report_job import MEASURED_KEY, Reporter
from bot.alerts.samples import Samples
from bot.alerts.schedule import ScheduledRuns
from bot.alerts.silences import Silences
from bot.alerts.sweep import QuotaSweep
from bot.model.alert_facts import Silence
from bot.model.usage import Usage
from bot.permissions import Policy
from bot.quay.errors import QuayError
from bot.slack.messages import Message
from sandbox.quay.faults import Failure
from sandbox.quay.state import ServiceKey
from sandbox.redis_server import redis_server
from tests.support.world import ADMIN, POLICY, World, open_world

FILE = AlertsFile.model_validate(
    {
        "version": 1,
        "time_zone": "Europe/Berlin",
        "admin_channel": "C0REGADMIN",
        "keys": {"channel": "C0REGADMIN"},
        "quotas": {
            "every": "*/15 * * * *",
            "quiet": "22:00-07:00",
            "routes": [
                {"namespaces": ["team-ml-*"], "channel": "C0ML"},
                {"namespaces": ["*"], "channel": "C0REGADMIN"},
            ],
        },
        "report": {},
    }
)
QUOTAS = FILE.model_copy(
    update={
        "quotas": QuotaAlerts.model_validate(
            {
                "full_within": "14d",
                "routes": [
                    {"namespaces": ["team-ml-*"], "channel": "C0ML"},
                    {"namespaces": ["*"], "channel": "C0REGADMIN", "mention": "S0REGOPS"},
                ],
            }
        )
    }
)
RULES = [*POLICY["rules"], {"name": "approvers see alerts", "who": ["approvers"], "may": ["alerts"], "in": [ADMIN]}]
GiB = 2**30
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Scene:
    """A message as it stands at some moment, and the replies in its thread; those `shown` stand in the channel too."""

    message: Message
    replies: Sequence[Message] = ()
    shown: Sequence[Message] = ()


@dataclass
class Story:
    """A world, and what was said in it."""

    world: World
    scenes: dict[str, Scene] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.world
        world.alerts, world.policy = FILE, Policy.model_validate(POLICY | {"rules": RULES})
        parts = (world.redis, world.slack, world.clock)
        self.health, self.sweep = HealthWatch(*parts, world.quay.prove_tokens), QuotaSweep(world.quay, *parts)
        self.reporter = Reporter(
            world.redis,
            world.quay,
            world.audit,
            Samples(world.redis),
            world.slack,
            ScheduledRuns(world.redis),
            world.clock,
        )

    async def look(self) -> None:
        """What the worker does once a minute."""
        assert FILE.keys
        try:
            keys = await self.health.over(self.world.key_requests.watch("C0REGADMIN"), FILE.admin_channel)
        except QuayError:
            return
        await self.world.waiting.remind(keys, FILE.keys, FILE.admin_channel)
        await self.world.expiring.run(keys, FILE.keys, FILE.admin_channel)

    def see(self, name: str, words: str) -> None:
        """Keep the one message that says this, as it is now."""
        found = {place: one for place, one in self.world.slack.messages.items() if words in f"{one.text}{one.blocks}"}
        ((place, message),) = found.items()
        replies = [reply for channel, thread, reply in self.world.slack.threads if (channel, thread) == place]
        shown = [reply for reply in replies if reply in self.world.slack.broadcasts]
        self.scenes[name] = Scene(message, replies, shown)

    def ask(self, service: str, kid: str, address: str = "10.20.30.40", minutes: int = 0) -> None:
        """A service asks for a key."""
        like = next(key for key in self.world.registry.keys.values() if key.approval is None)
        created = self.world.clock() - timedelta(minutes=minutes)
        self.world.registry.keys[kid] = ServiceKey(kid, service, like.jwk, created, metadata={"ip": address})

    def approved(self, name: str) -> ServiceKey:
        return next(key for key in self.world.registry.keys.values() if key.name == name)

    async def of_waiting_keys(self) -> None:
        """A flood of keys, one of a service nobody knows; and the reminders of an honest one."""
        await self.look()
        for number in range(5):
            self.ask("clair_scaner", f"{number}" * 64, "203.0.113.7", minutes=number)
        await self.look()
        self.see("waiting-key-doubts-phone", "Key 000000000000… of clair_scaner: waits")
        for kid in [str(number) * 64 for number in range(5)]:
            del self.world.registry.keys[kid]
        for hours in (12, 7.2, 3.6):
            self.world.clock.forward(hours=hours)
            await self.look()
        self.see("waiting-key-reminders-phone", "of quay_builder: waits")

    async def of_expiring_keys(self) -> None:
        """One key, until it is extended; and many at once."""
        key, clock = self.approved("builders eu"), self.world.clock
        assert key.expiration
        for days in (30, 7, 1):
            clock.now = key.expiration - timedelta(days=days, hours=-1)
            await self.look()
            if days != 7:
                self.see(f"expiring-key-{days}-phone", "builders eu")
        key.expiration += timedelta(days=90)
        await self.look()
        self.see("expiring-key-closed-phone", "builders eu")
        like = self.approved("builders eu")
        for number in range(7):
            copy = ServiceKey(f"k{number}" * 21, f"worker_{number}", like.jwk, clock(), f"worker {number} eu")
            copy.expiration, copy.approval = clock() + timedelta(days=6, hours=number * 30), like.approval
            self.world.registry.keys[copy.kid] = copy
        await self.look()
        self.see("expiring-keys-phone", "service keys expire soon")

    def fill(self, name: str, percent: float) -> None:
        """A namespace is that full now."""
        namespace = self.world.registry.namespaces[name]
        assert namespace.quota
        namespace.quota_bytes = round(namespace.quota.limit_bytes * percent / 100)

    async def sweep_later(self, **length: float) -> None:
        """What the worker does at the next moment of its schedule."""
        self.world.clock.forward(**length)
        await self.sweep.run(QUOTAS)

    async def silence(self, namespace: str, level: int, until: datetime | None = None) -> None:
        """What a click on an alert leaves for the next sweep."""
        silences = await Silences.load(self.world.redis)
        await silences.swap({namespace: Silence("U02BOB", "Bob", self.world.clock(), level, until)})

    async def of_one_quota(self) -> None:
        """A namespace that fills up over a month, is silenced, goes over its limit, and recovers."""
        world, name = self.world, "team-alpha"
        for each in world.registry.namespaces.values():
            each.quota, each.backfill = (each.quota if each.name == name else None), "complete"
        for day in range(29):
            self.fill(name, 26 + 1.85 * day + (day % 3) * 0.7)
            await self.sweep_later(days=1)
        self.see("quota-full-soon-phone", name)
        self.fill(name, 81)
        await self.sweep_later(days=1)
        await self.silence(name, 80, world.clock() + timedelta(days=7))
        await self.sweep_later(minutes=15)
        self.see("quota-snoozed-phone", name)
        for percent in (93, 100.4):
            self.fill(name, percent)
            await self.sweep_later(days=4)
        self.see("quota-over-phone", name)
        await self.sweep_later(days=1)
        self.fill(name, 62)
        await self.sweep_later(hours=3)
        self.see("quota-recovered-phone", name)

    async def of_a_refusal(self) -> None:
        """A channel that the bot is not in."""
        world = self.world
        for each in world.registry.namespaces.values():
            each.quota = each.quota if each.name == "team-ml-vision" else None
        world.slack.refuses = {"C0ML"}
        await self.sweep_later(minutes=15)
        self.see("quota-refused-phone", "team-ml-vision")

    async def of_many_quotas(self) -> None:
        """More than ten at once, and some that Quay has not counted."""
        names, uncounted = [], ("team-search", "team-risk")
        for each in self.world.registry.organizations():
            each.backfill = "running" if each.name in uncounted else "complete"
            if each.quota and each.name not in uncounted and not each.name.startswith("team-ml-"):
                names.append(each.name)
        for number, name in enumerate(names[:14]):
            self.fill(name, 80.2 + number * 1.61)
        await self.sweep_later(minutes=15)
        self.see("quota-digest-phone", "namespaces are at an alert level")
        self.see("quota-counting-phone", "still counting")

    async def of_trouble(self) -> None:
        """Quay is away and comes back; then it takes the token no more."""
        registry, faults = self.world.registry, self.world.faults
        tokens = dict(registry.tokens)
        for name, revoked in (("quay-down", False), ("quay-refuses", True)):
            for _ in range(3):
                if revoked:
                    registry.tokens.clear()
                else:
                    faults.delay_seconds, faults.failures = 0, [Failure("500", remaining=100)]
                await self.look()
                self.world.clock.forward(minutes=1)
            self.see(f"{name}-phone", "Quay does not answer" if not revoked else "Quay refuses the bot's token")
            faults.failures = []
            registry.tokens.update(tokens)
            self.world.clock.forward(minutes=40)
            for _ in range(3):
                await self.look()
                self.world.clock.forward(minutes=1)
            if not revoked:
                self.see("quay-back-phone", "Quay answers the bot again")

    async def of_a_week(self) -> None:
        """Which alerts stand in the middle of it, and its report."""
        world = self.world
        await self._samples_of_last_week()
        await self.look()
        await self.sweep.run(FILE)
        await self._silence()
        answer = await world.type("U0BOB", "alerts")
        assert answer
        self.scenes["alerts-phone"] = Scene(answer)
        for number, (command, minutes) in enumerate((("quota set team-alpha 2TiB", 4), ("users create newcomer", 40))):
            await world.type("U0ALICE", command, delivery=f"d{number}")
            world.clock.forward(minutes=minutes)
            await world.agree()
            await world.work()
        self.ask("quay_builder", "a" * 64)
        world.registry.size.size_bytes += 60 * GiB
        world.registry.size.last_ran = world.clock() + timedelta(days=2)
        assert await self.reporter.due(FILE) is None
        world.clock.now = MONDAY
        world.slack.messages.clear()
        moment = await self.reporter.due(FILE)
        assert moment
        await self.reporter.post(FILE, moment)
        self.see("report-phone", "The registry")

    async def _samples_of_last_week(self) -> None:
        """Everything was a little smaller; one namespace is new."""
        world = self.world
        readings = {
            name: Usage(name, max(one.quota_bytes - len(name) ** 2 * GiB // 40, 0), None, complete=True)
            for name, one in world.registry.namespaces.items()
            if name != "team-compute"
        }
        await Samples(world.redis).take(readings, MONDAY - timedelta(days=7))
        size = world.registry.size
        told = {"size_bytes": size.size_bytes, "at": (MONDAY - timedelta(days=8)).isoformat()}
        await world.redis.set(MEASURED_KEY, json.dumps(told))

    async def _silence(self) -> None:
        """Bob has seen one alert, and Eve will look at another one tomorrow."""
        now = self.world.clock()
        silences = await Silences.load(self.world.redis)
        wishes = {
            "team-data": Silence("U0BOB", "Bob", now, 90),
            "team-checkout": Silence("U0EVE", "Eve", now, 80, now + timedelta(hours=20)),
        }
        await silences.swap(wishes)


STORIES = (
    Story.of_one_quota,
    Story.of_a_refusal,
    Story.of_many_quotas,
    Story.of_waiting_keys,
    Story.of_expiring_keys,
    Story.of_trouble,
    Story.of_a_week,
)


async def tell() -> dict[str, Scene]:
    """Every scene by the name of its picture."""
    scenes: dict[str, Scene] = {}
    with redis_server(allow_fake=True) as server:
        for part in STORIES:
            redis = Redis.from_url(server.url)
            await redis.flushall()
            async with open_world(redis) as world:
                story = Story(world)
                await part(story)
                scenes |= story.scenes
            await redis.aclose()
    return scenes
