"""What is configured in a way that works, and is not safe."""

import stat
from pathlib import Path

from bot.config.settings import Settings

NO_OWN_KEY = (
    "SECRET_KEY is not set, so the signing secret also seals what the bot stores. "
    "Set a SECRET_KEY of at least 32 random characters."
)


def warnings(settings: Settings) -> list[str]:
    """Say what to change, in a sentence each; looks at the files again each time."""
    found = [] if settings.secret_key else [NO_OWN_KEY]
    for name in (settings.permissions_file, settings.alerts_file):
        found += _of_file(Path(name))
    return found


def _of_file(path: Path) -> list[str]:
    """Whether any user of the host can change a file, or put another one in its place; nothing if it isn't there."""
    try:
        own, folder = path.stat().st_mode, path.resolve().parent.stat().st_mode
    except OSError:
        return []
    if own & stat.S_IWOTH:
        return [f"Every user of the host can change {path.name}. Run chmod o-w on it."]
    if folder & stat.S_IWOTH and not folder & stat.S_ISVTX:
        return [f"Every user of the host can replace {path.name}. Run chmod o-w on its folder."]
    return []
