"""Service keys: list, show, approve, delete, create, update."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from bot.changes.poster import is_private_channel
from bot.commands import CommandSet, Correction
from bot.commands.arguments import Duration, Expires, KeyName, Kid, Metadata, Notes, Service
from bot.commands.filters import SearchText
from bot.effects.keys import facts_of, noted_by, warnings_of
from bot.model.units import parse_moment
from bot.quay.models import ServiceKey
from bot.slack.messages import Message
from bot.views import cards, details, errors, files, lists
from bot.views.text import count, duration
from handlers.arguments import given
from handlers.context import Change, Context, Handed
from handlers.listing import Batch, Listing

KEYS = CommandSet("keys", "Service keys: what waits, what expires, who approved what.")


@KEYS.command("list", "listServiceKeys", examples=("keys list --pending", "keys list --expiring 30d --service quay"))
async def list_keys(
    *, pending: bool = False, expiring: Duration | None = None, service: SearchText | None = None, here: Handed
) -> Listing[ServiceKey]:
    """List the service keys, the waiting ones first.

    Parameters
    ----------
    pending
        Only those that wait for approval.
    expiring
        Only those that expire within this time from now.
    service
        Only those of services whose name contains this, in any case; * stands for anything: quay_*.
    """
    fits = _named_like(service) if service else None
    until = None if expiring is None else _after(expiring, here.now)

    def is_wanted(key: ServiceKey) -> bool:
        return (fits is None or fits(key.service)) and here.may_list_keys_of(key.service)

    async def fetch(_: str | None) -> Batch[ServiceKey]:
        page = await here.bot.quay.list_service_keys()
        found = [
            key
            for key in page.items
            if (not pending or key.is_waiting)
            and is_wanted(key)
            and (until is None or (key.expiration_date and here.now < key.expiration_date <= until))
        ]
        waiting = sum(key.is_waiting for key in found)
        order = sorted(found, key=lambda key: (not key.is_waiting, key.service, key.created_date))
        said = f"{count(waiting)} waiting for approval" if waiting and not pending else ""
        return Batch(order, said=said, unreadable=page.unreadable)

    asked = f" of {service}" if service else ""
    asked += " waiting for approval" if pending else ""
    asked += f" that expire within {duration(expiring)}" if expiring else ""
    return Listing(
        "service-keys",
        fetch,
        lambda shown: lists.keys(shown, here.now, asked=asked),
        files.KEY_COLUMNS,
        files.key_cells,
    )


@KEYS.command("show", "getServiceKey", among_keys=True, examples=("keys show 4f2a9c",))
async def show_key(kid: Kid, *, here: Handed) -> Message:
    """Show one service key: where it came from, whether its id is its thumbprint, what other keys its service has.

    Parameters
    ----------
    kid
        The key's id, or the first characters of it (6 at least).
    """
    key = here.named_key
    page = here.bot.links.superuser("servicekeys")
    others = _others(key, here) if here.may_list_keys_of(key.service) else None
    return details.key(key, facts_of(key), warnings_of(key), here.now, page=page, others=others)


def _others(key: ServiceKey, here: Context) -> details.Others:
    """The other keys of a key's service, the newest first."""
    if here.keys is None:
        return details.Others(None)
    found = [other for other in here.keys if other.service == key.service and other.kid != key.kid]
    return details.Others(sorted(found, key=lambda other: other.created_date, reverse=True))


@KEYS.command(
    "approve",
    "approveServiceKey",
    for_approvers=True,
    examples=("keys approve 4f2a9c --notes 'seen by Kim'",),
)
async def approve_key(kid: Kid, *, notes: Notes | None = None, here: Handed) -> Message | None:
    """Ask for the approval of a waiting key; its service asked already, so anyone who may can approve it.

    Parameters
    ----------
    kid
        The key's id, or the first characters of it (6 at least).
    notes
        What Quay's own record should say besides who approved it.
    """
    await here.bot.changes.freeze_notices.freezer.require_thawed()
    record = await here.bot.changes.key_requests.offer(here.named_key, here.place.channel)
    if notes is not None:
        record = await here.bot.changes.key_requests.add_notes(record, here.named_key, notes, here.person)
        record, _ = await here.bot.changes.tools.outbox.deliver_within(record)
    if record.shown_in(here.place.channel):
        return errors.card_stands_at(await here.bot.changes.tools.outbox.link(record, here.place.channel))
    if not record.cards or not is_private_channel(here.place.channel):
        record = await here.bot.changes.tools.outbox.post(record, here.place.channel)
    if record.shown_in(here.place.channel):
        return None
    return cards.asked_elsewhere(record, await here.bot.changes.tools.outbox.link(record))


