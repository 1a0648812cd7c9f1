"""What Redis answers, asked once for all checks of one examination."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from statistics import median
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from bot.doctor.unchecked import Unchecked

PINGS = 5


class RedisAnswers:
    """Asks Redis; writes nothing."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._info: asyncio.Task[Mapping[str, Any]] | None = None

    async def info(self) -> Mapping[str, Any]:
        """INFO. Raises Unchecked."""
        if self._info is None:
            self._info = asyncio.create_task(self._ask_for_info())
        return await asyncio.shield(self._info)

    async def ping(self) -> float:
        """The median of a few round trips, in milliseconds. Raises RedisError or OSError."""
        await self._timed_ping()
        return median([await self._timed_ping() for _ in range(PINGS)])

    async def refused(self, commands: Mapping[str, Sequence[str]]) -> list[str]:
        """The commands that the user of REDIS_URL can't run, with these arguments. Raises RedisError.

        Redis checks permissions when a command is queued after MULTI, so nothing has to run: the queue is discarded.
        """
        pool, found = self.redis.connection_pool, []
        connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # as redis-py has it
        try:
            await connection.send_command("MULTI")
            await connection.read_response()
            for command, arguments in commands.items():
                await connection.send_command(*command.split(), *arguments)
                try:
                    await connection.read_response()
                except NoPermissionError:
                    found.append(command)
                except ResponseError:
                    continue  # what else is wrong with the server, other checks say
            await connection.send_command("DISCARD")
            with suppress(ResponseError):
                await connection.read_response()
        except NoPermissionError:
            return ["MULTI"]
        finally:
            await pool.release(connection)
        return found

    async def _timed_ping(self) -> float:
        began = time.perf_counter()
        await self.redis.execute_command("PING")  # type: ignore[no-untyped-call]  # as redis-py has it
        return (time.perf_counter() - began) * 1000

    async def _ask_for_info(self) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = await self.redis.info()
        except NoPermissionError:
            raise Unchecked("the Redis user can't run INFO.") from None
        except (RedisError, OSError) as error:
            raise Unchecked("Redis can't be used.") from error
        return found
