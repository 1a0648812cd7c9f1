"""chat.* and blocks.validate."""

from collections.abc import Mapping

from sandbox.slack.arguments import Arguments, Method
from sandbox.slack.blocks import check_blocks, check_message, check_view
from sandbox.slack.errors import SlackError, refusal
from sandbox.slack.model import BOT_USER, Json, StoredMessage
from sandbox.slack.objects import message_object
from sandbox.slack.posting import channel_to_post, message_of, need_open, thread_to_post
from sandbox.slack.rates import HUNDREDS, POSTING, TIER_3, TIER_4
from sandbox.slack.simulation import Simulation

_EDITED_TEXT = 4000


def post_message(slack: Simulation, args: Arguments) -> Json:
    """Post to everybody in a channel."""
    thread = args.text("thread_ts")
    channel = channel_to_post(slack, args.required("channel"), thread)
    text, blocks = message_of(args)
    thread = thread_to_post(slack, channel, thread)
    broadcast = thread is not None and args.flag("reply_broadcast")
    message = slack.workspace.post(channel.id, BOT_USER, text, blocks, thread_ts=thread, broadcast=broadcast)
    return {"channel": channel.id, "ts": message.ts, "message": message_object(message)}


def post_ephemeral(slack: Simulation, args: Arguments) -> Json:
    """Post to one person in a channel."""
    thread = args.text("thread_ts")
    channel = channel_to_post(slack, args.required("channel"), thread)
    person = slack.workspace.find_person(args.required("user"))
    if person is None or person.id not in channel.members:
        raise SlackError("user_not_in_channel")
    text, blocks = message_of(args)
    thread = thread_to_post(slack, channel, thread)
    message = slack.workspace.post(channel.id, BOT_USER, text, blocks, only_for=person.id, thread_ts=thread)
    return {"message_ts": message.ts}


def update(slack: Simulation, args: Arguments) -> Json:
    """Change a message. Text without blocks takes the blocks away; blocks without text leave the text.

    The text of an edit is shorter than that of a message: 4,000, which Slack was seen to count in bytes.
    """
    message = _own_message(slack, args, "ts", "cant_update_message")
    text, blocks = message_of(args)
    if len(text.encode()) > _EDITED_TEXT:
        raise SlackError("msg_too_long")
    slack.workspace.change_message(message, text or message.text, blocks)
    return {
        "channel": message.channel,
        "ts": message.ts,
        "text": message.text,
        "message": message_object(message),
    }


def delete(slack: Simulation, args: Arguments) -> Json:
    """Delete a message."""
    message = _own_message(slack, args, "ts", "cant_delete_message")
    slack.workspace.delete_message(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(slack: Simulation, args: Arguments) -> Json:
    """Tell the address of a message: on the sandbox's page."""
    message = _message(slack, args, "message_ts")
    link = f"{slack.settings.public_url}/?channel={message.channel}&ts={message.ts}"
    return {"channel": message.channel, "permalink": link}


def validate(_: Simulation, args: Arguments) -> Json:
    """Check blocks, a message or a view; exactly one of them."""
    given = [name for name in ("blocks", "message", "view") if args.has(name)]
    if len(given) != 1:
        raise SlackError("invalid_arguments")
    value = args.structure(given[0], "invalid_arguments")
    if given[0] == "blocks":
        problems = check_blocks(value)
    elif isinstance(value, Mapping):
        problems = check_message(value) if given[0] == "message" else check_view(value)
    else:
        raise SlackError("invalid_arguments")
    if problems:
        raise refusal(f"invalid_{given[0]}", problems)
    return {}


def _message(slack: Simulation, args: Arguments, ts: str) -> StoredMessage:
    channel = slack.workspace.channels.get(args.required("channel"))
    if channel is None or (channel.is_private and BOT_USER not in channel.members):
        raise SlackError("channel_not_found")
    message = slack.workspace.find_message(channel.id, args.required(ts))
    if message is None:
        raise SlackError("message_not_found")
    return message


def _own_message(slack: Simulation, args: Arguments, ts: str, refused: str) -> StoredMessage:
    message = _message(slack, args, ts)
    need_open(slack.workspace.channels[message.channel])
    if message.user != BOT_USER or message.only_for:
        raise SlackError(refused)
    return message


CHAT_METHODS: Mapping[str, Method] = {
    "chat.postMessage": Method(post_message, POSTING, "chat:write"),
    "chat.postEphemeral": Method(post_ephemeral, TIER_4, "chat:write"),
    "chat.update": Method(update, TIER_3, "chat:write"),
    "chat.delete": Method(delete, TIER_3, "chat:write"),
    "chat.getPermalink": Method(get_permalink, HUNDREDS),
    "blocks.validate": Method(validate, TIER_4),
}
