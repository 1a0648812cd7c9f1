"""The people and channels that the sandbox starts with."""

from datetime import UTC, datetime

from sandbox.slack.model import BOT_USER, Channel, Person, UserGroup
from sandbox.slack.workspace import Clock, Workspace

_ALICE, _BOB, _CAROL, _DAVE = "U01ALICE", "U02BOB", "U03CAROL", "U04DAVE"
_GUS, _LENA, _SAM = "U05GUEST", "U06LEFT", "U07STRANGER"
_MEMBERS = {_ALICE, _BOB, _CAROL, _DAVE}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def default_workspace(clock: Clock = _utc_now) -> Workspace:
    """The default cast in the default channels.

    Lena was deactivated while her window was still open, so that one can see how the bot treats her.
    The bot is in the admin channels and in #team-ml; nobody but Sam is from another company.
    """
    people = [
        Person(_ALICE, "alice", "Alice Adler", "alice@example.com", color="0f766e"),
        Person(_BOB, "bob", "Bob Brandt", "bob@example.com", color="b45309"),
        Person(_CAROL, "carol", "Carol Chen", "carol@example.com", tz="Asia/Singapore", color="4f46e5"),
        Person(_DAVE, "dave", "Dave Diaz", "dave@example.com", tz="America/New_York", color="be185d"),
        Person(_GUS, "gus", "Gus Gast", "gus@guests.example", is_restricted=True, color="4d7c0f"),
        Person(_LENA, "lena", "Lena Lang", "lena@example.com", deleted=True, color="475569"),
        Person(_SAM, "sam", "Sam Stone", "sam@acme.example", "T0OTHER", is_stranger=True, color="7c3aed"),
        Person(BOT_USER, "quaymaster", "Quaymaster", is_bot=True, color="0369a1"),
    ]
    everyone = _MEMBERS | {_GUS, _LENA}
    channels = [
        Channel("C0REGADMIN", "registry-admin", everyone | {BOT_USER}),
        Channel("C0REGOPS", "registry-ops", _MEMBERS | {_LENA, BOT_USER}),
        Channel("C0ML", "team-ml", everyone | {BOT_USER}),
        Channel("C0GENERAL", "general", _MEMBERS | {_LENA}),
        Channel("G0SECRET", "secret", {_ALICE, _BOB}, is_private=True),
        Channel("C0SHARED", "shared-with-acme", {_ALICE, _BOB, _SAM, BOT_USER}, is_ext_shared=True),
    ]
    groups = [
        UserGroup("S0SECURITY", "security", "Security", [_BOB]),
        UserGroup("S0REGOPS", "registry-ops", "Registry operators", [_ALICE]),
    ]
    workspace = Workspace(
        clock=clock,
        people={person.id: person for person in people},
        channels={channel.id: channel for channel in channels},
        groups={group.id: group for group in groups},
    )
    for user in sorted(everyone):
        workspace.direct_messages(user)
    return workspace
