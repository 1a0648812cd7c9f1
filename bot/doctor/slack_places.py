"""Slack: the channels, user groups and people that the files name, and whether anybody could approve."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.doctor.check import Check, Setup
from bot.doctor.slack_answers import SlackRefused, bounded
from bot.doctor.unchecked import Unchecked
from bot.model.checkup import Result, combined, failed, ok, warning
from bot.permissions.policy import ConfirmationRule, Policy

_LEFT_OUT = "{count} more {what} not checked, to stay within Slack's rate limits."
_IN_FILE = "Correct the files that name it."


async def _channels(setup: Setup) -> Result:
    named = setup.policy.known_channels if setup.policy else frozenset[str]()
    named |= setup.alerts.channels if setup.alerts else frozenset[str]()
    listed, left_out = bounded(each for each in named if each[0] in "CG")
    everywhere = "chat:write.public" in await setup.slack.scopes()
    found = [await _channel(setup, channel, everywhere=everywhere) for channel in listed]
    if left_out:
        found.append(warning(_LEFT_OUT.format(count=left_out, what="channels are")))
    return combined(found, f"All {len(listed)} channels can be used." if listed else "No channel is named.")


async def _channel(setup: Setup, channel: str, *, everywhere: bool) -> Result:
    try:
        shown = await setup.slack.channel(channel)
    except SlackRefused as refused:
        if refused.reason == "channel_not_found":
            todo = "If it is private, invite the bot (/invite @Quaymaster); else correct the id."
            return failed(f"{channel} isn't there, or is private and the bot isn't in it.", todo)
        return warning(f"{channel}: not checked, Slack says {refused.reason}.")
    name = f"#{shown.get('name', channel)} ({channel})"
    if shown.get("is_archived"):
        return failed(f"{name} is archived.", "Unarchive it, or name another channel.")
    if not shown.get("is_member"):
        todo = "Invite the bot (/invite @Quaymaster)."
        if everywhere and not shown.get("is_private"):
            return warning(f"The bot isn't in {name}: it can post, and answers may not reach people.", todo)
        return failed(f"The bot isn't in {name} and can't post there.", todo)
    if shown.get("is_ext_shared") or shown.get("is_pending_ext_shared"):
        return warning(
            f"{name} is shared with another company: its people can read what the bot posts.",
            "Use a channel of your own company.",
        )
    return ok(name)


async def _user_groups(setup: Setup) -> Result:
    wanted = _named_groups(setup)
    if not wanted:
        return ok("No user group is named.")
    groups = await _groups(setup)
    return combined(
        (_user_group(group, groups.get(group)) for group in sorted(wanted)), f"All {len(wanted)} user groups are there."
    )


def _user_group(group: str, shown: Mapping[str, Any] | None) -> Result:
    if shown is None:
        return failed(f"User group {group} isn't there.", _IN_FILE)
    name = f"User group @{shown.get('handle', group)} ({group})"
    if shown.get("date_delete"):
        return failed(f"{name} is disabled.", "Enable it, or name another one.")
    return ok(name) if shown.get("users") else warning(f"{name} has no members.", "Add members in Slack.")


def _named_groups(setup: Setup) -> set[str]:
    """Every user group of both files: members of groups, and those that alerts mention."""
    routes = setup.alerts.quotas.routes if setup.alerts and setup.alerts.quotas else ()
    named = set(setup.policy.user_groups) if setup.policy else set[str]()
    return named | {route.mention for route in routes if route.mention}


async def _groups(setup: Setup) -> Mapping[str, Mapping[str, Any]]:
    """All user groups of the workspace. Raises Unchecked."""
    try:
        return await setup.slack.groups()
    except SlackRefused as refused:
        raise Unchecked(f"Slack doesn't list user groups ({refused.reason}).") from refused


async def _people(setup: Setup) -> Result:
    policy = setup.known_policy
    listed, left_out = bounded((*policy.users, *policy.addresses))
    await setup.slack.signed_in()
    found = [await _person(setup, member) for member in listed]
    if left_out:
        found.append(warning(_LEFT_OUT.format(count=left_out, what="people are")))
    return combined(found, f"All {len(listed)} people are full members." if listed else "No person is named.")


async def _person(setup: Setup, member: str) -> Result:
    try:
        shown = await (setup.slack.user_at(member) if "@" in member else setup.slack.user(member))
    except SlackRefused as refused:
        if refused.reason in {"users_not_found", "user_not_found", "user_not_visible"}:
            return failed(f"Nobody in the workspace has {member}.", "Correct it in permissions.yaml, or take it out.")
        return warning(f"{member}: not checked, Slack says {refused.reason}.")
    if what := _not_a_member(shown):
        return failed(f"{member} is {what}, and can't do anything.", "Take them out of permissions.yaml.")
    return ok(member)


def _not_a_member(shown: Mapping[str, Any]) -> str | None:
    """What somebody is who isn't a full member."""
    if shown.get("deleted"):
        return "deactivated"
    if shown.get("is_bot"):
        return "a bot"
    if shown.get("is_stranger"):
        return "an external user"
    return "a guest" if shown.get("is_restricted") or shown.get("is_ultra_restricted") else None


