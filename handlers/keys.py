"""Service keys: list, show, approve, delete."""

from bot.commands import CommandSet
from bot.commands.arguments import Duration, Kid
from bot.effects.keys import facts_of, warnings_of
from bot.messages import Message
from bot.views import details, errors, lists
from bot.views.text import duration
from handlers.context import Change, Handed

KEYS = CommandSet("keys", "Service keys: what waits, what expires, who approved what.")


@KEYS.command("list", "listServiceKeys", examples=("keys list --pending", "keys list --expiring 30d"))
async def list_keys(
    *, pending: bool = False, expiring: Duration | None = None, service: str | None = None, here: Handed
) -> Message:
    """List the service keys, the waiting ones first.

    Parameters
    ----------
    pending
        Only those that wait for approval.
    expiring
        Only those that expire within this time from now.
    service
        Only those of one service.
    """
    found = [
        key
        for key in await here.quay.list_service_keys()
        if (not pending or key.is_waiting)
        and (service is None or key.service == service)
        and (expiring is None or (key.expiration_date and here.now < key.expiration_date <= here.now + expiring))
    ]
    asked = f" of {service}" if service else ""
    asked += " waiting for approval" if pending else ""
    asked += f" that expire within {duration(expiring)}" if expiring else ""
    return lists.keys(found, here.now, asked=asked)


@KEYS.command("show", "getServiceKey", examples=("keys show 4f2a9c",))
async def show_key(kid: Kid, *, here: Handed) -> Message:
    """Show one service key: its service, where it came from, whether its id is its thumbprint.

    Parameters
    ----------
    kid
        The key's id, or the first characters of it (6 at least).
    """
    key = here.named_key
    return details.key(key, facts_of(key), warnings_of(key), here.now)


@KEYS.command(
    "approve",
    "approveServiceKey",
    for_approvers=True,
    examples=("keys approve 4f2a9c --notes 'seen by Kim'",),
)
async def approve_key(kid: Kid, *, notes: str | None = None, here: Handed) -> Message | None:
    """Ask for the approval of a waiting key; its service asked already, so anyone who may can approve it.

    Parameters
    ----------
    kid
        The key's id, or the first characters of it (6 at least).
    notes
        What Quay's own record should say besides who approved it.
    """
    record = await here.arrivals.offer(here.named_key, here.place.channel)
    if notes is not None:
        record = await here.arrivals.add_notes(record, here.named_key, notes, here.person)
        record = await here.arrivals.telling.tell(record)
    if record.shown_in(here.place.channel):
        return errors.card_stands_at(await here.arrivals.telling.link(record, here.place.channel))
    await here.arrivals.telling.post(record, here.place.channel)
    return None


@KEYS.command("delete", "deleteServiceKey", examples=("keys delete 4f2a9c",))
async def delete_key(kid: Kid, *, here: Handed) -> Change:
    """Delete a service key. Whatever signs with it is refused from then on.

    Parameters
    ----------
    kid
        The key's id, or the first characters of it (6 at least).
    """
    return Change("keys delete", {"kid": here.named_key.kid, "service": here.named_key.service})
