"""What a reader picked above a dashboard: an address in; the day, the period and the filters out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from perennial.web.dashboards import Dashboard
from perennial.web.days import days_of
from perennial.web.periods import ENDED, Period, reach
from perennial.web.store import Store


@dataclass(frozen=True)
class Selection:
    """The last day shown, how far back, and a value for each filter."""

    day: date
    period: Period
    filters: dict[str, str]
    upon: date | None = None
    """The day from which the period is counted, where that is not the last day shown."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What is bound to `$day`, `$from_day` and the filters' names."""
        from_day, _ = reach(self.period, self.upon or self.day)
        return {"day": self.day, "from_day": from_day, **self.filters}


def select(
    dashboard: Dashboard, day: date, period: Period | None, asked: Mapping[str, str], upon: date | None = None
) -> Selection:
    """Complete what was asked for with the dashboard's defaults; unknown names are ignored."""
    filters = {known.name: asked.get(known.name, known.default) for known in dashboard.filters}
    return Selection(day, dashboard.period if period is None else period, filters, upon)


def chosen(
    dashboard: Dashboard, store: Store, day: date | None, period: Period | None, asked: Mapping[str, str]
) -> Selection:
    """The same for a day that may be left to the dashboard: its latest, or the last one of its period.

    :raises StoreError: the store did not answer.
    """
    if day is not None and (dashboard.period if period is None else period) not in ENDED:
        return select(dashboard, day, period, asked)
    days = days_of(dashboard, store, day, period)
    return select(dashboard, days.shown, period, asked, days.upon)
