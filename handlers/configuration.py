"""The registry's configuration, without its secrets: what Quay masks and what it forgot to."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import JsonValue

from bot.commands import CommandSet
from bot.commands.filters import SettingName, quoted
from bot.model.plans import Refusal
from bot.model.redaction import redact
from bot.quay.client import Quay
from bot.quay.errors import Forbidden, QuayError
from bot.quay.models import ConfigDump
from bot.slack.messages import Message
from bot.views import files, lists
from bot.views.details import setting as one_setting
from bot.views.lists import Setting
from handlers.context import Handed
from handlers.listing import Batch, Listing

OFF = "Quay doesn't show its configuration: FEATURE_SUPERUSER_CONFIGDUMP is off, as it is unless someone turns it on."
"""Told from a refused token by another read, which needs the same rights."""
CONFIGURATION = CommandSet("", "The configuration of the registry.")


@CONFIGURATION.command("config", "getConfigDump", examples=("config", "config FEATURE_MAILING"))
async def show_configuration(key: SettingName | None = None, *, here: Handed) -> Message | Listing[Setting]:
    """Show the configuration of the registry, or one setting of it; the bot hides every secret.

    Parameters
    ----------
    key
        A setting, such as FEATURE_MAILING, or what is inside one: DISTRIBUTED_STORAGE_CONFIG.default.
    """
    return answer(await _dump(here.bot.quay), key)


async def _dump(quay: Quay) -> ConfigDump:
    """The configuration. Raises Refusal where Quay doesn't show it to anybody, or QuayError."""
    try:
        return await quay.get_config_dump()
    except Forbidden as refused:
        try:
            await quay.get_registry_size()
        except QuayError:
            raise refused from None
        raise Refusal(OFF) from refused


def answer(dump: ConfigDump, key: str | None) -> Message | Listing[Setting]:
    """All settings, what is in one, or its value. Raises Refusal for one that is not there."""
    settings = known_settings(dump)
    if key is None:
        rows = [Setting(name, _text(value)) for name, value in settings.items()]
        return _listing("configuration", rows, "")
    value = _find(settings, key)
    if isinstance(value, dict | list) and value:
        rows = [Setting(name, _text(inner)) for name, inner in _leaves(key, value)]
        return _listing("setting", rows, f" in {key}")
    return one_setting(Setting(key, _text(value)))


def known_settings(dump: ConfigDump) -> dict[str, JsonValue]:
    """The settings by name, feature flags first, with every secret hidden. The environment is none of them."""
    redacted = redact({**dump.warning, **dump.config})
    found = redacted if isinstance(redacted, dict) else {}
    return dict(sorted(found.items(), key=lambda item: (not item[0].startswith("FEATURE_"), item[0])))


def _listing(name: str, rows: list[Setting], asked: str) -> Listing[Setting]:
    async def fetch(_: str | None) -> Batch[Setting]:
        return Batch(rows)

    return Listing(
        name,
        fetch,
        lambda shown: lists.settings(shown, asked=asked),
        files.SETTING_COLUMNS,
        files.setting_cells,
        always_as_file=True,
    )


def _find(settings: Mapping[str, JsonValue], key: str) -> JsonValue:
    """The value at a dotted name; names that have dots themselves are tried as a whole first. Raises Refusal."""
    value: JsonValue = dict(settings)
    rest = key.split(".")
    while rest:
        for length in range(len(rest), 0, -1):
            name = ".".join(rest[:length])
            if isinstance(value, dict) and name in value:
                value = value[name]
                break
            if isinstance(value, list) and length == 1 and name.isascii() and name.isdigit() and int(name) < len(value):
                value = value[int(name)]
                break
        else:
            raise Refusal(_no_such(settings, key, ".".join(rest)))
        rest = rest[length:]
    return value


def _no_such(settings: Mapping[str, JsonValue], key: str, missing: str) -> str:
    if missing != key:
        return f"There is no {quoted(missing)} in {quoted(key.removesuffix(f'.{missing}'))}, or the bot hides it."
    close = get_close_matches(key, settings, 1, 0.6)
    return f"There is no setting {quoted(key)}.{f' Did you mean {close[0]}?' if close else ''}"


def _leaves(name: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    inside: Iterator[tuple[str, JsonValue]] = iter(())
    if isinstance(value, dict):
        inside = iter(value.items())
    elif isinstance(value, list):
        inside = ((str(index), inner) for index, inner in enumerate(value))
    if not value or not isinstance(value, dict | list):
        yield name, value
    for part, inner in inside:
        yield from _leaves(f"{name}.{part}", inner)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
