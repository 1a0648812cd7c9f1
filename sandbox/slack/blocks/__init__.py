"""Whether Slack would take a message or a view: its Block Kit rules, every limit at every depth."""

from sandbox.slack.blocks.shapes import Problem
from sandbox.slack.blocks.surfaces import check_blocks, check_message, check_options, check_view

__all__ = ["Problem", "check_blocks", "check_message", "check_options", "check_view"]
