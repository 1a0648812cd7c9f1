"""One sweep of a worker's process: python -m tests.support.sweeper QUAY TOKEN REDIS SLACK ALERTS SECONDS-LATER."""

import asyncio
import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from bot.alerts.sweep import QuotaSweep
from bot.loading import open_alerts
from bot.quay.client import Quay, open_client
from bot.slack.limits import Limits
from bot.slack.messenger import SlackMessenger, open_slack


async def main(quay: str, token: str, redis_url: str, slack: str, alerts: str, later: str) -> None:
    """Sweep as if it were so much later, and print what the sweep did. Slack is told which process calls."""
    config = open_alerts(alerts).current()
    assert config
    address = f"{slack}/{os.getpid()}/api/"
    async with open_client(quay) as http, Redis.from_url(redis_url) as redis, open_slack(address, "xoxb-1") as web:
        sweep = QuotaSweep(
            Quay(http, token),
            redis,
            SlackMessenger(web, Limits(lambda: datetime.now(UTC))),
            lambda: datetime.now(UTC) + timedelta(seconds=int(later)),
        )
        print(json.dumps(asdict(await sweep.run(config))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
