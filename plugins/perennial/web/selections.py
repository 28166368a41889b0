"""What a reader picked above a dashboard and in its widgets: an address in; day, period and filters out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from perennial.web.dashboards import Dashboard
from perennial.web.days import days_of
from perennial.web.filters import MOST_VALUES
from perennial.web.periods import ENDED, Period, reach
from perennial.web.store import Store

Asked = Mapping[str, str | Sequence[str]]
"""An address's query: `pick.<column>` are values picked in a widget, `from.<column>` is that widget."""
_PICK = re.compile(r"pick\.(\w{1,63})")


@dataclass(frozen=True)
class Wish:
    """Rows that are wanted alone: by the values of a column, of which none is empty."""

    title: str
    column: str
    """Its name, or `table.column`."""
    values: tuple[str, ...]
    filter: str = ""
    """The name of the filter that says so, if it is one."""
    source: str = ""
    """The widget in which it was picked; that one shows all of its rows."""


@dataclass(frozen=True)
class Selection:
    """The last day shown, how far back, a value for each filter, and what is wanted alone."""

    day: date
    period: Period
    filters: dict[str, str | list[str]]
    upon: date | None = None
    """The day from which the period is counted, where that is not the last day shown."""
    wishes: tuple[Wish, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    """The columns of the filters that have one, without their tables."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What is bound to `$day`, `$from_day` and the filters' names."""
        from_day, _ = reach(self.period, self.upon or self.day)
        return {"day": self.day, "from_day": from_day, **self.filters}

    @property
    def picks(self) -> tuple[Wish, ...]:
        """What was picked in widgets."""
        return tuple(wish for wish in self.wishes if not wish.filter)


def select(
    dashboard: Dashboard, day: date, period: Period | None, asked: Asked, upon: date | None = None
) -> Selection:
    """Complete what was asked for with the dashboard's defaults; unknown names are ignored.

    A pick that comes without its widget, from another dashboard, is taken by the filter of its column.
    """
    picked = {wish.column: wish for wish in _picked(asked)}
    filters: dict[str, str | list[str]] = {}
    for known in dashboard.filters:
        said = asked.get(known.name)
        if known.field in picked and not picked[known.field].source:
            brought = picked.pop(known.field).values
            said = brought if said is None else said
        filters[known.name] = known.taken(said)
    wishes = [
        Wish(known.title, known.column or "", _listed(filters[known.name]), known.name)
        for known in dashboard.filters
        if known.narrows and filters[known.name]
    ]
    whole = dashboard.period if period is None else period
    columns = {known.name: known.field for known in dashboard.filters if known.column}
    return Selection(day, whole, filters, upon, (*wishes, *picked.values()), columns)


def chosen(
    dashboard: Dashboard, store: Store, day: date | None, period: Period | None, asked: Asked
) -> Selection:
    """The same for a day that may be left to the dashboard: its latest, or the last one of its period.

    :raises StoreError: the store did not answer.
    """
    if day is not None and (dashboard.period if period is None else period) not in ENDED:
        return select(dashboard, day, period, asked)
    days = days_of(dashboard, store, day, period)
    return select(dashboard, days.shown, period, asked, days.upon)


def _picked(asked: Asked) -> Iterator[Wish]:
    for key, said in asked.items():
        if (match := _PICK.fullmatch(key)) and (values := _listed(said)):
            column = match[1]
            source = _listed(asked.get(f"from.{column}", ""))
            yield Wish(
                column.replace("_", " ").capitalize(), column, values, source=source[0] if source else ""
            )


def _listed(said: str | Sequence[str]) -> tuple[str, ...]:
    values = (said,) if isinstance(said, str) else tuple(said)
    return tuple(value for value in values if value)[:MOST_VALUES]
