"""What approving and deleting a service key do."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.effects import Arguments, Note, Stamp
from bot.model.plans import Argument, Line, Moment, Observation, Outcome, Plan, Refusal, Verification
from bot.quay.client import Quay
from bot.quay.errors import NotFound
from bot.quay.models import ServiceKey

UNAPPROVED_KEY_KEPT = timedelta(hours=24)
"""From this long after its creation on, Quay may remove a key that nobody approved (UNAPPROVED_SERVICE_KEY_TTL_SEC).

It does so only when a key of the same service is put, created, rotated or deleted (`_gc_expired` in Quay's
data/model/service_keys.py). Until then the key is listed and can be approved.
"""


def short(kid: str) -> str:
    """The head of a key's id, as people say it; the whole id stands in the details."""
    return kid if len(kid) <= 14 else f"{kid[:12]}…"


def target_of(kid: str) -> str:
    """The name by which pending changes of one key know of each other."""
    return f"key {kid}"


def waiting_target(kid: str) -> str:
    """The name by which the decision on a waiting key is found."""
    return f"waiting key {kid}"


def decide_by(key: ServiceKey) -> datetime:
    """Until when a waiting key is sure to be there: then it has expired, or Quay may remove it."""
    kept_until = key.created_date + UNAPPROVED_KEY_KEPT
    return min(kept_until, key.expiration_date) if key.expiration_date else kept_until


def removable(service: str, keys: Iterable[ServiceKey], now: datetime) -> tuple[ServiceKey, ...]:
    """The waiting keys of a service that Quay removes when another key of that service is created or deleted."""
    return tuple(
        key
        for key in keys
        if key.service == service and key.is_waiting and now - key.created_date >= UNAPPROVED_KEY_KEPT
    )


def removal_warnings(service: str, doomed: Sequence[ServiceKey]) -> tuple[str, ...]:
    """The warning about keys that Quay removes along with a change; none without such keys."""
    if not doomed:
        return ()
    named = ", ".join(short(key.kid) for key in doomed[:5]) + (" …" if len(doomed) > 5 else "")
    return (
        f"This also makes Quay delete {service}'s keys that have been waiting for more than a day: {named}. "
        "To keep one, approve it first.",
    )


def facts_of(key: ServiceKey) -> tuple[Line, ...]:
    """What is known of a key, in the order in which somebody who must answer for it asks."""
    lines = [
        Line(label="Service", now=key.service),
        Line(label="Key", now=key.kid),
        Line(label="Thumbprint", now=_thumbprint(key)),
        Line(label="Created", now=Moment(at=key.created_date)),
    ]
    if key.name:
        lines.insert(1, Line(label="Name", now=key.name))
    kept_until = key.created_date + UNAPPROVED_KEY_KEPT
    if key.is_waiting and key.expiration_date and key.expiration_date < kept_until:
        lines.append(Line(label="Expires, approved or not", now=Moment(at=key.expiration_date)))
    else:
        lines.append(Line(label="Expires", now=Moment(at=key.expiration_date) if key.expiration_date else "never"))
        if key.is_waiting:
            lines.append(Line(label="Quay may remove it from", now=Moment(at=kept_until), while_live=True))
    if key.metadata.get("ip"):
        lines.append(Line(label="Sent from", now=str(key.metadata["ip"])))
    if key.rotation_duration:
        lines.append(Line(label="Rotates every", now=f"{key.rotation_duration:,} s"))
    return tuple(lines)


def warnings_of(key: ServiceKey) -> tuple[str, ...]:
    """What should make an approver look twice."""
    if key.thumbprint and not has_its_thumbprint(key):
        return ("Its id is not its thumbprint: ask the owner of the service which key they sent.",)
    return ()


def has_its_thumbprint(key: ServiceKey) -> bool:
    """Whether the id is the RFC 7638 thumbprint of the key, in base64url or hexadecimal, as is usual."""
    return key.kid in {key.thumbprint, key.thumbprint_hex}


def _thumbprint(key: ServiceKey) -> str:
    if key.thumbprint is None:
        return "not an RSA or EC key"
    return "matches the id (RFC 7638)" if has_its_thumbprint(key) else f"{key.thumbprint_hex}, which is not the id"


def basis_of(key: ServiceKey) -> dict[str, Argument]:
    """What a change of a key rests on."""
    jwk = hashlib.sha256(json.dumps(key.jwk, sort_keys=True).encode()).hexdigest()
    return {
        "kid": key.kid,
        "service": key.service,
        "jwk": jwk,
        "approved": not key.is_waiting,
        "expires": key.expiration_date.isoformat() if key.expiration_date else None,
    }


def noted_by(notes: str, who: str) -> str:
    """Somebody's notes, with their name, as Quay's own record will carry them. At most 500 characters of them."""
    return f"Notes from {who}: {notes[:500]}"


