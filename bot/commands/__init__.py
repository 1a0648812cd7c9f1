"""From what a person typed to a typed call of a handler, or to a correction."""

from bot.commands.command import Command, CommandSet, Here, Which
from bot.commands.forms import Field, Form, Value, form_of, quoted, render
from bot.commands.grammar import Call, Correction, Grammar, Help, Incomplete
from bot.commands.parameters import Suggest
from bot.commands.reader import read

__all__ = [
    "Call",
    "Command",
    "CommandSet",
    "Correction",
    "Field",
    "Form",
    "Grammar",
    "Help",
    "Here",
    "Incomplete",
    "Suggest",
    "Value",
    "Which",
    "form_of",
    "quoted",
    "read",
    "render",
]
