"""Pending confirmations: what they are (`record`), and where they are kept (`store`)."""

from bot.confirmations.record import (
    LIVE,
    Approval,
    Card,
    Offer,
    Record,
    Refused,
    State,
    approve,
    claim,
    close,
    expire,
    finish,
    intend,
    make_stale,
    release,
    show_on,
)
from bot.confirmations.store import Confirmations, Missing, Noted

__all__ = [
    "LIVE",
    "Approval",
    "Card",
    "Confirmations",
    "Missing",
    "Noted",
    "Offer",
    "Record",
    "Refused",
    "State",
    "approve",
    "claim",
    "close",
    "expire",
    "finish",
    "intend",
    "make_stale",
    "release",
    "show_on",
]
