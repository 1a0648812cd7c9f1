"""From what a person typed to a typed call of a handler, or to a correction."""

from bot.commands.command import Command, CommandSet, Here, Which
from bot.commands.grammar import Call, Correction, Grammar, Help
from bot.commands.reader import read

__all__ = ["Call", "Command", "CommandSet", "Correction", "Grammar", "Help", "Here", "Which", "read"]
