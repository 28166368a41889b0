"""A batch's good rows in; verdicts on what is expected of them, kept in the lake, out."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from perennial.errors import TerminalError
from perennial.lake.catalog import Lake
from perennial.lake.signals import EXPECTATIONS
from perennial.signals.dataset import Dataset
from perennial.signals.expectations import Counts, Verdict, judged, measured


class ExpectationBreached(TerminalError):
    """A batch is not what was expected of it, and its dataset says to stop then: nothing was taken."""


def check(
    lake: Lake,
    dataset: Dataset,
    batch: str,
    source: str,
    day: date | None,
    rows: pl.LazyFrame,
    counts: Counts,
    now: datetime,
    *,
    accept: bool = False,
) -> list[Verdict]:
    """Judge a batch, or a day, and keep the verdicts; those of earlier attempts stay below them."""
    if not dataset.expectations:
        return []
    end = datetime.combine(day, time(), UTC) + timedelta(days=1) if day else now
    found = measured(rows, counts, dataset.expectations, end)
    verdicts = judged(dataset.expectations, found, _before(lake, dataset, source, batch, day), accept=accept)
    facts = {"dataset": dataset.name, "batch": batch, "source": source, "day": day, "at": now}
    kept = [{**facts, **asdict(each)} for each in verdicts]
    lake.expectations.append(pl.DataFrame(kept, schema=EXPECTATIONS))
    return verdicts


def refuse(batch: str, verdicts: Sequence[Verdict], taken: str = "nothing was taken") -> None:
    """Raise `ExpectationBreached` where one of them stops."""
    if stopping := [each.said for each in verdicts if each.stops]:
        raise ExpectationBreached(
            f"{batch} is not what is expected: {'; '.join(stopping)}. {taken[0].upper()}{taken[1:]}, and no "
            "other stage has started. Correct the source and run the Dag again, or, if the data is right, "
            "run it with accept_breach once; for good, change `expectations` in the dataset's document"
        )


def newest(lake: Lake, dataset: str | None = None) -> pl.LazyFrame:
    """The last verdict on each expectation of each batch, of one dataset or of all."""
    rows = lake.expectations.scan()
    rows = rows.filter(dataset=dataset) if dataset else rows
    return rows.sort("at").unique(["dataset", "batch", "expectation"], keep="last", maintain_order=True)


def _before(
    lake: Lake, dataset: Dataset, source: str, batch: str, day: date | None
) -> dict[str, list[float]]:
    """What was found on earlier days, or in earlier batches without a day: of what was taken."""
    asking = {each.name: each.of_days for each in dataset.expectations if each.within is not None}
    if not asking:
        return {}
    stopped = (pl.col("outcome") == "breached") & (pl.col("on_breach") == "stop")
    taken = newest(lake, dataset.name).filter(
        pl.col("source") == source, ~stopped, pl.col("found").is_not_null()
    )
    if day is None:
        others = (pl.col("batch") != batch) & pl.col("day").is_null()
        rows = taken.filter(others).sort("at", descending=True).collect()
    else:
        rows = taken.filter(pl.col("day") < day).sort("day", descending=True).collect()
    before = {}
    for name, days in asking.items():
        own = rows.filter(expectation=name)
        own = own.head(days) if day is None else own.filter(pl.col("day") >= day - timedelta(days=days))
        before[name] = own["found"].to_list()
    return before
