"""A value document and a day in, the range of days of each lookback out."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from perennial.value.definition import ValueDefinition

FIRST = date(1, 1, 1)


@dataclass(frozen=True)
class Window:
    """Days from `start` to `end`, which is exclusive."""

    start: date
    end: date

    def holds(self, day: date) -> bool:
        return self.start <= day < self.end


def windows(definition: ValueDefinition, as_of: date) -> dict[str, Window]:
    """The days that each lookback takes in, by its name.

    With `semantics: cumulative` the windows are those of the reference's published SQL: they have no start,
    and end where the next shorter lookback's window would begin, were all of them laid end to end.
    """
    cut = as_of.replace(day=1) if definition.align == "month" else as_of
    found, passed = {}, 0
    lookbacks = definition.windows()
    for name, months in sorted(lookbacks.items(), key=lambda each: each[1] or 0):
        if months is None:
            found[name] = Window(FIRST, cut)
        elif definition.semantics == "trailing":
            found[name] = Window(months_before(cut, months), cut)
        else:
            end = months_before(cut, passed)
            start = FIRST if definition.semantics == "cumulative" else months_before(cut, passed + months)
            found[name] = Window(start, end)
            passed += months
    return {name: found[name] for name in lookbacks}


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or the last one of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        return FIRST
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def days_between(first: date, last: date) -> list[date]:
    """All days from the first to the last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def touched(definition: ValueDefinition, days: Iterable[date], as_of: date) -> bool:
    """Whether what happened on any of these days counts as of another."""
    every = windows(definition, as_of).values()
    return any(window.holds(day) for day in days for window in every)
