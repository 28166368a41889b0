"""Events in; the same events with what the records say that they refer to, out."""

from collections.abc import Iterator, Sequence

import polars as pl

from perennial.documents import DocumentError
from perennial.signals.dataset import Dataset
from perennial.stages.workspace import Workspace


def with_records(workspace: Workspace, name: str, rows: pl.LazyFrame, records: Sequence[str]) -> pl.LazyFrame:
    """Add the columns of records, as `products.department`; null for events whose record is not there.

    Raises `DocumentError` where the dataset `name` does not say by one column which record an event means.
    """
    for other in records:
        column, key = reference(workspace, name, other)
        said = _rows(workspace, other)
        named = [pl.col(each).alias(f"{other}.{each}") for each in said.collect_schema() if each != key]
        joined = said.select(pl.col(key).alias(column), *named)
        rows = rows.join(joined, on=column, how="left", maintain_order="left")
    return rows


def references(dataset: Dataset) -> Iterator[str]:
    """The datasets of records that a dataset's events refer to."""
    return (column.references for column in dataset.columns.values() if column.references is not None)


def reference(workspace: Workspace, name: str, other: str) -> tuple[str, str]:
    """Which column of a dataset has the keys of records, and which of the records' columns is their key."""
    dataset = workspace.datasets.get(name)
    declared = dataset.columns if dataset is not None else {}
    columns = [column for column, each in declared.items() if each.references == other]
    if len(columns) != 1:
        known = sorted({*references(dataset)}) if dataset is not None else []
        found = "two columns do" if columns else f"they refer to {', '.join(known) or 'none'}"
        raise DocumentError(
            f"one column of {name} has to say by `references: {other}` which record an event means; {found}"
        )
    keys = workspace.dataset(other).key
    if len(keys) != 1:
        raise DocumentError(
            f"dataset {name}: {columns[0]} refers to {other}, whose key is {', '.join(keys)}; records that "
            "are referred to have one key column"
        )
    return columns[0], keys[0]


def _rows(workspace: Workspace, name: str) -> pl.LazyFrame:
    if workspace.table(name).exists():
        return workspace.rows(name)
    columns = workspace.dataset(name).columns
    return pl.LazyFrame(schema={column: each.dtype for column, each in columns.items()})