def observe_waiting(key: ServiceKey, notes: str | None = None) -> Observation:
    """The plan of a waiting key: approve it, or else delete it."""
    plan = Plan(
        title=f"Key {short(key.kid)} of {key.service}",
        target=waiting_target(key.kid),
        lines=(*facts_of(key), *([Line(label="For Quay's record", now=notes)] if notes else [])),
        consequences=(f"Approved, {key.service} can sign requests with it at once.",),
        warnings=warnings_of(key),
    )
    return Observation(operation="approveServiceKey", rests_on=basis_of(key), plan=plan)


async def fetch_key(quay: Quay, arguments: Arguments) -> ServiceKey:
    """The key that the arguments name. Raises Refusal when it is gone."""
    kid = str(arguments["kid"])
    try:
        return await quay.get_service_key(kid)
    except NotFound:
        raise Refusal(
            f"Key {short(kid)} isn't in Quay. Someone deleted it, or Quay removed it because nobody approved it "
            "within a day."
        ) from None


def approved_sentence(key: ServiceKey) -> str:
    """By whom a key was approved, as Quay has it."""
    approval = key.approval
    if approval is None:
        return "It is not approved."
    by = f" by {approval.approver.username}" if approval.approver else ""
    notes = f" Notes: {approval.notes}" if approval.notes else ""
    return f"It was approved{by} on {approval.approved_date:%Y-%m-%d at %H:%M} UTC.{notes}"


@dataclass(frozen=True)
class ApproveKey:
    """approveServiceKey: 201 whatever the key's state, so only the notes tell whose approval it was."""

    command: str = "keys approve"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("approveServiceKey",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses a key that is approved already, has expired, or is gone."""
        key = await fetch_key(quay, arguments)
        if not key.is_waiting:
            raise Refusal(f"The key {short(key.kid)} does not wait any more. {approved_sentence(key)}")
        if key.expiration_date and key.expiration_date <= now:
            raise Refusal(f"The key {short(key.kid)} has expired; approving it would have no effect.")
        notes = arguments.get("notes")
        return observe_waiting(key, str(notes) if notes else None)

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Approve, naming the people and the change in Quay's own notes."""
        own = f"Approved in Slack by {stamp.approved_by}. Quaymaster change {stamp.change_id}."
        notes = arguments.get("notes")
        await quay.approve_service_key(str(arguments["kid"]), notes=f"{notes}\n\n{own}" if notes else own)

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """The notes that stayed say whose approval counted."""
        key = await key_or_none(quay, str(arguments["kid"]))
        if key is None:
            return Verification(outcome=Outcome.FAILED, sentence="The key is no longer in Quay.")
        if key.is_waiting:
            return Verification(outcome=Outcome.FAILED, sentence="Quay still shows the key as waiting.")
        if key.approval and stamp.change_id in (key.approval.notes or ""):
            return Verification(
                outcome=Outcome.DONE,
                sentence=f"Quay has it approved: {key.service} can use it.",
            )
        return Verification(
            outcome=Outcome.FAILED,
            sentence=f"The key is approved, but somebody else was first. {approved_sentence(key)}",
        )


@dataclass(frozen=True)
class DeleteKey:
    """deleteServiceKey."""

    command: str = "keys delete"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("deleteServiceKey",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses a key that is gone already."""
        key = await fetch_key(quay, arguments)
        if key.is_waiting:
            follows = f"{key.service} cannot use it, and has to ask with a new key."
        elif key.expiration_date and key.expiration_date <= now:
            follows = "It has expired, so nothing uses it any more."
        else:
            follows = f"From then on {key.service} cannot sign requests with it. A deleted key cannot be brought back."
        plan = Plan(
            title=f"Delete the key {short(key.kid)} of {key.service}",
            target=target_of(key.kid),
            lines=(
                *facts_of(key),
                Line(label="State", now="waiting" if key.is_waiting else "approved", after="deleted"),
            ),
            consequences=(follows,),
            warnings=warnings_of(key),
        )
        return Observation(operation="deleteServiceKey", rests_on=basis_of(key), plan=plan)

    async def forewarn(
        self, quay: Quay, arguments: Arguments, observation: Observation, now: datetime
    ) -> tuple[str, ...]:
        """Names the waiting keys that Quay removes along with it."""
        service, keys = str(observation.rests_on["service"]), (await quay.list_service_keys()).items
        doomed = [key for key in removable(service, keys, now) if key.kid != arguments["kid"]]
        return removal_warnings(service, doomed)

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Delete; Quay keeps no record of who did."""
        await quay.delete_service_key(str(arguments["kid"]))

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """A deleted key is no longer found."""
        kid = str(arguments["kid"])
        if await key_or_none(quay, kid) is None:
            return Verification(
                outcome=Outcome.DONE, sentence=f"The key {short(kid)} is deleted: Quay no longer has it."
            )
        return Verification(outcome=Outcome.FAILED, sentence="Quay still has the key.")


async def key_or_none(quay: Quay, kid: str) -> ServiceKey | None:
    """A key, or None when it is gone."""
    try:
        return await quay.get_service_key(kid)
    except NotFound:
        return None
