"""What is asked, in one place: sums of three metrics over six lookbacks, ranked overall and by tier.

A rank is `NTILE(10)` by the sum, descending, ties by customer id, of those who have an event in the window.
"""

from collections.abc import Iterable
from datetime import date

from perennial.value.definition import ALL, ValueDefinition
from perennial.value.windows import windows

from .events import METRICS

__all__ = ["ALL", "AS_OF", "BUCKETS", "DEFINITION", "METRICS", "STARTS", "columns", "moment"]

AS_OF = date(2025, 12, 16)
BUCKETS = 10
DEFINITION = ValueDefinition.model_validate(
    {
        "name": "benchmark",
        "title": "Deciles of three metrics",
        "dataset": "events",
        "identity": "customer",
        "metrics": {name: {"sum": name} for name in METRICS},
        "dimensions": {"tier": {"column": "tier"}},
        "lookbacks": [1, 3, 6, 9, 12, "lifetime"],
        "buckets": BUCKETS,
    }
)
STARTS = {name: window.start for name, window in windows(DEFINITION, AS_OF).items()}
"""The first day of each lookback; all of them end before `AS_OF`."""


def columns(lookbacks: Iterable[str] = STARTS) -> list[str]:
    """The columns of sums in a wide answer; those of ranks end in `_decile`."""
    return [f"{metric}_{lookback}" for lookback in lookbacks for metric in METRICS]


def moment(day: date, kind: str = "TIMESTAMPTZ") -> str:
    """The day's midnight in UTC, in SQL."""
    return f"{kind} '{day} 00:00:00+00:00'"
