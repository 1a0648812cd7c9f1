"""The bot's own processes."""

from datetime import timedelta

from bot.doctor.check import Check, Setup
from bot.model.checkup import Result, failed, ok, warning
from bot.storage.processes import GONE_AFTER, running_processes, worker_seen


async def _worker(setup: Setup) -> Result:
    await setup.redis.info()
    seen, todo = await worker_seen(setup.redis.redis), "Start one: quaymaster worker."
    if seen is None:
        return failed("No worker has ever run: approved changes are waiting.", todo)
    ago = setup.clock() - seen
    if ago > GONE_AFTER:
        return failed(f"No worker has run for {_minutes(ago)}: approved changes are waiting.", todo)
    return ok(f"A worker was seen {max(0, round(ago.total_seconds()))} s ago.")


async def _versions(setup: Setup) -> Result:
    await setup.redis.info()
    running = await running_processes(setup.redis.redis, setup.clock())
    if not running:
        return warning("No process says that it runs.", "Start quaymaster serve and quaymaster worker.")
    lines = [f"{each.kind} {each.version} on {each.host} ({each.pid})" for each in sorted(running, key=str)]
    if len({each.version for each in running}) > 1:
        return warning("Different versions run: " + ", ".join(lines) + ".", "Restart the older ones.")
    return ok(", ".join(lines) + ".")


def _minutes(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


PROCESSES = (
    Check("worker", "Processes", "A worker ran within the last minute", _worker),
    Check("versions", "Processes", "Every process that runs, and that all have one version", _versions),
)
