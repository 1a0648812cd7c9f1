"""What creating and changing a user do."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from bot.effects import Arguments, Note, Secret, Stamp, in_part
from bot.effects.email_lookup import require_free, warn_of_email
from bot.effects.limitations import Limitation, Limitations
from bot.effects.own_tokens import OwnTokens
from bot.effects.user_losses import losses_with
from bot.model.plans import Argument, Line, Observation, Outcome, Plan, Refusal, Verification
from bot.quay.client import Quay
from bot.quay.errors import Invalid, NotFound, QuayError
from bot.quay.models import User

NAME_KEPT = "Quay finishes in the background. Until then nothing new can be created under this name."
"""A rename to it is possible: Quay looks for names of what is being deleted only when something is created."""
SHOWN_ONCE = "The password is shown once, to whoever asked for this and to nobody else."


def target_of(name: str) -> str:
    """The name by which pending changes of one namespace know of each other."""
    return f"namespace {name}"


async def require_user(quay: Quay, name: str) -> User:
    """A user. Raises Refusal for one that Quay doesn't have."""
    try:
        return await quay.get_install_user(name)
    except NotFound:
        raise Refusal(f"There is no user {name!r} in Quay.") from None


async def user_or_none(quay: Quay, name: str) -> User | None:
    """A user, or None for one that Quay doesn't have."""
    try:
        return await quay.get_install_user(name)
    except NotFound:
        return None


def _password_of(name: str, value: SecretStr) -> Secret:
    return Secret(f"the password of {name}", _way_out(name), value)


def _way_out(name: str) -> str:
    return f"users update {name} --reset-password"


def shown_state(*, enabled: bool) -> str:
    """Whether a user can sign in, in a word."""
    return "enabled" if enabled else "disabled"


