"""Which days a dashboard can show, and which it shows: its `days` and the reader's wish in, one day out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from perennial.web.dashboards import Dashboard
from perennial.web.store import Store

PERIODS: dict[int, str] = {7: "7 days", 30: "30 days", 90: "90 days", 365: "12 months", 0: "All time"}


@dataclass(frozen=True)
class Days:
    """The days that are there, ascending, and the one that is shown."""

    available: tuple[date, ...]
    shown: date

    @property
    def latest(self) -> date | None:
        """The last day that is computed."""
        return self.available[-1] if self.available else None

    @property
    def before(self) -> date | None:
        """The day that a step back leads to."""
        return max((day for day in self.available if day < self.shown), default=None)

    @property
    def after(self) -> date | None:
        """The day that a step forward leads to."""
        return min((day for day in self.available if day > self.shown), default=None)


def pick(available: list[date], wanted: date | None) -> Days:
    """The wanted day, or the last one before it that is there; the latest without a wish."""
    days = tuple(sorted(available))
    if not days:
        return Days((), wanted or datetime.now(UTC).date())
    if wanted is None:
        return Days(days, days[-1])
    return Days(days, max((day for day in days if day <= wanted), default=days[0]))


def days_of(dashboard: Dashboard, store: Store, wanted: date | None) -> Days:
    """Ask the store which days a dashboard can show.

    :raises StoreError: the store did not answer.
    """
    rows = store.query(dashboard.days, limit=20_000).rows
    return pick([row[0] for row in rows if row[0] is not None], wanted)
