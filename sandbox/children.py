"""Child processes that end with this one, however it ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TAIL_LINES = 40
_PATIENCE_SECONDS = 15.0

# The shell passes on how the command ended. Its other half waits for the far end of the pipe on standard input to
# close, which happens even when the parent is killed, and then ends the command.
_ENDING_WITH_THE_PIPE = (
    'exec 3<&0; "$@" </dev/null 3<&- & pid=$!; { read -r _ <&3; kill $pid 2>/dev/null; } & wait $pid 2>/dev/null'
)


class ChildDied(Exception):
    """A child ended that should not have; tells which one, how, and the end of its log."""

    def __init__(self, child: "Child") -> None:
        super().__init__(f"{child.name} ended with status {child.process.returncode}. Its last words:\n{child.tail()}")


@dataclass(frozen=True)
class Child:
    """A running child process and the file that it writes its log to."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def tail(self) -> str:
        """The last lines of the log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:]) or "    (nothing)"

    async def died(self) -> None:
        """Wait for the child to end by itself, and raise ChildDied when it does."""
        await self.process.wait()
        raise ChildDied(self)


@asynccontextmanager
async def child(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> AsyncIterator[Child]:
    """Run a command for as long as the context lasts; then it is asked to end, and killed if it does not."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", _ENDING_WITH_THE_PIPE, "sh", *command,
            stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, env=environment, start_new_session=True,
        )  # fmt: skip
    try:
        yield Child(name, process, log)
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin:
        process.stdin.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _PATIENCE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
