"""What changing an organization does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict, cast

from bot.effects import Arguments, Note, OutcomeUnknown, Stamp, in_part
from bot.effects.email_lookup import require_free
from bot.effects.ignored_fields import Ignored
from bot.effects.own_tokens import OwnTokens
from bot.effects.users import target_of
from bot.model.plans import Argument, Line, Observation, Outcome, Plan, Refusal, Verification
from bot.model.units import parse_duration
from bot.quay.client import Quay
from bot.quay.errors import Forbidden, NotFound, QuayError
from bot.quay.models import Organization
from bot.views.text import duration

_FIELDS = {
    "email": "email",
    "invoice_email": "invoice_email",
    "invoice_address": "invoice_email_address",
    "tag_expiration": "tag_expiration_s",
}
"""The arguments that are settings, and what Quay calls them."""
_LABELS = {
    "email": "E-mail",
    "invoice_email": "Invoices by e-mail",
    "invoice_email_address": "Invoices go to",
    "tag_expiration_s": "Deleted tags are kept for",
}
_NO_WAY = (
    "This Quay ignores these settings in the superusers' operation, and does not let the bot's token change an "
    "organization's own settings (FEATURE_SUPERUSERS_FULL_ACCESS), so it cannot be done with this Quay."
)


async def require_organization(quay: Quay, name: str) -> Organization:
    """An organization as the token that writes sees it. Raises Refusal for one that Quay doesn't have."""
    try:
        return await quay.get_organization_settings(name)
    except NotFound:
        raise Refusal(f"There is no organization {name!r} in Quay.") from None


async def organization_or_none(quay: Quay, name: str) -> Organization | None:
    """The same, or None for one that Quay doesn't have."""
    try:
        return await quay.get_organization_settings(name)
    except NotFound:
        return None


def _shows_settings(organization: Organization) -> bool:
    return organization.tag_expiration_s is not None


def _wanted(arguments: Arguments) -> dict[str, Argument]:
    wanted = {field: arguments[argument] for argument, field in _FIELDS.items() if arguments.get(argument) is not None}
    if "invoice_email" in wanted:
        wanted["invoice_email"] = wanted["invoice_email"] == "yes"
    return wanted


def _missing(organization: Organization, wanted: Mapping[str, Argument]) -> dict[str, Argument]:
    return {field: value for field, value in wanted.items() if getattr(organization, field) != value}


def _shown(value: object) -> str:
    match value:
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case int():
            return duration(timedelta(seconds=value))
        case _:
            return str(value)


def shown_setting(organization: Organization, field: str) -> str:
    """A setting in words, as far as Quay shows it."""
    if not _shows_settings(organization):
        return "not shown to the bot's token"
    return _shown(getattr(organization, field))


class _Settings(TypedDict, total=False):
    email: str
    invoice_email: bool
    invoice_email_address: str
    tag_expiration_s: int


def _settings(values: Mapping[str, Argument]) -> _Settings:
    return cast("_Settings", values)


async def _require_offered(quay: Quay, seconds: int) -> None:
    """Quay takes those expirations alone that its configuration lists; where it does not show it, Quay decides."""
    try:
        listed = (await quay.get_config_dump()).config.get("TAG_EXPIRATION_OPTIONS")
    except QuayError:
        return
    offered = {_seconds(str(option)): str(option) for option in listed} if isinstance(listed, list) else {}
    if offered and seconds not in offered:
        raise Refusal(f"This Quay keeps deleted tags for one of these times alone: {', '.join(offered.values())}.")


def _seconds(option: str) -> int | None:
    """Read an option of Quay's; None for one in a unit that is not known here."""
    if option.rstrip("smhdw") == "0":
        return 0
    try:
        return int(parse_duration(option).total_seconds())
    except ValueError:
        return None


