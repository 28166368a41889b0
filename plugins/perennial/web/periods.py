"""Periods that a dashboard looks back over: days, a calendar's month or year, or a first day in; days out."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

Calendar = Literal["this_month", "last_month", "this_year", "last_year"]
ENDED: frozenset[Any] = frozenset({"last_month", "last_year"})
"""Those that are over: with them a dashboard shows the last day of the period, not the day itself."""
BEGINNING = date(1, 1, 1)
LONGEST = 36_600


def _read(said: Any) -> Any:
    if isinstance(said, str) and said not in get_args(Calendar):
        try:
            said = int(said) if said.isdecimal() else date.fromisoformat(said)
        except ValueError:
            raise ValueError(_EXPECTED) from None
    if isinstance(said, bool) or (isinstance(said, int) and not 0 <= said <= LONGEST):
        raise ValueError(_EXPECTED)
    return said


_EXPECTED = (
    f"expected a number of days up to {LONGEST:,} (0: all), {', '.join(get_args(Calendar))}, "
    "or the first day, such as 2017-01-31"
)
Period = Annotated[int | Calendar | date, BeforeValidator(_read)]
"""So many days up to and with the day, 0 for all of them; a month or a year; or all since a first day."""

PERIODS: dict[int | Calendar, str] = {
    7: "Last 7 days",
    30: "Last 30 days",
    90: "Last 90 days",
    365: "Last 12 months",
    "this_month": "This month",
    "last_month": "Last month",
    "this_year": "This year",
    "last_year": "Last year",
    0: "All time",
}
"""What is offered, beside a first day of one's own."""


def reach(period: Period, day: date) -> tuple[date, date]:
    """The first and the last day of a period as of a day; both are in it."""
    month = day.replace(day=1)
    year = month.replace(month=1)
    if period == "this_month":
        return month, day
    if period == "this_year":
        return year, day
    if period in ENDED:
        after = month if period == "last_month" else year
        last = max(after, BEGINNING + timedelta(days=1)) - timedelta(days=1)
        return (last.replace(day=1) if period == "last_month" else last.replace(month=1, day=1)), last
    if isinstance(period, date):
        return period, day
    days = int(period)
    return (day - timedelta(days=days - 1) if days and (day - BEGINNING).days >= days else BEGINNING), day


def period_text(period: Period, written: str = "") -> str:
    """A period as people say it; `written` is its first day as they write it."""
    if isinstance(period, date):
        return f"Since {written or period}"
    return PERIODS.get(period, f"Last {period} days")