async def _approvals(setup: Setup) -> Result:
    policy = setup.known_policy
    results = [
        await _entry(setup, policy, number, entry)
        for number, entry in enumerate(policy.confirmations, 1)
        if entry.approvals
    ]
    return combined(results, f"All {len(results)} confirmations have enough approvers.")


async def _entry(setup: Setup, policy: Policy, number: int, entry: ConfirmationRule) -> Result:
    members = {member for group in entry.approvers for member in policy.groups.get(group, ())}
    if "*" in members:
        return ok("Every full member can approve.")
    eligible = await _eligible(setup, members)
    name = f"Confirmation {number} (for {', '.join(entry.for_)})"
    if len(eligible) < entry.approvals:
        who, groups = _people_count(len(eligible)), ", ".join(entry.approvers)
        return failed(
            f"{name} needs {_approval_count(entry.approvals)}, and {groups} has {who}: nobody can get it approved.",
            f"Add approvers to {groups}, or lower `approvals`.",
        )
    if len(eligible) == entry.approvals and not entry.self_approval:
        return warning(
            f"{name} needs all of its {_people_count(len(eligible))}: none of them can get their own request approved.",
            "Add an approver.",
        )
    return ok(name)


async def _eligible(setup: Setup, members: Iterable[str]) -> set[str]:
    """The ids of the full members among some members of groups. Raises Unchecked where that can't be told."""
    found: set[str] = set()
    listed, left_out = bounded(members)
    if left_out:
        raise Unchecked("there are too many approvers to look up.")
    await setup.slack.signed_in()
    for member in listed:
        if member[0] == "S" and "@" not in member:
            shown = (await _groups(setup)).get(member) or {}
            found |= set() if shown.get("date_delete") else set(shown.get("users") or ())
            continue
        try:
            person = await (setup.slack.user_at(member) if "@" in member else setup.slack.user(member))
        except SlackRefused as refused:
            if refused.passing:
                raise Unchecked(f"Slack says {refused.reason} about {member}.") from refused
            continue
        if not _not_a_member(person):
            found.add(str(person.get("id")))
    return found


def _people_count(number: int) -> str:
    return f"{number or 'no'} {'person' if number == 1 else 'people'}"


def _approval_count(number: int) -> str:
    return f"{number} approval{'' if number == 1 else 's'}"


PLACES = (
    Check(
        "channels",
        "Slack",
        "Every channel in both files: exists, isn't archived or shared, has the bot in it",
        _channels,
    ),
    Check("user groups", "Slack", "Every user group in both files: exists, is enabled, has members", _user_groups),
    Check("people", "Slack", "Every user id and email address in permissions.yaml is a full member's", _people),
    Check("approvers", "Slack", "Every confirmation has as many approvers as it needs", _approvals),
)