@dataclass(frozen=True)
class ChangeOrganization:
    """changeOrganization, which renames and ignores every field that its documentation names.

    The settings are sent as documented, unless this registry was seen to ignore them; those that did not change are
    then sent to the organization's own settings, where the token may.
    """

    ignored: Ignored
    own_tokens: OwnTokens
    command: str = "orgs update"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("changeOrganization",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses an unknown organization, a name that is taken, what changes nothing, and what this Quay cannot do."""
        name, rename, wanted = str(arguments["name"]), arguments.get("rename"), _wanted(arguments)
        if rename is None and not wanted:
            raise Refusal(
                "Say what is to change: --rename, --email, --invoice-email, --invoice-address or --tag-expiration."
            )
        organization = await require_organization(quay, name)
        if rename == name:
            raise Refusal(f"The organization is called {name} already.")
        if rename is not None:
            await self.own_tokens.spare_organization(quay, name, "Renaming")
            await require_free(quay, str(rename))
        changes = _missing(organization, wanted)
        if rename is None and not changes:
            raise Refusal(f"{name} has these settings already; there is nothing to change.")
        if "tag_expiration_s" in changes:
            await _require_offered(quay, int(str(changes["tag_expiration_s"])))
        if not _shows_settings(organization) and changes.keys() & await self.ignored.fields("changeOrganization"):
            raise Refusal(_NO_WAY)
        renaming = [Line(label="Name", now=name, after=str(rename))] if rename is not None else []
        plan = Plan(
            title=f"Rename the organization {name} to {rename}" if rename else f"Change the organization {name}",
            target=target_of(name),
            lines=(
                *(renaming or [Line(label="Name", now=name)]),
                *(
                    Line(label=_LABELS[field], now=shown_setting(organization, field), after=_shown(value))
                    for field, value in changes.items()
                ),
            ),
            warnings=(
                (
                    "Whoever pulls or pushes has to use the new name; nothing leads from the old one to it.",
                    "Rules in permissions.yaml and routes in alerts.yaml that name the old one no longer fit.",
                )
                if rename
                else ()
            ),
        )
        rests_on: dict[str, Argument] = {"exists": True, "shown": _shows_settings(organization)}
        rests_on |= {field: getattr(organization, field) for field in wanted}
        return Observation(operation="changeOrganization", rests_on=rests_on, plan=plan)

    async def forewarn(
        self, quay: Quay, arguments: Arguments, observation: Observation, now: datetime
    ) -> tuple[str, ...]:
        """Refuses to rename the organization that the bot's token comes from."""
        if arguments.get("rename") is None:
            return ()
        return await self.own_tokens.warnings_of_organization(quay, str(arguments["name"]), "Renaming")

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Send the documented write, look, and send what it left as it was to the organization's settings."""
        name, rename = str(arguments["name"]), arguments.get("rename")
        wanted = {field: value for field, value in _wanted(arguments).items() if observation.rests_on[field] != value}
        skipped = await self.ignored.fields("changeOrganization")
        documented = {field: value for field, value in wanted.items() if field not in skipped}
        answer = None
        if rename is not None or documented:
            answer = await quay.change_organization(
                name, rename=None if rename is None else str(rename), **_settings(documented)
            )
        if not wanted:
            return
        with in_part(QuayError):
            current = str(rename or name)
            found = await quay.get_organization_settings(current)
            missing = _missing(found, wanted)
            if answer is not None and answer.email == wanted.get("email"):
                missing.pop("email", None)
            seen = missing.keys() if _shows_settings(found) else missing.keys() & {"email"}
            await self.ignored.remember("changeOrganization", seen & documented.keys())
            if not missing:
                return
            await note("changeOrganizationDetails")
            try:
                await quay.update_organization_settings(current, **_settings(missing))
            except QuayError as error:
                if not error.may_have_happened and missing.keys() <= documented.keys() - seen:
                    raise OutcomeUnknown(error) from error
                if isinstance(error, Forbidden):
                    raise Forbidden(_NO_WAY, operation=error.operation, status=error.status) from error
                raise

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """Tell field by field what is so."""
        name, rename, wanted = str(arguments["name"]), arguments.get("rename"), _wanted(arguments)
        organization = await organization_or_none(quay, name)
        renamed = organization is None and rename is not None
        if organization is None and rename is not None:
            organization = await organization_or_none(quay, str(rename))
        if organization is None:
            return Verification(outcome=Outcome.FAILED, sentence=f"Quay has no organization {name} any more.")
        said = [f"Quay has the organization {organization.name}."]
        if rename is not None and not renamed:
            said = [f"The name is still {name}."]
        outcome: Outcome = Outcome.DONE if renamed or rename is None else Outcome.FAILED
        if wanted and not _shows_settings(organization):
            said.append(
                "Quay does not show its settings to the bot's token, so nobody can tell from here what became of them: "
                f"look at {organization.name}'s settings in Quay's own pages."
            )
            outcome = Outcome.UNKNOWN if outcome is Outcome.DONE else outcome
            wanted = {}
        missing = _missing(organization, wanted)
        for field in wanted:
            is_so = "not changed, it is" if field in missing else "it is now"
            said.append(f"{_LABELS[field]}: {is_so} {shown_setting(organization, field)}.")
        return Verification(outcome=Outcome.FAILED if missing else outcome, sentence=" ".join(said))
