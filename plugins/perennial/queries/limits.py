"""How much one query may use."""

from dataclasses import dataclass

from perennial.queries.errors import QueryError


@dataclass(frozen=True)
class Limits:
    """Of one query; each has an error of its own, which says what to do."""

    seconds: float = 60
    megabytes: int = 2_048
    """Of the whole process that runs it."""
    rows: int | None = 10_000
    """Of the result; None: all of them."""
    result_megabytes: int = 32
    """Of a result that is kept to be shown; downloads have no such limit."""
    threads: int = 2


SHOWN = Limits()
"""Of a query whose result is shown on a page, or asked for over HTTP."""
WHOLE = Limits(seconds=900, rows=None)
"""Of downloads and scheduled queries: all rows, and more time."""
LONGEST = 200_000
"""Characters of a query."""


def out_of_time(limits: Limits) -> QueryError:
    """The error of a query whose time is over."""
    return QueryError(
        "timeout",
        f"The query took longer than {limits.seconds:g} seconds and was stopped.",
        "Read fewer days or columns, group before joining, or make it a scheduled query.",
    )


def out_of_memory(limits: Limits) -> QueryError:
    """The error of a query that needs too much memory."""
    return QueryError(
        "memory",
        f"The query needs more than {limits.megabytes:,} MB of memory and was stopped.",
        "Check that joins have a condition, group or filter earlier, or select fewer columns.",
    )
