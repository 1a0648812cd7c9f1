"""What a registry's configuration switches."""

from dataclasses import dataclass
from typing import Literal, get_args

Authentication = Literal["Database", "LDAP", "JWT", "Keystone", "OIDC", "AppToken"]
"""Where Quay's users come from: its own database, or somewhere else, where it makes none and changes no password."""


@dataclass
class Features:
    """The settings of Quay that change its answers, and whether its background workers run at all.

    Nearly all features are on unless said otherwise. `quay_defaults` has Quay's own defaults. `mail_server` is
    whether the one that `mailing` needs can be reached.
    """

    super_users: bool = True
    superusers_full_access: bool = True
    config_dump: bool = True
    quota_management: bool = True
    edit_quota: bool = True
    verify_quota: bool = True
    auto_prune: bool = True
    repo_mirror: bool = True
    proxy_cache: bool = True
    mailing: bool = False
    mail_server: bool = True
    authentication: Authentication = "Database"
    readonly: bool = False
    log_search: bool = True
    background_workers: bool = True
    browser_xhr_only: bool = True
    default_quota_bytes: int = 0
    server_hostname: str = "quay.sandbox.example"

    def __post_init__(self) -> None:
        if self.authentication not in get_args(Authentication):
            raise ValueError(f"authentication is one of {', '.join(get_args(Authentication))}")

    @classmethod
    def quay_defaults(cls) -> "Features":
        """The features of a Quay whose configuration file names none (from Quay's `config.py`)."""
        return cls(
            superusers_full_access=False,
            config_dump=False,
            quota_management=False,
            edit_quota=True,
            verify_quota=True,
            auto_prune=False,
            repo_mirror=False,
            proxy_cache=False,
            mailing=True,
        )

    @property
    def quotas(self) -> bool:
        """Quota fields and routes are there only with both switches on."""
        return self.quota_management and self.edit_quota
