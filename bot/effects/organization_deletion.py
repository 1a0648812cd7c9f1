"""What deleting an organization does."""

from dataclasses import dataclass
from datetime import datetime

from bot.effects import Arguments, Note, Stamp
from bot.effects.listed import seen_from_anywhere
from bot.effects.organizations import organization_or_none, require_organization, shown_setting
from bot.effects.own_tokens import OwnTokens
from bot.effects.users import NAME_KEPT, target_of
from bot.model.plans import Line, Observation, Outcome, Plan, Verification
from bot.quay.client import Quay
from bot.views.text import size


@dataclass(frozen=True)
class DeleteOrganization:
    """deleteOrganization: forced and final."""

    own_tokens: OwnTokens
    command: str = "orgs delete"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("deleteOrganization",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses an organization that Quay does not have."""
        name = str(arguments["name"])
        organization = await require_organization(quay, name)
        lines = [
            Line(label="Organization", now=name, after="deleted"),
            Line(label="E-mail", now=shown_setting(organization, "email")),
        ]
        report = (await seen_from_anywhere(quay, organization)).quota_report
        if report is not None:
            lines.append(
                Line(label="In use", now=size(report.quota_bytes) if report.is_complete else "Quay is still counting")
            )
        plan = Plan(
            title=f"Delete the organization {name}",
            target=target_of(name),
            lines=tuple(lines),
            consequences=(
                "Every repository, team and robot account in it is deleted. It cannot be brought back.",
                NAME_KEPT,
            ),
        )
        await self.own_tokens.spare_organization(quay, name, "Deleting")
        rests_on = {"exists": True, "email": organization.email}
        return Observation(operation="deleteOrganization", rests_on=rests_on, plan=plan)

    async def forewarn(
        self, quay: Quay, arguments: Arguments, observation: Observation, now: datetime
    ) -> tuple[str, ...]:
        """Refuses to delete the organization that the bot's token comes from."""
        return await self.own_tokens.warnings_of_organization(quay, str(arguments["name"]), "Deleting")

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Delete the organization."""
        await quay.delete_organization(str(arguments["name"]))

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """Gone is gone."""
        name = str(arguments["name"])
        if await organization_or_none(quay, name) is None:
            return Verification(
                outcome=Outcome.DONE, sentence=f"The organization {name} is deleted: Quay no longer has it."
            )
        return Verification(outcome=Outcome.FAILED, sentence=f"Quay still has the organization {name}.")
