"""What a registry's configuration switches."""

from dataclasses import dataclass


@dataclass
class Features:
    """The settings of Quay that change its answers, and whether its background workers run at all.

    Nearly all features are on unless said otherwise. `quay_defaults` has Quay's own defaults.
    """

    super_users: bool = True
    superusers_full_access: bool = True
    config_dump: bool = True
    quota_management: bool = True
    edit_quota: bool = True
    verify_quota: bool = True
    auto_prune: bool = True
    repo_mirror: bool = True
    mailing: bool = False
    readonly: bool = False
    log_search: bool = True
    background_workers: bool = True
    browser_xhr_only: bool = True
    default_quota_bytes: int = 0

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
            mailing=True,
        )

    @property
    def quotas(self) -> bool:
        """Quota fields and routes are there only with both switches on."""
        return self.quota_management and self.edit_quota
