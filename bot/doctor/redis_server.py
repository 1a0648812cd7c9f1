"""Redis: whether it can keep what the bot stores."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from bot.config.addresses import is_sentinel
from bot.config.environment import LOCAL
from bot.doctor.check import Check, Setup
from bot.model.checkup import Result, combined, failed, ok, warning
from bot.storage.connection import ClusterRefused
from bot.storage.probe import cause_of
from bot.views.text import size

OLDEST = (6, 2)
"""The first version with all that the bot uses; the README says so too."""
FULL, NEARLY_FULL = 0.9, 0.75
SLOW_MS, VERY_SLOW_MS = 10, 100
_KEY, _QUEUE, _MEMBER = "quaymaster:doctor", "saq:quaymaster:doctor", "x"
COMMANDS: Mapping[str, Sequence[str]] = {
    "BLMOVE": (_QUEUE, _QUEUE, "RIGHT", "LEFT", "0.01"),
    "DEL": (_KEY,),
    "EVAL": ("return redis.call('GET', KEYS[1])", "1", _KEY),
    "EVALSHA": ("0" * 40, "1", _KEY),
    "EXISTS": (_KEY,),
    "EXPIRE": (_KEY, "1"),
    "GET": (_KEY,),
    "HDEL": (_KEY, _MEMBER),
    "HGET": (_KEY, _MEMBER),
    "HGETALL": (_KEY,),
    "HKEYS": (_KEY,),
    "HMGET": (_KEY, _MEMBER),
    "HSET": (_KEY, _MEMBER, "1"),
    "INFO": (),
    "LLEN": (_QUEUE,),
    "LRANGE": (_QUEUE, "0", "0"),
    "LREM": (_QUEUE, "0", _MEMBER),
    "MGET": (_KEY, _QUEUE),
    "PEXPIRE": (_KEY, "1"),
    "PING": (),
    "PUBLISH": (_QUEUE, _MEMBER),
    "RPUSH": (_QUEUE, _MEMBER),
    "SADD": (_KEY, _MEMBER),
    "SCAN": ("0",),
    "SCRIPT LOAD": ("return 1",),
    "SET": (_KEY, "1"),
    "SETEX": (_QUEUE, "1", "1"),
    "SMEMBERS": (_KEY,),
    "SREM": (_KEY, _MEMBER),
    "UNWATCH": (),
    "WATCH": (_KEY,),
    "XADD": (_KEY, "*", "field", "value"),
    "XRANGE": (_KEY, "-", "+"),
    "XREVRANGE": (_KEY, "+", "-"),
    "XTRIM": (_KEY, "MAXLEN", "1"),
    "ZADD": (_QUEUE, "1", _MEMBER),
    "ZCARD": (_KEY,),
    "ZRANGE": (_KEY, "0", "0"),
    "ZRANGEBYSCORE": (_KEY, "0", "1"),
    "ZREM": (_QUEUE, _MEMBER),
    "ZREMRANGEBYRANK": (_KEY, "0", "0"),
    "ZREMRANGEBYSCORE": (_KEY, "0", "1"),
    "ZREVRANGE": (_KEY, "0", "0"),
    "ZSCORE": (_KEY, _MEMBER),
}
"""What the bot and its job queue need, with harmless arguments over their keys. MULTI, EXEC and DISCARD as well."""
KEYS = "~quaymaster:* ~saq:* &saq:*"
"""The keys and channels of the bot and its job queue, as an ACL rule names them."""


async def _connection(setup: Setup) -> Result:
    try:
        milliseconds = await setup.redis.ping()
    except (RedisError, OSError) as error:
        return failed(f"Redis can't be used: {cause_of(error)}.", "Check REDIS_URL, the server and the firewall.")
    found = f"A round trip takes {milliseconds:.1f} ms."
    if milliseconds > VERY_SLOW_MS:
        return failed(found, "Run Redis close to the bot: a command takes several round trips.")
    return warning(found, "Run Redis closer to the bot.") if milliseconds > SLOW_MS else ok(found)


async def _version(setup: Setup) -> Result:
    info = await setup.redis.info()
    name = "Valkey" if "valkey_version" in info else "Redis"
    said = str(info.get("valkey_version") or info.get("redis_version") or "")
    numbers = tuple(int(part) for part in said.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        return failed(f"{name} {said} is too old.", "Use Redis 6.2 or newer, or Valkey.")
    return ok(f"{name} {said}.")


async def _role(setup: Setup) -> Result:
    info = await setup.redis.info()
    if info.get("redis_mode") == "cluster":
        return failed(str(ClusterRefused()), "Set REDIS_URL to a single server, or to Sentinels.")
    if info.get("role") in {"slave", "replica"}:
        return failed(
            "This is a read-only replica.", "Set REDIS_URL to the master, or to Sentinels (redis+sentinel://)."
        )
    return ok("A single server that takes writes.")


async def _persistence(setup: Setup) -> Result:
    info, results = await setup.redis.info(), []
    if info.get("aof_enabled") and info.get("aof_last_write_status", "ok") != "ok":
        results.append(failed("Redis can't write its append-only file.", "Check its disk and its log."))
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        results.append(failed("Redis can't save its data; it refuses writes then.", "Check its disk and its log."))
    if not info.get("aof_enabled"):
        results.append(
            warning(
                "The append-only file is off: a crash loses recent requests, approvals and audit entries.",
                "Set appendonly yes, and appendfsync everysec.",
            )
        )
    return combined(results, "The append-only file is on.")


async def _eviction(setup: Setup) -> Result:
    policy = str((await setup.redis.info()).get("maxmemory_policy", ""))
    if policy == "noeviction":
        return ok("Redis never evicts keys (noeviction).")
    return failed(
        f"maxmemory-policy is {policy or 'unknown'}: Redis may drop requests and the audit when memory is short.",
        "Set maxmemory-policy noeviction.",
    )


async def _memory(setup: Setup) -> Result:
    info = await setup.redis.info()
    used, most = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0) or 0)
    if not most:
        return ok(f"{size(used)} used, without a limit.")
    found = f"{size(used)} of {size(most)} used ({used / most:.0%})."
    todo = "Raise maxmemory: a full Redis refuses every change."
    if used > FULL * most:
        return failed(found, todo)
    return warning(found, todo) if used > NEARLY_FULL * most else ok(found)


async def _tls(setup: Setup) -> Result:
    url = setup.settings.redis_url
    if url.startswith("unix:"):
        return ok("A Unix socket on this host.")
    if url.startswith("rediss"):
        return ok("The connection is encrypted.")
    if not is_sentinel(url) and (urlsplit(url).hostname or "localhost") in LOCAL:
        return ok("No TLS, on this host.")
    return warning("The connection isn't encrypted; the password travels in clear.", "Use rediss:// in REDIS_URL.")


async def _commands(setup: Setup) -> Result:
    await setup.redis.info()
    refused = await setup.redis.refused(COMMANDS)
    if refused:
        return failed(f"The Redis user can't run {', '.join(refused)}.", "Give it the rule in docs/doctor.md.")
    return ok(f"The Redis user can run all {len(COMMANDS)} commands that the bot needs.")


REDIS = (
    Check("connection", "Redis", "Redis answers, and how fast", _connection),
    Check("version", "Redis", "Redis 6.2 or newer, or Valkey", _version),
    Check("role", "Redis", "A master, not a replica and not a cluster", _role),
    Check("persistence", "Redis", "The append-only file is on, and the last save worked", _persistence),
    Check("eviction", "Redis", "`maxmemory-policy` is noeviction", _eviction),
    Check("memory", "Redis", "Memory in use, compared with `maxmemory`", _memory),
    Check("TLS", "Redis", "The connection is encrypted unless Redis is on the same host", _tls),
    Check("commands", "Redis", "The user in `REDIS_URL` can run every command that the bot needs", _commands),
)
