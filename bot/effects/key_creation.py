"""What creating and changing a service key do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import JsonValue

from bot.effects import Arguments, Note, Secret, Stamp, in_part
from bot.effects.keys import basis_of, fetch_key, key_or_none, removable, removal_warnings, short, target_of
from bot.model.plans import Argument, Line, Moment, Observation, Outcome, Plan, Refusal, Value, Verification
from bot.quay.client import Expiry, Quay
from bot.quay.models import ServiceKey

CHANGE = "quaymaster_change"
"""Under this name a key's metadata says which change made it."""
NEVER: Literal["never"] = "never"


def _expiry(argument: Argument) -> Expiry:
    """Read an expiry as it is stored: `never`, or a moment in ISO 8601."""
    return NEVER if argument == NEVER else datetime.fromisoformat(str(argument))


def _require_ahead(expiry: Expiry, now: datetime) -> None:
    if isinstance(expiry, datetime) and expiry <= now:
        raise Refusal(f"{expiry:%Y-%m-%d %H:%M} UTC has passed, so no key can expire then.")


def metadata_of(arguments: Arguments) -> dict[str, JsonValue]:
    """The metadata that was asked for; it is stored as the text of a JSON object."""
    found: dict[str, JsonValue] = json.loads(str(arguments.get("metadata") or "{}"))
    return found


def _shown(expiry: Expiry | None) -> Value:
    return Moment(at=expiry) if isinstance(expiry, datetime) else NEVER


def _present(key: ServiceKey) -> Expiry:
    """The expiry in whole seconds: so Quay keeps it."""
    return NEVER if key.expiration_date is None else key.expiration_date.replace(microsecond=0)


