"""Builds: show, status, logs."""

import re
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from bot.commands import CommandSet
from bot.commands.filters import BuildId
from bot.model.plans import Refusal
from bot.quay.errors import FeatureOff, NotFound
from bot.quay.models import BuildLogLine
from bot.slack.messages import Message
from bot.views import builds
from handlers.context import Handed

BUILDS = CommandSet("builds", "Image builds: how far they have come, and their logs.")
TAIL = 8
"""So many lines of a log are shown at once; the file holds all."""
_ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\|\Z)|[ -/]*[0-~]|\Z)|\x9b[0-?]*[ -/]*[@-~]", re.S
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Answer = TypeVar("Answer")


@BUILDS.command("show", "getRepoBuildSuperUser", examples=("builds show 0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f",))
async def show_build(build_uuid: BuildId, *, here: Handed) -> Message:
    """Show one build: its phase, what it builds, who set it off.

    Parameters
    ----------
    build_uuid
        The build's id, as Quay's page of it has it in its address.
    """
    return builds.build(await _known(build_uuid, here.bot.quay.get_repo_build_super_user(build_uuid)), here.now)


@BUILDS.command(
    "status", "getRepoBuildStatusSuperUser", examples=("builds status 0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f",)
)
async def show_status(build_uuid: BuildId, *, here: Handed) -> Message:
    """Show how far a build has come.

    Parameters
    ----------
    build_uuid
        The build's id, as Quay's page of it has it in its address.
    """
    return builds.status(await _known(build_uuid, here.bot.quay.get_repo_build_status_super_user(build_uuid)))


@BUILDS.command("logs", "getRepoBuildLogsSuperUser", examples=("builds logs 0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f",))
async def send_logs(build_uuid: BuildId, *, here: Handed) -> Message:
    """Send the log of a build to you as a file.

    Parameters
    ----------
    build_uuid
        The build's id, as Quay's page of it has it in its address.
    """
    found = await _known(build_uuid, here.bot.quay.get_repo_build_logs_super_user(build_uuid))
    if found.logs_url:
        try:
            found = await here.bot.quay.get_archived_build_logs(build_uuid)
        except (NotFound, FeatureOff):
            return builds.log_not_archived(build_uuid)
    lines = plain_lines(found.logs)
    if not lines:
        return builds.log_empty(build_uuid)
    content = "\n".join([*lines, ""]).encode("utf-8", errors="replace")
    name = f"build-{build_uuid}.log"
    await here.bot.courier.upload(here.person.actor.user, name, content, f"Log of build {build_uuid}")
    return builds.log_sent(build_uuid, len(lines), [line[:300] for line in lines[-TAIL:]], found.unreadable)


def plain_lines(logs: Iterable[BuildLogLine]) -> list[str]:
    """The lines of a log without the codes by which a terminal colours them or moves its cursor."""
    lines: list[str] = []
    for entry in logs:
        plain = _ANSI.sub("", entry.message).replace("\r\n", "\n").replace("\r", "\n")
        lines += _CONTROLS.sub("", plain).removesuffix("\n").split("\n")
    return lines


async def _known(build_uuid: str, asking: Awaitable[Answer]) -> Answer:
    try:
        return await asking
    except NotFound:
        raise Refusal(f"There is no build {build_uuid} in Quay.") from None
