"""How large a deployment is, and what its audiences, namespaces and days are called."""

from dataclasses import dataclass
from datetime import date, timedelta

FIRST = date(2025, 1, 1)
NAMESPACES = ["card", "cookie", "device", "email", "email_sha256", "loyalty", "phone"]
DESTINATIONS = 5


@dataclass(frozen=True)
class Size:
    """Of a deployment."""

    people: int
    audiences: int
    days: int = 365
    scored: int = 30
    """Days at the end on which people were scored."""

    @property
    def last(self) -> date:
        """The last day of the year, as tables have it."""
        return FIRST + timedelta(days=self.days)
