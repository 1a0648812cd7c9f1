"""Who asks, and where: identities that come from Slack, never names."""

from dataclasses import dataclass, field
from typing import Literal

ADDRESS = "@"
"""The question for somebody's e-mail address, beside those whether they are in a user group, or a certain user."""


@dataclass(frozen=True, order=True)
class Actor:
    """The person behind a command or a click."""

    team: str
    user: str

    def __str__(self) -> str:
        return f"{self.team}/{self.user}"


Membership = Literal["member", "guest", "outsider", "unknown"]
"""A full member; a guest of one or more channels; a bot, somebody deactivated or from another company; or
somebody of whom Slack did not say anything when it was asked."""


@dataclass(frozen=True)
class Person:
    """An actor with what Slack says of them at this moment."""

    actor: Actor
    membership: Membership
    user_groups: frozenset[str] = frozenset()
    email: str | None = None
    label: str = field(default="", compare=False)
    """The name by which Slack shows them; for messages alone."""
    asked: frozenset[str] | None = field(default=None, compare=False)
    """The questions (`Policy.questions`) to which Slack answered for this; None where nothing was left out."""
    lost_groups: frozenset[str] = frozenset()
    """User groups that the policy names and Slack definitely doesn't have: nobody is in them, and a deny that names
    one holds for everyone."""

    other_ids: frozenset[str] = frozenset()
    """Further ids of the same person as Slack tells them: in an Enterprise Grid one may start with U, one with W."""

    def has_id(self, user: str) -> bool:
        """Whether a user id is one of theirs."""
        return user == self.actor.user or user in self.other_ids

    def is_actor(self, actor: Actor | None) -> bool:
        """Whether they are the person behind a command or a click, by whichever of the ids that are known of them."""
        return actor is not None and actor.team == self.actor.team and self.has_id(actor.user)

    def is_same(self, other: "Person | None") -> bool:
        """Whether two are one person: whether any id is one of both."""
        return other is not None and any(
            other.is_actor(Actor(self.actor.team, user)) for user in (self.actor.user, *self.other_ids)
        )

    def answers(self, questions: frozenset[str]) -> bool:
        """Whether all is known that a policy asks of people."""
        return self.asked is None or questions <= self.asked


def is_same_address(one: str, other: str) -> bool:
    """Whether two e-mail addresses are one: in any case, of ASCII alone, since other letters fold into each other."""
    return one == other or (one.isascii() and other.isascii() and one.lower() == other.lower())


@dataclass(frozen=True)
class Place:
    """Where a command was typed, or where the record that a click names was made."""

    channel: str
    kind: Literal["channel", "dm", "home"] = "channel"
    shared: bool = False
    """Whether the channel is shared with another company."""
    unknown: bool = False
    """Whether Slack did not say what the channel is: it does not answer, or the bot is not in a private channel."""
    asked: bool = True
    """Whether Slack was asked; it is not about a channel of which the file speaks nowhere."""
