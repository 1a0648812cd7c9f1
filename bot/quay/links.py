"""Addresses of the registry's own pages, for answers that name something people can look at there."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

Tab = Literal["servicekeys", "organizations", "users", "logs"]


@dataclass(frozen=True)
class RegistryLinks:
    """The pages under one registry's address."""

    base: str

    def organization(self, name: str) -> str:
        """An organization's page."""
        return self._page("organization", name)

    def user(self, name: str) -> str:
        """A user's page."""
        return self._page("user", name)

    def namespace(self, namespace: str) -> str:
        """The page of `NAME` or of `user:NAME`."""
        name = namespace.removeprefix("user:")
        return self.organization(name) if name == namespace else self.user(name)

    def superuser(self, tab: Tab) -> str:
        """A tab of the page that only superusers see."""
        return f"{self._page('superuser')}?tab={tab}"

    def _page(self, *path: str) -> str:
        return "/".join([self.base.rstrip("/"), *(quote(part, safe="") for part in path)])