@dataclass(frozen=True)
class CreateKey:
    """createServiceKey: the key is approved at once, and Quay tells its private half once, in the answer."""

    command: str = "keys create"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("createServiceKey",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses an expiry that has passed; names the waiting keys that Quay deletes on this occasion."""
        service, expiry = str(arguments["service"]), _expiry(arguments["expires"])
        _require_ahead(expiry, now)
        keys = [key for key in (await quay.list_service_keys()).items if key.service == service]
        doomed = removable(service, keys, now)
        lines = [
            Line(label="Service", now=service),
            Line(label="Keys of it", now=str(len(keys)), after=str(len(keys) - len(doomed) + 1)),
            Line(label="Expires", now=_shown(expiry)),
        ]
        lines += [
            Line(label=label, now=str(arguments[argument]))
            for label, argument in (("Name", "name"), ("Notes", "notes"))
            if arguments.get(argument)
        ]
        lines += [Line(label=f"Metadata {name}", now=str(value)) for name, value in metadata_of(arguments).items()]
        plan = Plan(
            title=f"Create a key of {service}",
            target=f"new key of {service}",
            lines=tuple(lines),
            consequences=(
                f"It is approved from the start: whoever has its private key is trusted as {service}.",
                "The private key is shown once, to whoever asked for this and to nobody else.",
            ),
            warnings=(
                *(() if keys else (f"There is no key of {service} yet: check how the service is written.",)),
                *removal_warnings(service, doomed),
            ),
        )
        return Observation(operation="createServiceKey", rests_on={}, plan=plan)

    async def apply(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note
    ) -> Secret:
        """Create the key; its metadata and its notes say which change it comes from."""
        own = (
            f"Asked for in Slack by {stamp.requested_by}, approved by {stamp.approved_by}. "
            f"Quaymaster change {stamp.change_id}."
        )
        given, name = arguments.get("notes"), arguments.get("name")
        created = await quay.create_service_key(
            str(arguments["service"]),
            _expiry(arguments["expires"]),
            name=None if name is None else str(name),
            metadata={**metadata_of(arguments), CHANGE: stamp.change_id},
            notes=f"{given}\n\n{own}" if given else own,
        )
        return Secret(
            f"the private key {short(created.kid)} of {created.service}",
            f"keys delete {created.kid}",
            created.private_key,
        )

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """The metadata says which key this change made; without the answer, its private half is lost."""
        keys = await quay.list_service_keys()
        for key in keys.items:
            if key.metadata.get(CHANGE) != stamp.change_id:
                continue
            there = f"Quay has the key {short(key.kid)} of {key.service}, approved{_until(key)}."
            if not secret_kept:
                there += f" Its private key is lost, so it is of no use. Delete it: keys delete {key.kid}"
            return Verification(outcome=Outcome.DONE, sentence=there)
        if keys.unreadable:
            said = f"Quay lists no key of this change, but {keys.unreadable} of its keys can't be read."
            return Verification(outcome=Outcome.UNKNOWN, sentence=said)
        return Verification(outcome=Outcome.FAILED, sentence="Quay lists no key of this change.")


def _until(key: ServiceKey) -> str:
    return f" until {key.expiration_date:%Y-%m-%d %H:%M} UTC" if key.expiration_date else ", for good"


@dataclass(frozen=True)
class ChangeKey:
    """updateServiceKey, which is not atomic: a name may be refused after the expiry was saved. Metadata is merged."""

    command: str = "keys update"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("updateServiceKey",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses a key that is gone, an expiry that has passed, and what changes nothing."""
        if not any(arguments.get(argument) is not None for argument in ("name", "expires", "metadata")):
            raise Refusal("Say what is to change: --name, --expires or --meta KEY=VALUE.")
        if arguments.get("expires") is not None:
            _require_ahead(_expiry(arguments["expires"]), now)
        key = await fetch_key(quay, arguments)
        changes = _changes(key, arguments)
        if not changes:
            raise Refusal(f"The key {short(key.kid)} is so already; there is nothing to change.")
        warnings = []
        if key.is_waiting:
            warnings.append("The key still waits for approval; this does not approve it.")
        if key.expiration_date and key.expiration_date <= now and "Expires" in changes and not key.is_waiting:
            warnings.append(f"The key has expired; from then on {key.service} can sign requests with it again.")
        plan = Plan(
            title=f"Change the key {short(key.kid)} of {key.service}",
            target=target_of(key.kid),
            lines=(
                Line(label="Service", now=key.service),
                Line(label="Key", now=key.kid),
                *(Line(label=label, now=before, after=after) for label, (before, after) in changes.items()),
            ),
            warnings=tuple(warnings),
        )
        return Observation(operation="updateServiceKey", rests_on={**basis_of(key), "name": key.name}, plan=plan)

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Send what was asked for."""
        expires, name = arguments.get("expires"), arguments.get("name")
        with in_part():
            await quay.update_service_key(
                str(arguments["kid"]),
                name=None if name is None else str(name),
                metadata=metadata_of(arguments) or None,
                expiration=None if expires is None else _expiry(expires),
            )

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """Tell field by field what is so."""
        kid = str(arguments["kid"])
        key = await key_or_none(quay, kid)
        if key is None:
            return Verification(outcome=Outcome.FAILED, sentence="The key is no longer in Quay.")
        missing = _changes(key, arguments)
        said = [f"{label}: not changed, it is {_text(before)}." for label, (before, _) in missing.items()]
        if said:
            return Verification(outcome=Outcome.FAILED, sentence=" ".join(said))
        return Verification(
            outcome=Outcome.DONE, sentence=f"Quay has the key {short(kid)} as it was wanted{_until(key)}."
        )


def _changes(key: ServiceKey, arguments: Arguments) -> Mapping[str, tuple[Value, Value]]:
    """What differs from what is wanted, by its label: what it is, and what it is to be."""
    changes: dict[str, tuple[Value, Value]] = {}
    name, expires = arguments.get("name"), arguments.get("expires")
    if name is not None and name != key.name:
        changes["Name"] = (key.name or "none", str(name))
    if expires is not None:
        wanted = _expiry(expires)
        if wanted != _present(key):
            changes["Expires"] = (_shown(_present(key)), _shown(wanted))
    for field, value in metadata_of(arguments).items():
        if key.metadata.get(field) != value:
            changes[f"Metadata {field}"] = (str(key.metadata.get(field, "none")), str(value))
    return changes


def _text(value: Value) -> str:
    return f"{value.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if isinstance(value, Moment) else value
