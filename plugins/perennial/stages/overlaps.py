"""Two audiences in; how many people are in each, and in both, exactly, out."""

import time
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from perennial.audiences.comparisons import Where
from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import ASIDE, in_order, published
from perennial.stages.audiences import asked
from perennial.stages.estimates import newest_profiles
from perennial.stages.workspace import Workspace


@dataclass(frozen=True)
class Overlap:
    """Of all people, how many are in one audience, in the other, and in both; counted, not extrapolated."""

    size: int
    other_size: int
    both: int
    people: int
    other: str
    other_title: str
    as_of: date
    snapshot: int
    """Of the table of profiles."""
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """As plain values, with what part of each audience is in the other, and Jaccard's index."""
        return {
            **asdict(self),
            "share": self._of(self.size),
            "other_share": self._of(self.other_size),
            "jaccard": self._of(self.size + self.other_size - self.both),
        }

    def _of(self, people: int) -> float:
        return self.both / people if people else 0.0


def overlap(workspace: Workspace, audience: Audience, other: str) -> Overlap:
    """An audience, as it is or as it is being changed, and a published one, as of the newest profiles.

    Raises `RuleError`.
    """
    begun, daily = time.perf_counter(), newest_profiles(workspace, audience)
    known = published(workspace.audiences)
    if other not in known:
        raise Where(audience.name).error(f"there is no published audience {other} to compare it with")
    in_order({**known, audience.name: audience}, workspace.consents, [audience.name])
    if workspace.audiences.get(audience.name) != audience:
        # The others speak of it as it is published.
        audience = audience.model_copy(update={"name": ASIDE})
    every, names = {**known, audience.name: audience}, [audience.name, other]
    found = asked(workspace, daily.scan(workspace), every, names, daily.midnight)
    one, two = pl.col(audience.name), pl.col(other)
    counts = found.select(one.sum(), other=two.sum(), both=(one & two).sum(), people=pl.len())
    size, other_size, both, everybody = counts.collect(engine="streaming").row(0)
    return Overlap(
        size,
        other_size,
        both,
        everybody,
        other,
        known[other].title,
        daily.day,
        daily.snapshot,
        time.perf_counter() - begun,
    )
