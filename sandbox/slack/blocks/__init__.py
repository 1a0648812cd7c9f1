"""Whether Slack would take a message or a view: its Block Kit rules, every limit at every depth."""

from sandbox.slack.blocks.shapes import Problem
from sandbox.slack.blocks.surfaces import (
    MESSAGE_BLOCK_CHARACTERS,
    block_characters,
    check_blocks,
    check_message,
    check_options,
    check_view,
)

__all__ = [
    "MESSAGE_BLOCK_CHARACTERS",
    "Problem",
    "block_characters",
    "check_blocks",
    "check_message",
    "check_options",
    "check_view",
]
