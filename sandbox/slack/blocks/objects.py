"""Text, options and confirmation dialogs: what elements and blocks are made of."""

from collections.abc import Mapping

from sandbox.slack.blocks.shapes import Check, Node, each, either, flag, shape, string, tagged, word

OPTIONS = 100
URL = string(3000, 1)
ID = string(255, 1)


def plain(longest: int) -> Check:
    """A plain_text object."""
    return tagged({"plain_text": _plain(longest)}, "here")


def prose(longest: int) -> Check:
    """A text object of either type."""
    return tagged({"plain_text": _plain(longest), "mrkdwn": _mrkdwn(longest)}, "here")


def _plain(longest: int) -> Check:
    return shape({"text": string(longest, 1)}, {"emoji": flag})


def _mrkdwn(longest: int) -> Check:
    return shape({"text": string(longest, 1)}, {"verbatim": flag})


TEXTS: Mapping[str, Check] = {"plain_text": _plain(3000), "mrkdwn": _mrkdwn(3000)}

OPTION = shape({"text": plain(75), "value": string(150)}, {"description": plain(75)})
RICH_OPTION = shape({"text": prose(75), "value": string(150)}, {"description": prose(75)})
LINKED_OPTION = shape({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": URL})
OPTION_GROUP = shape({"label": plain(75), "options": each(OPTION, OPTIONS)})

CONFIRM = shape(
    {"title": plain(100), "text": prose(300), "confirm": plain(30), "deny": plain(30)},
    {"style": word("primary", "danger")},
)

SLACK_FILE = shape({}, {"id": ID, "url": URL}, either("id", "url"))
IMAGE_SOURCE: Mapping[str, Check] = {"image_url": URL, "slack_file": SLACK_FILE}
IMAGE = shape({"alt_text": string(2000)}, IMAGE_SOURCE, either("image_url", "slack_file"))


def chosen_among(name: str) -> Check:
    """A rule of elements: what is chosen from the start must be one of the options."""

    def check(node: Node) -> None:
        initial = node.at(name)
        if initial.value is None:
            return
        groups = [*node.at("option_groups").items()] or [node]
        options = [option.value for group in groups for option in group.at("options").items()]
        for one in initial.items() if isinstance(initial.value, list) else [initial]:
            if one.value not in options:
                one.complain("must be one of the options")

    return check
