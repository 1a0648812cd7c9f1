"""Who may post where, and what may be posted."""

from collections.abc import Mapping

from sandbox.slack.arguments import Arguments
from sandbox.slack.blocks import MESSAGE_BLOCK_CHARACTERS, block_characters, check_message
from sandbox.slack.errors import SlackError, refusal
from sandbox.slack.model import BOT_USER, SLACKBOT, Channel, Json
from sandbox.slack.simulation import Simulation


def channel_to_post(slack: Simulation, wanted: str, thread: str | None = None) -> Channel:
    """Find the channel to post to, by its id or name, or by a person's id. `thread` is the thread_ts of a reply.

    Raises SlackError: channel_not_found (also where it is private and the bot not in it), not_in_channel
    (a public one, without the scope chat:write.public), is_archived, restricted_action_read_only_channel,
    restricted_action_thread_only_channel, restricted_action_non_threadable_channel.
    """
    channel = _reachable(slack, wanted)
    need_open(channel)
    if channel.posting == "nothing":
        raise SlackError("restricted_action_read_only_channel")
    if channel.posting == "replies" and thread is None:
        raise SlackError("restricted_action_thread_only_channel")
    if thread is not None and not channel.is_threadable:
        raise SlackError("restricted_action_non_threadable_channel")
    return channel


def need_open(channel: Channel) -> None:
    """Raises SlackError is_archived."""
    if channel.is_archived:
        raise SlackError("is_archived")


def thread_to_post(slack: Simulation, channel: Channel, thread: str | None) -> str | None:
    """The thread a reply ends up in: None if the thread_ts is unknown, as Slack then posts to the channel itself.

    Raises SlackError cannot_reply_to_message, for messages of Slackbot.
    """
    if thread is None or not slack.workspace.has_thread(channel.id, thread):
        return None
    root = slack.workspace.find_message(channel.id, thread)
    if root and root.user == SLACKBOT:
        raise SlackError("cannot_reply_to_message")
    return thread


def _reachable(slack: Simulation, wanted: str) -> Channel:
    workspace = slack.workspace
    person = workspace.find_person(wanted)
    if person and person.kind in {"member", "guest"}:
        return workspace.direct_messages(person.id)
    channel = workspace.channels.get(wanted) or workspace.channel_named(wanted.removeprefix("#"))
    if channel is None:
        raise SlackError("channel_not_found")
    if BOT_USER in channel.members:
        return channel
    if channel.is_private:
        raise SlackError("channel_not_found")
    if "chat:write.public" not in slack.settings.scopes:
        raise SlackError("not_in_channel")
    return channel


def message_of(args: Arguments) -> tuple[str, list[Json]]:
    """The text and blocks of a message, checked.

    Raises SlackError: no_text, msg_too_long (40,000 characters), msg_blocks_too_long, invalid_blocks_format,
    invalid_blocks, and invalid_attachments for what the sandbox does not know.
    """
    blocks = args.structure("blocks", "invalid_blocks_format") or []
    if args.structure("attachments", "invalid_attachments"):
        raise SlackError("invalid_attachments")
    text = args.text("text") or ""
    check_text_and_blocks({"text": text, "blocks": blocks})
    if block_characters(blocks) > MESSAGE_BLOCK_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return text, blocks if isinstance(blocks, list) else []


def check_text_and_blocks(payload: Mapping[str, object]) -> None:
    """Refuse what Slack refuses, with its word for it. Raises SlackError as message_of does."""
    problems = check_message(payload)
    if not problems:
        return
    if problems[0].pointer == "/text":
        raise SlackError("no_text" if problems[0].code == "missing_field" else "msg_too_long")
    raise refusal("invalid_blocks", problems)
