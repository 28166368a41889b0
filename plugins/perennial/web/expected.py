"""The lake in; what is expected of datasets, with the last verdict and a small line of those before, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from perennial.lake.catalog import Lake
from perennial.signals.expected import newest
from perennial.web.formats import amount_text
from perennial.web.pages import templates
from perennial.web.signals_state import lake_errors

TREND = 28
"""Values that are drawn."""
MOODS = {"broken": "bad", "late": "warn", "unusual": "warn", "fine": "good", "nothing yet": ""}
"""The colour of a state's badge, beside its word."""
templates.env.filters.update(word_mood=lambda word: MOODS[word], amount=amount_text)


@dataclass(frozen=True)
class Expected:
    """What is expected of a dataset: the last verdict, and what was found before."""

    expectation: str
    batch: str
    day: Any
    outcome: str
    found: float | None
    low: float | None
    high: float | None
    on_breach: str
    values: Sequence[float | None] = ()

    @property
    def points(self) -> str:
        """The values as a small line."""
        return points(self.values)


def expected_of(lake: Lake, dataset: str | None = None) -> dict[str, list[Expected]]:
    """By dataset: each expectation's last verdict and trend, those that are breached first."""
    with lake_errors():
        rows = newest(lake, dataset).sort("day", "at", nulls_last=False).collect()
    found: dict[str, list[Expected]] = {}
    for (name, expectation), own in rows.group_by(["dataset", "expectation"], maintain_order=True):
        last = own.sort("at").tail(1).row(0, named=True)
        values = own["found"].tail(TREND).to_list()
        facts = {key: last[key] for key in ("batch", "day", "outcome", "found", "low", "high", "on_breach")}
        found.setdefault(str(name), []).append(Expected(str(expectation), **facts, values=values))
    for each in found.values():
        each.sort(key=lambda one: one.outcome != "breached")
    return found


def points(values: Sequence[float | None], width: int = 96, height: int = 22) -> str:
    """A small line as SVG's points, the first value at the left; nothing for fewer than two."""
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    span, step = (high - low) or 1, (width - 4) / (len(values) - 1)
    return " ".join(
        f"{2 + n * step:.1f},{height - 2 - (value - low) / span * (height - 4):.1f}" for n, value in known
    )
