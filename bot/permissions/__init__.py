"""permissions.yaml → a pure decision with its reason. No I/O in the decision."""

from bot.permissions.decision import Decision, Presumed, Verdict, confirmation_for, decide, may_approve, may_use
from bot.permissions.people import Actor, Person, Place
from bot.permissions.policy import ConfirmationRule, Policy, Rule

__all__ = [
    "Actor",
    "ConfirmationRule",
    "Decision",
    "Person",
    "Place",
    "Policy",
    "Presumed",
    "Rule",
    "Verdict",
    "confirmation_for",
    "decide",
    "may_approve",
    "may_use",
]
