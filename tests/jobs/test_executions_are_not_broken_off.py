"""A change that is being executed is executed to its end, whatever becomes of who asked for it."""

import asyncio

from structlog.testing import capture_logs

from bot.changes.executions import Executions


class Work:
    """Executions that end when they are let."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.may_end = asyncio.Event()

    async def __call__(self, record_id: str) -> None:
        self.begun.append(record_id)
        await self.may_end.wait()
        self.ended.append(record_id)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_whoever_started_it_may_be_cancelled() -> None:
    """It has a task of its own."""
    work = Work()
    executions = Executions(work)

    async def job() -> None:
        executions.start("one")
        await asyncio.Event().wait()

    task = asyncio.create_task(job())
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    work.may_end.set()
    await executions.drain()
    assert work.ended == ["one"]


async def test_draining_waits_for_what_has_begun_and_begins_nothing_more() -> None:
    """What waits for its turn is left to another worker."""
    work = Work()
    executions = Executions(work, most=1)
    executions.start("one")
    executions.start("waits")
    await settle()
    drained = asyncio.create_task(executions.drain())
    await settle()
    executions.start("late")
    assert not drained.done()
    work.may_end.set()
    await drained
    assert (work.begun, work.ended) == (["one"], ["one"])


async def test_the_same_change_is_not_started_twice_at_once() -> None:
    """The table looks every two seconds; the claim in Redis would refuse it as well."""
    work = Work()
    executions = Executions(work)
    executions.start("one")
    executions.start("one")
    await settle()
    assert work.begun == ["one"]
    work.may_end.set()
    await executions.drain()


async def test_one_that_breaks_makes_room_for_others() -> None:
    """The log has it."""

    begun = list[str]()

    async def breaks(record_id: str) -> None:
        begun.append(record_id)
        raise ZeroDivisionError

    executions = Executions(breaks, most=1)
    executions.start("one")
    executions.start("two")
    with capture_logs() as logs:
        await settle()
        await executions.drain()
    assert begun == ["one", "two"]
    assert [(entry["event"], entry["change"]) for entry in logs] == [
        ("execution_broken", "one"),
        ("execution_broken", "two"),
    ]
