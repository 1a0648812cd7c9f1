"""What becomes of the text that a person types."""

import re

from sandbox.slack.workspace import Workspace

_MARKS = re.compile(
    r"(?P<url>https?://[^\s|]+)"
    r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?<![\w@])@(?P<at>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)"
    r"|(?<![\w#&])#(?P<hash>[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)"
)
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escaped(workspace: Workspace, text: str, user: str, *, mentions: bool) -> str:
    """The text as Slack delivers it: `&`, `<` and `>` escaped, addresses and links in angle brackets.

    With `mentions` (a command's should_escape), people, channels and user groups that the person can see come
    with their ids.
    """

    def marked(found: re.Match[str]) -> str:
        if found["url"]:
            return f"<{found['url']}>"
        if found["mail"]:
            return f"<mailto:{found['mail']}|{found['mail']}>"
        mention = _mention(workspace, found, user) if mentions else None
        return mention or found[0]

    return _MARKS.sub(marked, text.translate(_ESCAPES))


def _mention(workspace: Workspace, found: re.Match[str], user: str) -> str | None:
    if found["hash"]:
        channel = workspace.channel_named(found["hash"])
        if channel is None or (channel.is_private and user not in channel.members):
            return None
        return f"<#{channel.id}|{channel.name}>"
    person = workspace.person_named(found["at"])
    if person:
        return f"<@{person.id}|{person.name}>"
    group = next((one for one in workspace.groups.values() if one.handle == found["at"]), None)
    return f"<!subteam^{group.id}|@{group.handle}>" if group else None
