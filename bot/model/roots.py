"""The secret of a deployment, from which every key is derived."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Root:
    """The secret in use, and the one before it, which only opens what was sealed with it."""

    secret: str = field(repr=False)
    former: str | None = field(default=None, repr=False)
