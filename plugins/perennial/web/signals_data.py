"""The lake and the datasets' documents in; states of datasets, pages of batches and their lives out."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from perennial.lake.catalog import Lake
from perennial.signals.batches import Batch, Batches, Status
from perennial.signals.dataset import Dataset
from perennial.web.signals_quarantine import open_counts
from perennial.web.signals_state import Signals, lake_errors

PAGE = 50
DAGS = {"stream": "signals_stream", "replay": "signals_replay", "upload": "signals_uploads"}
"""The Dag that takes a batch of each source; files of the landing zone have two."""
SOURCES = ("files", "upload", "stream", "replay")
WRONG = (Status.FAILED, Status.STALLED)
"""States that a person should look at."""


@dataclass(frozen=True)
class Page:
    """One page of a longer list; `number` counts from 1."""

    rows: list[dict[str, Any]]
    total: int
    number: int
    size: int = PAGE

    @property
    def first(self) -> int:
        """The number of the first row, 0 if there is none."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))


@dataclass(frozen=True)
class DatasetState:
    """A dataset as the overview shows it."""

    document: Dataset
    sources: tuple[str, ...]
    """What it can come from, in words."""
    dag: str
    """The Dag to run if nothing has come yet."""
    last: dict[str, Any] | None
    """The newest batch."""
    newest: date | None
    """The last day of which rows were taken: a batch's day, or the day on which it came."""
    taken: int
    open: int
    corrected: int


@lake_errors()
def overview(signals: Signals) -> list[DatasetState]:
    """Every dataset that has a document, in the order of their names."""
    batches = Batches(signals.lake.batches).current()
    taken = pl.col("status") == Status.SUCCESS
    by_dataset = batches.sort("at", "batch").group_by("dataset")
    came = pl.col("at").dt.date()
    # When a history was loaded says nothing of how new its rows are: it counts where there is nothing else.
    day = pl.coalesce("day", pl.when(pl.col("source") != "files").then(came))
    newest, last = pl.collect_all(
        [
            batches.filter(taken)
            .group_by("dataset")
            .agg(pl.coalesce(day.max(), came.max()), pl.col("accepted").sum()),
            by_dataset.last(),
        ]
    )
    days = {name: (day, accepted) for name, day, accepted in newest.iter_rows()}
    lasts = {row["dataset"]: row for row in last.iter_rows(named=True)}
    return [
        DatasetState(
            document=document,
            sources=sources_of(document),
            dag=first_dag(document),
            last=lasts.get(name),
            newest=days.get(name, (None, 0))[0],
            taken=days.get(name, (None, 0))[1],
            **open_counts(signals.lake, name),
        )
        for name, document in signals.datasets().items()
    ]


@lake_errors()
def batches_page(
    lake: Lake, dataset: str = "", state: str = "", source: str = "", page: int = 1, size: int = PAGE
) -> Page:
    """Batches as they are now, the newest first; an empty filter lets all pass, the state `attention` two."""
    wanted = {name: value for name, value in (("dataset", dataset), ("source", source)) if value}
    found = Batches(lake.batches).current().filter(**wanted)
    if state:
        found = found.filter(pl.col("status").is_in(WRONG if state == "attention" else [state]))
    newest_first = found.sort("at", "batch", descending=[True, False]).slice((page - 1) * size, size)
    total, rows = pl.collect_all([found.select(pl.len()), newest_first])
    return Page(rows.to_dicts(), total.item(), page, size)


@lake_errors()
def life(lake: Lake, batch: str) -> list[Batch]:
    """The steps of a batch, the oldest first; none if there is no such batch."""
    return Batches(lake.batches).steps(batch)


def dag_of(batch: Batch | dict[str, Any]) -> str:
    """The Dag that takes such a batch."""
    row = batch.row() if isinstance(batch, Batch) else batch
    return DAGS.get(row["source"]) or ("signals_batch" if row["day"] else "signals_history")


def first_dag(dataset: Dataset) -> str:
    """The Dag that brings a dataset's first rows."""
    source = dataset.source
    if source.history or source.daily:
        return "signals_history" if source.history else "signals_batch"
    return DAGS["stream" if source.stream else "upload"]


def sources_of(dataset: Dataset) -> tuple[str, ...]:
    """What a dataset comes from, in words; every dataset takes uploads, one without a source nothing else."""
    source = dataset.source
    declared = {"history": source.history, "daily files": source.daily, "stream": source.stream}
    return tuple(said for said, there in declared.items() if there) or ("upload",)
