"""What a registry's configuration switches."""

from dataclasses import dataclass


@dataclass
class Features:
    """The settings of Quay that change its answers, and whether its background workers run at all."""

    super_users: bool = True
    superusers_full_access: bool = True
    config_dump: bool = True
    quota_management: bool = True
    edit_quota: bool = True
    verify_quota: bool = True
    mailing: bool = False
    readonly: bool = False
    log_search: bool = True
    background_workers: bool = True
    browser_xhr_only: bool = True
    default_quota_bytes: int = 0

    @property
    def quotas(self) -> bool:
        """Quota fields and routes are there only with both switches on."""
        return self.quota_management and self.edit_quota
