"""Which days a dashboard can show, and which it shows: its `days` and the reader's wish in, one day out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from perennial.web.dashboards import Dashboard
from perennial.web.periods import ENDED, Period, reach
from perennial.web.store import Store


@dataclass(frozen=True)
class Days:
    """The days that are there, ascending, and the one that is shown."""

    available: tuple[date, ...]
    shown: date
    upon: date | None = None
    """The day that was picked, where its period ended before it."""

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


def days_of(dashboard: Dashboard, store: Store, wanted: date | None, period: Period | None = None) -> Days:
    """Ask the store which days a dashboard can show, and pick one; the dashboard's own period by default.

    :raises StoreError: the store did not answer.
    """
    rows = store.query(dashboard.days, limit=20_000).rows
    picked = pick([row[0] for row in rows if row[0] is not None], wanted)
    return ended(picked, dashboard.period if period is None else period)


def ended(days: Days, period: Period) -> Days:
    """With a period that is over, such as the last month, its last day that is there is shown."""
    if period not in ENDED:
        return days
    _, last = reach(period, days.shown)
    return Days(days.available, max((day for day in days.available if day <= last), default=last), days.shown)