@dataclass(frozen=True)
class CreateUser:
    """createInstallUser: Quay makes the password and tells it once, in the answer."""

    limitations: Limitations
    command: str = "users create"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("createInstallUser",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses a name that is taken."""
        name, email = str(arguments["username"]), arguments.get("email")
        await require_free(quay, name)
        plan = Plan(
            title=f"Create the user {name}",
            target=target_of(name),
            lines=(
                Line(label="User", now="does not exist", after=name),
                Line(label="E-mail", now="none", after=str(email) if email else None),
            ),
            consequences=("Quay makes a password.", SHOWN_ONCE),
        )
        return Observation(operation="createInstallUser", rests_on={"exists": False}, plan=plan)

    async def forewarn(
        self, quay: Quay, arguments: Arguments, observation: Observation, now: datetime
    ) -> tuple[str, ...]:
        """Refuses where Quay creates no users, or none without an address, and an address that is taken."""
        email = arguments.get("email")
        without = () if email else (Limitation.CREATION_WITHOUT_ADDRESS,)
        await self.limitations.require_none(quay, (Limitation.CREATION, *without))
        return await warn_of_email(quay, str(email)) if email else ()

    async def apply(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note
    ) -> Secret:
        """Create the user. Quay also refuses where it created one and could not send an e-mail."""
        name, email = str(arguments["username"]), arguments.get("email")
        try:
            created = await quay.create_install_user(name, email=str(email) if email else None)
        except Invalid as error:
            await self.limitations.remember(error)
            if "not send" in error.message:
                error.may_have_happened = True
            elif "not available" in error.message:
                error.message = f"The name {name} is kept by a deletion that Quay has not finished. Ask again later."
            raise
        return _password_of(name, created.password)

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """The user is there; without the answer, the password is lost."""
        name = str(arguments["username"])
        user = await user_or_none(quay, name)
        if user is None:
            return Verification(outcome=Outcome.FAILED, sentence=f"Quay has no user {name}.")
        address = user.email if arguments.get("email") else None
        there = f"Quay has the user {name}{f' with the e-mail address {address}' if address else ''}."
        if not secret_kept:
            there += f" The password is lost, since Quay tells it only once. For another: {_way_out(name)}"
        return Verification(outcome=Outcome.DONE, sentence=there)


@dataclass(frozen=True)
class ChangeUser:
    """changeInstallUser, which is not atomic and answers with the old state.

    So what Quay may refuse goes first, and a password, which the bot makes and Quay never refuses, goes after it in
    a call of its own: it is never changed beside something that failed.
    """

    limitations: Limitations
    own_tokens: OwnTokens
    command: str = "users update"

    def operations(self, arguments: Arguments) -> tuple[str, ...]:
        """Always the one."""
        return ("changeInstallUser",)

    async def plan(self, quay: Quay, arguments: Arguments, now: datetime) -> Observation:
        """Refuses superusers, and what changes nothing."""
        name = str(arguments["username"])
        wanted = {field: arguments[field] for field in ("email", "enabled") if arguments.get(field) is not None}
        resets = bool(arguments.get("reset_password"))
        if not wanted and not resets:
            raise Refusal("Say what is to change: --email, --enable or --disable, or --reset-password.")
        user = await require_user(quay, name)
        if user.super_user:
            raise Refusal(f"{name} is a superuser, and Quay changes no superuser in this way.")
        changes = _differing(user, wanted)
        if not changes and not resets:
            raise Refusal(
                f"That is so already: {name} is {shown_state(enabled=user.enabled)}, e-mail {shown_email(user)}."
            )
        lines = [Line(label="User", now=name)]
        consequences = []
        if "email" in changes:
            lines.append(Line(label="E-mail", now=shown_email(user), after=str(changes["email"])))
        if "enabled" in changes:
            enables = bool(changes["enabled"])
            lines.append(Line(label="State", now=shown_state(enabled=user.enabled), after=shown_state(enabled=enables)))
            if not enables:
                await self.own_tokens.spare_user(name, "Disabling")
                consequences.append(f"{name} can no longer sign in, pull or push.")
        if resets:
            lines.append(Line(label="Password", now="the present one", after="a new one, made by the bot"))
            consequences += ["The present password stops working at once.", SHOWN_ONCE]
        plan = Plan(
            title=f"Change the user {name}",
            target=target_of(name),
            lines=tuple(lines),
            consequences=tuple(consequences),
        )
        rests_on = {"email": user.email, "enabled": user.enabled}
        return Observation(operation="changeInstallUser", rests_on=rests_on, plan=plan)

    async def forewarn(
        self, quay: Quay, arguments: Arguments, observation: Observation, now: datetime
    ) -> tuple[str, ...]:
        """Refuses what Quay doesn't do with its users, to lock the bot out, and an e-mail address that is taken."""
        name, email = str(arguments["username"]), arguments.get("email")
        moves = email is not None and email != observation.rests_on["email"]
        wanted = [Limitation.ADDRESSES] if moves else []
        wanted += [Limitation.PASSWORDS] if arguments.get("reset_password") else []
        await self.limitations.require_none(quay, wanted)
        found: tuple[str, ...] = ()
        if arguments.get("enabled") is False and observation.rests_on["enabled"]:
            found = await losses_with(quay, self.own_tokens, name, "Disabling")
        return (*found, *(await warn_of_email(quay, str(email), but_of=name))) if moves else found

    async def apply(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, note: Note
    ) -> Secret | None:
        """Send what Quay may refuse, and then the password."""
        name = str(arguments["username"])
        email, enabled = (
            None if arguments.get(field) == observation.rests_on[field] else arguments.get(field)
            for field in ("email", "enabled")
        )
        try:
            if email is not None or enabled is not None:
                with in_part():
                    await quay.change_install_user(
                        name,
                        email=None if email is None else str(email),
                        enabled=None if enabled is None else bool(enabled),
                    )
            if not arguments.get("reset_password"):
                return None
            password = SecretStr(secrets.token_urlsafe(24))
            if email is None and enabled is None:
                await quay.change_install_user(name, password=password)
            else:
                await note("changeInstallUser")
                with in_part(QuayError):
                    await quay.change_install_user(name, password=password)
        except Invalid as error:
            await self.limitations.remember(error)
            raise
        return _password_of(name, password)

    async def verify(
        self, quay: Quay, arguments: Arguments, observation: Observation, stamp: Stamp, *, secret_kept: bool
    ) -> Verification:
        """Tell field by field what is so; a password cannot be read, so it counts if Quay answered that it took it."""
        name = str(arguments["username"])
        user = await user_or_none(quay, name)
        if user is None:
            return Verification(outcome=Outcome.FAILED, sentence=f"Quay has no user {name} any more.")
        wanted = {field: arguments[field] for field in ("email", "enabled") if arguments.get(field) is not None}
        missing = _differing(user, wanted)
        said = []
        if "email" in wanted:
            said.append(f"E-mail: {'not changed, it is' if 'email' in missing else 'it is now'} {shown_email(user)}.")
        if "enabled" in wanted:
            still = "still " if "enabled" in missing else "now "
            said.append(f"State: {name} is {still}{shown_state(enabled=user.enabled)}.")
        outcome: Outcome = Outcome.FAILED if missing else Outcome.DONE
        if arguments.get("reset_password"):
            if secret_kept:
                said.append("Password: changed.")
            elif missing:
                said.append("Password: not changed.")
            else:
                outcome = Outcome.UNKNOWN
                said.append(
                    "Password: Quay does not tell whether it was changed. If it was, the new one is lost. "
                    f"For another: {_way_out(name)}"
                )
        return Verification(outcome=outcome, sentence=" ".join(said))


def shown_email(user: User) -> str:
    """A user's address, in words where there is none."""
    return user.email or "none"


def _differing(user: User, wanted: dict[str, Argument]) -> dict[str, Argument]:
    return {field: value for field, value in wanted.items() if getattr(user, field) != value}
