"""Where the records are kept in Redis, and what points to them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    """Where things are kept."""

    waiting: str = "quaymaster:confirmations:waiting"
    """Pending and approved records by the time of their expiry."""
    due: str = "quaymaster:confirmations:due"
    """Approved records by the time from which on a worker may take them."""
    running: str = "quaymaster:confirmations:running"
    """Executing records by the time they were claimed."""
    reminders: str = "quaymaster:confirmations:reminders"
    """Pending records by the time at which approvers are to be reminded of them."""
    looks: str = "quaymaster:confirmations:looks"
    """Records whose outcome is unknown by the time at which Quay is asked again."""
    undelivered: str = "quaymaster:confirmations:owed"
    """Records of whose last step people have not been told, by the version that the step made."""

    def record(self, record_id: str) -> str:
        """The sealed value of one record."""
        return f"quaymaster:confirmation:{record_id}"

    def target(self, target: str) -> str:
        """The live records that speak of a target, by the time at which they were made."""
        return f"quaymaster:confirmations:target:{target}"

    def delivering(self, record_id: str) -> str:
        """Which process is delivering a record."""
        return f"quaymaster:confirmation:{record_id}:delivering"

    def announced(self, record_id: str) -> str:
        """Which outcome was announced."""
        return f"quaymaster:confirmation:{record_id}:announced"

    def reminding(self, record_id: str) -> str:
        """Who is reminding people of a record."""
        return f"quaymaster:confirmation:{record_id}:reminding"

    def quarantined(self, record_id: str) -> str:
        """That a record was quarantined, and that recorded."""
        return f"quaymaster:confirmation:{record_id}:aside"
