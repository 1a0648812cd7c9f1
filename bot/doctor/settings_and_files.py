"""Settings and files: what works and isn't safe, and what has errors."""

from pathlib import Path

from bot.config.warnings import warnings
from bot.doctor.check import Check, Setup
from bot.model.checkup import Result, combined, failed, ok, warning


async def _settings(setup: Setup) -> Result:
    """What is set and not safe; what is malformed ends the process, or the examination, before this."""
    return combined((warning(each) for each in warnings(setup.settings)), "All settings can be read.")


async def _permissions(setup: Setup) -> Result:
    return _file(setup, setup.settings.permissions_file, "quaymaster check {path}") or ok(
        f"{Path(setup.settings.permissions_file).name} has no errors."
    )


async def _alerts(setup: Setup) -> Result:
    path = setup.settings.alerts_file
    if found := _file(setup, path, "quaymaster check --alerts {path}"):
        return found
    name = Path(path).name
    return ok(f"{name} has no errors." if setup.alerts else f"{name} isn't there, so the bot posts no alerts.")


def _file(setup: Setup, path: str, command: str) -> Result | None:
    problems = setup.file_problems.get(Path(path).name, ())
    if not problems:
        return None
    return failed("\n".join(problems), f"Fix the file; {command.format(path=path)} proves it.")


SETTINGS = (
    Check(
        "settings", "Settings", "Missing or malformed settings; no SECRET_KEY; files that anyone can change", _settings
    ),
    Check("permissions file", "Settings", "`PERMISSIONS_FILE` can be read and its examples hold", _permissions),
    Check("alerts file", "Settings", "`ALERTS_FILE`, if there is one, can be read", _alerts),
)
