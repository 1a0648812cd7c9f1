"""Quay's opaque page tokens: encrypted, and a token that can't be read means the first page."""

import json
from collections.abc import Sequence
from typing import Protocol, TypeVar

from cryptography.fernet import InvalidToken

from sandbox.quay.state import Registry


class Row(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> int:
        """What rows are ordered by."""
        ...


RowT = TypeVar("RowT", bound=Row)


def page(rows: Sequence[RowT], limit: int, start: int) -> tuple[list[RowT], int | None]:
    """Up to `limit` rows from the position `start` on, and the id that the next page starts with.

    A negative limit leaves that many rows off at the end, as slicing a Python list does.
    """
    rest = rows[start:]
    if limit < 0:
        return list(rest[:limit]), rest[limit].id if len(rest) >= -limit else None
    return list(rest[:limit]), rest[limit].id if len(rest) > limit else None


def token_of(registry: Registry, start_id: int) -> str:
    """The token of the page that begins with a row."""
    content = {"start_index": start_id, "page_number": 1, "is_datetime": False, "offset_val": 0}
    return registry.page_cipher.encrypt(json.dumps(content).encode()).decode()


def start_of(registry: Registry, token: str | None) -> int | None:
    """The id that a page begins with; None for the first page, and for a token that isn't one."""
    try:
        content = json.loads(registry.page_cipher.decrypt(token or ""))
    except InvalidToken:
        return None
    start = content["start_index"]
    return start if isinstance(start, int) else None