@KEYS.command("delete", "deleteServiceKey", examples=("keys delete 4f2a9c",))
async def delete_key(kid: Kid, *, here: Handed) -> Change:
    """Delete a service key. Whatever signs with it is refused from then on.

    Parameters
    ----------
    kid
        The key's id, or the first characters of it (6 at least).
    """
    return Change("keys delete", {"kid": here.named_key.kid, "service": here.named_key.service})


@KEYS.command(
    "create",
    "createServiceKey",
    examples=("keys create quay_builder --expires 90d --name 'builders eu'", "keys create clair --expires never"),
)
async def create_key(
    service: Service,
    *,
    expires: Expires,
    name: KeyName | None = None,
    notes: Notes | None = None,
    meta: Metadata = (),
    here: Handed,
) -> Change:
    """Create a service key, which is approved from the start; you alone are shown its private half, once.

    Parameters
    ----------
    service
        The service that will sign with it: small letters, digits and _.
    expires
        When it expires: never, a length of time such as 90d, or a date.
    name
        What people call the key.
    notes
        What Quay's own record should say besides who asked and who approved.
    meta
        An entry of the key's metadata; may be given several times.
    """
    arguments = given(
        service=service,
        expires=_moment(expires, here.now),
        name=name,
        notes=noted_by(notes, f"{here.person.label} ({here.person.actor.user})") if notes else None,
        metadata=_metadata(meta),
    )
    return Change("keys create", arguments)


@KEYS.command(
    "update",
    "updateServiceKey",
    examples=("keys update 4f2a9c --expires 90d", "keys update 4f2a9c --name 'builders eu' --meta owner=kim"),
)
async def update_key(
    kid: Kid,
    *,
    name: KeyName | None = None,
    expires: Expires | None = None,
    meta: Metadata = (),
    here: Handed,
) -> Change:
    """Change a service key's name, expiry or metadata.

    Parameters
    ----------
    kid
        The key's id, or the first characters of it (6 at least).
    name
        What people call the key.
    expires
        When it expires: never, a length of time such as 90d, or a date.
    meta
        An entry of the key's metadata, added or written over; may be given several times.
    """
    arguments = given(
        kid=here.named_key.kid,
        service=here.named_key.service,
        name=name,
        expires=None if expires is None else _moment(expires, here.now),
        metadata=_metadata(meta),
    )
    return Change("keys update", arguments)


def _named_like(pattern: str) -> Callable[[str], bool]:
    """Whether a name contains the text, or is as a pattern with `*` says; capitals make no difference."""
    text = pattern if "*" in pattern else f"*{pattern}*"
    glob = re.sub(r"[\[?]", r"[\g<0>]", text.casefold())
    return lambda name: fnmatchcase(name.casefold(), glob)


def _after(length: timedelta, now: datetime) -> datetime:
    """The moment when a length of time is over; there is none after the year 9999."""
    try:
        return now + length
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _moment(expires: str, now: datetime) -> str:
    """An expiry as it is stored, to the second: `never`, or ISO 8601. Raises Correction for one that cannot be."""
    if expires == "never":
        return expires
    try:
        moment = parse_moment(expires, now).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise Correction(f"{expires!r} is too far away: nothing can expire after the year 9999.") from None
    if moment <= now:
        raise Correction(f"{expires!r} has passed, so no key can expire then.")
    return moment.isoformat()


def _metadata(entries: Sequence[str]) -> str | None:
    """Entries as the text of a JSON object, as a record keeps them."""
    return json.dumps(dict(entry.split("=", 1) for entry in entries), sort_keys=True) if entries else None
