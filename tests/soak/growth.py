"""Series of samples in, a verdict out: does something grow without bound?

The slope is Theil and Sen's: the median of the slopes of all pairs, which a few outliers (garbage that is
collected, a task at work at that moment) do not move. Something grows if even the lower end of the slope's
interval is above what is allowed in an hour.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import theilslopes

CONFIDENCE = 0.99
HOUR = 3600.0
MEBIBYTE = 2**20
SHARE = 0.05
"""Of what a process has: so much more memory in an hour is no leak, as caches and the allocator go."""
ALLOWED = {"memory": 8 * MEBIBYTE, "files": 6.0, "threads": 3.0, "connections": 3.0, "processes": 3.0}
"""By what is measured, how much more of it in an hour."""


@dataclass(frozen=True)
class Growth:
    """What became of one quantity of one process over the second half of the time."""

    kind: str
    """A key of `ALLOWED`."""
    typical: float
    """The median."""
    greatest: float
    per_hour: float
    low: float
    high: float
    """The ends of the slope's interval."""

    @property
    def allowed(self) -> float:
        """In an hour."""
        share = SHARE * self.typical if self.kind == "memory" else 0.0
        return max(ALLOWED[self.kind], share)

    @property
    def unbounded(self) -> bool:
        """Whether it grows by more than is allowed, as surely as `CONFIDENCE` says."""
        return self.low > self.allowed


def growth(kind: str, seconds: ArrayLike, values: ArrayLike) -> Growth:
    """Over the second half of the time; what was before is warming up."""
    at, found = np.asarray(seconds, float), np.asarray(values, float)
    late = at >= (at[0] + at[-1]) / 2
    at, found = at[late], found[late]
    slope, _, low, high = theilslopes(found, at / HOUR, CONFIDENCE)
    return Growth(kind, float(np.median(found)), float(found.max()), float(slope), float(low), float(high))
