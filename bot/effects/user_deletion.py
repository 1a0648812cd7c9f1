"""What deleting a user does."""

from dataclasses import dataclass
from datetime import datetime

from bot.effects import Arguments, Note, Stamp
from bot.effects.own_tokens import OwnTokens
from bot.effects.user_losses import losses_with
from bot.effects.users import NAME_KEPT, require_user, shown_email, shown_state, target_of, user_or_none
from bot.model.plans import Line, Observation, Outcome, Plan, Refusal, Verification
from bot.quay.client import Quay
from bot.views.text import size


@dataclass(frozen=True)
class DeleteUser:
    """deleteInstallUser: gone from the API at once, the rest happens in Quay's background."""

    own_tokens: OwnTokens
    command: str = "users delete"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("deleteInstallUser",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses superusers, disabled users, whom Quay keeps though it says otherwise, and unknown ones."""
        name = str(arguments["username"])
        user = await require_user(quay, name)
        if user.super_user:
            raise Refusal(f"{name} is a superuser, and Quay deletes no superuser.")
        if not user.enabled:
            raise Refusal(
                f"{name} is disabled, and Quay doesn't delete disabled users: it reports success and keeps them. "
                f"Enable the user first: users update {name} --enable. Then delete: users delete {name}"
            )
        await self.own_tokens.spare_user(name, "Deleting")
        lines = [
            Line(label="User", now=name, after="deleted"),
            Line(label="E-mail", now=shown_email(user)),
            Line(label="State", now=shown_state(enabled=user.enabled)),
        ]
        if user.quota_report is not None:
            used = size(user.quota_report.quota_bytes) if user.quota_report.is_complete else "Quay is still counting"
            lines.append(Line(label="In use", now=used))
        plan = Plan(
            title=f"Delete the user {name}",
            target=target_of(name),
            lines=tuple(lines),
            consequences=(
                f"Every repository in {name}'s own namespace is deleted. A deleted user cannot be brought back.",
                NAME_KEPT,
            ),
        )
        rests_on = {"email": user.email, "enabled": user.enabled}
        return Observation(operation="deleteInstallUser", rests_on=rests_on, plan=plan)

    async def forewarn(
        self, quay: Quay, arguments: Arguments, observation: Observation, now: datetime
    ) -> tuple[str, ...]:
        """Refuses to lock the bot out; names the organizations that would be left without an owner."""
        return await losses_with(quay, self.own_tokens, str(arguments["username"]), "Deleting")

    async def apply(self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note) -> None:
        """Delete the user."""
        await quay.delete_install_user(str(arguments["username"]))

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """Gone is gone."""
        name = str(arguments["username"])
        if await user_or_none(quay, name) is None:
            return Verification(outcome=Outcome.DONE, sentence=f"The user {name} is deleted: Quay no longer has it.")
        return Verification(outcome=Outcome.FAILED, sentence=f"Quay still has the user {name}.")
